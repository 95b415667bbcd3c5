"""Services that start together."""

from contextlib import ExitStack
from pathlib import Path
from threading import Thread

from pydantic import SecretStr

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
