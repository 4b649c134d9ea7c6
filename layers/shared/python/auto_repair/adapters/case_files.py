"""Evidence and reports of incidents in S3, in one folder per incident and day."""

import gzip
from typing import Any

import msgspec

from auto_repair.adapters.aws_errors import call
from auto_repair.adapters.clients import Clients
from auto_repair.domain.evidence import Evidence
from auto_repair.domain.incident import Incident

COMPRESS_FROM = 64 * 1024  # bytes; below, a file is easier read as it is


class CaseFiles:
    """The reports bucket. It encrypts by default, so nothing is said about that here."""

    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    @property
    def _client(self) -> Any:
        return self._clients.client("s3")

    def save_evidence(self, incident: Incident, label: str, evidence: Evidence) -> str:
        """Store evidence as JSON, compressed when large; returns its key."""
        body, key = msgspec.json.encode(evidence), f"{_folder(incident)}/evidence-{label}.json"
        content_type = "application/json"
        if len(body) >= COMPRESS_FROM:
            body, key, content_type = gzip.compress(body, mtime=0), f"{key}.gz", "application/gzip"
        self._put(key, body, content_type)
        return key

    def load_evidence(self, ref: str) -> Evidence:
        """The evidence exactly as it was stored. Raises `ResourceMissing` when it is gone."""
        body = call(self._client.get_object, Bucket=self._bucket, Key=ref)["Body"]
        content = call(body.read)
        return msgspec.json.decode(
            gzip.decompress(content) if ref.endswith(".gz") else content, type=Evidence
        )

    def save_document(self, incident: Incident, name: str, body: str, content_type: str) -> str:
        """Store a report; returns its s3:// address."""
        key = f"{_folder(incident)}/{name}"
        self._put(key, body.encode(), content_type)
        return f"s3://{self._bucket}/{key}"

    def load_document(self, incident: Incident, name: str) -> str:
        """The text of a file in the incident's folder. Raises `ResourceMissing` when there is none."""
        answer = call(self._client.get_object, Bucket=self._bucket, Key=f"{_folder(incident)}/{name}")
        return bytes(call(answer["Body"].read)).decode()

    def _put(self, key: str, body: bytes, content_type: str) -> None:
        call(self._client.put_object, Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)


def _folder(incident: Incident) -> str:
    return f"incidents/{incident.opened_at:%Y/%m/%d}/{incident.id}"
