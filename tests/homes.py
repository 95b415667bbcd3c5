"""Homes that have been opened once. To make one takes 1.5 s of CPU, to copy one a tenth of it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from caretrail.bootstrap import opened
from infra.settings import Settings
from tests import servers


@contextmanager
def new_folder() -> Iterator[Path]:
    """Give an empty folder in which there can be homes.

    If this run is killed, a later one removes it: see ``servers.home``.
    """
    with servers.home() as outer:
        folder = outer / servers.FOLDER
        folder.mkdir(mode=0o700)
        yield folder


@contextmanager
def new_home() -> Iterator[Path]:
    """Give a home that does not exist yet."""
    with new_folder() as folder:
        yield folder / "home"


@contextmanager
def made_home() -> Iterator[Path]:
    """Make a home with its keys, its database and its empty read models; its server is stopped.

    Its files survive the kill of any process, but not a power cut, as those of ``servers``.
    """
    with new_home() as home:
        with opened(Settings(home=home)) as application, application.connect() as connection:
            connection.execute("alter system set fsync = off")
        yield home


@contextmanager
def copied_home(made: Path) -> Iterator[Path]:
    """Give a copy of a home whose server is stopped."""
    with new_home() as home:
        copy_home(made, home)
        yield home


def copy_home(made: Path, home: Path) -> None:
    """Copy a home whose server is stopped, with the owners of its files."""
    subprocess.run(["cp", "-a", made, home], check=True)
