"""Stored bodies: released shapes stay readable permanently, and both decoders read the same."""

import json
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.body import Body, SealedSegment
from domain.catalogue import CORES, UnknownTopic, own_event
from domain.encoding import BodyDoesNotHold, make_body, read_body
from domain.referral import ReferralAccepted
from domain.statement import Moment, Statement
from projections.engine.decoding import decode_body, decode_sealed, split
from tests.domain.released_shapes import released, unreleased
from tests.intake_samples import EIGHT, statement

RELEASED = sorted((Path(__file__).parent / "released_events").glob("*.json"))
OF_STATEMENT = TypeAdapter(Body[Statement])
SEGMENTS = TypeAdapter(tuple[SealedSegment, ...])

# Text without the halves of pairs, which no JSON has; numbers that JSON has.
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    bool: st.booleans(),
    int: st.integers(-(2**31), 2**31),
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    NoneType: st.none(),
}


def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Return what a member with this type can hold, in every combination."""
    hint = getattr(hint, "__supertype__", hint)
    if hint in LEAVES:
        return LEAVES[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{name: anything(each) for name, each in hints.items()})
    inner = get_args(hint)
    if get_origin(hint) is Literal:
        return st.sampled_from(inner)
    if get_origin(hint) is tuple:
        return st.lists(anything(inner[0]), max_size=2).map(tuple)
    return st.one_of(*map(anything, inner))


def members(value: object) -> Any:
    """Return what a statement holds, whichever class holds it."""
    if is_dataclass(value):
        return {each.name: members(getattr(value, each.name)) for each in fields(value)}
    return tuple(map(members, value)) if isinstance(value, tuple) else value


def test_every_topic_has_its_released_shape() -> None:
    assert released().keys() == CORES.keys()
    assert not unreleased(), "run `make shapes` and commit the files of new events and members"


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_a_released_event_reads_as_it_always_did(path: Path) -> None:
    released = json.loads(path.read_text())
    body = released["body"].encode()
    read = read_body(released["topic"], body)
    now = {
        "core": json.loads(TypeAdapter(type(read.core)).dump_json(read.core)),
        "sealed": json.loads(SEGMENTS.dump_json(read.sealed)),
    }
    assert_still_there(released["reads_as"], now)
    assert make_body(read.core, read.sealed) == body
    core_text, sealed_text = split(body)
    assert members(decode_sealed(sealed_text)) == members(read.sealed)
    if isinstance(read.core, Statement):
        core, sealed = decode_body(body)
        assert members(core) == members(read.core)
        assert members(decode_sealed(sealed)) == members(read.sealed)
    else:
        assert own_event(released["topic"], core_text) == read.core


def assert_still_there(released: Any, now: Any) -> None:
    """Members may be added; those that were there have the same value, defaults included."""
    if isinstance(released, dict):
        for name, value in released.items():
            assert_still_there(value, now[name])
    elif isinstance(released, list):
        assert len(released) == len(now)
        for each, other in zip(released, now, strict=True):
            assert_still_there(each, other)
    else:
        assert released == now


@given(anything(Statement))
def test_whatever_is_stored_reads_back_by_both_decoders(core: Statement) -> None:
    body = make_body(core)
    assert read_body("encounter.admitted.v1", body).core == core
    assert members(decode_body(body)[0]) == members(core)


def test_segments_are_written_as_pydantic_writes_them() -> None:
    sealed = SealedSegment(
        subject=statement().record, segment="notes", commitment="0f" * 32, box="+/A="
    )
    body = make_body(statement(), [sealed, sealed])
    assert json.loads(body) == json.loads(
        OF_STATEMENT.dump_json(
            Body(core=statement(), sealed=(sealed, sealed)), exclude_defaults=True
        )
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"class_code": "NEITHER"},
        {"mode": "X"},
        {"visit": 7},
        {"sent": "yesterday"},
        {"flags": ("Quastenflosser", 7)},
        {"control_id": "\ud800"},
    ],
)
def test_a_statement_that_does_not_hold_is_refused_without_naming_its_values(
    wrong: dict[str, Any],
) -> None:
    with pytest.raises(BodyDoesNotHold) as refused:
        make_body(replace(statement(), **wrong))
    assert str(next(iter(wrong.values()))) not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_own_event_that_does_not_hold_is_refused_without_naming_its_values() -> None:
    wrong = ReferralAccepted.model_construct(happened_at=Moment(at=EIGHT), by="Quastenflosser")  # type: ignore[arg-type]  # what is tested
    with pytest.raises(BodyDoesNotHold) as refused:
        make_body(wrong)
    assert "Quastenflosser" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("topic", ["encounter.admitted.v1", "referral.accepted.v1"])
def test_text_that_is_not_a_body_is_refused(topic: str) -> None:
    for wrong in (b"", b"{}", b'{"core":{}}', b'{"sealed":[]}'):
        with pytest.raises(ValueError, match="validation"):
            read_body(topic, wrong)


def test_a_topic_of_a_newer_release_is_named_in_the_error() -> None:
    with pytest.raises(UnknownTopic) as unknown:
        read_body("referral.accepted.v2", b'{"core":{}}')
    assert unknown.value.topic == "referral.accepted.v2"
