"""Build statements in few words, as a sender would send them.

A time is text. "10:00" is on Monday 2 March 2026, "3d 10:00" is three days later, "10:00:05" has
seconds. "10:--" is a time that names only its hour; "--" and "3d --" name only the day. "10:00 -5"
has no offset, and its message has the offset -5 in MSH-7.

A statement happens when it is sent, unless the case says otherwise. A field that is None is empty.
"""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from domain.ids import PlaceRef, RecordId, StatementRef, VisitRef
from domain.statement import (
    EncounterClass,
    IdentifierRef,
    Moment,
    Movement,
    Place,
    ProfileSettings,
    StatedRole,
    Statement,
)
from domain.triggers import trigger_of

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WHEN_SENT = "when sent"

#: PV1-2 as the cases write it, and the class that it stands for.
CLASSES: dict[str, EncounterClass] = {
    "E": "EMER", "I": "IMP", "O": "AMB", "B": "OBSENC", "P": "PRENC", "": "unknown",
    "N": "NONAC", "S": "SS", "R": "AMB",
}  # fmt: skip
#: The field that states a role.
_FIELDS = {"AT": "PV1-7", "RP": "PV1-8", "CP": "PV1-9", "AD": "PV1-17", "PP": "PD1-4"}
_DEFAULT_CLASS = {"A04": "O", "A07": "O"}

#: A patient number that stands for "not known".
PLACEHOLDER = "unknown"


def adt(  # noqa: PLR0913  # every field that a message can state
    trigger: str,
    sent: str | None = "10:00",
    bed: str | None = None,
    *,
    at: str | None = WHEN_SENT,
    evn2: str | None = WHEN_SENT,
    evn6: str | None = None,
    pv144: str | None = None,
    pv145: str | None = None,
    visit: str | None = "V1",
    visit_form: str | None = None,
    prior_visit: str | None = None,
    patient: str = "p1",
    merged: str | None = None,
    pv12: str | None = None,
    from_: str | None = None,
    facility: str | None = None,
    sender: str = "H1",
    application: str = "ADT",
    namespace: str | None = None,
    control: str | None = None,
    sequence: str = "",
    trusted: tuple[str, ...] = (),
    mrg_trusted: tuple[str, ...] = (),
    master_index: bool = False,
    numbers: tuple[str, ...] = (),
    retired: tuple[str, ...] = (),
    account: str | None = None,
    movement: str | None = None,
    disposition: str = "",
    disposition_sent: str = "",
    pv14: str = "",
    deceased: bool | None = None,
    died: str | None = None,
    roles: tuple[str, ...] = (),
    settings: ProfileSettings | None = None,
    flags: tuple[str, ...] = (),
    extra: str = "",
    comparable: bool = True,
) -> Statement:
    """Build one statement.

    Args:
        trigger: "A01".
        sent: MSH-7.
        bed: PV1-3, in the facility ``facility``, else in that of the sender. "unit W" is a place
            without a bed. "A N/4" is bed A in building N on floor 4, "A N/" and "A /4" state one.
        at: When it happened. The time goes into the field in which its kind states a time:
            PV1-44, PV1-45 or EVN-6. A statement that gives this field itself needs no ``at``.
        evn2: EVN-2.
        evn6: EVN-6.
        pv144: PV1-44, the start of the visit.
        pv145: PV1-45, the end of the visit.
        visit: PV1-19, unique within the sender.
        visit_form: The visit number under the other form of its authority, if both are stated.
        prior_visit: MRG-5.
        patient: PID-3. The part before a dot names the authority: "a.1" and "a.2" are of "a".
        merged: MRG-1.
        pv12: PV1-2, a letter of ``CLASSES``. Without it an A04 and an A07 are outpatient "O",
            every other statement is inpatient "I".
        from_: PV1-6.
        facility: PV1-3.4.
        sender: MSH-4.
        application: MSH-3.
        namespace: Of visit numbers; the sender, if not given.
        control: MSH-10.
        sequence: MSH-13.
        trusted: Trusted identifiers in PID-3. "e7" is of the issuer "enterprise", "x/7" of "x".
        mrg_trusted: Trusted identifiers in MRG-1.
        master_index: The issuer of ``trusted`` never gives one value to two people.
            *(_number("PID-3", each) for each in numbers),
            *(_number("MRG-1", each) for each in retired),
        account: PID-18; without a visit number it is in the place of one.
        movement: The movement id of ZBE.
        disposition: PV1-36, canonical.
        disposition_sent: PV1-36, as sent.
        pv14: PV1-4.
        deceased: PID-30.
        died: PID-29.
        roles: Practitioners in roles: "AT d1" is d1 in PV1-7, "AT" is a null there. "ROL AT d1" is
            of ROL; it may go on with "action=DE", "instance=1", "begins=11:00" and "ends=12:00".
        settings: What the sender's profile says.
        flags: What intake noticed.
        extra: Any other content, so that two statements differ.
        comparable: Intake made a comparison value.
    """
    kind = trigger_of(trigger).kind
    own = sent if at == WHEN_SENT else at
    if kind == "beginning" and pv144 is None and evn6 is None:
        pv144 = own
    elif kind == "end" and pv145 is None and evn6 is None:
        pv145 = own
    elif kind in {"move", "plan"} and evn6 is None:
        evn6 = own
    coded = pv12 if pv12 is not None else _DEFAULT_CLASS.get(trigger, "I")
    namespace = sender if namespace is None else namespace
    number = account if visit is None else visit
    statement = Statement(
        ref=StatementRef(""),
        trigger=trigger,
        record=RecordId(patient.partition("/")[0]),
        application=application,
        sender=sender,
        namespace=namespace,
        control_id=f"{trigger}-{sent}" if control is None else control,
        sequence=sequence,
        sent=_sent(sent),
        entered=moment(sent if evn2 == WHEN_SENT else evn2),
        occurred=moment(evn6),
        admitted=moment(pv144),
        discharged=moment(pv145),
        class_as_sent=coded,
        class_code=CLASSES[coded],
        place=_place(bed, facility or sender),
        prior_place=_place(from_, facility or sender),
        visit=None if number is None else VisitRef(f"{namespace}.{number}"),
        visit_field="" if account is None or visit is not None else "PID-18",
        visit_other_form=None if visit_form is None else VisitRef(f"{namespace}.{visit_form}"),
        prior_visit=None if prior_visit is None else VisitRef(f"{namespace}.{prior_visit}"),
        merged=None if merged is None else RecordId(merged.partition("/")[0]),
        identifiers=(
            _number("PID-3", patient),
            *(() if merged is None else (_number("MRG-1", merged),)),
            *(_trusted("PID-3", each, master_index=master_index) for each in trusted),
            *(_trusted("MRG-1", each, master_index=master_index) for each in mrg_trusted),
            *(_number("PID-3", each) for each in numbers),
            *(_number("MRG-1", each) for each in retired),
            *(
                ()
                if account is None
                else (IdentifierRef(field="PID-18", ref=f"{namespace}.{account}"),)
            ),
        ),
        movement=None if movement is None else Movement(ref=movement),
        disposition=disposition_sent,
        disposition_code=disposition,
        admission_type=pv14,
        deceased=deceased,
        died=moment(died),
        roles=tuple(map(_role, roles)),
        settings=settings or ProfileSettings(),
        flags=flags,
    )
    bare = replace(statement, sent=None, control_id="", sequence="", flags=())
    return _named(
        replace(
            statement,
            content=_hash(f"{_stated(bare)}{extra}") if comparable else "",
            content_but_entered=(
                _hash(f"{_stated(replace(bare, entered=None))}{extra}") if comparable else ""
            ),
        )
    )


def sent_again(
    statement: Statement, *, sent: str | None, control: str, evn2: str | None = None
) -> Statement:
    """Send the same content in a further message; ``evn2`` gives it another EVN-2."""
    changed = replace(statement, sent=_sent(sent), control_id=control)
    if evn2 is None:
        return _named(changed)
    return _named(replace(changed, entered=moment(evn2), content=f"{statement.content}/{evn2}"))


def moment(text: str | None) -> Moment | None:
    """Read a time as the cases write it."""
    if text is None:
        return None
    local, minus, hours = text.rpartition(" -")
    if minus and hours.isdecimal():
        read = moment(local)
        assert read is not None
        return replace(read, at=read.at + timedelta(hours=int(hours)), zone="message", text=local)
    day, _, clock = text.rpartition(" ")
    date = MONDAY + timedelta(days=int(day.removesuffix("d") or 0))
    parts = [int(part) for part in clock.split(":") if part != "--"]
    at = date + timedelta(**dict(zip(("hours", "minutes", "seconds"), parts, strict=False)))
    if clock == "--":
        return Moment(at=at, until=at + timedelta(days=1, seconds=-1), precision="day")
    if "--" in clock:
        return Moment(at=at, until=at + timedelta(hours=1, seconds=-1), precision="hour")
    return Moment(at=at)


def _sent(text: str | None) -> Moment | None:
    """Read MSH-7. It states its own offset."""
    read = moment(text)
    if read is None or read.zone != "message":
        return read
    hours = (text or "").rpartition("-")[2]
    return replace(read, zone="offset", text=f"{read.text}-{hours.zfill(2)}00")


def _place(bed: str | None, facility: str) -> Place | None:
    if bed is None:
        return None
    name, _, where = bed.removeprefix("unit ").partition(" ")
    building, _, floor = where.partition("/")
    return Place(
        ref=PlaceRef(bed),
        facility=facility,
        unit=name,
        bed=None if bed.startswith("unit ") else name,
        building=building or None,
        floor=floor or None,
    )


def _role(text: str) -> StatedRole:
    field = "ROL-4" if text.startswith("ROL ") else ""
    role, *rest = text.removeprefix("ROL ").split(" ")
    more = dict(each.split("=") for each in rest if "=" in each)
    return StatedRole(
        field=field or _FIELDS[role],
        role=role,
        practitioner=next((each for each in rest if "=" not in each), ""),
        action=more.get("action", ""),
        instance=more.get("instance", ""),
        begins=moment(more.get("begins")),
        ends=moment(more.get("ends")),
    )


def _number(field: str, number: str) -> IdentifierRef:
    ref, _, kind = number.partition("/")
    authority = ref.partition(".")[0] if "." in ref else "mrn"
    return IdentifierRef(
        field=field, ref=ref, authority=authority, type=kind, placeholder=ref == PLACEHOLDER
    )


def _trusted(field: str, value: str, *, master_index: bool) -> IdentifierRef:
    issuer, slash, number = value.rpartition("/")
    return IdentifierRef(
        field=field,
        ref=value,
        authority=issuer if slash else "enterprise",
        trusted=True,
        master_index=master_index,
        placeholder=number == PLACEHOLDER,
    )


def _named(statement: Statement) -> Statement:
    parts = (
        statement.record, statement.sent, statement.application, statement.sender,
        statement.control_id, statement.content, statement.pair,
    )  # fmt: skip
    return replace(statement, ref=StatementRef(_hash(repr(parts))))


def _stated(value: object) -> object:
    """Return what a value states, without members that are empty.

    The settings and the number of the reading are left out too. So a new member changes no hash,
    and with it no order of statements that nothing else orders.
    """
    if isinstance(value, (Statement, Place, IdentifierRef, Moment, Movement, StatedRole)):
        named = {each.name: getattr(value, each.name) for each in fields(value)}
        stated = {name: each for name, each in named.items() if each}
        return {
            name: _stated(each)
            for name, each in stated.items()
            if name not in {"settings", "reading"}
        }
    return [_stated(each) for each in value] if isinstance(value, tuple) else value


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
