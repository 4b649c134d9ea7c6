"""An ElastiCache cluster was changed, rebooted or deleted."""

from collections.abc import Iterator

from auto_repair.domain.changes.kind import Effect, Kind, set_to, settings
from auto_repair.domain.changes.trail_record import TrailRecord

_NOT_TOLD = ("cacheClusterId", "replicationGroupId", "authToken")


def read(record: TrailRecord) -> Iterator[Effect]:
    """A cluster by its own id, a replication group by the group's."""
    cluster = f"elasticache:{record.text('cacheClusterId', 'replicationGroupId')}"
    if record.name.startswith("Modify"):
        yield set_to(cluster, "cluster", settings(record.parameters, leave_out=_NOT_TOLD), partial=True)
    else:
        yield Effect(cluster, "state")


KIND = Kind(
    "elasticache",
    ("ModifyCacheCluster", "ModifyReplicationGroup", "RebootCacheCluster", "DeleteCacheCluster"),
    read,
)
