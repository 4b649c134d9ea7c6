"""A service whose function never fails: whatever is behind it, only the API's 5XX alarm tells.

service = set_up(session)
with staged(service, INCIDENTS["bucket_policy_denies"]) as incident:  # the alarm has fired
    ...                                                               # investigate, repair
assert service.proof(20).succeeded == 20
tear_down(service)
"""

from local.scenarios.image_service.incidents import INCIDENTS, Incident, Made, Staged, staged
from local.scenarios.image_service.service import ImageService, Visitors
from local.scenarios.image_service.stage import mend, set_up, tear_down

__all__ = [
    "INCIDENTS",
    "ImageService",
    "Incident",
    "Made",
    "Staged",
    "Visitors",
    "mend",
    "set_up",
    "staged",
    "tear_down",
]
