"""What was received can be listed, shown and opened."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from commands.ports.intake import Disposition
from infra.clock import new_id
from infra.event_store import CareStore
from infra.messages import MessageArchive, NoSuchMessage
from tests.intake_samples import draft, received
from tests.stores import opened, record

pytestmark = pytest.mark.postgres


@pytest.fixture
def both(database: str, tmp_path: Path) -> Iterator[tuple[CareStore, MessageArchive]]:
    with (
        opened(database, tmp_path) as (store, keys),
        MessageArchive(database, keys) as archive,
    ):
        yield store, archive


@pytest.fixture
def store(both: tuple[CareStore, MessageArchive]) -> CareStore:
    return both[0]


@pytest.fixture
def archive(both: tuple[CareStore, MessageArchive]) -> MessageArchive:
    return both[1]


def test_a_message_is_shown_with_its_events_and_its_bytes(
    store: CareStore, archive: MessageArchive
) -> None:
    message = received("a", draft("x"), draft("y"), warnings=("profile.none", 'a "b"'))
    record(store, [received("first"), message])
    shown = archive.show(message.message_id)
    assert (shown.message.control_id, shown.message.trigger) == ("a", "A01")
    assert shown.message.warnings == message.warnings
    assert (shown.message.reading, shown.message.events) == (1, 2)
    assert [(each.index, each.event_id, each.stream) for each in shown.events] == [
        (index, each.event_id, each.subjects[0])
        for index, each in enumerate(message.drafts, start=2)
    ]
    assert shown.same_control_id == ()
    assert archive.raw(message.message_id) == message.raw
    assert archive.raw(message.message_id.upper()) == message.raw


def test_an_unknown_id_is_an_error_that_names_it(archive: MessageArchive) -> None:
    for wrong in (new_id(), "no id", ""):
        with pytest.raises(NoSuchMessage, match=f"^no message {wrong}$"):
            archive.show(wrong)
        with pytest.raises(NoSuchMessage, match=f"^no message {wrong}$"):
            archive.raw(wrong)
    assert archive.ls() == []


def test_pages_follow_each_other_newest_first(store: CareStore, archive: MessageArchive) -> None:
    record(store, [received(f"m{i}") for i in range(7)])
    first = archive.ls(limit=3)
    second = archive.ls(limit=3, before=first[-1].message_id)
    third = archive.ls(limit=3, before=second[-1].message_id)
    named = [[each.control_id for each in page] for page in (first, second, third)]
    assert named == [["m6", "m5", "m4"], ["m3", "m2", "m1"], ["m0"]]


def test_lists_are_narrowed_by_what_is_asked_for(store: CareStore, archive: MessageArchive) -> None:
    first = received("a")
    quarantined = received(
        "b", disposition=Disposition.QUARANTINED, reason="no_patient_identifier", sender="west"
    )
    record(store, [first, quarantined, received("c", trigger="A08"), received("a")])
    found = archive.ls()
    assert [each.control_id for each in found] == ["c", "b", "a"]
    last = found[0].received_at

    def named(**asked: object) -> list[str]:
        return [each.control_id for each in archive.ls(**asked)]  # type: ignore[arg-type]  # any of them

    assert named(disposition=Disposition.QUARANTINED) == ["b"]
    assert named(disposition=Disposition.DUPLICATE) == ["a"]
    assert named(sender="west") == ["b"]
    assert named(trigger="A08") == ["c"]
    assert named(control_id="c", disposition=Disposition.RECORDED) == ["c"]
    assert named(reason="no_patient_identifier") == ["b"]
    assert named(since=last + timedelta(seconds=1)) == []
    assert named(since=last, until=last + timedelta(seconds=1)) != []
    assert archive.counts() == {
        Disposition.RECORDED: 2,
        Disposition.DUPLICATE: 1,
        Disposition.NO_EFFECT: 0,
        Disposition.QUARANTINED: 1,
        Disposition.UNREADABLE: 0,
    }


def test_one_control_id_with_other_bytes_is_marked_on_both(
    store: CareStore, archive: MessageArchive
) -> None:
    first = received("a")
    record(store, [first, received("c", pair_key=None), received("d", pair_key=None)])
    assert not any(each.control_id_reused for each in archive.ls())
    other = replace(received("b"), pair_key=first.pair_key, control_id="a")
    record(store, [other])
    assert [(each.control_id, each.control_id_reused) for each in archive.ls()] == [
        ("a", True), ("d", False), ("c", False), ("a", True),
    ]  # fmt: skip
    assert archive.show(first.message_id).same_control_id == (other.message_id,)
    assert archive.show(other.message_id).same_control_id == (first.message_id,)
