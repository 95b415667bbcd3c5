"""Homes of earlier releases, as their operators would have them before an upgrade."""

import gzip
import subprocess
from pathlib import Path
from shutil import copy
from typing import Final

import psycopg

from consumers.hl7v2.files import split
from infra.postgres_binaries import binaries
from infra.postgres_server import joined

FOLDER: Final = Path(__file__).parent
RELEASES: Final = sorted(each.name for each in FOLDER.iterdir() if (each / "keys").is_dir())


def file_of(release: str, name: str) -> Path:
    """Return a file that is kept of a release."""
    return FOLDER / release / name


def make(release: str, home: Path) -> None:
    """Make an empty home with the profiles of an earlier release."""
    home.mkdir(mode=0o700)
    copy(file_of(release, "profiles.toml"), home)


def restore(release: str, home: Path) -> None:
    """Make a home of an earlier release: its files and its database, none of it upgraded."""
    home.mkdir(mode=0o700)
    copy(file_of(release, "profiles.toml"), home)
    keys = home / "keys"
    keys.mkdir(mode=0o700)
    # Git keeps no file modes, and a key that others may read is refused.
    (keys / "master.key").touch(mode=0o600)
    (keys / "master.key").write_bytes(file_of(release, "keys/master.key").read_bytes())
    with joined(home) as url:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("create role care_analyst")  # a dump holds no roles
        subprocess.run(
            [binaries() / "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", url],
            input=gzip.decompress(file_of(release, "database.sql.gz").read_bytes()),
            stdout=subprocess.DEVNULL,
            check=True,
        )


def messages(release: str, name: str) -> list[str]:
    """Return the messages of a file that is kept of a release."""
    return [each.decode() for each in split(file_of(release, name).read_bytes())]
