"""``protocol publish --dry-run``: what a protocol would have asked for after past discharges."""

from argparse import Namespace
from collections.abc import Callable
from typing import Final

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import columns, json_line, line
from caretrail.progress import progress
from caretrail.reading.members import Json
from caretrail.reading.protocol_trials import to_try, trial_json, tried_json, try_protocol
from domain.rules import parse_protocol
from domain.transition.protocol_trial import TriedStep

#: What is counted of a step, with its heading.
_COUNTED: Final = (
    ("owed", "owed"),
    ("in_time", "in time"),
    ("late", "late"),
    ("overdue", "overdue"),
    ("not_yet_due", "not yet due"),
    ("waived", "waived"),
    ("ended", "ended"),
)
_SIDE: Final = {"before": "in force", "after": "proposed"}


def dry_run(content: str, options: Namespace) -> None:
    """Print how the steps of past discharges stand, and how they would; record nothing.

    Args:
        content: The TOML file of the proposed protocol.
        options: Those of ``protocol publish``.

    Raises:
        ProtocolInvalid: The content cannot be used.
    """
    proposed = parse_protocol(content)
    with open_home_reader() as reader, reader.connection() as connection:
        total = to_try(connection, options.since)
        with progress("trying", total) as shown:
            trial = try_protocol(
                connection,
                proposed,
                since=options.since,
                at=reader.present(),
                found=_printed(options),
                done=shown,
            )
    counts = trial_json(trial)
    if options.json:
        json_line(counts)
    else:
        _print(counts)


def _printed(options: Namespace) -> Callable[[TriedStep], None]:
    if not options.discharges:
        return lambda _step: None
    return _print_json if options.json else _print_line


def _print_json(step: TriedStep) -> None:
    json_line(tried_json(step))


def _print_line(step: TriedStep) -> None:
    before, after = _word(step.before), _word(step.after)
    line(f"{step.encounter_id}  {step.of.kind}  {step.of.step}: {before}, would be {after}")


def _word(outcome: str | None) -> str:
    return "not asked for" if outcome is None else outcome.replace("_", " ")


def _print(counts: Json) -> None:
    """Print the counts: two rows for each step, as it was and as it would be."""
    line(f"protocol {counts['name']}, version {counts['version']}")
    rows = list[tuple[object, ...]]()
    for kind in counts["kinds"]:
        for side in ("before", "after"):
            discharges = kind[f"discharges_{side}"]
            rows.append((kind["kind"], "discharges", _SIDE[side], discharges, *[""] * 6))
        for step in kind["steps"]:
            for side in ("before", "after"):
                found = step[side] or {}
                numbers = [found.get(name) for name, _ in _COUNTED]
                rows.append((kind["kind"], step["step"], _SIDE[side], *numbers))
    headings = [heading for _, heading in _COUNTED]
    columns(("kind", "step", "protocol", *headings), rows)
    line()
    line("Nothing was recorded. Run it without --dry-run to publish the protocol.")
