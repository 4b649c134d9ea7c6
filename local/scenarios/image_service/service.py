"""A running image service: its parts by name, who may change it, and how it is called."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from local.scenarios.clients import client
from local.scenarios.traffic import SteadyCalls, Tally

STAGE = "prod"
CALL_TIMEOUT_S = 30
ACCEPT = {"Accept": "image/png"}


@dataclass(frozen=True)
class ImageService:
    """GET /random → REST API → function → bucket under a key, a parameter and a table.

    session: whatever has `client(service, **options)` and answers as the account's owner, a boto3 session or
    a `local.instance.Instance`. name: the function's; everything else is named after it.
    """

    session: Any
    name: str
    account: str
    region: str
    api_id: str
    key_arn: str

    @property
    def function(self) -> str:
        return self.name

    @property
    def function_arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.function}"

    @property
    def role(self) -> str:
        return f"{self.name}-role"

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{self.account}:role/{self.role}"

    @property
    def log_group(self) -> str:
        return f"/aws/lambda/{self.function}"

    @property
    def maker(self) -> str:
        """The function that draws the images."""
        return f"{self.name}-maker"

    @property
    def bucket(self) -> str:
        return f"{self.name}-images-{self.account}"

    @property
    def key_id(self) -> str:
        return self.key_arn.rpartition("/")[2]

    @property
    def table(self) -> str:
        return f"{self.name}-views"

    @property
    def parameter(self) -> str:
        return f"/{self.name}/bucket"

    @property
    def alarm(self) -> str:
        return f"{self.name}-api-5xx"

    @property
    def deployer(self) -> str:
        """The role that people and pipelines change the service with."""
        return f"{self.name}-deployer"

    @property
    def trail(self) -> str:
        return f"{self.name}-trail"

    @property
    def trail_bucket(self) -> str:
        return f"{self.name}-trail-{self.account}"

    @property
    def url(self) -> str:
        """Where the embedded AWS answers; the API's own host name resolves nowhere."""
        endpoint = self.client("apigateway").meta.endpoint_url
        return f"{endpoint}/restapis/{self.api_id}/{STAGE}/_user_request_/random"

    def client(self, service: str) -> Any:
        """A client of the account's owner."""
        return client(self.session, service)

    def as_deployer(self, service: str, actor: str) -> Any:
        """A client in the deploying role; CloudTrail shows `actor` as the name of its session."""
        keys = self.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{self.account}:role/{self.deployer}", RoleSessionName=actor
        )["Credentials"]
        return client(
            self.session,
            service,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    def visitors(self, *, per_second: float = 5.0, callers: int = 3) -> "Visitors":
        """Steady GET requests while the block runs."""
        return Visitors(self.url.removeprefix("http://"), per_second, callers)

    def proof(self, calls: int = 20) -> Tally:
        """What so many further requests through the API meet."""
        visitors, tally = self.visitors(), Tally()
        with ThreadPoolExecutor(max_workers=visitors.callers) as callers:
            outcomes = list(callers.map(lambda _: visitors.call(), range(calls)))
        for outcome in outcomes:
            setattr(tally, outcome, getattr(tally, outcome) + 1)
        return tally

    def alarm_state(self) -> str:
        alarms = self.client("cloudwatch").describe_alarms(AlarmNames=[self.alarm])["MetricAlarms"]
        return str(alarms[0]["StateValue"])

    def bucket_policy(self) -> Any:
        """The policy in force, as an object."""
        return json.loads(self.client("s3").get_bucket_policy(Bucket=self.bucket)["Policy"])


@dataclass
class Visitors(SteadyCalls):
    """GET requests at a steady rate: 200 succeeded, 429 throttled, anything else failed.

    address: host and path, after `http://`.
    """

    address: str
    calls_per_second: float
    callers: int
    tally: Tally = field(default_factory=Tally)

    def call(self) -> str:
        """One request: succeeded, failed or throttled."""
        try:
            with urlopen(
                Request(f"http://{self.address}", headers=ACCEPT), timeout=CALL_TIMEOUT_S
            ) as response:
                response.read()
                return "succeeded" if response.status == 200 else "failed"
        except HTTPError as error:
            return "throttled" if error.code == 429 else "failed"
        except OSError:
            return "failed"
