"""``why``: the events behind a row, and the received messages and people behind the events."""

from argparse import Namespace

from caretrail.cli.home import catch_up_to_read, open_home
from caretrail.cli.output import as_stated, columns, json_line, line
from caretrail.failure import Failed
from caretrail.readers import open_reader
from caretrail.reading.members import actor_words
from caretrail.tracing import trace


def why(options: Namespace) -> None:
    """Show the events behind an id, each with the received message or the person behind it."""
    with open_home() as application:
        catch_up_to_read(application)
        with open_reader(application) as reader:
            chain = trace(application, reader, options.id)
    if chain is None:
        raise Failed("no patient, encounter, stream, work item, event or message has this id")
    if options.json:
        json_line(chain)
        return
    for name in ("patient_id", "encounter_id", "stream_id"):
        if chain[name]:
            line(f"{name.removesuffix('_id')} {chain[name]}")
    columns(
        ("index", "event", "happened", "event id", "message", "control id", "sender", "by"),
        [
            (
                each["index"],
                each["topic"],
                as_stated(each["happened_at"], each["precision"]),
                each["event_id"],
                each["message"]["id"] if each["message"] else None,
                each["message"]["control_id"] if each["message"] else None,
                each["message"]["sender"] if each["message"] else None,
                actor_words(each["actor"]),
            )
            for each in chain["events"]
        ],
    )
