"""Pages made from the code say what the code says."""

from scripts import docs


def test_the_page_of_failure_modes_is_up_to_date() -> None:
    assert docs.main(["--check"]) == 0, "run `make docs`"
