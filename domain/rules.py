"""Protocols: the published tables that say which duty is due when, and which steps a discharge has.

A protocol is a TOML file. A command publishes it as an event, so the protocol in force at an
instant is the same in each rebuild and at each old known-at. ``docs/reference/protocols.md``
describes the file.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from domain.attribution import NO_ATTRIBUTIONS, AttributionPeriod, Attributions
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

    def with_times(self, times: Mapping[Code, DutyRule]) -> "KindRule":
        """Return the kind with other time limits for some of its steps, by their codes."""
        steps = tuple(
            each.model_copy(update=dict(times[each.code])) if each.code in times else each
            for each in self.steps
        )
        return self.model_copy(update={"steps": steps})


class PayerLines(BaseModel):
    """Time limits that replace the ordinary ones for the patients of payers and programmes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    payers: frozenset[Code] = frozenset()
    """Codes of payers, as attributions name them."""
    programmes: frozenset[Code] = frozenset()
    """Codes of programmes, as attributions name them."""
    duties: Annotated[Mapping[Code, DutyRule], Field(default_factory=dict)]
    """By the code of the duty. The ordinary lines need not have it."""
    steps: Annotated[Mapping[Code, Mapping[Code, DutyRule]], Field(default_factory=dict)]
    """By kind of transition and by step. What does the step stays as it is."""

    def are_for(self, attributed: AttributionPeriod) -> bool:
        """Tell whether the lines are for the patients of what an attribution names."""
        fact = attributed.fact
        if fact.target_kind == "payer":
            return fact.target in self.payers
        return fact.target_kind == "programme" and fact.target in self.programmes


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
    primary_care: frozenset[str] = frozenset()
    """Codes of the facilities that are practices in primary care."""
    backlog_days: Annotated[int, Field(ge=0)] = 14
    """The work list leaves out duties that became due more days ago, unless it is asked for."""
    window_days: Annotated[int, Field(ge=1)] = 30
    """A transition is over so many days after the discharge."""
    duties: Mapping[Code, DutyRule]
    kinds: Mapping[Code, KindRule]
    lines: Annotated[Mapping[Code, PayerLines], Field(default_factory=dict)]
    """Lines for the patients of some payers and programmes, by a name of their own."""

    def with_lines_for(self, attributed: Iterable[AttributionPeriod]) -> "Protocol":
        """Return the protocol with the lines of the payers and programmes of a patient.

        If two of them have a line for the same duty, the attribution that precedes decides. Without
        such a line, the ordinary one counts.

        Args:
            attributed: The attributions in force, by precedence.
        """
        chosen = [
            lines for each in attributed for lines in self.lines.values() if lines.are_for(each)
        ]
        if not chosen:
            return self
        duties, kinds = dict(self.duties), dict(self.kinds)
        for lines in reversed(chosen):
            duties |= lines.duties
            for kind, steps in lines.steps.items():
                kinds[kind] = kinds[kind].with_times(steps)
        return self.model_copy(update={"duties": duties, "kinds": kinds})

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
    name="none", version="none", zone="UTC", zones={}, duties={}, kinds={}, lines={}
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
    return [*problems, *_contradicting_lines(protocol)]


def _contradicting_lines(protocol: Protocol) -> Iterator[str]:
    """Yield what is wrong with the lines of payers and programmes."""
    seen: dict[tuple[str, str], str] = {}
    for name, lines in protocol.lines.items():
        if not lines.payers | lines.programmes:
            yield f"lines.{name}: it names no payer and no programme, so it is for no patient"
        for member, codes in (("payers", lines.payers), ("programmes", lines.programmes)):
            for code in sorted(codes):
                other = seen.setdefault((member, code), name)
                if other != name:
                    yield f"lines.{name}.{member}: {code} is also in {other}"
        for kind, steps in lines.steps.items():
            if kind not in protocol.kinds:
                yield f"lines.{name}.steps.{kind}: the protocol has no such kind"
                continue
            known = {each.code for each in protocol.kinds[kind].steps}
            for code in sorted(steps.keys() - known):
                yield f"lines.{name}.steps.{kind}.{code}: the protocol has no such step"


@dataclass(frozen=True, slots=True)
class PublishedProtocol:
    """A protocol with the instant from which it is in force; None: from the beginning of time."""

    effective_from: datetime | None
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Protocols:
    """All published protocols. Of two with the same instant, the one published last is in force.

    ``attributions`` are those of the patient whose duties are asked for. They choose the lines.
    """

    published: tuple[PublishedProtocol, ...] = field(default=())
    attributions: Attributions = NO_ATTRIBUTIONS

    @classmethod
    def of(cls, published: Iterable[PublishedProtocol]) -> "Protocols":
        """Return the protocols, given in the order in which they were published."""
        return cls(tuple(sorted(published, key=_effective)))

    def of_patient(self, attributions: Attributions) -> "Protocols":
        """Return the protocols as they count for a patient with these attributions."""
        return replace(self, attributions=attributions)

    @property
    def have_lines(self) -> bool:
        """Whether one of them has lines for the patients of a payer or programme."""
        return any(each.protocol.lines for each in self.published)

    def at(self, instant: datetime, *, begins: datetime | None = None) -> Protocol:
        """Return the protocol in force at an instant; one without duties if none was published.

        Its times are those for the patient.

        Args:
            instant: Such as the request of a referral.
            begins: When the duty begins: the attributions of then choose the lines. None: at
                ``instant``.
        """
        protocol = next(
            (
                each.protocol
                for each in reversed(self.published)
                if each.effective_from is None or each.effective_from <= instant
            ),
            NO_PROTOCOL,
        )
        if not protocol.lines or not self.attributions.periods:
            return protocol
        return protocol.with_lines_for(self.attributions.at(begins or instant))


#: No protocol was published.
NO_PROTOCOLS: Final = Protocols()


def _effective(published: PublishedProtocol) -> tuple[bool, float]:
    at = published.effective_from
    return (at is not None, 0.0 if at is None else at.timestamp())
