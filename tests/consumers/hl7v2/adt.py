"""ADT messages for tests, and their reading."""

import json
from itertools import count
from typing import Any

from commands.ports.intake import IncomingMessage
from consumers.hl7v2.profiles import Profiles, parse
from consumers.hl7v2.translate import ReadingContext, read
from domain.ids import DEVELOPMENT_KEY, IdKey
from domain.statement import Statement

KEY = IdKey(DEVELOPMENT_KEY)
_drawn = count(1)

PID = (
    "PID|1||98765^^^MERCY^MR~9434765919^^^NHS^NH||DOE^JANE^Q^JR^DR^^L||19510602|F|||"
    "12 ELM ST&ELM ST^APT 4^SPRINGFIELD^IL^62701^USA||555-0100|||||ACC77^^^MERCY^AN"
)
PV1_44, PV1_45 = 44, 45


def pv1(**fields: str) -> str:
    """Return a PV1 segment; a field is given as ``f44="2026..."``."""
    values = {2: "I", 3: "4W^401^A^GEN", 19: "V4711^^^^VN"} | {
        int(name[1:]): value for name, value in fields.items()
    }
    return "|".join(["PV1", *(values.get(number, "") for number in range(1, 53))]).rstrip("|")


def adt(  # the parts of a message
    trigger: str = "A01",
    *segments: str,
    msh: dict[int, str] | None = None,
    evn: str | None = "EVN||20260301143201",
    pid: str = PID,
    visit: str | None = None,
    end: str = "\r",
) -> bytes:
    """Return an ADT message: MSH, EVN, PID, PV1 and further segments."""
    fields = {
        2: "^~\\&", 3: "ADT", 4: "MERCY", 5: "CARETRAIL", 6: "CARE", 7: "20260301143205",
        9: f"ADT^{trigger}^ADT_A01", 10: "M1", 11: "P", 12: "2.5.1",
    } | (msh or {})  # fmt: skip
    head = "|".join(["MSH", *(fields.get(n, "") for n in range(2, max(fields) + 1))])
    lines = [head, evn, pid, pv1() if visit is None else visit, *segments]
    return end.join(line for line in lines if line).encode()


#: A profile with a zone, so that no time is flagged ``zone_assumed``.
IN_UTC = '[sender.default]\nzone = "UTC"\n'


def reading(toml: str = "", **changed: Any) -> ReadingContext:
    """Return a context with the profiles in a TOML text."""
    profiles = parse(toml) if toml else Profiles()
    return ReadingContext(
        id_key=KEY,
        profiles=profiles,
        new_id=lambda: f"01900000-0000-7000-8000-{next(_drawn):012d}",
        **changed,
    )


def received(raw: bytes, toml: str = IN_UTC, **changed: Any) -> IncomingMessage:
    return read(raw, context=reading(toml, **changed))


def stated(raw: bytes, toml: str = IN_UTC) -> Statement:
    """Return the one statement of a message."""
    (draft,) = received(raw, toml).drafts
    return draft.core


def sealed(raw: bytes, toml: str = IN_UTC, *, of: int = 0) -> dict[str, Any]:
    """Return the sealed segments of the only statement about one of its subjects, by class."""
    (draft,) = received(raw, toml).drafts
    subject = draft.subjects[of]
    return {
        each.segment: json.loads(each.text) for each in draft.segments if each.subject == subject
    }
