"""msgspec and pydantic read the same from a stored body."""

import msgspec

from domain.encoding import read_body
from domain.ids import RecordId
from domain.statement import IdentifierRef, Moment, Statement
from projections.engine.decoding import decode_body, decode_core, decode_nodes, split
from projections.engine.substrate import nodes_of
from tests.projections.samples import STORY, Log, at, place, stated


def test_both_decodings_of_a_statement_are_equal() -> None:
    log = Log()
    log.record(
        *STORY,
        stated(
            "A02",
            "10:00",
            where=place("4W", "A"),
            admitted=Moment(at=at("9:00"), until=at("9:59"), precision="hour", zone="assumed"),
            flags=("EVN-6.unreadable",),
            deceased=True,
        ),
    )
    for recorded in log.events:
        validated = read_body(recorded.envelope.topic, recorded.body).core
        assert isinstance(validated, Statement)
        mirror, sealed = decode_body(recorded.body)
        assert msgspec.to_builtins(mirror) == msgspec.to_builtins(validated)
        for name in type(validated).__dataclass_fields__:
            assert hasattr(mirror, name)
        if mirror.admitted is not None and validated.admitted is not None:
            assert mirror.admitted.last == validated.admitted.last
        core, segments = split(recorded.body)
        assert decode_core(core) == mirror
        assert bytes(sealed).decode() == segments


def test_both_ways_find_the_records_that_a_statement_may_join() -> None:
    """A second number of the patient may join records, an insurance number may not (R2.15)."""
    numbers = (
        IdentifierRef(field="PID-3", ref="own", type="MR"),
        IdentifierRef(field="PID-3", ref="second", type="MR"),
        IdentifierRef(field="PID-3", ref="insurance", type="PN"),
        IdentifierRef(field="PID-3", ref="placeholder", type="MR", placeholder=True),
        IdentifierRef(field="PID-18", ref="account"),
        IdentifierRef(field="MRG-1", ref="retired", type="PI"),
        IdentifierRef(field="PID-19", ref="trusted", type="SS", trusted=True),
    )
    log = Log()
    log.record(
        stated(
            "A40", "10:00", record=RecordId("own"), identifiers=numbers, merged=RecordId("merged")
        )
    )
    (recorded,) = log.events
    statement, _ = decode_body(recorded.body)
    found = ("own", "merged", "second", "retired", "trusted")
    assert decode_nodes(recorded.body) == found
    assert nodes_of(statement, ()) == found
