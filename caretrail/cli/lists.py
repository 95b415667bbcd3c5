"""Print the declared lists: ``referral ls``, ``duty ls`` and the others."""

from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from caretrail.cli.output import as_stated, columns, json_lines
from caretrail.cli.own_streams import listed_at
from caretrail.listings import LISTINGS
from caretrail.reading.listed_rows import ROWS, ListQuestion
from caretrail.reading.members import Json

#: The names of the columns, and the cells of a row.
_Columns: TypeAlias = tuple[Sequence[str], Callable[[Json], Sequence[object]]]


def listed(options: Namespace) -> None:
    """Print a list."""
    listing = LISTINGS[options.listing]
    with listed_at(options, states_periods=listing.states_periods) as (past, patient, at):
        question = ListQuestion(
            asked={each.name: getattr(options, each.name) for each in listing.filters},
            patient=patient,
            at=at,
            limit=options.limit,
        )
        shown = ROWS[listing.name](past, question)
    if options.json:
        json_lines(shown)
        return
    names, cells = _COLUMNS[listing.name]
    columns(names, map(cells, shown))


def _referral(row: Json) -> Sequence[object]:
    return (
        row["stream_id"],
        row["state"],
        as_stated(row["requested_at"], row["requested_precision"]),
        row["requester"]["organisation"],
        row["target"]["organisation"] or row["target"]["pool"],
        row["service"] or row["specialty"],
        row["urgency"],
        row["patient_id"],
    )


def _plan(row: Json) -> Sequence[object]:
    return (
        row["stream_id"],
        row["category"],
        row["state"],
        as_stated(row["drafted_at"], row["drafted_precision"]),
        "" if row["revision"] is None else str(row["revision"]),
        str(row["open_goals"]),
        str(row["open_activities"]),
        row["patient_id"],
    )


def _medications(row: Json) -> Sequence[object]:
    open_ones = [each for each in row["discrepancies"] if each["resolved_at"] is None]
    return (
        row["stream_id"],
        row["state"],
        ", ".join(f"{each['list_id']} {each['source']}" for each in row["lists"]),
        ", ".join(each["list_id"] for each in row["lists"] if not each["compared"]),
        str(len(row["reconciliations"])),
        str(len(open_ones)),
        row["patient_id"],
    )


def _transition(row: Json) -> Sequence[object]:
    cause = f", {row['cause'].replace('_', ' ')}" if row["cause"] else ""
    return (
        as_stated(row["discharged_at"], row["discharged_precision"]),
        row["facility"],
        row["kind"],
        f"{row['state']}{cause}",
        f"{row['steps_settled']} of {row['steps']}",
        as_stated(row["next_due"]),
        ", ".join(row["overdue"]),
        row["encounter_id"],
    )


def _team(row: Json) -> Sequence[object]:
    handovers = [each["to_member"] for each in row["handovers"] if each["state"] == "open"]
    return (
        row["stream_id"],
        row["state"],
        ", ".join(_going_on(row["members"])),
        ", ".join(_going_on(row["coordinators"])),
        ", ".join(handovers),
        row["patient_id"],
    )


def _attribution(row: Json) -> Sequence[object]:
    told = row["attributions"]
    return (
        row["stream_id"],
        ", ".join(f"{each['target_kind']} {each['target']}" for each in told),
        ", ".join(dict.fromkeys(filter(None, (each["roster"] for each in told)))),
        ", ".join(f"{as_stated(each['since'], each['since_precision'])}" for each in told),
        ", ".join(
            as_stated(each["until"], each["until_precision"]) or "no end known" for each in told
        ),
        row["patient_id"],
    )


def _work(row: Json) -> Sequence[object]:
    return (
        row["stream_id"],
        f"{row['duty']} {row['part'] or ''}".rstrip(),
        _party(row["claimed_by"]),
        as_stated(row["claimed_until"]),
        _party(row["assigned_to"]),
        as_stated(row["snoozed_until"]),
        row["patient_id"],
    )


def _duty(row: Json) -> Sequence[object]:
    return (
        row["duty"],
        row["due_on"] or as_stated(row["due_at"]),
        as_stated(row["done_at"]),
        ("late" if row["done_at"] else "overdue") if row["late"] else "",
        _party(row["responsible"]),
        row["about"],
        row["patient_id"],
    )


def _going_on(rows: Iterable[Json]) -> Iterable[str]:
    return dict.fromkeys(each["member"] for each in rows if each["until"] is None)


def _party(party: Json | None) -> str:
    return ", ".join(filter(None, (party or {}).values()))


#: By the name of the list.
_COLUMNS: Final[Mapping[str, _Columns]] = {
    "attribution": (
        ("attribution", "target", "roster", "since", "until", "patient"), _attribution,
    ),
    "care_plan": (
        ("plan", "category", "state", "begun", "revision", "goals", "activities", "patient"),
        _plan,
    ),
    "care_team": (
        ("team", "state", "members", "coordinators", "handover to", "patient"), _team,
    ),
    "duty": (("duty", "due", "done", "", "responsible", "about", "patient"), _duty),
    "medication_list": (
        ("stream", "state", "lists", "not compared", "reconciled", "discrepancies", "patient"),
        _medications,
    ),
    "referral": (
        ("referral", "state", "requested", "from", "to", "for", "urgency", "patient"), _referral,
    ),
    "transition": (
        ("discharged", "facility", "kind", "state", "steps", "next due", "overdue", "encounter"),
        _transition,
    ),
    "work": (
        ("work", "duty", "claimed by", "until", "assigned to", "put off until", "patient"), _work,
    ),
}  # fmt: skip
