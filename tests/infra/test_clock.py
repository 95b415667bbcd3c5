from datetime import UTC, datetime
from uuid import UUID

from infra.clock import new_id, now


def test_ids_are_uuids_of_version_7_in_the_order_they_were_drawn() -> None:
    drawn = [new_id() for _ in range(5000)]
    assert len(set(drawn)) == len(drawn)
    assert [each[:19] for each in drawn] == sorted(each[:19] for each in drawn)
    read = UUID(drawn[0])
    assert str(read) == drawn[0]
    assert (read.version, read.variant) == (7, "specified in RFC 4122")
    made_at = datetime.fromtimestamp((read.int >> 80) / 1000, UTC)
    assert abs((now() - made_at).total_seconds()) < 60
