"""What all tests share."""

from hypothesis import settings

# The same examples in every run, and nothing left lying about.
settings.register_profile("reproducible", derandomize=True, database=None, deadline=None)
settings.load_profile("reproducible")
