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
from infra.settings import BadSettings, Settings


def settings(database: str, home: Path, key_file: Path, *, http_port: int) -> Settings:
    return Settings(
        home=home,
        database_url=SecretStr(database),
        id_key=SecretStr("5a" * 32),
        key_file=key_file,
        kafka=False,
        http_port=http_port,
    )


def test_two_services_that_start_together_and_may_leave_a_port_both_start(
    database: str, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    services = [
        Service(
            settings(database, tmp_path / name, tmp_path / "master.key", http_port=port),
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


def test_an_address_that_cannot_be_bound_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        chosen = settings(
            "postgresql://nowhere.invalid",
            tmp_path / "home",
            tmp_path / "master.key",
            http_port=int(other.getsockname()[1]),
        )
        refused = Service(chosen, only=("http",))
        try:
            with pytest.raises(BadSettings, match=r"CARETRAIL_HTTP_PORT: .*in use"):
                refused.start()
        finally:
            refused.stop()


def test_a_role_whose_drawn_ports_other_processes_take_starts_with_other_ones(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        others = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        pages, health = (int(each.getsockname()[1]) for each in others)

        def drawn(count: int, *, exclude: Collection[int] = ()) -> list[int]:
            mllp, *_ = free_ports(count, exclude=exclude)
            return [mllp, pages, health]

        monkeypatch.setattr(service, "free_ports", drawn)
        home = settings(database, tmp_path / "home", tmp_path / "master.key", http_port=0)
        started = Service(home, only=("http",))
        with opened(home):
            stack.callback(started.stop)
            started.start()
            assert started.unready() == {}
            assert started.http_port != pages
