"""Whose process PostgreSQL is: ours, or, since it refuses root, that of a user of its own."""

import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Final

#: The user that PostgreSQL runs as when we are root.
USER: Final = "caretrail"

_COMMANDS: Final[tuple[tuple[str, ...], ...]] = (
    ("useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", USER),
    ("adduser", "-S", "-D", "-H", "-h", "/nonexistent", USER),  # busybox, as on Alpine
)


class NoAccount(Exception):
    """PostgreSQL cannot be run as root, and no user for it could be made."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user a server runs as; without ids it is simply ours."""

    user: int | None = None
    group: int | None = None

    def own(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group, follow_symlinks=False)

    def reach(self, path: Path) -> None:
        """Let this user pass through every folder above a path: search permission, no more.

        Raises:
            NoAccount: a folder does not let it pass, and its mode cannot be changed.
        """
        if self.user is None:
            return
        for folder in path.resolve().parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH and folder.stat().st_uid != self.user:
                try:
                    folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
                except OSError as error:
                    raise NoAccount(
                        f"user {USER} cannot pass through {folder}: {error.strerror};"
                        f" allow it with: chmod o+x {folder}"
                    ) from error


def account() -> Account:
    """Return the user PostgreSQL shall run as, made when we are root and it is missing.

    Raises:
        NoAccount: we are root and the user is neither there nor can it be made.
    """
    if os.geteuid() != 0:
        return Account()
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        _create()
        try:
            entry = pwd.getpwnam(USER)
        except KeyError:
            raise _impossible("it was made, but is still not in the password file") from None
    return Account(entry.pw_uid, entry.pw_gid)


def _create() -> None:
    for command in _COMMANDS:
        program = which(command[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if program is not None:
            _run([program, *command[1:]])
            return
    raise _impossible("neither useradd nor adduser is here")


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(  # noqa: S603  # fixed words
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise _impossible((done.stderr or done.stdout).strip())


def _impossible(reason: str) -> NoAccount:
    return NoAccount(
        f"PostgreSQL does not run as root, and user {USER} cannot be made: {reason}."
        f" Add it with: useradd --system {USER}; or run caretrail as an ordinary user"
    )
