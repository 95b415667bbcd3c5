"""Protocols: the published tables that say which duty is due when, and which steps a discharge has.

A protocol is a TOML file. A command publishes it as an event, so the protocol in force at an
instant is the same in each rebuild and at each old known-at. ``docs/reference/protocols.md``
describes the file.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from domain.business_days import BusinessCalendar
from domain.duties import Due
from domain.errors import ProtocolInvalid
from domain.events import Code

#: Units of a time limit: business days, calendar days, hours.
Unit: TypeAlias = Literal["bd", "d", "h"]

#: The source of a value that no publication gives.
OUR_CHOICE: Final = "our choice"

_WITHIN: Final = re.compile(r"(\d{1,4}) (bd|d|h)")
_LENGTH_OF_VERSION: Final = 16


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problem = f"{name!r} is not an IANA time zone; write one such as 'America/New_York'"
        raise ValueError(problem) from None
    return name


def _within(text: str) -> str:
    if _WITHIN.fullmatch(text) is None:
        problem = f"{text!r} is not a time limit; write one such as '2 bd', '14 d' or '4 h'"
        raise ValueError(problem)
    return text


#: A time limit: "2 bd" (business days), "14 d" (days) or "4 h" (hours).
Within: TypeAlias = Annotated[str, AfterValidator(_within)]
#: The name of an IANA time zone.
ZoneName: TypeAlias = Annotated[str, AfterValidator(_zone)]


class DutyRule(BaseModel):
    """How soon one kind of duty is due."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    within: Within
    """From the instant at which the duty begins; with "0 d" it is due on the same day."""
    source: Annotated[str, Field(min_length=1, max_length=400)]
    """The publication that gives the time, or why it was chosen."""
    urgent: bool = False
    """Whether it comes before other duties in the work list."""


class StepRule(DutyRule):
    """One step of a transition: its time, and the events that do it."""

    code: Code
    done_by: Annotated[tuple[Code, ...], Field(min_length=1)]
    """Moves of the stream ``transition``, such as ``contact_made``; each of them does the step."""
    elements: frozenset[Code] = frozenset()
    """Elements that discharge information must have to do the step."""
    attempts: Annotated[int, Field(ge=0, le=20)] = 0
    """So many attempts to contact the patient do the step too; 0: attempts do not."""


class KindRule(BaseModel):
    """One kind of transition: the discharges that give it, and its steps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dispositions: frozenset[str] = frozenset()
    """Discharge dispositions as sent (PV1-36, HL7 table 0112 with the codes of the UB manual)."""
    canonical: frozenset[str] = frozenset()
    """Dispositions as FHIR R4 has them, for discharges whose code as sent is in no kind."""
    steps: tuple[StepRule, ...] = ()


class Protocol(BaseModel):
    """A protocol as published. ``version`` is a hash of the whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Code
    version: str
    zone: ZoneName
    """Zone of local dates, if ``zones`` does not name the facility."""
    zones: Annotated[Mapping[str, ZoneName], Field(default_factory=dict)]
    """Zones by the code of the facility."""
    calendar: BusinessCalendar = BusinessCalendar()
    backlog_days: Annotated[int, Field(ge=0)] = 14
    """The work list leaves out duties that became due more days ago, unless it is asked for."""
    window_days: Annotated[int, Field(ge=1)] = 30
    """A transition is over so many days after the discharge."""
    duties: Mapping[Code, DutyRule]
    kinds: Mapping[Code, KindRule]

    def zone_of(self, facility: str) -> str:
        """Return the zone of the local dates of a facility."""
        return self.zones.get(facility, self.zone)

    def due(self, code: str, start: datetime, zone: str) -> Due | None:
        """Return when a duty is due that begins at ``start``; None: the protocol has no such duty.

        Args:
            code: Such as ``referral.acknowledge.urgent``.
            start: The instant at which the duty begins.
            zone: The zone of the responsible facility: see ``zone_of``.
        """
        rule = self.duties.get(code)
        return None if rule is None else self.due_by(rule, start, zone)

    def due_by(self, rule: DutyRule, start: datetime, zone: str) -> Due:
        """Return when a duty of this rule is due; days are local dates after that of ``start``."""
        number, unit = _limit(rule.within)
        at, on = None, None
        if unit == "h":
            at = start + timedelta(hours=number)
        else:
            day = start.astimezone(ZoneInfo(zone)).date()
            on = self.calendar.after(day, number) if unit == "bd" else day + timedelta(days=number)
        return Due(
            at=at,
            on=on,
            zone=zone,
            source=rule.source,
            version=self.version,
            urgent=rule.urgent,
        )


def _limit(within: str) -> tuple[int, str]:
    number, unit = within.split(" ")
    return int(number), unit


#: What holds where no protocol was published: it has no duties and no steps.
NO_PROTOCOL: Final = Protocol(
    name="none", version="none", zone="UTC", zones={}, duties={}, kinds={}
)


@lru_cache(maxsize=64)
def parse_protocol(content: str) -> Protocol:
    """Return the protocol in the text of a TOML file. Equal texts have equal versions.

    Raises:
        ProtocolInvalid: It is not TOML, or a member is missing, unknown or of another shape.
    """
    try:
        members: dict[str, Any] = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolInvalid([str(error)]) from None
    if "version" in members:
        raise ProtocolInvalid(["version: it is made of the content; leave it out"])
    try:
        protocol = Protocol(**members, version=version_of(content))
    except ValidationError as error:
        raise ProtocolInvalid([_problem(each) for each in error.errors()]) from None
    if problems := _contradictions(protocol):
        raise ProtocolInvalid(problems)
    return protocol


def version_of(content: str) -> str:
    """Return the version of a protocol: the beginning of the SHA-256 of its text."""
    return sha256(content.encode()).hexdigest()[:_LENGTH_OF_VERSION]


def _problem(error: Mapping[str, Any]) -> str:
    return f"{'.'.join(str(each) for each in error['loc'])}: {error['msg']}"


def _contradictions(protocol: Protocol) -> list[str]:
    """Return what the file says twice."""
    problems: list[str] = []
    for member in ("dispositions", "canonical"):
        seen: dict[str, str] = {}
        for name, kind in protocol.kinds.items():
            for code in sorted(getattr(kind, member)):
                if code in seen:
                    problems.append(f"kinds.{name}.{member}: {code} is also in {seen[code]}")
                seen[code] = name
    for name, kind in protocol.kinds.items():
        codes = [step.code for step in kind.steps]
        problems += [
            f"kinds.{name}.steps: {code} is there twice"
            for code in sorted({each for each in codes if codes.count(each) > 1})
        ]
    return problems


@dataclass(frozen=True, slots=True)
class PublishedProtocol:
    """A protocol with the instant from which it is in force; None: from the beginning of time."""

    effective_from: datetime | None
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Protocols:
    """All published protocols. Of two with the same instant, the one published last is in force."""

    published: tuple[PublishedProtocol, ...] = field(default=())

    @classmethod
    def of(cls, published: Iterable[PublishedProtocol]) -> "Protocols":
        """Return the protocols, given in the order in which they were published."""
        return cls(tuple(sorted(published, key=_effective)))

    def at(self, instant: datetime) -> Protocol:
        """Return the protocol in force at an instant; one without duties if none was published."""
        return next(
            (
                each.protocol
                for each in reversed(self.published)
                if each.effective_from is None or each.effective_from <= instant
            ),
            NO_PROTOCOL,
        )


#: No protocol was published.
NO_PROTOCOLS: Final = Protocols()


def _effective(published: PublishedProtocol) -> tuple[bool, float]:
    at = published.effective_from
    return (at is not None, 0.0 if at is None else at.timestamp())
