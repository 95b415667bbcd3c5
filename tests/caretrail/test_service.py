"""Services that start together."""

import socket
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest
from pydantic import SecretStr

from caretrail import service
from caretrail.bootstrap import opened
from caretrail.service import Service
from infra.ports import free_ports
from infra.settings import Settings


def test_two_services_that_start_together_and_may_leave_a_port_both_start(
    database: str, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    services = [
        Service(
            Settings(
                home=tmp_path / name,
                database_url=SecretStr(database),
                id_key=SecretStr("5a" * 32),
                key_file=tmp_path / "master.key",
                kafka=False,
                http_port=port,
            ),
            only=("http",),
            other_ports=True,
        )
        for name in ("east", "west")
    ]
    with opened(services[0].settings), ExitStack() as stack:
        for each in services:
            stack.callback(each.stop)
        starting = [Thread(target=each.start) for each in services]
        for thread in starting:
            thread.start()
        for thread in starting:
            thread.join()
        assert [each.unready() for each in services] == [{}, {}]
        assert [each.http_port for each in services].count(port) == 1


def test_a_role_whose_health_port_another_process_takes_starts_with_another_one(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, ExitStack() as stack:
        taken = int(other.getsockname()[1])

        def drawn(count: int, *, exclude: Collection[int] = ()) -> list[int]:
            return [*free_ports(count - 1, exclude=exclude), taken]

        monkeypatch.setattr(service, "free_ports", drawn)
        home = Settings(
            home=tmp_path / "home",
            database_url=SecretStr(database),
            id_key=SecretStr("5a" * 32),
            key_file=tmp_path / "master.key",
            kafka=False,
            http_port=free_ports(1)[0],
        )
        started = Service(home, only=("http",))
        with opened(home):
            stack.callback(started.stop)
            started.start()
            assert started.unready() == {}
