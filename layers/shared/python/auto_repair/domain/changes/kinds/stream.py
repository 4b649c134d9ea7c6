"""A Kinesis stream's capacity and how long it keeps records."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, set_to, settings
from auto_repair.domain.changes.resource_ids import id_of
from auto_repair.domain.changes.trail_record import TrailRecord

_ASPECTS = {
    "UpdateShardCount": "shards",
    "SplitShard": "shards",
    "MergeShards": "shards",
    "UpdateStreamMode": "mode",
    "IncreaseStreamRetentionPeriod": "retention",
    "DecreaseStreamRetentionPeriod": "retention",
    "DeleteStream": "stream",
}
_ASKED = ("targetShardCount", "streamModeDetails", "retentionPeriodHours", "shardToSplit", "shardToMerge")


def read(record: TrailRecord) -> Iterator[Effect]:
    """What was asked for; splitting and merging say nothing of the number of shards."""
    stream, aspect = id_of("kinesis", record.text("streamName", "streamARN")), _ASPECTS[record.name]
    if record.name == "DeleteStream":
        yield Effect(stream, aspect, ends=True)
    else:
        yield set_to(stream, aspect, settings(record.parameters, *_ASKED))


KIND = Kind("kinesis", tuple(_ASPECTS), read)
