"""What happens to messages on their way: late, twice, out of order, with a wrong clock."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from caretrail.generate.course import minutes
from caretrail.generate.speech import Speech
from caretrail.generate.telling import Telling


def disturb(speech: Speech, troubles: Collection[str]) -> None:
    """Let tellings come late, twice or with a wrong clock; what must keep its order keeps it."""
    if not speech.said:
        return
    rng = speech.rng
    plain = [each for each in speech.said if id(each) not in speech.fixed]
    for name in ("told late", "sent late"):
        if name in troubles:
            for each in rng.sample(plain, min(len(plain), rng.choice((1, 1, 2, 3)))):
                _be_late(speech, each, entered_too=name == "told late", name=name)
    if "sent again" in troubles:
        for each in rng.choices(speech.said, k=rng.choice((1, 1, 2))):
            _send_again(speech, each)
    if "clock wrong" in troubles:
        _mistake_the_time(speech)
    for each in speech.said:
        _carry(speech, each, troubles)


def _carry(speech: Speech, telling: Telling, troubles: Collection[str]) -> None:
    """Let a telling arrive twice, or after a while."""
    if "sent twice" in troubles and speech.rng.random() < 0.3:  # noqa: PLR2004
        telling.copies = (telling.delivered + minutes(speech.rng, 0.2, 600),)
        speech.applied.append("sent twice")
    if "delayed" in troubles and speech.rng.random() < 0.3:  # noqa: PLR2004
        telling.delivered += minutes(speech.rng, 1, 2000)
        speech.applied.append("delayed")


def _mistake_the_time(speech: Speech) -> None:
    """Give one telling an MSH-7 that is none; without EVN-2 nothing would say when it was sent."""
    plain = [
        each for each in speech.said if id(each) not in speech.fixed and each.entered is not None
    ]
    if plain:
        telling = speech.rng.choice(plain)
        telling.sent_text = speech.rng.choice(("20991231235959", "", "19000101", "n/a"))
        speech.applied.append("clock wrong")


def _be_late(speech: Speech, telling: Telling, *, entered_too: bool, name: str) -> None:
    habits = speech.habits
    if not speech.states(telling.trigger) and (entered_too or not habits.entered):
        return  # its time is that of its entry: told late, it would be another time
    wait = timedelta(seconds=round(60 * min(speech.rng.lognormvariate(4.5, 1.3), 3000)))
    telling.created += wait
    telling.delivered += wait
    if entered_too and telling.entered is not None:
        telling.entered = speech.time(telling.entered + wait)
    speech.applied.append(name)


def _send_again(speech: Speech, telling: Telling) -> None:
    """Repeat with a new MSH-7 and MSH-10, and where that is the habit with a new EVN-2.

    With the same EVN-2 a repetition is known at any time. Without one, or with a new one, it comes
    before anything else is said of the visit: later nobody could tell it from a new statement.
    """
    rng, habits = speech.rng, speech.habits
    wait = timedelta(seconds=rng.randint(22, 39))
    new_entry = habits.resends == "new-entered" and habits.entered and not habits.minutes
    if new_entry and not speech.states(telling.trigger) and telling.trigger in {"A03", "A06"}:
        return
    if habits.entered and not new_entry and rng.random() < 0.5:  # noqa: PLR2004
        wait += minutes(rng, 1, 3000)
    again = replace(
        telling, created=telling.created + wait, delivered=telling.delivered + wait, copies=()
    )
    if new_entry and telling.entered is not None:
        again.entered = telling.entered + wait
        if telling.trigger in {"A11", "A12", "A13"} and habits.cancels == "own":
            again.occurred = again.entered
    speech.said.append(again)
    speech.fixed.update((id(telling), id(again)))
    speech.applied.append("sent again")
