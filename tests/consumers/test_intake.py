"""Frames in, answers out, over a real store: one message never decides for the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

import pytest
from typing_extensions import override

from commands import record_messages
from commands.ports.intake import IncomingMessage, MessageOutcome
from commands.ports.store import StoreUnavailable
from commands.record_messages import PreparedMessage
from consumers.hl7v2.profiles import ChosenProfile, Profile, Profiles, parse
from consumers.hl7v2.translate import ReadingContext
from consumers.intake import MllpIntake
from infra.event_store import CareStore
from infra.messages import MessageArchive
from infra.mllp import Frame, Peer
from infra.mllp_client import code_of
from infra.received_messages import SealedMessage
from infra.subject_keys import SubjectKeys
from tests.consumers.hl7v2.adt import PID, adt, reading

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 1, 15, tzinfo=UTC)
Prepared = PreparedMessage[SealedMessage]
POISON = "POISON"


def message(control_id: str) -> bytes:
    return adt(msh={10: control_id}, pid=PID.replace("98765", control_id))


def frame(raw: bytes) -> Frame:
    return Frame(raw, Peer("127.0.0.1"))


@dataclass
class Intake:
    """An intake over ``store``; ``failing`` says which messages it fails to record."""

    store: CareStore
    failing: Callable[[IncomingMessage], Exception | None] = lambda _message: None
    context: ReadingContext = field(default_factory=reading)

    def __post_init__(self) -> None:
        self.intake = MllpIntake(
            context=self.context,
            prepare=self.prepare,
            prepare_at_once=partial(self.prepare, may_wait=False),
            record=self.record,
            now=lambda: NOW,
        )

    def prepare(self, received: IncomingMessage, *, may_wait: bool = True) -> Prepared:
        return record_messages.prepare(received, self.store, may_wait=may_wait)

    def record(self, messages: Sequence[Prepared]) -> list[MessageOutcome]:
        for each in messages:
            error = self.failing(each.message)
            if error:
                raise error
        return record_messages.handle(messages, self.store)

    def answers(self, *raw: bytes) -> list[bytes]:
        return self.intake.answer([self.intake.read(frame(each)) for each in raw])

    def codes(self, *raw: bytes) -> list[str]:
        return [code_of(each) for each in self.answers(*raw)]


def fails_once_read(received: IncomingMessage) -> Exception | None:
    poisoned = received.control_id == POISON and received.drafts
    return ValueError("a mistake of ours") if poisoned else None


def test_a_message_that_cannot_be_recorded_fails_alone_and_is_kept(
    database: str, store: CareStore, keys: SubjectKeys
) -> None:
    intake = Intake(store, fails_once_read)
    batch = [message("A"), message("B"), message(POISON), message("C"), message("D")]
    assert intake.codes(*batch) == ["AA", "AA", "AR", "AA", "AA"]
    assert store.max_index() == 4
    with MessageArchive(database, keys) as archive:
        (kept,) = archive.ls(reason="recording_failed")
        assert archive.raw(kept.message_id) == message(POISON)
    # A later release, without the mistake, takes the message.
    assert Intake(store).codes(message(POISON)) == ["AA"]


def test_if_nothing_at_all_can_be_recorded_of_a_message_it_is_refused(store: CareStore) -> None:
    def always(received: IncomingMessage) -> Exception | None:
        return ValueError("a mistake of ours") if received.control_id == POISON else None

    assert Intake(store, always).codes(message("A"), message(POISON)) == ["AA", "AR"]


def test_while_the_store_does_not_answer_every_message_is_refused(store: CareStore) -> None:
    def lost(received: IncomingMessage) -> Exception | None:
        return StoreUnavailable("Gone") if received.control_id == "B" else None

    assert Intake(store, lost).codes(message("A"), message("B"), message("C")) == ["AR"] * 3
    assert store.max_index() == 0
    assert Intake(store).codes(message("A"), message("B")) == ["AA", "AA"]


class MistakenProfiles(Profiles):
    """Profiles with a mistake: none can be chosen for one application, or none be looked up."""

    def __init__(self) -> None:
        super().__init__(parse('[sender.mercy]\nmatch = [{facility = "MERCY"}]').named)
        self.lost = False

    @override
    def choose(
        self, *, application: str, facility: str, requested: str = "", client: str = ""
    ) -> ChosenProfile:
        if application == POISON:
            raise RecursionError
        return super().choose(application=application, facility=facility)

    @override
    def __getitem__(self, name: str) -> Profile:
        if self.lost:
            raise OverflowError
        return super().__getitem__(name)


def test_a_message_that_cannot_be_read_by_a_mistake_of_ours_fails_alone_and_is_kept(
    database: str, store: CareStore, keys: SubjectKeys
) -> None:
    poison = adt(msh={3: POISON})
    mistaken = Intake(store, context=replace(reading(), profiles=MistakenProfiles()))
    assert mistaken.codes(message("A"), poison, message("B")) == ["AA", "AR", "AA"]
    with MessageArchive(database, keys) as archive:
        (kept,) = archive.ls(reason="reading_failed")
        assert archive.raw(kept.message_id) == poison
    assert Intake(store).codes(poison) == ["AA"]


def test_an_answer_that_cannot_be_made_is_replaced_by_a_bare_one(store: CareStore) -> None:
    profiles = MistakenProfiles()
    intake = Intake(store, context=replace(reading(), profiles=profiles)).intake
    batch = [intake.read(frame(message(name))) for name in ("A", "B")]
    profiles.lost = True
    answers = intake.answer(batch)
    assert [code_of(each) for each in answers] == ["AA", "AA"]
    assert b"\rMSA|AA|B\r" in answers[1]
    assert store.max_index() == 2


VERSIONS = ["2." + "5" * 5_000, "2." + "\u0663" * 9, "2.", "x" * 9_000, "2.5.1"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("toml", ["", '[sender.default]\nacknowledgement = "enhanced"'])
def test_any_version_is_answered(store: CareStore, version: str, toml: str) -> None:
    intake = Intake(store, context=reading(toml))
    assert intake.codes(adt(msh={12: version}), message("B"))[0] in {"AA", "CA"}


def test_an_acknowledgement_is_kept_and_never_answered(
    database: str, store: CareStore, keys: SubjectKeys
) -> None:
    ack = b"MSH|^~\\&|REG|MERCY|CT|HUB|20260302101501||ACK^A08^ACK|K1|P|2.5\rMSA|AA|CT1\r"
    others = [
        ack.replace(b"ACK^A08^ACK", kind).replace(b"|K1|", b"|K%d|" % number)
        for number, kind in enumerate((b"", b"ADT^A08", b"MCF", b"RSP^K22^RSP_K22", b"ACK~ACK"), 2)
    ]
    only_for_others = '[sender.mercy]\nmatch = [{facility = "MERCY"}]\nclients = ["other"]'
    for toml in ("", '[sender.default]\nacknowledgement = "enhanced"', only_for_others):
        answers = Intake(store, context=reading(toml)).answers(ack, *others, ack)
        assert answers == [b""] * 7
    intake = Intake(store)
    oversize = Frame(ack, Peer("127.0.0.1"), oversize=True)
    assert intake.intake.answer([intake.intake.read(oversize)]) == [b""]
    with MessageArchive(database, keys) as archive:
        assert len(archive.ls(reason="acknowledgement")) == 6
