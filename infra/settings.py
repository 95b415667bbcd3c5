"""Every setting, from the environment; ``docs/reference/settings.md`` is made of it."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65535)]


class BadSettings(Exception):
    """A setting cannot be used. Names the variable and what it wants, never its value."""


def _home() -> Path:
    data = os.environ.get("XDG_DATA_HOME", "")
    # The XDG base directory specification: a relative path counts as unset.
    base = Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share"
    return base / "caretrail"


class Settings(BaseSettings):
    """What can be set, each by the variable ``CARETRAIL_`` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="CARETRAIL_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    home: Path = Field(
        default_factory=_home,
        description="Folder of the embedded database, the keys and everything else local.",
    )
    database_url: SecretStr | None = Field(
        None, description="A PostgreSQL 18 server to use in place of the embedded one."
    )
    keys_database_url: SecretStr | None = Field(
        None, description="Where data keys are kept; the database itself unless given."
    )
    kafka_bootstrap_servers: str | None = Field(
        None, description="Brokers to use in place of a local one: host:port, comma separated."
    )
    kafka: bool = Field(True, description="Whether a local broker is started where none is given.")
    topic_prefix: str = Field("care", description="First part of the name of every topic.")
    profiles: Path | None = Field(
        None, description="TOML file of sender profiles; HOME/profiles.toml unless given."
    )
    id_key: SecretStr | None = Field(
        None,
        description="64 hex digits: the key from which ids are derived. Required with a database"
        " of your own; the documented development key otherwise. It never changes.",
    )
    key_file: Path | None = Field(
        None, description="File of the key that wraps data keys; HOME/keys/master.key unless given."
    )
    tenant: str = Field("default", description="Name of this installation, on every event.")
    mllp_host: str = Field("127.0.0.1", description="Address on which ADT is received.")
    mllp_port: Port = Field(2575, description="Port on which ADT is received; 0 takes a free one.")
    mllp_max_message: int = Field(
        1 << 20, ge=1024, description="Largest message in bytes; above it the answer is AR."
    )
    mllp_max_connections: int = Field(512, ge=1, description="Connections held at one time.")
    mllp_frame_seconds: float = Field(
        30.0, gt=0, description="How long a message that has begun may take to arrive."
    )
    mllp_tls_certificate: Path | None = Field(
        None, description="PEM chain of the listener; TLS 1.2 or newer is then required."
    )
    mllp_tls_key: Path | None = Field(None, description="PEM key of the listener.")
    mllp_tls_client_ca: Path | None = Field(
        None, description="PEM of who signs clients; each must then show a certificate."
    )
    http_host: str = Field("127.0.0.1", description="Address of the pages.")
    http_port: Port = Field(8600, description="Port of the pages; 0 takes a free one.")
    health_port: Port = Field(
        0, description="Loopback port of a role's health and metrics; 0 takes a free one."
    )
    facilities: Path | None = Field(
        None, description='TOML file, CODE = "Name"; HOME/facilities.toml unless given.'
    )
    zone: str = Field("UTC", description="IANA time zone in which pages show times.")
    now: AwareDatetime | None = Field(
        None,
        description="An instant that the pages take for the present, for data with fixed dates.",
    )
    log_level: str = Field("info", description="debug, info, warning or error.")

    def environment(self) -> dict[str, str]:
        """Return the variables that give these settings to another process, secrets included."""
        found = dict[str, str]()
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            elif isinstance(value, datetime):
                value = value.isoformat()
            found[f"CARETRAIL_{name.upper()}"] = "" if value is None else str(value)
        return found

    @property
    def profiles_file(self) -> Path:
        """Where sender profiles are read from; need not exist."""
        return self.profiles or self.home / "profiles.toml"

    @property
    def facilities_file(self) -> Path:
        """Where names of facilities are read from; need not exist."""
        return self.facilities or self.home / "facilities.toml"

    @property
    def master_key_file(self) -> Path:
        """The file of the key that wraps data keys."""
        return self.key_file or self.home / "keys" / "master.key"

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError, ValueError) as error:
            raise ValueError("write an IANA zone such as Europe/Berlin") from error
        return name


def load() -> Settings:
    """Read the environment.

    Raises:
        BadSettings: A variable has a value that cannot be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = [
            f"CARETRAIL_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}"
            for each in error.errors(include_input=False)
        ]
        raise BadSettings("; ".join(problems)) from None
