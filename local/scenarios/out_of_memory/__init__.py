"""A thumbnail maker with 128 MB meets pictures that need more than twice that."""

from pathlib import Path

from local.scenarios.model import Scenario

SCENARIO = Scenario(
    name="out_of_memory",
    title="Out of memory",
    function_name="thumbnail-maker",
    folder=Path(__file__).parent,
    memory_mb=128,
    timeout_s=10,
    healthy_event={"picture_mb": 20},
    faulty_event={"picture_mb": 250},
    fault="pictures of 250 MB arrive; the function has 128 MB",
    expected_failure_mode="out_of_memory",
)
