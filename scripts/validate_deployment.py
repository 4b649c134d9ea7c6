"""Checks a deployed environment without changing anything; exit status 1 if something is broken.

Usage: scripts/validate-deployment.sh --environment ENV [--region REGION]

Looks at the account that the AWS_* variables or the profile reach; ENV=local at this checkout's embedded AWS.
What should be there is what Terraform wrote down when it was last applied.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from scripts import deployed_pieces as pieces
from scripts import deployed_routes as routes
from scripts.account import Unreachable, reach
from scripts.deployed import Account, Finding, Level, NotDeployed

Check = Callable[[Account], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    pieces.key,
    pieces.state_machine,
    pieces.functions,
    pieces.roles,
    pieces.tables,
    pieces.buckets,
    pieces.log_groups,
    routes.event_bus,
    routes.rules,
    routes.monitored_functions,
    routes.watched_alarms,
    routes.topic,
    routes.alarms,
    pieces.dashboard,
    pieces.queues,
    pieces.trail,
    pieces.slack,
    pieces.advisor,
    pieces.recent_executions,
)


def examine(account: Account, checks: Sequence[Check] = CHECKS) -> Iterator[Finding]:
    """All findings; what cannot be looked at is broken, and the other checks go on."""
    for check in checks:
        subject = check.__name__.replace("_", " ")
        try:
            yield from check(account)
        except ClientError as error:
            yield account.unseen(subject, error)
        except BotoCoreError as error:
            yield Finding(Level.BROKEN, f"{subject}: {error}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/validate-deployment.sh", description="Check a deployed environment, changing nothing."
    )
    parser.add_argument("--environment", required=True, metavar="ENV")
    parser.add_argument("--region", default=None)
    parsed = parser.parse_args(arguments)
    try:
        account = Account(parsed.environment, reach(parsed.environment, parsed.region))
        # Who is not let in, or finds nothing deployed, is told so once and not by every check.
        _ = account.record
    except NotDeployed as error:
        print(error, file=sys.stderr)
        return 1
    except (ClientError, BotoCoreError, Unreachable) as error:
        print(f"ENV={parsed.environment}: {error}", file=sys.stderr)
        return 1
    findings = []
    for finding in examine(account):
        print(_line(finding), flush=True)
        findings.append(finding)
    broken = sum(finding.level is Level.BROKEN for finding in findings)
    attention = sum(finding.level is Level.ATTENTION for finding in findings)
    print(f"\n{parsed.environment}: {len(findings)} checks, {broken} broken, {attention} need attention.")
    return 1 if broken else 0


def _line(finding: Finding) -> str:
    told = f"{finding.level:<10}{finding.text}"
    return f"{told}\n{'':<10}→ {finding.fix}" if finding.fix else told


if __name__ == "__main__":
    sys.exit(main())
