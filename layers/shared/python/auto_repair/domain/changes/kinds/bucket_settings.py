"""A bucket's settings beside its policy: public access, encryption, notifications, versions, owners …"""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, set_to, settings
from auto_repair.domain.changes.trail_record import TrailRecord

_SET = (
    "PutBucketAcl",
    "PutBucketCors",
    "PutBucketEncryption",
    "PutBucketLifecycle",
    "PutBucketNotification",
    "PutBucketPublicAccessBlock",
    "PutBucketVersioning",
)
_REMOVE = (
    "DeleteBucketCors",
    "DeleteBucketEncryption",
    "DeleteBucketLifecycle",
    "DeleteBucketPublicAccessBlock",
)
_OF_THE_REQUEST = ("bucketName", "Host", "host")  # not of the setting; the name of the subresource is empty


def read(record: TrailRecord) -> Iterator[Effect]:
    """The setting's own document, whatever CloudTrail calls it."""
    bucket, aspect = f"s3:{record.text('bucketName')}", record.name.partition("Bucket")[2]
    if record.name in _REMOVE:
        yield Effect(bucket, aspect, ends=True)
    else:
        yield set_to(bucket, aspect, settings(record.parameters, leave_out=_OF_THE_REQUEST))


KIND = Kind("s3", (*_SET, *_REMOVE), read)
