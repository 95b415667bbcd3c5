"""Read all settings from the environment; ``docs/reference/settings.md`` is generated from here."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra import clock
from infra.id_key import is_id_key
from infra.kafka_access import Brokers, Mechanism, Protection

Port = Annotated[int, Field(ge=0, le=65535)]


class BadSettings(Exception):
    """A setting cannot be used; the message names the variable and its form, never its value."""


def _home() -> Path:
    data = os.environ.get("XDG_DATA_HOME", "")
    # The XDG base directory specification: a relative path counts as unset.
    base = Path(data) if Path(data).is_absolute() else Path.home() / ".local" / "share"
    return base / "caretrail"


class Settings(BaseSettings):
    """The settings; each is read from the variable ``CARETRAIL_`` plus its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="CARETRAIL_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    home: Path = Field(
        default_factory=_home,
        description="Folder of the embedded database, the keys and all other local files.",
    )
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL 18 database to use instead of the embedded one."
    )
    keys_database_url: SecretStr | None = Field(
        None, description="Database that keeps the data keys; the same database if unset."
    )
    kafka_bootstrap_servers: str | None = Field(
        None,
        description="Kafka brokers to use instead of a local one: host:port, comma separated.",
    )
    kafka_security_protocol: Protection = Field(
        "PLAINTEXT",
        description="How these brokers are reached: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.",
    )
    kafka_sasl_mechanism: Mechanism = Field(
        "SCRAM-SHA-512",
        description="How we prove who we are to them: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.",
    )
    kafka_username: str = Field("", description="User name for these brokers.")
    kafka_password: SecretStr | None = Field(None, description="Password for these brokers.")
    kafka_ca: Path | None = Field(
        None,
        description="PEM file of the authorities that sign certificates of these brokers; those of"
        " the system if unset.",
    )
    kafka_certificate: Path | None = Field(
        None, description="PEM file of our certificate, if these brokers ask for one."
    )
    kafka_key: Path | None = Field(
        None, description="PEM file of the private key of that certificate."
    )
    kafka: bool = Field(
        True, description="Whether to start a local Kafka broker if no other brokers are set."
    )
    topic_prefix: str = Field("care", description="First part of the name of every topic.")
    profiles: Path | None = Field(
        None, description="TOML file of sender profiles; HOME/profiles.toml if unset."
    )
    id_key: SecretStr | None = Field(
        None,
        description="Key from which ids are derived: 64 hex digits. Required with"
        " CARETRAIL_DATABASE_URL; otherwise a new home draws one into HOME/keys/id.key. It must"
        " never change.",
    )
    key_file: Path | None = Field(
        None,
        description="File of the master key, which wraps data keys; HOME/keys/master.key if unset.",
    )
    tenant: str = Field("default", description="Name of this installation; written on every event.")
    mllp_host: str = Field("127.0.0.1", description="Address of the MLLP listener.")
    mllp_port: Port = Field(2575, description="Port of the MLLP listener; 0 takes a free one.")
    mllp_max_message: int = Field(
        1 << 20, ge=1024, description="Largest message in bytes; a larger one is answered AR."
    )
    message_max_statements: int = Field(
        100,
        ge=1,
        description="Most statements that one message makes, such as the pairs of a merge; a"
        " message with more goes to quarantine.",
    )
    message_max_sealed: int = Field(
        8 << 20,
        ge=1 << 16,
        le=20 << 20,
        description="Most bytes that are sealed for the statements of one message, copies of shared"
        " segments included; a message with more goes to quarantine.",
    )
    mllp_max_connections: int = Field(
        512, ge=1, description="Most connections that the MLLP listener holds at a time."
    )
    mllp_max_host_connections: int = Field(
        128,
        ge=1,
        description="Most connections that the MLLP listener holds at a time of one host. If there"
        " is no more room, an idle connection is closed, first one that never carried a message.",
    )
    mllp_frame_seconds: float = Field(
        30.0, gt=0, description="Seconds from the first byte of a message to its last, at most."
    )
    mllp_tls_certificate: Path | None = Field(
        None,
        description="PEM file of the listener's certificate chain; if set, TLS 1.2 or newer is"
        " required.",
    )
    mllp_tls_key: Path | None = Field(None, description="PEM file of the listener's private key.")
    mllp_tls_client_ca: Path | None = Field(
        None,
        description="PEM file of the authority that signs client certificates; if set, each client"
        " must show one.",
    )
    http_host: str = Field(
        "127.0.0.1",
        description="Address of the pages; beyond loopback see CARETRAIL_HTTP_PRIVATE_NETWORK.",
    )
    http_private_network: bool = Field(
        False,
        description="Whether the pages may listen beyond loopback. They speak no TLS: set it only"
        " if only caretrail can read that network, such as the network of a container whose port is"
        " published on loopback.",
    )
    http_port: Port = Field(8600, description="Port of the pages; 0 takes a free one.")
    http_public_url: str = Field(
        "",
        description="Address under which browsers reach the pages, such as"
        " https://care.example.org. The pages answer under its host name, and the OIDC issuer"
        " sends people back to /ui/login/callback below it.",
    )
    http_threads: int = Field(
        8, ge=1, le=64, description="Most reads of the API that are worked on at a time."
    )
    oidc_issuer: str = Field(
        "",
        description="Address of the OIDC issuer at which people sign in to the pages, and whose"
        " tokens the API accepts, as the issuer writes itself in its tokens; without it, there are"
        " only links for the pages and local tokens for the API.",
    )
    oidc_audience: str = Field(
        "",
        description="Audience that the tokens of the OIDC issuer must name; without it, the API"
        " accepts local tokens only.",
    )
    oidc_client_id: str = Field(
        "",
        description="Name of the pages at the OIDC issuer; without it, people sign in by a link"
        " only. With it, set CARETRAIL_HTTP_PUBLIC_URL too.",
    )
    oidc_client_secret_file: Path | None = Field(
        None,
        description="File of the secret that the OIDC issuer gave the pages. Unset for a public"
        " client, which has none.",
    )
    oidc_scopes: str = Field(
        "openid profile",
        description="Scopes that the pages ask for, separated by spaces: openid, and those that"
        " give the claims of roles and organisations.",
    )
    oidc_roles_claim: str = Field(
        "roles", description="Claim that states the roles, such as realm_access.roles."
    )
    oidc_roles: str = Field(
        "",
        description="Values of that claim and our roles: VALUE=ROLE, comma separated; without it,"
        " the values are our roles.",
    )
    oidc_organisations_claim: str = Field(
        "organisations",
        description="Claim that states the codes of the organisations that a person acts for.",
    )
    oidc_leeway: float = Field(
        60.0, ge=0, le=300, description="Seconds by which the clock of the OIDC issuer may differ."
    )
    health_port: Port = Field(
        0, description="Loopback port of health and metrics of a role; 0 takes a free one."
    )
    facilities: Path | None = Field(
        None,
        description='TOML file of facility names, CODE = "Name"; HOME/facilities.toml if unset.',
    )
    organisations: Path | None = Field(
        None,
        description="TOML file of the organisations that commands may name; HOME/organisations.toml"
        " if unset. Without a file, they may name any.",
    )
    sensitive: Path | None = Field(
        None,
        description="TOML file of codes that are stored sealed; HOME/sensitive.toml if unset.",
    )
    zone: str = Field("UTC", description="IANA time zone in which pages show times.")
    now: AwareDatetime | None = Field(
        None,
        description="Instant that reads and commands take for the present, for data with fixed"
        " dates; the instant in HOME/now if unset, else the clock. When an event was recorded is"
        " always the real time.",
    )
    read_wait: float = Field(
        10.0,
        ge=0,
        description="Seconds that a command waits at most until the read models hold the newest"
        " events. Then it answers with what they hold, and says how far behind they are. If they"
        " are not built for this release by then, it fails and says what to do.",
    )
    log_level: str = Field("info", description="Level of logs: debug, info, warning or error.")

    def environment(self) -> dict[str, str]:
        """Return the environment variables that give another process these settings and secrets."""
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
    def brokers(self) -> Brokers | None:
        """The brokers that the settings name; None if they name none.

        Raises:
            BadSettings: A user name or a password is missing, or a file cannot be read.
        """
        if not self.kafka_bootstrap_servers:
            return None
        password = self.kafka_password.get_secret_value() if self.kafka_password else ""
        if self.kafka_security_protocol.startswith("SASL") and not (
            self.kafka_username and password
        ):
            raise BadSettings(
                "CARETRAIL_KAFKA_USERNAME, CARETRAIL_KAFKA_PASSWORD: set both, because"
                f" CARETRAIL_KAFKA_SECURITY_PROTOCOL is {self.kafka_security_protocol}"
            )
        for name in ("kafka_ca", "kafka_certificate", "kafka_key"):
            path: Path | None = getattr(self, name)
            if path is not None and not os.access(path, os.R_OK):
                raise BadSettings(f"CARETRAIL_{name.upper()}: {path} cannot be read")
        return Brokers(
            servers=self.kafka_bootstrap_servers,
            protection=self.kafka_security_protocol,
            mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_username,
            password=password,
            ca=self.kafka_ca,
            certificate=self.kafka_certificate,
            key=self.kafka_key,
        )

    def with_brokers(self, brokers: Brokers | None) -> "Settings":
        """Return these settings with other brokers."""
        found = brokers or Brokers(servers="")
        return self.model_copy(
            update={
                "kafka_bootstrap_servers": found.servers or None,
                "kafka_security_protocol": found.protection,
                "kafka_sasl_mechanism": found.mechanism,
                "kafka_username": found.username,
                "kafka_password": SecretStr(found.password) if found.password else None,
                "kafka_ca": found.ca,
                "kafka_certificate": found.certificate,
                "kafka_key": found.key,
            }
        )

    @property
    def profiles_file(self) -> Path:
        """The file of sender profiles; it need not exist."""
        return self.profiles or self.home / "profiles.toml"

    @property
    def facilities_file(self) -> Path:
        """The file of facility names; it need not exist."""
        return self.facilities or self.home / "facilities.toml"

    @property
    def organisations_file(self) -> Path:
        """The file of the organisations that commands may name; it need not exist."""
        return self.organisations or self.home / "organisations.toml"

    @property
    def sensitive_file(self) -> Path:
        """The file of sensitive codes; it need not exist."""
        return self.sensitive or self.home / "sensitive.toml"

    @property
    def now_file(self) -> Path:
        """The file of the instant that counts as the present; it need not exist."""
        return self.home / "now"

    def present(self) -> datetime:
        """Return the instant that reads and commands take for the present, in UTC."""
        return self.now.astimezone(UTC) if self.now else clock.now()

    @property
    def master_key_file(self) -> Path:
        """The file of the master key, which wraps data keys."""
        return self.key_file or self.home / "keys" / "master.key"

    @property
    def id_key_file(self) -> Path:
        """The file of the id key that a home drew for itself."""
        return self.home / "keys" / "id.key"

    @field_validator("id_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not is_id_key(key.get_secret_value()):
            raise ValueError("write 64 hex digits")
        return key

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError, ValueError) as error:
            raise ValueError("write an IANA zone such as Europe/Berlin") from error
        return name


def load() -> Settings:
    """Read the settings from the environment, and the present from the home if it states one.

    Raises:
        BadSettings: A variable, or the file of the present, has a value that cannot be used.
    """
    try:
        found = Settings()
    except ValidationError as error:
        problems = [
            f"CARETRAIL_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}"
            for each in error.errors(include_input=False)
        ]
        raise BadSettings("; ".join(problems)) from None
    return found if found.now else found.model_copy(update={"now": _now_of(found.now_file)})


def _now_of(file: Path) -> datetime | None:
    """Return the instant that a home takes for the present; None if it states none.

    Raises:
        BadSettings: The file states no instant.
    """
    try:
        now = datetime.fromisoformat(file.read_text("utf-8").strip())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        now = None
    if now is None or now.tzinfo is None:
        raise BadSettings(f"{file}: write an instant such as 2026-03-10T16:00-05:00")
    return now
