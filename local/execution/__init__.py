"""Lambda execution environments as on AWS: what runs a function's code, limits it, and words its log.

`bootstrap` is the program inside the environment, `environment` the outside of it, `log_lines` the platform's
part of the log. Nothing here knows the emulator; the shims connect the two.
"""
