"""Change the rules of interpretation in many small ways; print the changes that no case notices.

``make mutants`` runs this. Nothing is written: each mutant lives in the memory of one process. A
printed change is a rule, or a part of one, without a case, unless it changes no result at all. List
the latter in ``equivalent.toml`` with the reason, so that it is not tried again.
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.mutation import running
from tests.mutation.equivalent import equivalent_mutants, name_of
from tests.mutation.mutants import Mutant, mutants_of, mutated

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Target:
    """A mutant and the module that it changes."""

    path: Path
    source: str
    mutant: Mutant

    def described(self) -> str:
        """Return place and change in one line."""
        where = f"{self.path.relative_to(ROOT)}:{self.mutant.line}: {self.mutant.function}"
        return f"{where}: {self.mutant.was}  ->  {self.mutant.now}"


def main() -> None:
    """Try mutants until all are tried or the time is over, then print the survivors."""
    asked = _arguments()
    equivalent = equivalent_mutants()
    targets = [
        Target(path, source, mutant)
        for path in _modules(asked.paths)
        for source in [path.read_text("utf-8")]
        for mutant in mutants_of(source)
        if name_of(str(path.relative_to(ROOT)), mutant) not in equivalent
    ]
    Random(asked.seed).shuffle(targets)
    started = time.monotonic()
    survived = _tried(targets, asked.workers, started + 60 * asked.minutes)
    survivors = [each for each, alive in survived.items() if alive]
    for each in sorted(survivors, key=lambda each: (each.path, each.mutant.number)):
        sys.stdout.write(f"{each.described()}\n")
    sys.stdout.write(
        f"{len(survived)} of {len(targets)} mutants tried in {time.monotonic() - started:.0f} s, "
        f"{len(survivors)} survived\n"
    )


def _tried(targets: list[Target], workers: int, deadline: float) -> dict[Target, bool]:
    """Run the cases against mutants, ``workers`` at a time; return whether each survived."""
    running.load_cases()
    unchanged = running.start("", None)
    _, status, usage = os.wait4(unchanged, 0)
    if status != running.SURVIVED:
        sys.exit("The cases fail without any change. Mend them first.")
    seconds = usage.ru_utime + usage.ru_stime
    survived: dict[Target, bool] = {}
    by_process: dict[int, Target] = {}
    left = iter(targets)
    while True:
        if len(by_process) < workers and time.monotonic() < deadline and (each := next(left, None)):
            module = ".".join(each.path.relative_to(ROOT).with_suffix("").parts)
            tree = mutated(each.source, each.mutant.number)
            by_process[running.start(module, tree, seconds)] = each
        elif by_process:
            process, status = os.wait()
            survived[by_process.pop(process)] = status == running.SURVIVED
            if len(survived) % 100 == 0:
                sys.stderr.write(f"{len(survived)} of {len(targets)} mutants tried\n")
        else:
            return survived


def _modules(paths: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        absolute = path.resolve()
        found += sorted(absolute.rglob("*.py")) if absolute.is_dir() else [absolute]
    return found


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    default = ROOT / "domain" / "interpretation"
    parser.add_argument("paths", nargs="*", type=Path, default=[default], help="what to change")
    parser.add_argument("--minutes", type=float, default=10, help="stop after this time")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=0, help="which mutants come first")
    return parser.parse_args()


if __name__ == "__main__":
    main()
