"""Events that no rule can decide. The generator sends them on purpose and counts them apart.

They are listed in docs/reference/interpretation.md, section 10.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from caretrail.generate.course import Fact
from caretrail.generate.speech import Speech
from caretrail.generate.telling import Telling

READMITTED: Final = "readmitted in the minute of discharge"
AGAIN: Final = "sent again after a change as if new"
ONE_SECOND: Final = "admitted, cancelled and admitted in one second"

UNDECIDABLE: Final = (READMITTED, AGAIN, ONE_SECOND)


def admit(speech: Speech, fact: Fact, name: str) -> Telling:
    """Tell an admission so that nobody can know what stands; return the last telling of it."""
    first = speech.say("A01", fact.at, admitted=fact.at)
    if name == ONE_SECOND:
        first.spot = speech.elsewhere()
        speech.mistaken.append(first.spot)
        between = speech.say("A11", fact.at, spot=first.spot)
        between.occurred = None
    else:
        between = speech.say("A03", fact.at, discharged=fact.at, disposition="01")
    last = speech.say("A01", fact.at, admitted=fact.at)
    for each in (first, between, last):
        each.created, each.entered = first.created, first.entered
        each.delivered = first.delivered + timedelta(seconds=speech.rng.randint(0, 2))
        each.control = f"x{speech.rng.randrange(16**6):06x}"
        speech.fix(each)
    speech.applied.append(name)
    return last


def send_again_as_if_new(speech: Speech) -> None:
    """Repeat a transfer after the next one, with a new EVN-2, where nothing else states a time."""
    moves = [each for each in speech.said if each.trigger == "A02"]
    if len(moves) < 2 or speech.habits.occurred or not speech.habits.entered:  # noqa: PLR2004
        return
    wait = moves[1].created - moves[0].created + timedelta(minutes=5)
    again = replace(
        moves[0], created=moves[0].created + wait, delivered=moves[0].delivered + wait,
        entered=speech.time((moves[0].entered or moves[0].created) + wait),
    )  # fmt: skip
    speech.said.append(again)
    speech.fix(again, AGAIN)
