"""A bucket's policy: who may read and write what is in it."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, document, policy_words
from auto_repair.domain.changes.trail_record import TrailRecord


def read(record: TrailRecord) -> Iterator[Effect]:
    """CloudTrail carries the policy as an object. A new bucket has none."""
    bucket = f"s3:{record.text('bucketName')}"
    if record.name == "PutBucketPolicy":
        policy = document(record.parameters.get("bucketPolicy"))
        yield Effect(bucket, "policy", policy_words(policy), policy)
    else:
        yield Effect(bucket, "policy", ends=True)


KIND = Kind("s3", ("PutBucketPolicy", "DeleteBucketPolicy", "CreateBucket", "DeleteBucket"), read)
