"""msgspec and pydantic read the same from a stored body."""

import msgspec

from domain.encoding import read_body
from domain.statement import Moment, Statement
from projections.engine.decoding import decode_body, decode_core, split
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
