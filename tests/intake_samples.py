"""Received messages as the reader hands them over, made without the reader."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from commands.ports.intake import Disposition, Draft, IncomingMessage
from domain.body import Actor, PlainSegment
from domain.catalogue import STATEMENT_TOPICS
from domain.ids import DEVELOPMENT_KEY, EventId, IdKey, MessageId, RecordId
from domain.statement import IdentifierRef, Moment, Place, Statement
from infra.clock import new_id

KEY = IdKey(DEVELOPMENT_KEY)
EIGHT = datetime(2026, 3, 1, 8, tzinfo=UTC)

#: What must never be seen in clear anywhere.
FAMILY = "Quastenflosser"
NUMBER = "MRN9081726354"


def record_of(number: str) -> RecordId:
    return KEY.record("GENERAL", number, "P")


def statement(number: str = NUMBER, **changed: Any) -> Statement:
    record = record_of(number)
    made = Statement(
        ref=KEY.statement(number, "A01"),
        trigger="A01",
        record=record,
        application="ADT",
        sender="GENERAL",
        control_id="M1",
        namespace="GENERAL",
        sent=Moment(at=EIGHT, text="20260301080000"),
        occurred=Moment(at=EIGHT, text="20260301080000"),
        class_as_sent="I",
        class_code="IMP",
        place=Place(
            ref=KEY.place("GENERAL", "W1", "2", "B"),
            facility="GENERAL",
            unit="W1",
            room="2",
            bed="B",
        ),
        visit=KEY.visit("GENERAL", "V1", "P"),
        identifiers=(IdentifierRef(field="PID-3", ref=record, authority="GENERAL", type="MR"),),
        content="c1",
        content_but_entered="c2",
    )
    return replace(made, **changed)


def draft(number: str = NUMBER, *, others: Sequence[str] = (), **changed: Any) -> Draft:
    """Return a statement about a record, which may name others (a merge)."""
    subjects = tuple(record_of(each) for each in (number, *others))
    made = Draft(
        event_id=EventId(new_id()),
        topic=STATEMENT_TOPICS["A01"],
        subjects=subjects,
        core=statement(number),
        segments=tuple(
            plain
            for subject, name in zip(subjects, (number, *others), strict=True)
            for plain in (
                PlainSegment(
                    subject=subject, segment="identifiers", text=b'{"n":"%b"}' % name.encode()
                ),
                PlainSegment(subject=subject, segment="demographics", text=FAMILY.encode()),
            )
        ),
        happened_at=EIGHT,
        facility="GENERAL",
    )
    return replace(made, **changed)


def received(name: str = "m1", *drafts: Draft, **changed: Any) -> IncomingMessage:
    """Return a message called ``name`` (its key and control id), about one patient if not said."""
    made = IncomingMessage(
        message_id=MessageId(new_id()),
        key=sha256(name.encode()).digest(),
        pair_key=sha256(f"pair {name}".encode()).digest(),
        raw=f"MSH|^~\\&|ADT|GENERAL|||20260301||ADT^A01|{name}\rPID|||{NUMBER}||{FAMILY}\r".encode(),
        arrived_by="file",
        sender="default",
        profile_version="p1",
        mapping_version="1",
        actor=Actor(issuer="GENERAL", subject="ADT"),
        application="ADT",
        facility="GENERAL",
        control_id=name,
        trigger="A01",
        drafts=drafts or (draft(),),
    )
    made = replace(made, **changed)
    if made.disposition is not Disposition.RECORDED and not drafts:
        made = replace(made, drafts=())
    return made
