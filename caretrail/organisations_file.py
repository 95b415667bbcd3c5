"""Read the organisations of the installation from the file that the settings name."""

import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import Final, Self, TypeAlias
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel, ConfigDict, RootModel, ValidationError, model_validator

from commands.organisations import EVERY_ORGANISATION, KnownOrganisation, Organisations
from domain.events import Code
from infra.settings import BadSettings, Settings

log = structlog.get_logger()

#: What changes when a file is written: when, how large, and which file it is.
_Stamp: TypeAlias = tuple[int, int, int]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    aliases: list[Code] = []
    since: date | None = None
    until: date | None = None

    @model_validator(mode="after")
    def _is_a_period(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise ValueError("until is before since")
        return self


class _OrganisationsFile(RootModel[dict[Code, _Entry]]):
    pass


_KEYS: Final = ", ".join(_Entry.model_fields)


class OrganisationsFile:
    """The organisations of the installation. The file is read again when it was changed."""

    def __init__(self, settings: Settings, *, look_every: float = 1.0) -> None:
        """Read the file; if there is none, every organisation is accepted.

        Args:
            settings: They name the file.
            look_every: Seconds between two looks whether the file was changed.

        Raises:
            BadSettings: The file cannot be used, or the settings name a file that does not exist.
        """
        self._file = settings.organisations_file
        self._zone = ZoneInfo(settings.zone)
        self._look_every = look_every
        self._looked = monotonic()
        self._stamp = _stamp(self._file)
        if self._stamp is None and settings.organisations is not None:
            raise BadSettings(f"CARETRAIL_ORGANISATIONS: there is no file {self._file}")
        self._known = EVERY_ORGANISATION if self._stamp is None else _read(self._file, self._zone)

    def current(self) -> Organisations:
        """Return the organisations.

        If the file was removed or cannot be used any more, those that were read last stay known.
        """
        now = monotonic()
        if now - self._looked < self._look_every:  # each command asks, and a look costs a call
            return self._known
        self._looked = now
        stamp = _stamp(self._file)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._known = _read(self._file, self._zone)
            except BadSettings as error:
                log.error("organisations.unusable", reason=str(error))  # noqa: TRY400 - no bug
            else:
                log.info("organisations.read", file=str(self._file))
        return self._known


def _stamp(file: Path) -> _Stamp | None:
    """Return what identifies the content of a file; None: there is no file."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(file: Path, zone: ZoneInfo) -> Organisations:
    try:
        found = _OrganisationsFile.model_validate(tomllib.loads(file.read_text("utf-8")))
    except OSError as error:
        raise BadSettings(f"{file}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{file}: is not valid TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = ".".join(str(each) for each in first["loc"] if each != "[key]")
        raise BadSettings(
            f"{file}: {key}: {first['msg']}; write a table for each organisation, with the keys"
            f" {_KEYS}"
        ) from None
    by_name = dict[str, KnownOrganisation]()
    for name, known in _names(found.root, zone):
        if name in by_name:
            raise BadSettings(
                f"{file}: {known.code}: {name} names {by_name[name].code} already; write each code"
                " and each alias once"
            )
        by_name[name] = known
    return Organisations(by_name=by_name)


def _names(entries: dict[Code, _Entry], zone: ZoneInfo) -> Iterator[tuple[str, KnownOrganisation]]:
    """Yield every organisation by its code and its aliases."""
    for code, entry in entries.items():
        after = entry.until and entry.until + timedelta(days=1)
        known = KnownOrganisation(
            code=code, since=_beginning(entry.since, zone), until=_beginning(after, zone)
        )
        for name in (code, *entry.aliases):
            yield name, known


def _beginning(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone) if day else None
