"""Events that no rule can decide. The generator sends them on purpose and counts them apart.

They are listed in docs/reference/interpretation.md, section 10.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from caretrail.generate.adt_message import AdtMessage
from caretrail.generate.course import VisitFact
from caretrail.generate.visit_sender import VisitSender

READMITTED: Final = "readmitted in the minute of discharge"
AGAIN: Final = "sent again after a change as if new"
ONE_SECOND: Final = "admitted, cancelled and admitted in one second"

UNDECIDABLE: Final = (READMITTED, AGAIN, ONE_SECOND)


def admit(sender: VisitSender, fact: VisitFact, name: str) -> AdtMessage:
    """Send an admission whose outcome no rule can decide; return its last message."""
    first = sender.send("A01", fact.at, admitted=fact.at)
    if name == ONE_SECOND:
        first.spot = sender.elsewhere()
        sender.mistaken.append(first.spot)
        between = sender.send("A11", fact.at, spot=first.spot)
        between.occurred = None
    else:
        between = sender.send("A03", fact.at, discharged=fact.at, disposition="01")
    last = sender.send("A01", fact.at, admitted=fact.at)
    for each in (first, between, last):
        each.created, each.entered = first.created, first.entered
        each.delivered = first.delivered + timedelta(seconds=sender.rng.randint(0, 2))
        each.control = f"x{sender.rng.randrange(16**6):06x}"
        sender.fix(each)
    sender.applied.append(name)
    return last


def send_again_as_if_new(sender: VisitSender) -> None:
    """Send a transfer again after the next one, with a new EVN-2, if no field states its time."""
    moves = [each for each in sender.messages if each.trigger == "A02"]
    if len(moves) < 2 or sender.habits.occurred or not sender.habits.entered:  # noqa: PLR2004
        return
    wait = moves[1].created - moves[0].created + timedelta(minutes=5)
    again = replace(
        moves[0], created=moves[0].created + wait, delivered=moves[0].delivered + wait,
        entered=sender.time((moves[0].entered or moves[0].created) + wait),
    )  # fmt: skip
    sender.messages.append(again)
    sender.fix(again, AGAIN)
