"""Profiles say how the messages of each sender are read; they come from a TOML file.

``docs/reference/profiles.md`` explains every key. The version of a profile is the SHA-256 of its
canonical content. Every event names the version with which its message was read, so that the
reading can be explained later.
"""

import json
import tomllib
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    StringConstraints,
    ValidationError,
)
from typing_extensions import override

from consumers.hl7v2.charset import codec_named
from consumers.hl7v2.limits import LONGEST_NAME
from consumers.hl7v2.plausible_codes import CodedField
from domain.statement import EncounterClass, ProfileSettings

DEFAULT: Final = "default"

#: A field that has the visit number.
VisitField: TypeAlias = Literal["PV1-19", "PID-18", "PV1-50"]
Filled: TypeAlias = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class ProfilesInvalid(Exception):
    """The file of profiles cannot be used; the message names the place and the remedy."""

    def __init__(self, file: str, key: str, remedy: str) -> None:
        self.file = file
        self.key = key
        self.remedy = remedy
        super().__init__(f"{file}: {key}: {remedy}" if key else f"{file}: {remedy}")


class UnknownSender(Exception):
    """No profile has the name that was asked for."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        self.known = known
        super().__init__(
            f"no profile is named {name!r}; the profiles are: {', '.join(known) or 'none'}"
        )


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        problem = f"{name!r} is not an IANA time zone; write one such as 'Europe/Berlin'"
        raise ValueError(problem) from error
    return name


def _charset(name: str) -> str:
    if codec_named(name) is None:
        problem = (
            f"{name!r} is not a known charset; write 'UTF-8', '8859/1' or another of HL7 table 0211"
        )
        raise ValueError(problem)
    return name


def _listed(value: object) -> object:
    """Return a list of one field for a field; a profile may name one field or several."""
    return (value,) if isinstance(value, str) else value


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))


class SenderMatch(_Table):
    """Messages of a sender: MSH-3.1 and MSH-4.1 as sent; an empty one matches any value."""

    application: str = ""
    facility: str = ""


class TrustedIssuer(_Table):
    """Identifiers that join records: an authority (after aliases) and a type of HL7 table 0203."""

    authority: Filled
    type: str = ""  # any type


class Part2Unit(_Table):
    """A unit as PV1-3.1 names it, in one facility (after the map of facilities) or in any."""

    unit: Filled
    facility: str = ""


class Profile(_Table):
    """How the messages of one sender are read; a key without a value means: as HL7 says."""

    match: tuple[SenderMatch, ...] = ()
    clients: tuple[Filled, ...] = ()

    zone: Annotated[str, AfterValidator(_zone)] | None = None
    charset: Annotated[str, AfterValidator(_charset)] = "UTF-8"

    namespace: str = ""
    visit_number: Annotated[
        tuple[VisitField, ...], BeforeValidator(_listed), Field(min_length=1)
    ] = ("PV1-19", "PID-18")
    authority: str = ""
    authority_aliases: dict[Filled, Filled] = {}
    file_under: str = ""
    trusted: tuple[TrustedIssuer, ...] = ()
    master_indexes: tuple[Filled, ...] = ()
    placeholders: tuple[Filled, ...] = ()

    facilities: dict[Filled, Filled] = {}
    classes: dict[Filled, EncounterClass] = {}
    services: dict[Filled, EncounterClass] = {}
    dispositions: dict[Filled, Filled] = {}
    words_in: tuple[CodedField, ...] = ()
    part2_units: tuple[Part2Unit, ...] = ()

    test_messages: Literal["apart", "promote"] = "apart"
    movement_ids: bool = False
    same_visit_hours: Annotated[float, Field(ge=0, le=168)] = 12.0
    close_after_hours: Annotated[float, Field(gt=0)] | None = None
    unlink_undoes_merge: bool = False
    recurring: Literal["day", "series", "one"] = "day"
    second_admission: Literal["changes_class", "corrects"] = "changes_class"
    update_discharges: bool = False
    update_reopens: bool = False

    frame_end_without_cr: bool = False
    acknowledgement: Literal["original", "enhanced"] = "original"
    quarantine_answer: Literal["AE", "AA"] = "AE"
    size_limit: PositiveInt | None = None

    @override
    def __hash__(self) -> int:
        return hash(self.version)

    @cached_property
    def canonical(self) -> bytes:
        """The content as JSON with sorted keys, without the keys that have their default."""
        content = self.model_dump(mode="json", exclude_defaults=True)
        return json.dumps(content, sort_keys=True, ensure_ascii=False).encode()

    @cached_property
    def version(self) -> str:
        """The SHA-256 of the canonical content, in hex."""
        return sha256(self.canonical).hexdigest()

    @cached_property
    def timezone(self) -> ZoneInfo | None:
        """The zone of times without an offset; None if the profile names none."""
        return ZoneInfo(self.zone) if self.zone else None

    @cached_property
    def codec(self) -> str:
        """Python's codec for messages whose MSH-18 names no charset."""
        return codec_named(self.charset) or "utf-8"

    @cached_property
    def settings(self) -> ProfileSettings:
        """The settings that every statement carries, for interpretation."""
        return ProfileSettings(
            same_visit_hours=self.same_visit_hours,
            close_after_hours=self.close_after_hours,
            unlink_undoes_merge=self.unlink_undoes_merge,
            recurring=self.recurring,
            second_admission=self.second_admission,
            update_discharges=self.update_discharges,
            update_reopens=self.update_reopens,
        )

    @cached_property
    def authorities(self) -> frozenset[str]:
        """The authorities that the profile names, after aliases."""
        named = {self.authority, self.file_under, self.namespace, *self.master_indexes}
        return frozenset(
            named.union(self.authority_aliases.values(), (each.authority for each in self.trusted))
        )

    @cached_property
    def facility_codes(self) -> frozenset[str]:
        """The facilities that the profile names, as their own codes."""
        return frozenset(self.facilities.values())

    def allows_words(self, field: str, text: str) -> bool:
        """Say whether a text in a field for codes names no person, as the profile says."""
        return field in self.words_in and len(text) <= LONGEST_NAME

    def trusts(self, authority: str, kind: str) -> tuple[bool, bool]:
        """Return whether an identifier joins records across senders, and is of a master index.

        Args:
            authority: The authority of the identifier, after aliases.
            kind: The type of the identifier.
        """
        if not self.trusted and not self.master_indexes:
            return False, False
        master = authority in self.master_indexes
        named = master or any(
            issuer.authority == authority and issuer.type in {"", kind} for issuer in self.trusted
        )
        return named, master

    def covers(self, unit: str, facility: str) -> bool:
        """Say whether the profile names a unit as protected by 42 CFR Part 2."""
        return any(
            each.unit == unit and each.facility in {"", facility} for each in self.part2_units
        )


class ChosenProfile(NamedTuple):
    """The profile for one message."""

    name: str
    profile: Profile
    configured: bool  # False for the built-in default, which is used if no profile fits

    def accepts(self, client: str) -> bool:
        """Say whether a client, named by its certificate, may send for this sender."""
        return not self.profile.clients or client in self.profile.clients


class Profiles:
    """The profiles of one installation, by name."""

    def __init__(self, profiles: Mapping[str, Profile] | None = None) -> None:
        self.named: Final = dict(profiles or {})
        self._default: Final = ChosenProfile(
            DEFAULT, self.named.get(DEFAULT, Profile()), configured=DEFAULT in self.named
        )
        self._matches: Final = [
            (match, ChosenProfile(name, profile, configured=True))
            for name, profile in self.named.items()
            for match in profile.match
        ]
        # A match that names both fields comes before one that leaves a field open.
        self._matches.sort(key=lambda pair: (pair[0].application == "", pair[0].facility == ""))

    def __getitem__(self, name: str) -> Profile:
        """Return a profile by name; ``default`` is always there.

        Raises:
            UnknownSender: No profile has this name.
        """
        if name == DEFAULT:
            return self._default.profile
        try:
            return self.named[name]
        except KeyError:
            raise UnknownSender(name, tuple(sorted(self.named))) from None

    def choose(
        self, *, application: str, facility: str, requested: str = "", client: str = ""
    ) -> ChosenProfile:
        """Choose by name, else by client, else by MSH-3.1 and MSH-4.1, else the default.

        A name that no profile has is ignored; a caller that takes names from people first checks
        them with ``profiles[name]``. If several profiles name the client, it only excludes the
        others.

        Args:
            application: MSH-3.1.
            facility: MSH-4.1.
            requested: The name of a profile.
            client: The name in the client's certificate.
        """
        if requested in self.named:
            return ChosenProfile(requested, self.named[requested], configured=True)
        fitting = [
            chosen
            for match, chosen in self._matches
            if match.application in {"", application} and match.facility in {"", facility}
        ]
        if client:
            theirs = [name for name, each in self.named.items() if client in each.clients]
            fitting = [chosen for chosen in fitting if chosen.name in theirs] or fitting
            if len(theirs) == 1:
                return ChosenProfile(theirs[0], self.named[theirs[0]], configured=True)
        return fitting[0] if fitting else self._default


def load(path: Path) -> Profiles:
    """Read the file of profiles; if there is no file, every sender has the default profile.

    Raises:
        ProfilesInvalid: The file cannot be read, is not TOML, or has an unknown key or value.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Profiles()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ProfilesInvalid(
            str(path), "", f"cannot be read: {reason}; write the file in UTF-8 and let us read it"
        ) from error
    return parse(text, file=str(path))


def parse(text: str, *, file: str = "profiles.toml") -> Profiles:
    """Read profiles from TOML; each is a table ``[sender.NAME]``.

    Raises:
        ProfilesInvalid: The text is not TOML, or has an unknown key or value.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfilesInvalid(file, "", f"is not valid TOML: {error}") from error
    for key in content:
        if key != "sender":
            raise ProfilesInvalid(file, key, "is not a known key; write profiles as [sender.NAME]")
    tables = content.get("sender", {})
    if not isinstance(tables, dict):
        raise ProfilesInvalid(file, "sender", "must be tables; write profiles as [sender.NAME]")
    return Profiles({name: _profile(name, table, file) for name, table in tables.items()})


def _profile(name: str, table: object, file: str) -> Profile:
    try:
        return Profile.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(("sender", name, *map(str, first["loc"])))
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(Profile.model_fields))
            raise ProfilesInvalid(file, key, f"is not a known key; the keys are {known}") from None
        raise ProfilesInvalid(file, key, first["msg"].removeprefix("Value error, ")) from None
