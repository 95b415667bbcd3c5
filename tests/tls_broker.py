"""A broker as a site may run it: TLS, and users with SCRAM."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from subprocess import DEVNULL, STDOUT, Popen, run
from typing import Final

from infra import java, kafka_jars
from infra.kafka_access import Brokers
from infra.kafka_home import ENVIRONMENT
from infra.kafka_server import SETTINGS
from infra.ports import free_ports
from tests.certificates import Issuer

USER: Final = "ward"
PASSWORD: Final = "long and random"  # noqa: S105 - of this test


@contextmanager
def tls_broker(folder: Path) -> Iterator[Brokers]:
    """Start a broker with SASL_SSL and SCRAM-SHA-512 that asks for a certificate of its clients."""
    issuer = Issuer(folder)
    clients, itself = free_ports(2)
    login = (
        "org.apache.kafka.common.security.scram.ScramLoginModule required"
        f' username="{USER}" password="{PASSWORD}";'
    )
    settings = {
        **SETTINGS,
        "listeners": f"CLIENTS://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{itself}",
        "advertised.listeners": f"CLIENTS://127.0.0.1:{clients}",
        "controller.quorum.voters": f"1@127.0.0.1:{itself}",
        "log.dirs": "data",
        "listener.security.protocol.map": "CLIENTS:SASL_SSL,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "listener.name.clients.scram-sha-512.sasl.jaas.config": login,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": issuer.issue("broker").name,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": issuer.file.name,
        # Kafka ignores the setting without the name of a listener if the listener has SASL.
        "listener.name.clients.ssl.client.auth": "required",
    }
    lines = "".join(f"{name}={value}\n" for name, value in settings.items())
    (folder / "server.properties").write_text(lines)
    runtime, jars = java.find(), kafka_jars.fetched()
    program = str(runtime.program)
    archives = java.short_options(runtime, jars.parent / runtime.key)
    options = [*archives, "-Xmx512m", "-cp", f"{jars}/*"]
    user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    run(
        [
            *(program, *options, "kafka.tools.StorageTool", "format", "-c", "server.properties"),
            *("-t", token_urlsafe(16).replace("-", "a"), "--add-scram", user),
        ],
        cwd=folder,
        env=ENVIRONMENT,
        check=True,
        capture_output=True,
    )
    brokers = Brokers(
        servers=f"127.0.0.1:{clients}",
        protection="SASL_SSL",
        mechanism="SCRAM-SHA-512",
        username=USER,
        password=PASSWORD,
        ca=issuer.file,
        certificate=issuer.issue("caretrail"),
    )
    with (
        (folder / "broker.log").open("wb") as log,
        Popen(
            [program, *options, "kafka.Kafka", "server.properties"],
            cwd=folder,
            env=ENVIRONMENT,
            stdin=DEVNULL,
            stdout=log,
            stderr=STDOUT,
        ) as broker,
    ):
        try:
            yield brokers
        finally:
            broker.terminate()
            broker.wait(60)
