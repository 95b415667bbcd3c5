"""``transition show``."""

from argparse import Namespace

from caretrail.cli.home import open_home_reader
from caretrail.cli.output import as_stated, columns, json_line, line
from caretrail.cli.own_streams import NO_PATIENT
from caretrail.cli.patients import shared_number_listed
from caretrail.failure import Failed
from caretrail.reading.members import Json
from caretrail.reading.transition_lists import transitions_of


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
