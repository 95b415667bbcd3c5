"""``transition show`` and ``transition ls``."""

from argparse import Namespace

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import as_stated, columns, json_line, json_lines, line
from caretrail.cli.own_streams import NO_PATIENT, listed_at
from caretrail.cli.patients import shared_number_listed
from caretrail.failure import Failed
from caretrail.reading.members import Json
from caretrail.reading.transition_lists import listed_json, transitions_of
from projections.transition_list import listed_transitions


def transition_show(options: Namespace) -> None:
    """Show the transitions of a patient, or of one encounter."""
    with open_home_reader() as reader, shared_number_listed(as_json=options.json):
        shown = transitions_of(reader, options.of, as_of=options.as_of, known_at=options.known_at)
    if shown is None:
        raise Failed(NO_PATIENT)
    if options.json:
        json_line(shown)
        return
    line(f"patient {shown['patient_id']}")
    if not shown["transitions"]:
        line("no discharge gives a transition")
    for each in shown["transitions"]:
        _print(each)


def transition_ls(options: Namespace) -> None:
    """List transitions, the most pressing first."""
    with listed_at(options) as (past, patient, at):
        found = listed_transitions(
            past.connection,
            at=at,
            state=options.state or "",
            patient=patient,
            only_open=options.open,
            only_overdue=options.overdue,
            facility=options.facility or "",
            limit=options.limit,
            relations=past,
        )
    shown = [listed_json(each) for each in found]
    if options.json:
        json_lines(shown)
        return
    columns(
        ("discharged", "facility", "kind", "state", "steps", "next due", "overdue", "encounter"),
        [
            (
                as_stated(each["discharged_at"], each["discharged_precision"]),
                each["facility"],
                each["kind"],
                _state(each),
                f"{each['steps_settled']} of {each['steps']}",
                as_stated(each["next_due"]),
                ", ".join(each["overdue"]),
                each["encounter_id"],
            )
            for each in shown
        ],
    )


def _print(one: Json) -> None:
    line()
    discharged = as_stated(one["discharged_at"], one["discharged_precision"])
    line(f"encounter {one['encounter_id']}: {_state(one)}")
    if one["kind"] is None:
        return
    line(f"discharged {discharged} from {one['facility'] or 'not stated'}, as {one['kind']}")
    columns(
        ("  step", "due", "", "source"),
        [
            (
                f"  {each['step']}",
                each["due_on"] or as_stated(each["due_at"]),
                _step_state(each, one),
                each["source"],
            )
            for each in one["steps"]
        ],
    )


def _state(one: Json) -> str:
    return f"{one['state']}, {one['cause'].replace('_', ' ')}" if one["cause"] else one["state"]


def _step_state(step: Json, transition: Json) -> str:
    if step["done_at"]:
        late = ", late" if step["late"] else ""
        return f"done {as_stated(step['done_at'])}{late}"
    if step["waived_at"]:
        return f"waived, {step['waived_reason'].replace('_', ' ')}"
    if step["late"]:
        return "overdue"
    return "owed" if transition["state"] == "open" else "not owed"
