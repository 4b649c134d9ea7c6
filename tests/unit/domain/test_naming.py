"""Long names are shortened the same way everywhere."""

from hashlib import sha256

from auto_repair.domain.naming import alarm_rule, limited


def test_name_that_fits_stays() -> None:
    assert limited("orders", 6) == "orders"
    assert alarm_rule("orders") == "lambda-auto-repair-alarm-rule-orders"


def test_long_name_keeps_its_beginning_and_gets_a_hash() -> None:
    name = "lambda-auto-repair-alarm-rule-" + "f" * 64
    short = alarm_rule("f" * 64)
    assert len(short) == 64
    assert short == name[:55] + "-" + sha256(name.encode()).hexdigest()[:8]


def test_names_that_differ_only_at_the_end_stay_apart() -> None:
    assert alarm_rule("f" * 63 + "a") != alarm_rule("f" * 63 + "b")
