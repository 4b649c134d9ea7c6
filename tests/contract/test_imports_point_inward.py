"""handler ▶ bootstrap ▶ {use_cases, adapters} ▶ ports ▶ domain: read from the import statements."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "shared" / "python" / "auto_repair"
FILES = sorted(PACKAGE.rglob("*.py"))
HANDLERS = sorted((ROOT / "lambdas").glob("*/*.py"))

FOR_ADAPTERS = {"aws_lambda_powertools", "boto3", "botocore", "msgspec"}
# What each part may see of us, and which libraries.
RULES: dict[str, tuple[set[str], set[str]]] = {
    "domain": ({"domain"}, set()),
    "repairs": ({"domain", "repairs"}, set()),
    "failure_modes": ({"domain", "repairs", "failure_modes"}, set()),
    "root_cause": ({"domain", "root_cause"}, set()),
    "ports": ({"domain"}, set()),
    "settings": ({"domain"}, set()),
    "contracts": ({"domain", "contracts"}, {"msgspec"}),
    "reports": ({"domain", "reports"}, set()),
    "use_cases": ({"domain", "ports", "contracts", "reports", "root_cause", "use_cases"}, set()),
    "adapters": (
        {"domain", "ports", "settings", "contracts", "adapters"},
        {"aws_lambda_powertools", "boto3", "botocore", "lunr", "msgspec"},
    ),
    "observability": (set(), {"aws_lambda_powertools"}),
    "bootstrap": (
        {
            "adapters",
            "domain",
            "failure_modes",
            "ports",
            "repairs",
            "reports",
            "settings",
            "use_cases",
        },
        set(),
    ),
}
HANDLERS_SEE = {"bootstrap", "contracts", "domain", "observability"}
# It forwards messages as they are: there is no use case between the topic and the webhook.
SLACK_SEES = {"adapters", "observability"}
PURE = ("domain", "failure_modes", "repairs", "root_cause", "reports")
IMPURE = {"os", "random", "secrets", "socket", "subprocess", "threading", "time", "urllib", "logging"}


def part(path: Path) -> str:
    """The part of our package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All that is written in a file."""
    return tuple(ast.walk(ast.parse(path.read_text())))


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in the file."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            base = node.module or ""
            yield from (f"{base}.{alias.name}" if base == "auto_repair" else base for alias in node.names)


def ours(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("auto_repair.")}


def libraries(path: Path) -> set[str]:
    tops = {name.split(".")[0] for name in imports(path)} - {"auto_repair"}
    return tops - sys.stdlib_module_names


def test_every_part_has_a_rule() -> None:
    assert {part(path) for path in FILES} - {"__init__"} <= set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_parts_see_inward_only(name: str) -> None:
    may_see, may_use = RULES[name]
    for path in (path for path in FILES if part(path) == name):
        assert ours(path) <= may_see | {name}, path
        assert libraries(path) <= may_use, path


def test_only_adapters_know_boto3() -> None:
    knowing = {part(path) for path in FILES if {"boto3", "botocore"} & libraries(path)}
    assert knowing == {"adapters"}


def test_only_bootstrap_knows_both_sides() -> None:
    both = {part(path) for path in FILES if {"adapters", "use_cases"} <= ours(path)}
    assert both == {"bootstrap"}


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.parent.name)
def test_handlers_see_bootstrap_and_domain(path: Path) -> None:
    assert ours(path) <= (SLACK_SEES if path.parent.name == "slack_notifier" else HANDLERS_SEE)
    assert libraries(path) <= {"aws_lambda_powertools"}


def test_pure_parts_ask_neither_clock_nor_environment() -> None:
    # A command line measures its own time; what it calls is pure.
    command_lines = {path for path in FILES if "argparse" in imports(path)}
    for path in (p for p in FILES if part(p) in PURE and p not in command_lines):
        tops = {name.split(".")[0] for name in imports(path)}
        assert not tops & IMPURE, path
        assert not set(clocks(path)), path


def clocks(path: Path) -> Iterator[str]:
    """Where a file asks for the present time."""
    for node in nodes(path):
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today"):
            of = node.value
            if isinstance(of, ast.Name) and of.id in ("datetime", "date"):
                yield f"line {node.lineno}"
