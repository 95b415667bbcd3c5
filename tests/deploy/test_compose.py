"""Check the files for containers by reading them, because tests run without a container engine."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml

from caretrail.cli import command_parser
from caretrail.role import ROLES
from infra import kafka_home, kafka_jars, kafka_server, postgres_binaries, postgres_server
from infra.kafka_access import USER
from infra.settings import Settings

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "CARETRAIL_DATABASE_PASSWORD": "secret",
    "CARETRAIL_KAFKA_PASSWORD": "secret",
    "CARETRAIL_ID_KEY": "00" * 32,
}

# Settings that only make sense for the embedded server, on its private socket.
LOCAL_ONLY = {"unix_socket_permissions"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = compose["services"]
    assert isinstance(found, dict)
    return found


def ours(services: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: each for name, each in services.items() if name not in {"postgres", "kafka"}}


def kafka_variable(setting: str) -> str:
    """Return the variable of the image apache/kafka for a setting of the broker."""
    return "KAFKA_" + setting.replace("-", "___").replace("_", "__").replace(".", "_").upper()


def test_there_is_a_service_for_each_role_and_one_that_migrates(
    services: dict[str, dict[str, Any]],
) -> None:
    assert set(services) == {"postgres", "kafka", "migrate", *ROLES}
    for role in ROLES:
        assert services[role]["command"] == ["serve", "--only", role]
        assert services[role]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "kafka": {"condition": "service_healthy"},
        }


def test_every_command_is_accepted_by_the_command_line(services: dict[str, dict[str, Any]]) -> None:
    for each in ours(services).values():
        assert command_parser().parse_args(each["command"]).work


def test_the_broker_has_the_settings_of_the_embedded_one(
    services: dict[str, dict[str, Any]],
) -> None:
    places = {"LISTENERS", "ADVERTISED_LISTENERS", "CONTROLLER_QUORUM_VOTERS", "LOG_DIRS"}
    logins = {kafka_variable(each) for each in kafka_home.CREDENTIALS}
    settings = {
        name: value
        for name, value in services["kafka"]["environment"].items()
        if name not in {"KAFKA_HEAP_OPTS", *logins, *(f"KAFKA_{each}" for each in places)}
    }
    assert settings == {
        kafka_variable(each): value for each, value in kafka_server.SETTINGS.items()
    }


def test_the_broker_asks_for_the_password_that_our_services_have(
    services: dict[str, dict[str, Any]],
) -> None:
    password = "${CARETRAIL_KAFKA_PASSWORD}"  # noqa: S105 - the name of a variable
    for name in kafka_home.CREDENTIALS:
        login = services["kafka"]["environment"][kafka_variable(name)]
        assert login == kafka_home.login_of(password)
    for role in ROLES:
        variables = services[role]["environment"]
        assert variables["CARETRAIL_KAFKA_PASSWORD"].startswith("${CARETRAIL_KAFKA_PASSWORD:?")
        assert variables["CARETRAIL_KAFKA_USERNAME"] == USER
        assert variables["CARETRAIL_KAFKA_SECURITY_PROTOCOL"] == "SASL_PLAINTEXT"
        assert variables["CARETRAIL_KAFKA_SASL_MECHANISM"] == "PLAIN"


def test_the_broker_has_the_release_of_the_embedded_one(
    services: dict[str, dict[str, Any]],
) -> None:
    (kafka,) = (each for each in kafka_jars.locked() if each.artifact == "kafka_2.13")
    assert services["kafka"]["image"] == f"apache/kafka:{kafka.version}"


def test_the_database_has_the_settings_of_the_embedded_one(
    services: dict[str, dict[str, Any]],
) -> None:
    program, *options = services["postgres"]["command"]
    assert program == "postgres"
    assert options[::2] == ["-c"] * (len(options) // 2)
    settings = dict(each.split("=", 1) for each in options[1::2])
    wanted = postgres_server.SETTINGS.items()
    assert settings == {name: value for name, value in wanted if name not in LOCAL_ONLY}


def test_the_database_has_the_release_and_locale_of_the_embedded_one(
    services: dict[str, dict[str, Any]],
) -> None:
    assert services["postgres"]["image"] == f"postgres:{postgres_binaries.MAJOR}"
    flags = set(shlex.split(services["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]))
    here = {each for each in postgres_binaries.FLAGS if "encoding" in each or "locale" in each}
    assert flags == {*here, "--auth-host=scram-sha-256"}
    # The image of PostgreSQL 18 has a folder for each release below this one.
    assert services["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]


def test_every_variable_of_our_services_is_a_setting(services: dict[str, dict[str, Any]]) -> None:
    known = {f"CARETRAIL_{name.upper()}" for name in Settings.model_fields}
    for each in ours(services).values():
        assert set(each["environment"]) <= known


def test_the_pages_are_given_where_people_sign_in(services: dict[str, dict[str, Any]]) -> None:
    names = {"CARETRAIL_HTTP_PUBLIC_URL"} | {
        f"CARETRAIL_{name.upper()}" for name in Settings.model_fields if name.startswith("oidc_")
    }
    passed = services["http"]["environment"]
    assert {name: passed.get(name) for name in names} == {name: f"${{{name}:-}}" for name in names}
    assert set(services["mllp"]["environment"]) <= set(passed)
    example = (ROOT / ".env.example").read_text("utf-8")
    assert names <= set(re.findall(r"^#(\w+)=", example, re.MULTILINE))


def test_no_service_runs_as_root_or_may_become_root(services: dict[str, dict[str, Any]]) -> None:
    for name, each in services.items():
        assert each["cap_drop"] == ["ALL"], name
        assert each["security_opt"] == ["no-new-privileges:true"], name
    assert services["postgres"]["user"] == "postgres"
    assert services["kafka"]["user"] == "appuser"
    assert all(each["read_only"] for each in ours(services).values())
    last = (ROOT / "Dockerfile").read_text("utf-8").rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (.*)$", last, re.MULTILINE) == ["caretrail"]


def test_every_long_running_service_has_a_health_check(services: dict[str, dict[str, Any]]) -> None:
    assert {"test", "interval", "timeout"} <= services["postgres"]["healthcheck"].keys()
    assert {"test", "interval", "timeout"} <= services["kafka"]["healthcheck"].keys()
    assert services["migrate"]["healthcheck"] == {"disable": True}
    assert not any("healthcheck" in services[role] for role in ROLES)  # the image has one
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert "/healthz" in dockerfile.partition("\nHEALTHCHECK ")[2].partition("\nENTRYPOINT")[0]
    port = services["mllp"]["environment"]["CARETRAIL_HEALTH_PORT"]
    assert f"CARETRAIL_HEALTH_PORT={port}\n" in dockerfile


def test_databases_topics_and_keys_are_in_volumes(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    used = {each.partition(":")[0] for one in services.values() for each in one["volumes"]}
    assert set(compose["volumes"]) == {"postgres", "kafka", "keys"} <= used
    folder = Path(services["mllp"]["environment"]["CARETRAIL_KEY_FILE"]).parent
    assert f"keys:{folder}" in services["mllp"]["volumes"]
    assert str(folder) in (ROOT / "Dockerfile").read_text("utf-8")


def test_no_secret_has_a_default_and_the_example_has_them_all() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text("utf-8")))
    assert asked == set(ENVIRONMENT)
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    assert {f"{name}=" for name in asked} <= set(lines)


def test_pages_listen_beyond_loopback_only_where_their_port_is_published_on_loopback(
    services: dict[str, dict[str, Any]], compose: dict[str, Any]
) -> None:
    variables = services["http"]["environment"]
    assert variables["CARETRAIL_HTTP_HOST"] == "0.0.0.0"  # noqa: S104 - of a container
    assert variables["CARETRAIL_HTTP_PRIVATE_NETWORK"] == "true"
    assert services["http"]["ports"] == ["127.0.0.1:8600:8600"]
    # Only containers of this project are in the network, and none is in that of the machine.
    assert "networks" not in compose
    assert not any({"networks", "network_mode"} & each.keys() for each in services.values())


def test_ports_are_published_on_loopback_unless_the_site_says_otherwise(
    services: dict[str, dict[str, Any]],
) -> None:
    published = [port for each in services.values() for port in each.get("ports", [])]
    assert sorted(published) == [
        "${CARETRAIL_MLLP_ADDRESS:-127.0.0.1}:2575:2575",
        "127.0.0.1:8600:8600",
    ]


def test_compose_accepts_the_file_where_compose_is_installed() -> None:
    with_compose = [
        command
        for command in (["docker-compose"], ["docker", "compose"])
        if which(command[0])
        and not subprocess.run([*command, "version"], capture_output=True, check=False).returncode
    ]
    for command in with_compose:
        done = subprocess.run(
            [*command, "-f", str(ROOT / "docker-compose.yml"), "config", "--quiet"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **ENVIRONMENT},
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.sources
def test_the_image_copies_every_package_and_only_files_that_exist() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert all((ROOT / each).exists() for each in copied)
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    packages = re.search(r"^packages = \[(.*)\]$", text, re.MULTILINE)
    assert packages is not None
    assert set(re.findall(r'"(\w+)"', packages[1])) <= copied
