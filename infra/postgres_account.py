"""The user that PostgreSQL runs as: ours or, because PostgreSQL refuses root, one of its own."""

import os
import pwd
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Final

import structlog

log = structlog.get_logger()

#: The user that PostgreSQL runs as if we are root.
USER: Final = "caretrail"

_OPENED: Final = (
    "caretrail runs as root, and PostgreSQL as another user, who must pass through this folder: now"
    " every user can, without listing it"
)
_CLOSE: Final = (
    "Run caretrail as an ordinary user, or set CARETRAIL_HOME to a folder that others can pass"
    " through already, such as /var/lib/caretrail; then: chmod o-x"
)

_COMMANDS: Final[tuple[tuple[str, ...], ...]] = (
    ("useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", USER),
    ("adduser", "-S", "-D", "-H", "-h", "/nonexistent", USER),  # busybox, as on Alpine
)


class NoAccount(Exception):
    """We are root, and there is no usable user for PostgreSQL; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """The user that a server runs as; without ids it is our own user."""

    user: int | None = None
    group: int | None = None

    def own(self, path: Path) -> None:
        """Make this user the owner of a file or folder."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group, follow_symlinks=False)

    def reach(self, path: Path, *, made: Path | None = None) -> None:
        """Let this user pass through every folder above a path, without reading the folders.

        All other users can then pass through them as well. So a folder that we did not make is
        named in the log.

        Args:
            path: A file or folder that the user needs.
            made: A folder that we made: it and the folders in it are not named.

        Raises:
            NoAccount: A folder does not let the user pass, and we cannot change its mode.
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
                if made is None or not folder.is_relative_to(made):
                    log.warning("folder.opened", name=str(folder), reason=_OPENED, remedy=_CLOSE)


def find_account() -> ServerAccount:
    """Return the user that PostgreSQL runs as; if we are root, make that user if it is missing.

    Raises:
        NoAccount: We are root, and the user does not exist and cannot be made.
    """
    if os.geteuid() != 0:
        return ServerAccount()
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        _create()
        try:
            entry = pwd.getpwnam(USER)
        except KeyError:
            raise _no_account("it was made, but is still not in the password file") from None
    return ServerAccount(entry.pw_uid, entry.pw_gid)


def _create() -> None:
    for command in _COMMANDS:
        program = which(command[0], path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if program is not None:
            _run([program, *command[1:]])
            return
    raise _no_account("neither useradd nor adduser is installed")


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(  # noqa: S603  # fixed words
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise _no_account((done.stderr or done.stdout).strip())


def _no_account(reason: str) -> NoAccount:
    return NoAccount(
        f"PostgreSQL does not run as root, and user {USER} cannot be made: {reason}."
        f" Add it with: useradd --system {USER}; or run caretrail as an ordinary user"
    )
