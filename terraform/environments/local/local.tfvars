# The demo and the tests add the functions they bring along (EXTRA_VARS).
default_mode = "auto"
