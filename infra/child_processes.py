"""Start processes that are never lost: each has its own session, a record on disk, and an end.

A session of its own keeps the Ctrl-C of a terminal away from the child, so that its supervisor
decides when it ends. If the supervisor is killed (``kill -9``), its next run finds the child by
the record. The record names the process by its id *and* by its start time in the kernel. So
another process that was given the same id later is never ended by mistake. Works on Linux and
macOS, without privileges.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from infra.atomic_file import write_atomically

_POLL: Final = 0.02  # seconds between two looks at a process that is not our own child


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process until the machine restarts; the id alone is given to other processes later."""

    pid: int
    started: str  # as the kernel writes it; only ever compared

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity | None":
        """Return the identity of a running process; None if it has ended (or is a zombie)."""
        started = _started(pid)
        return None if started is None else cls(pid, started)

    def is_running(self) -> bool:
        """Say whether this process, and not another one with its id, is running."""
        return _started(self.pid) == self.started


class ChildProcess:
    """A process that this run has started, or an earlier run of ours that was killed."""

    def __init__(
        self,
        identity: ProcessIdentity,
        *,
        record: Path | None = None,
        facts: Mapping[str, str] | None = None,
        popen: "subprocess.Popen[bytes] | None" = None,
    ) -> None:
        self.identity = identity
        self.facts: Mapping[str, str] = facts or {}
        self._record = record
        self._popen = popen

    @property
    def pid(self) -> int:
        """The id of the process; its session and its process group have the same id."""
        return self.identity.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal.

        None while the process runs, and if an earlier run of ours started it.
        """
        return None if self._popen is None else self._popen.poll()

    def is_running(self) -> bool:
        """Say whether the process is running."""
        if self._popen is not None:
            return self._popen.poll() is None
        return self.identity.is_running()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process alone; do nothing if it has ended."""
        if self.is_running():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Wait until the process ends, at most ``seconds``; say whether it has ended."""
        if self._popen is not None:
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(max(seconds, 0))
            return not self.is_running()
        return wait_until(lambda: not self.identity.is_running(), seconds)

    def stop(
        self,
        ladder: Sequence[signal.Signals] = (signal.SIGTERM,),
        *,
        within: float,
    ) -> bool:
        """Send the signals of ``ladder`` in turn until the process ends; then kill its group.

        Args:
            ladder: The signals, the gentlest first.
            within: Seconds to wait after each signal.

        Returns:
            True if the process ended by itself, False if it had to be killed.
        """
        gently = not self.is_running()
        for number in ladder:
            if gently:
                break
            self.send(number)
            gently = self.wait(within)
        if not gently:
            _kill_group(self.identity)
            self.wait(within)
        self.forget()
        return gently

    def forget(self) -> None:
        """Delete the record, because the process has ended or has another supervisor."""
        if self._record is not None:
            self._record.unlink(missing_ok=True)

    def disown(self) -> None:
        """Leave the process running when we end: its other users stop it."""
        if self._popen is not None and self._popen.poll() is None:
            # Without a return code, Popen would warn that its child is still running.
            self._popen.returncode = 0
            self._popen = None


def start(  # noqa: PLR0913  # what a process is started with
    command: Sequence[str | Path],
    *,
    record: Path | None = None,
    facts: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: int | None = None,
    group: int | None = None,
    output: IO[bytes] | int | None = subprocess.DEVNULL,
    errors: IO[bytes] | int | None = subprocess.STDOUT,
) -> ChildProcess:
    """Start a process in a session of its own, without standard input, and record it.

    Args:
        command: The program and its arguments.
        record: The file of the record; ``find_recorded`` reads it after a crash.
        facts: Facts that the next run needs, such as the port; they are kept in the record.
        environment: All of its environment; ours if None.
        folder: Its working folder.
        user: The user id it runs as (only root may set it).
        group: The group id it runs as; the process then has no supplementary groups.
        output: Where its standard output goes.
        errors: Where its standard error goes.

    Raises:
        OSError: The program cannot be started.
    """
    popen = subprocess.Popen(  # noqa: S603  # callers name the program
        [str(each) for each in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        env=None if environment is None else dict(environment),
        cwd=folder,
        user=user,
        group=group,
        extra_groups=None if group is None else [],
        start_new_session=True,
    )
    # A child that has already ended has no start time; its Popen still knows the exit code.
    identity = ProcessIdentity.of(popen.pid) or ProcessIdentity(popen.pid, "ended")
    child = ChildProcess(identity, record=record, facts=facts, popen=popen)
    if record is not None:
        write_atomically(
            record,
            json.dumps(
                {"pid": identity.pid, "started": identity.started, "facts": dict(child.facts)}
            ),
        )
    return child


def find_recorded(record: Path) -> ChildProcess | None:
    """Return the process that a record names; None if it has ended or there is no such record."""
    try:
        content = json.loads(record.read_text("utf-8"))
        identity = ProcessIdentity(int(content["pid"]), str(content["started"]))
        facts = {str(name): str(value) for name, value in content["facts"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return ChildProcess(identity, record=record, facts=facts) if identity.is_running() else None


def find_by_argument(argument: str) -> list[ChildProcess]:
    """Return the running processes that were started with this argument.

    Finds a process whose supervisor was killed after it started the process and before it wrote
    the record.
    """
    return [
        ChildProcess(identity)
        for pid in _all_pids()
        if pid != os.getpid() and argument in arguments_of(pid)
        if (identity := ProcessIdentity.of(pid)) is not None
    ]


def arguments_of(pid: int) -> tuple[str, ...]:
    """Return the arguments that a process was started with; empty if they cannot be read."""
    try:
        if _PROC.is_dir():
            raw = (_PROC / str(pid) / "cmdline").read_bytes()
            return tuple(raw.decode("utf-8", "replace").rstrip("\0").split("\0")) if raw else ()
    except OSError:
        return ()
    return tuple(_ps("args=", pid).split())


def wait_until(condition: Callable[[], bool], seconds: float, *, every: float = _POLL) -> bool:
    """Wait until ``condition()`` is true, at most ``seconds``; say whether it is.

    Args:
        condition: Called again and again.
        seconds: How long to wait at most.
        every: Seconds between two calls.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def _kill_group(identity: ProcessIdentity) -> None:
    """Kill a process and the processes that it started in its group."""
    if identity.is_running():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(identity.pid, signal.SIGKILL)


_PROC: Final = Path("/proc/self").parent if Path("/proc/self/stat").exists() else Path("/nowhere")
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")  # start times count from the boot
_STATE, _START_TIME = 0, 19  # fields of /proc/PID/stat after the name, proc_pid_stat(5)


def _started(pid: int) -> str | None:
    if not _PROC.is_dir():
        state, _, started = _ps("stat=,lstart=", pid).partition(" ")
        return None if not state or state.startswith("Z") else started.strip()
    try:
        stat = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name before ")" may hold any characters
    if fields[_STATE] in "ZXx":
        return None
    boot = _BOOT.read_text("ascii").strip() if _BOOT.exists() else ""
    return f"{boot} {fields[_START_TIME]}"


def _all_pids() -> list[int]:
    if _PROC.is_dir():
        return [int(each.name) for each in _PROC.iterdir() if each.name.isdigit()]
    return [int(each) for each in _ps("pid=").split()]


def _ps(columns: str, pid: int | None = None) -> str:
    which = ["-x"] if pid is None else ["-p", str(pid)]
    command = ["/bin/ps", "-ww", "-o", columns, *which]
    return subprocess.run(  # noqa: S603  # fixed words and a number
        command, capture_output=True, text=True, check=False
    ).stdout.strip()
