"""Where the brokers are, and how a client shows them who it is."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

#: Kafka's ``security.protocol``.
Protection: TypeAlias = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
#: Kafka's ``sasl.mechanism``: those with a user name and a password.
Mechanism: TypeAlias = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

#: The user of the embedded broker.
USER: Final = "caretrail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brokers:
    """Addresses of brokers, and the credentials of a client."""

    servers: str  # host:port, comma separated
    protection: Protection = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None  # authorities of the brokers' certificates; None: those of the system
    certificate: Path | None = None  # of the client, if the brokers ask for one
    key: Path | None = None

    def client(self) -> dict[str, Any]:
        """Return the settings of a client of kafka-python."""
        found: dict[str, Any] = {
            "bootstrap_servers": self.servers,
            "security_protocol": self.protection,
        }
        if self.protection.startswith("SASL"):
            found |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        if self.protection.endswith("SSL"):
            files = {
                "ssl_cafile": self.ca,
                "ssl_certfile": self.certificate,
                "ssl_keyfile": self.key,
            }
            found |= {name: str(path) for name, path in files.items() if path is not None}
        return found


def embedded(servers: str, password: str) -> Brokers:
    """Return how the embedded broker is reached: with a password, on loopback."""
    return Brokers(
        servers=servers,
        protection="SASL_PLAINTEXT",
        mechanism="PLAIN",
        username=USER,
        password=password,
    )
