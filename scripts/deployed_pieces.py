"""Checks of what an environment consists of: each piece is there, as it was deployed, encrypted and kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from scripts.deployed import Account, Finding, Level, judged

RECENT = timedelta(days=1)
ROLE_POLICY = "lambda-auto-repair-policy"


def key(account: Account) -> Iterator[Finding]:
    client, wanted = account.client("kms"), account.record["key"]
    name = f"key {wanted['arn'].rpartition('/')[2]}"
    state = client.describe_key(KeyId=wanted["arn"])["KeyMetadata"]["KeyState"]
    yield judged(state == "Enabled", f"{name}: {state}", "Enable it: everything stored is encrypted with it.")
    rotates = client.get_key_rotation_status(KeyId=wanted["arn"])["KeyRotationEnabled"]
    fix = "aws kms enable-key-rotation, or leave it to the key's owner."
    yield judged(rotates, f"{name}: rotation {'on' if rotates else 'off'}", fix, otherwise=Level.ATTENTION)
    policy = json.loads(client.get_key_policy(KeyId=wanted["arn"], PolicyName="default")["Policy"])
    out = sorted(set(wanted["services"]) - _admitted(policy))
    text = f"{name}: its policy admits {'all services' if not out else 'everything but ' + ', '.join(out)}"
    yield judged(not out, text, "Add the statements of terraform output key_policy to the key's policy.")


def _admitted(policy: dict[str, list[dict[str, object]]]) -> set[str]:
    services: set[str] = set()
    for statement in policy["Statement"]:
        principal = statement.get("Principal")
        if statement["Effect"] == "Allow" and isinstance(principal, dict):
            named = principal.get("Service", [])
            services |= {named} if isinstance(named, str) else set(named)
    return services


def state_machine(account: Account) -> Iterator[Finding]:
    arn = account.record["state_machine"]
    status = account.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["status"]
    yield judged(status == "ACTIVE", f"state machine {arn.rpartition(':')[2]}: {status}", account.redeploy)


def functions(account: Account) -> Iterator[Finding]:
    yield from account.each("function", account.record["functions"], _function)


def _function(account: Account, name: str) -> Iterator[Finding]:
    client = account.client("lambda")
    found = client.get_function_configuration(FunctionName=name)
    state, update = found["State"], found.get("LastUpdateStatus", "Successful")
    text = f"function {name}: {state}, last update {update}"
    yield judged((state, update) == ("Active", "Successful"), text, account.redeploy)
    layers = [layer["Arn"] for layer in found.get("Layers", ())]
    if found["CodeSha256"] != account.record["functions"][name] or account.record["layer"] not in layers:
        yield Finding(
            Level.BROKEN, f"function {name}: its code or layer is not what was deployed", account.redeploy
        )
    if client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions") == 0:
        yield Finding(
            Level.BROKEN,
            f"function {name}: stopped by a reserved concurrency of 0",
            f"aws lambda delete-function-concurrency --function-name {name}",
        )


def roles(account: Account) -> Iterator[Finding]:
    yield from account.each("role", account.record["roles"], _role)


def _role(account: Account, name: str) -> Iterator[Finding]:
    account.client("iam").get_role_policy(RoleName=name, PolicyName=ROLE_POLICY)
    wanted = account.record["roles"][name]
    attached = len(account.listed("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name))
    further = f" and {attached} of {wanted} managed policies" if wanted or attached else ""
    yield judged(attached == wanted, f"role {name}: has {ROLE_POLICY}{further}", account.redeploy)


def tables(account: Account) -> Iterator[Finding]:
    yield from account.each("table", account.record["tables"], _table)


def _table(account: Account, name: str) -> Iterator[Finding]:
    client = account.client("dynamodb")
    table = client.describe_table(TableName=name)["Table"]
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    facts = {
        "status": (table["TableStatus"], "ACTIVE"),
        "point-in-time recovery": (
            backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
            "ENABLED",
        ),
        "expiry of items": (expiry["TimeToLiveStatus"], "ENABLED"),
        "key": (table.get("SSEDescription", {}).get("KMSMasterKeyArn"), account.record["key"]["arn"]),
    }
    yield _as_deployed(account, f"table {name}", facts)


def buckets(account: Account) -> Iterator[Finding]:
    yield from account.each("bucket", account.record["buckets"], _bucket)


def _bucket(account: Account, name: str) -> Iterator[Finding]:
    client = account.client("s3")
    rules = client.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    access = client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    facts = {
        "versioning": (client.get_bucket_versioning(Bucket=name).get("Status"), "Enabled"),
        "key": (
            rules[0]["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID"),
            account.record["key"]["arn"],
        ),
        "block of public access": (all(access.values()), True),
    }
    yield _as_deployed(account, f"bucket {name}", facts)


def _as_deployed(account: Account, thing: str, facts: dict[str, tuple[object, object]]) -> Finding:
    """`facts` has what is and what should be, by what it is about."""
    differing = [f"{what} is {now}" for what, (now, wanted) in facts.items() if now != wanted]
    if differing:
        return Finding(Level.BROKEN, f"{thing}: {', '.join(differing)}", account.redeploy)
    return Finding(Level.OK, f"{thing}: {', '.join(facts)} as deployed")


def log_groups(account: Account) -> Iterator[Finding]:
    yield from account.each("log group", account.record["log_groups"], _log_group)


def _log_group(account: Account, name: str) -> Iterator[Finding]:
    found = account.listed("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    days = {group["logGroupName"]: group.get("retentionInDays", "endless") for group in found}
    wanted = account.record["log_groups"][name]
    text = f"log group {name}: kept {days[name]} days" if name in days else f"log group {name}: missing"
    yield judged(days.get(name) == wanted, text, f"Should be {wanted} days. {account.redeploy}")


def dashboard(account: Account) -> Iterator[Finding]:
    yield from account.each("dashboard", [account.record["dashboard"]], _dashboard)


def _dashboard(account: Account, name: str) -> Iterator[Finding]:
    account.client("cloudwatch").get_dashboard(DashboardName=name)
    yield Finding(Level.OK, f"dashboard {name}: exists")


def queues(account: Account) -> Iterator[Finding]:
    yield from account.each("queue", account.record["queues"], _queue)


def _queue(account: Account, name: str) -> Iterator[Finding]:
    client, count = account.client("sqs"), "ApproximateNumberOfMessages"
    url = client.get_queue_url(QueueName=name)["QueueUrl"]
    waiting = int(client.get_queue_attributes(QueueUrl=url, AttributeNames=[count])["Attributes"][count])
    fix = "Read them (aws sqs receive-message), find out why they could not be delivered, then purge-queue."
    text = f"queue {name}: {waiting} undelivered events"
    yield judged(waiting == 0, text, fix, otherwise=Level.ATTENTION)


def trail(account: Account) -> Iterator[Finding]:
    client, name = account.client("cloudtrail"), account.record["trail"]
    if name:
        is_logging = client.get_trail_status(Name=name)["IsLogging"]
        text = f"trail {name}: {'records' if is_logging else 'is stopped'}"
        yield judged(is_logging, text, f"aws cloudtrail start-logging --name {name}")
        return
    others = [found["Name"] for found in client.describe_trails()["trailList"]]
    text = f"trail: none of our own, in the account: {', '.join(others) or 'none'}"
    fix = "Without any trail EventBridge hears of no changes, and the journal of changes stays empty."
    yield judged(bool(others), text, fix, otherwise=Level.ATTENTION)


def slack(account: Account) -> Iterator[Finding]:
    secret = account.record["slack_secret"]
    if secret:
        is_there = "DeletedDate" not in account.client("secretsmanager").describe_secret(SecretId=secret)
        text = f"Slack secret {secret.rpartition(':')[2]}: {'exists' if is_there else 'will be deleted'}"
        yield judged(is_there, text, "aws secretsmanager restore-secret, or name another one.")


def advisor(account: Account) -> Iterator[Finding]:
    wanted = account.record["advisor"]
    models = [arn.partition("::foundation-model/")[2] for arn in wanted["model_arns"]] if wanted else []
    for model in filter(None, models):
        found = account.client("bedrock").get_foundation_model_availability(modelId=model)
        is_usable = found["authorizationStatus"] == "AUTHORIZED" and (
            found["entitlementAvailability"] == "AVAILABLE"
        )
        text = f"model {model}: {'available' if is_usable else 'not available to this account'}"
        fix = "Request access in the Bedrock console; until then incidents go on without the advisor."
        yield judged(is_usable, text, fix, otherwise=Level.ATTENTION)


def recent_executions(account: Account) -> Iterator[Finding]:
    since = datetime.now(UTC) - RECENT
    for status in ("FAILED", "TIMED_OUT", "ABORTED"):
        # Newest first: one page shows whether there are any, and a hundred are reason enough to look.
        found = account.client("stepfunctions").list_executions(
            stateMachineArn=account.record["state_machine"], statusFilter=status, maxResults=100
        )["executions"]
        recent = [execution["name"] for execution in found if execution["startDate"] >= since]
        text = f"executions {status} in the last 24 hours: {len(recent)} {' '.join(recent[:3])}".rstrip()
        fix = "aws stepfunctions get-execution-history shows why; people were told, their functions are free."
        yield judged(not recent, text, fix, otherwise=Level.ATTENTION)
