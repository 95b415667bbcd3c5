"""The interpretation of filed statements, which the process keeps for a while."""

from datetime import UTC, datetime

from caretrail.reading.patient import interpreted
from domain.ids import EventId
from domain.triggers import trigger_of
from projections.engine.events import FiledStatement
from tests.projections.samples import SampleStatement, stated


def filed(*story: SampleStatement) -> list[FiledStatement]:
    return [
        FiledStatement(
            index=index,
            event_id=EventId(f"00000000-0000-4000-8000-{index:012}"),
            topic=trigger_of(one.statement.trigger).topic,
            recorded_at=datetime(2026, 1, 5, tzinfo=UTC),
            message_id=None,
            partition=0,
            statement=one.statement,
            segments="[]",
        )
        for index, one in enumerate(story, 1)
    ]


def test_statements_of_another_home_with_the_same_events_are_interpreted_by_themselves() -> None:
    admitted = stated("A01", "08:00")
    left = stated("A03", "15:00", disposition="01")
    died = stated("A03", "15:00", disposition="20", disposition_code="exp")

    (at_home,) = interpreted(filed(admitted, left), None)
    (dead,) = interpreted(filed(admitted, died), None)

    assert at_home.death is None
    assert dead.death is not None
    assert interpreted(filed(admitted, left), None) == (at_home,)
