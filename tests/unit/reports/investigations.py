"""Incidents across services: an API fails, its function counts no error, a bucket's policy was changed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from auto_repair.domain.answers import Answer, Reopening, Say
from auto_repair.domain.counsel import Counsel, Shift, Usage
from auto_repair.domain.diagnosis import Diagnosis, Hypothesis, Reason, Verdict
from auto_repair.domain.evidence import Evidence, EvidenceItem, MissingEvidence, Window
from auto_repair.domain.incident import (
    UNKNOWN_FUNCTION,
    AlarmMetric,
    AlarmSignal,
    Disposition,
    Incident,
    Trigger,
)
from auto_repair.domain.plan import Decision, Plan
from auto_repair.domain.precedents import Precedent
from auto_repair.domain.prevention import Advice, Measure
from auto_repair.domain.question.reading import Reading
from auto_repair.domain.ranking import diagnose
from auto_repair.domain.repair import Change, Setting, SettingChange
from auto_repair.domain.resources import Resource
from auto_repair.domain.surroundings import (
    MetricRole,
    ResourceChange,
    ResourceSeries,
    ResourceSignature,
    Scope,
    Surroundings,
    Symptom,
)
from auto_repair.domain.topology import Edge, Topology
from auto_repair.failure_modes import all_failure_modes
from auto_repair.reports.incident_report import IncidentReport
from auto_repair.root_cause.around import inquire

FUNCTION, REGION = "image-service", "eu-central-1"
ALARM_AT = datetime(2026, 1, 31, 10, 7, 31, tzinfo=UTC)
CHANGED_AT = ALARM_AT - timedelta(minutes=5, seconds=26)
WINDOW = Window(ALARM_AT - timedelta(minutes=15), ALARM_AT + timedelta(seconds=9))
REFERENCE = Window(WINDOW.start - timedelta(hours=1), WINDOW.start)

API = Resource("apigateway", "a1b2c3", title="image-api")
SERVICE, MAKER = Resource("lambda", FUNCTION), Resource("lambda", "image-service-maker")
BUCKET = Resource("s3", "image-service-images-123456789012")
TABLE, KEY = (
    Resource("dynamodb", "image-service-views"),
    Resource("kms", "6f1c7a52-0000-4000-8000-1234567890ab"),
)
TAGGED = f"neighbour_changed@{BUCKET.id}"
EXPORT, NIGHTLY = Resource("lambda", "gallery-export"), Resource("events", "default/every-five-minutes")
BUCKET_ARN = f"arn:aws:s3:::{BUCKET.name}"
ROLE = "arn:aws:iam::123456789012:role/image-service-role"
ACTOR = "image-service-deployer/release-241"


def policy(*sids: str) -> str:
    """A bucket's policy as AWS stores it: an Allow for the role, and a Deny by each further name."""
    allow = {
        "Sid": "Service",
        "Effect": "Allow",
        "Principal": {"AWS": ROLE},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [BUCKET_ARN, f"{BUCKET_ARN}/*"],
    }
    denials = [
        {
            "Sid": sid,
            "Effect": "Deny",
            "Principal": {"AWS": ROLE},
            "Action": "s3:GetObject",
            "Resource": f"{BUCKET_ARN}/*",
        }
        for sid in sids
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": [allow, *denials]}, separators=(",", ":"))


FORMER, DENYING = policy(), policy("NoReading")


def series(
    resource: Resource, metric: str, role: MetricRole, usual: float, broken: float, *, unit: str = ""
) -> ResourceSeries:
    """By the minute over the reference and the window; `broken` once the policy was changed."""
    minutes = range(int((WINDOW.end - REFERENCE.start).total_seconds() // 60))
    times = tuple((REFERENCE.start + timedelta(minutes=m)).timestamp() for m in minutes)
    wobble = (0.0, 0.02, -0.02, 0.01) if usual not in (0.0, 1.0) else (0.0,)
    values = tuple(
        (broken if t >= CHANGED_AT.timestamp() else usual) * (1 + wobble[n % len(wobble)])
        for n, t in enumerate(times)
    )
    statistic = "Sum" if role is MetricRole.REQUESTS else "Average"
    return ResourceSeries(resource.id, metric, statistic, role, unit, 60, times, values)


def item(number: int, source: str, name: str, query: str, observed: str, baseline: str = "") -> EvidenceItem:
    link = f"https://{REGION}.console.aws.amazon.com/cloudwatch/home?region={REGION}#metricsV2:n={number}"
    return EvidenceItem(name, source, query, WINDOW, observed, baseline, link)


SERIES = (
    series(API, "5XXError / Count", MetricRole.AVAILABILITY, 1.0, 0.08),
    series(API, "Latency", MetricRole.LATENCY, 184.0, 131.0, unit="ms"),
    series(API, "Count", MetricRole.REQUESTS, 60.0, 61.0),
    series(SERVICE, "Errors / Invocations", MetricRole.AVAILABILITY, 1.0, 1.0),
    series(SERVICE, "Duration.p99", MetricRole.LATENCY, 171.0, 96.0, unit="ms"),
    series(SERVICE, "Invocations", MetricRole.REQUESTS, 60.0, 61.0),
    series(BUCKET, "4xxErrors / AllRequests", MetricRole.AVAILABILITY, 1.0, 0.04),
    series(BUCKET, "AllRequests", MetricRole.REQUESTS, 130.0, 122.0),
    series(TABLE, "ConsumedWriteCapacityUnits", MetricRole.OTHER, 60.0, 5.0),
    series(EXPORT, "Errors / Invocations", MetricRole.AVAILABILITY, 1.0, 0.0),
    series(EXPORT, "Invocations", MetricRole.REQUESTS, 1.0, 1.0),
)

PUT = ResourceChange(
    BUCKET.id,
    CHANGED_AT,
    "PutBucketPolicy",
    ACTOR,
    "policy replaced: 1 statement (Service) → 2 statements (Service, NoReading)",
    "change_journal",
    "a8d5e0f1",
    before=FORMER,
    after=DENYING,
)
CHANGES = (
    ResourceChange(
        MAKER.id,
        CHANGED_AT - timedelta(minutes=3),
        "UpdateFunctionConfiguration",
        "image-service-deployer/nightly-inventory",
        "description",
        "change_journal",
        "b1",
    ),
    PUT,
    ResourceChange(
        BUCKET.id,
        CHANGED_AT + timedelta(seconds=14),
        "PutBucketTagging",
        "image-service-deployer/nightly-inventory",
        "tags",
        "change_journal",
        "b2",
    ),
    ResourceChange(
        SERVICE.id,
        CHANGED_AT - timedelta(minutes=40),
        "UpdateFunctionConfiguration",
        "lambda-auto-repair-executor-prod",
        "memory 128 MB → 256 MB",
        "change_journal",
        "b3",
        ours=True,
    ),
)
REFUSED = ResourceSignature(
    SERVICE.id,
    "AccessDenied when calling the GetObject operation: User * is not authorized to perform s3:GetObject",
    CHANGED_AT + timedelta(seconds=2),
    WINDOW.end,
    count=311,
    names=BUCKET.id,
    sample=(
        "[ERROR] An error occurred (AccessDenied) when calling the GetObject operation: User: "
        "arn:aws:sts::123456789012:assumed-role/image-service-role/image-service is not authorized to "
        f'perform: s3:GetObject on resource: "{BUCKET_ARN}/cat.png" with an explicit deny in a '
        "resource-based policy"
    ),
)


NO_ERRORS = item(
    0,
    "lambda_metrics",
    "metrics.errors",
    "AWS/Lambda Errors Sum 60 s FunctionName=image-service",
    "0 errors in 915 invocations",
    "0 errors, same hours of the last 7 days",
)


def surroundings(**facts: object) -> Surroundings:
    edges = (
        Edge(API.id, SERVICE.id, "integration of ANY /random", seen=True),
        Edge(SERVICE.id, BUCKET.id, "environment variable BUCKET"),
        Edge(SERVICE.id, TABLE.id, "trace", seen=True),
        Edge(BUCKET.id, KEY.id, "default encryption"),
        Edge(EXPORT.id, BUCKET.id, "trace", seen=True),
        Edge(NIGHTLY.id, EXPORT.id, "target of the rule"),
    )
    scope = Scope(
        Symptom(API.id, MetricRole.AVAILABILITY, ALARM_AT, "5XXError", "Average"),
        Topology((API, SERVICE, BUCKET, TABLE, KEY, MAKER, EXPORT, NIGHTLY), edges),
        WINDOW,
        REFERENCE,
    )
    found = Surroundings(
        scope,
        SERIES,
        CHANGES,
        (REFUSED,),
        items=(
            item(
                1,
                "service_metrics",
                f"around.{API.id}.5XXError / Count",
                "AWS/ApiGateway 5XXError / Count Average, period 60 s, ApiName=image-api",
                "8.0% of calls went well in the worst 60 s, 100.0% in the best",
                "60 min of reference: 100.0% of calls went well in the worst 60 s, 100.0% in the best",
            ),
            item(
                2,
                "service_metrics",
                f"around.{SERVICE.id}.Errors / Invocations",
                "AWS/Lambda Errors / Invocations Average, period 60 s, FunctionName=image-service",
                "100.0% of calls went well in the worst 60 s, 100.0% in the best",
                "60 min of reference: 100.0% of calls went well in the worst 60 s, 100.0% in the best",
            ),
            item(
                3,
                "resource_logs",
                f"around.{SERVICE.id}.errors",
                "logs:FilterLogEvents /aws/lambda/image-service, lines that look like errors",
                "311 × AccessDenied when calling the GetObject operation",
                "in the reference: none of them",
            ),
            item(
                4,
                "change_journal",
                "change_journal",
                "dynamodb:Query, one for each of 8 resources",
                "4 changes",
            ),
        ),
        missing=(MissingEvidence("config_history", "AWS Config is off"),),
    )
    return replace(found, **facts)  # type: ignore[arg-type]


DENIED = Hypothesis(
    "denied_by_bucket_policy",
    "Denied by a bucket's policy",
    0.95,
    because=(
        Reason(
            f"311× refused: s3:GetObject on {BUCKET.id}, first at {REFUSED.first_seen:%Y-%m-%d %H:%M:%S UTC}",
            (f"around.{SERVICE.id}.errors",),
        ),
        Reason(
            f"{ACTOR} changed the bucket's policy at {CHANGED_AT:%Y-%m-%d %H:%M:%S UTC}, "
            "2 s before the first refusal",
            ("change_journal",),
        ),
        Reason("the new policy denies it: NoReading", ("change_journal",)),
    ),
    repair="restore_bucket_policy",
    advice="Ask whoever changed the policy whether the refusal is meant.",
    resource=BUCKET.id,
    path=(BUCKET.id, SERVICE.id, API.id),
    # The last change of the bucket before the alarm, which is another one than the reasons tell.
    since=CHANGED_AT + timedelta(seconds=14),
)
MESSENGER = Hypothesis(
    "neighbour_failing",
    "apigateway:image-api fails",
    0.04,
    because=(
        Reason(
            f"more calls fail at {API.id} than in the reference and before the alarm",
            (f"around.{API.id}.5XXError / Count",),
        ),
    ),
    against=(
        Reason(f"{API.id} is where the alarm fired: usually the messenger"),
        Reason(f"{BUCKET.id} answers for 96% of it"),
    ),
    resource=API.id,
    path=(API.id,),
)
DEPLOYED = Hypothesis(
    "neighbour_changed",
    "UpdateFunctionConfiguration on lambda:image-service-maker",
    0.01,
    because=(Reason("it was changed 3 minutes before", ("change.b1",)),),
    resource=MAKER.id,
    path=(MAKER.id, API.id),
    since=CHANGED_AT - timedelta(minutes=3),
)
DIAGNOSIS = Diagnosis(
    Verdict.ROOT_CAUSE_FOUND,
    f"Denied by a bucket's policy: {DENIED.because[0].text}.",
    (DENIED, MESSENGER, DEPLOYED),
    missing=("config_history: AWS Config is off",),
)


def image_service(**changes: object) -> IncidentReport:
    """The API answers 500; a person is asked whether the bucket's former policy may come back."""
    alarm = AlarmSignal(
        "image-service-api-5xx",
        ALARM_AT,
        reason="Threshold Crossed: 3 out of the last 3 datapoints [0.92, 0.93, 0.91] were greater than the "
        "threshold (0.05).",
        metrics=(AlarmMetric("AWS/ApiGateway", "5XXError", {"ApiName": "image-api"}, "Average"),),
    )
    wanted = Change(FUNCTION, (SettingChange(BUCKET_ARN, Setting.BUCKET_POLICY, DENYING, FORMER),))
    plan = Plan(
        Decision.ASK,
        reasons=(
            f"the policy goes back to what it was before {ACTOR} changed it",
            "a bucket's policy is somebody's intent: a person decides whether the former one may come back",
        ),
        repair="restore_bucket_policy",
        failure_mode="denied_by_bucket_policy",
        change=wanted,
        undo=wanted.inverse(),
        planned_at=(ALARM_AT + timedelta(seconds=12)).isoformat(),
        extra_cost_usd_per_month=0.0,
    )
    report = IncidentReport(
        incident=Incident(
            "20260131T100731Z-image-service-3fa9c2d1",
            FUNCTION,
            ALARM_AT + timedelta(seconds=2),
            alarm=alarm,
            resource=API.id,
        ),
        status="AWAITING_APPROVAL",
        environment="prod",
        region=REGION,
        account="123456789012",
        evidence_before=Evidence(FUNCTION, WINDOW, surroundings=surroundings(), items=(NO_ERRORS,)),
        diagnosis=DIAGNOSIS,
        plan=plan,
        prevention=(
            Advice(
                Measure.CHANGE_CONTROL,
                "Let this resource be changed by the pipeline only.",
                "2 times in 90 days, before on 12 December",
                ("20251212T081500Z-image-service-00000001",),
            ),
        ),
        diagnosed_at=ALARM_AT + timedelta(seconds=11),
        reported_at=ALARM_AT + timedelta(seconds=20),
    )
    return replace(report, **changes)  # type: ignore[arg-type]


CODE = Hypothesis("code_error", "A bug in the code", 0.62, because=(Reason("311 runs end in an exception"),))
PAST = Precedent(
    "20260103T081500Z-gallery-00000007",
    "gallery",
    datetime(2026, 1, 3, 8, 15, tzinfo=UTC),
    0.94,
    DENIED.id,
    "as a person confirmed",
    repair="restore_bucket_policy",
    ending="held",
    agree=("log: AccessDenied", "same function"),
    differ=("only there: change: tags",),
)
COUNSEL = Counsel(
    "eu.example-model-v1",
    DENIED.id,
    "The bucket's policy was replaced at 10:02:05 and denies s3:GetObject to the function's role.\n\n"
    "The function catches the refusal and answers 500, so that only the API counts errors.",
    ("change_journal", f"around.{SERVICE.id}.errors"),
    ("denied_by_bucket_policy#Check",),
    (Shift(DENIED.id, 0.91, 0.95, "the new policy names it", ("change_journal",)),),
    ("The model named an evidence id that does not exist: “made-up”. Dropped.",),
    Usage(2, 5210, 431, 4.2, 0.0221),
)
ASKED = "my image-api returns 500 since ten"
READ = Reading(
    API.id,
    "server errors (5xx)",
    ALARM_AT.replace(minute=0, second=0),
    "UTC",
    assumptions=(
        "“Since” is taken as 2026-01-31 10:00 UTC, the last 10:00 before now.",
        "Times are read as UTC: the question names no time zone.",
    ),
)


def everything_said(**changes: object) -> IncidentReport:
    """The image service, asked about in words; a model, the past and people had something to say of it."""
    asked = image_service()
    incident = replace(
        asked.incident, trigger=Trigger.MANUAL, alarm=None, question=ASKED, reading=READ, since=READ.since
    )
    mistaken = Diagnosis(
        Verdict.ROOT_CAUSE_FOUND, "A bug in the code: 311 runs end in an exception.", (CODE,), at=ALARM_AT
    )
    ada = "arn:aws:iam::123456789012:user/ada"
    report = replace(
        asked,
        incident=incident,
        diagnosis=replace(
            DIAGNOSIS,
            similar=(PAST, replace(PAST, incident_id="20251212T081500Z-gallery-00000001", similarity=0.61)),
            counsel=COUNSEL,
        ),
        first_diagnosis=mistaken,
        answers=(
            Answer(
                CODE.id, Say.DECLINE, ada, "2026-01-31T10:20:00.000000Z", "no code was deployed since Tuesday"
            ),
            Answer(TAGGED, Say.DECLINE, ada, "2026-01-31T10:21:00.000000Z"),
        ),
        reopenings=(Reopening(ALARM_AT + timedelta(minutes=14), CODE.id, DENIED.id),),
    )
    return replace(report, **changes)  # type: ignore[arg-type]


def asked_back() -> IncidentReport:
    """A question that could mean one of two resources."""
    return IncidentReport(
        incident=Incident(
            "20260131T100731Z-unknown-00000003",
            UNKNOWN_FUNCTION,
            ALARM_AT,
            disposition=Disposition.REJECTED,
            question="the image thing is slow",
            problem="question: Which one is “image”: apigateway:image-api or s3:image-store?",
        ),
        status="INVALID_EVENT",
    )


def unclear() -> IncidentReport:
    """What the engine makes of an alarm for which hardly anything moved, after somebody changed a policy."""
    around, fired = surroundings(), image_service()
    hardly = tuple(replace(s, values=tuple(max(v, 0.985) for v in s.values)) for s in around.series[:1])
    seen = Evidence(
        FUNCTION,
        WINDOW,
        items=(NO_ERRORS,),
        surroundings=replace(around, series=hardly, signatures=(), items=()),
    )
    causes, inquiry = inquire(seen)
    return replace(
        fired,
        status="CANNOT_TELL",
        evidence_before=seen,
        diagnosis=diagnose(seen, all_failure_modes(), causes, inquiry=inquiry),
        plan=Plan(Decision.NOTHING, ("the cause is not known",)),
        prevention=(),
    )


def slow_database() -> IncidentReport:
    """Asked in words, without any function, and nobody can tell."""
    question = "the shop is slow since ten"
    database, balancer = (
        Resource("rds", "shop"),
        Resource("elasticloadbalancing", "app/shop/50dc6c495c0c9188"),
    )
    scope = Scope(
        Symptom(balancer.id, MetricRole.LATENCY, ALARM_AT, text=question),
        Topology((balancer, database)),
        WINDOW,
        REFERENCE,
    )
    storage = series(database, "FreeStorageSpace", MetricRole.OTHER, 5e9, 5e9, unit="bytes")
    falling = tuple(5e9 - 6e7 * n for n in range(len(storage.times)))
    seen = (
        series(balancer, "TargetResponseTime", MetricRole.LATENCY, 90.0, 900.0, unit="ms"),
        series(balancer, "RequestCount", MetricRole.REQUESTS, 600.0, 610.0),
        replace(storage, values=falling),
    )
    return IncidentReport(
        incident=Incident(
            "20260131T100731Z-elasticloadbalancing-app-shop-00000002",
            balancer.id,
            ALARM_AT,
            Trigger.MANUAL,
            since=CHANGED_AT,
            question=question,
        ),
        status="CANNOT_TELL",
        evidence_before=Evidence(balancer.id, WINDOW, surroundings=Surroundings(scope, seen)),
        diagnosis=Diagnosis(Verdict.CANNOT_TELL, "Something is wrong, but the cause is not clear."),
    )
