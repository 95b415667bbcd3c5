"""``team show``, ``attribution show`` and ``responsible``."""

from argparse import Namespace

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import as_stated, columns, json_line, line
from caretrail.cli.patients import shared_number_listed
from caretrail.failure import Failed
from caretrail.reading.members import Json
from caretrail.reading.responsibility import (
    TeamReading,
    attributions_json,
    read_team,
    responsible_json,
    team_json,
)


def team_show(options: Namespace) -> None:
    """Show the care team of a patient."""
    shown = team_json(_read(options))
    if options.json:
        json_line(shown)
        return
    line(f"patient {shown['patient_id']}")
    line()
    columns(
        ("member", "name", "kind", "role", "organisation", "since", "until", ""),
        [
            (each["member"], each["name"], each["kind"], each["role"], each["organisation"],
             *_period(each), each["left_reason"] or "")
            for each in shown["members"]
        ],
    )  # fmt: skip
    line()
    columns(
        ("coordinator", "scope", "programme", "since", "until", ""),
        [
            (each["member"], each["scope"], each["programme"], *_period(each),
             " ".join(each["flags"]))
            for each in shown["coordinators"]
        ],
    )  # fmt: skip
    line()
    columns(
        ("handover", "to", "scope", "programme", "since", "ended", "state"),
        [
            (each["from_member"], each["to_member"], each["scope"], each["programme"],
             as_stated(each["offered_at"], each["offered_precision"]),
             as_stated(each["ended_at"], each["ended_precision"]), each["state"])
            for each in shown["handovers"]
        ],
    )  # fmt: skip
    _print_stated(shown["stated_by_hospital"])


def attribution_show(options: Namespace) -> None:
    """Show the attributions of a patient."""
    shown = attributions_json(_read(options))
    if options.json:
        json_line(shown)
        return
    line(f"patient {shown['patient_id']}")
    for flag in shown["flags"]:
        line(flag)
    line()
    _print_attributions(shown["attributions"])
    _print_proposed(shown["proposed"])


def responsible(options: Namespace) -> None:
    """Show who is responsible for a patient."""
    if (options.scope == "programme") != bool(options.programme):
        raise Failed("name a programme with --programme if, and only if, the scope is programme")
    shown = responsible_json(_read(options), options.scope, options.programme or "")
    if options.json:
        json_line(shown)
        return
    line(f"patient {shown['patient_id']}")
    coordinator, member = shown["coordinator"], shown["member"]
    if coordinator is None:
        line("no coordinator")
    else:
        role = f", {member['role']}" if member else ""
        since = as_stated(coordinator["since"], coordinator["since_precision"])
        line(f"coordinator {coordinator['member']}{role}, scope {coordinator['scope']}, {since}")
    if shown["open_handover"]:
        line(f"handover to {shown['open_handover']['to_member']} is open")
    for flag in shown["flags"]:
        line(flag)
    line()
    _print_attributions(shown["attributions"])
    _print_proposed(shown["proposed"])
    _print_stated(shown["stated_by_hospital"])


def _read(options: Namespace) -> TeamReading:
    with open_home_reader() as reader, shared_number_listed(as_json=options.json):
        found = read_team(
            reader,
            options.patient,
            now=reader.present(),
            as_of=options.as_of,
            known_at=options.known_at,
        )
    if found is None:
        raise Failed(
            "no such patient, or the patient was not yet known at that time."
            " Write a patient id or AUTHORITY|IDENTIFIER, as `caretrail patients ls` lists them"
        )
    return found


def _print_attributions(shown: list[Json]) -> None:
    columns(
        ("kind", "target", "source", "roster", "since", "until", ""),
        [
            (each["target_kind"], each["target"], each["source"], each["roster"], *_period(each),
             " ".join((*each["flags"], each["ended_reason"] or "")).strip())
            for each in shown
        ],
    )  # fmt: skip


def _print_proposed(proposed: Json | None) -> None:
    if proposed is not None:
        line()
        line(
            f"proposed: practice {proposed['target']}, last seen in primary care"
            f" {proposed['seen_at']}"
        )


def _print_stated(shown: list[Json]) -> None:
    line()
    columns(
        ("stated by the hospital", "number", "role", "facility", "encounter", "since", "until"),
        [
            (each["name"] or each["practitioner_ref"],
             " ".join(number["identifier"] for number in each["identifiers"]),
             each["role"] or each["role_code"], each["facility"], each["encounter_id"],
             *_period(each))
            for each in shown
        ],
    )  # fmt: skip


def _period(each: Json) -> tuple[str | None, str | None]:
    return (
        as_stated(each["since"], each["since_precision"]),
        as_stated(each["until"], each["until_precision"]),
    )
