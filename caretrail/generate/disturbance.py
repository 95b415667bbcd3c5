"""Disturb messages on their way: late, sent twice, out of order, with a wrong clock."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from caretrail.generate.adt_message import AdtMessage
from caretrail.generate.course import minutes
from caretrail.generate.visit_sender import VisitSender


def disturb(sender: VisitSender, troubles: Collection[str]) -> None:
    """Delay, repeat or mistime the messages of a visit, as its troubles say.

    Messages in ``sender.fixed`` keep their order, because their order carries their meaning.
    """
    if not sender.messages:
        return
    rng = sender.rng
    plain = [each for each in sender.messages if id(each) not in sender.fixed]
    for name in ("entered late", "sent late"):
        if name in troubles:
            for each in rng.sample(plain, min(len(plain), rng.choice((1, 1, 2, 3)))):
                _be_late(sender, each, entered_too=name == "entered late", name=name)
    if "sent again" in troubles:
        for each in rng.choices(sender.messages, k=rng.choice((1, 1, 2))):
            _send_again(sender, each)
    if "clock wrong" in troubles:
        _mistake_the_time(sender)
    for each in sender.messages:
        _carry(sender, each, troubles)


def _carry(sender: VisitSender, message: AdtMessage, troubles: Collection[str]) -> None:
    """Send a message twice, or delay it."""
    if "sent twice" in troubles and sender.rng.random() < 0.3:  # noqa: PLR2004
        message.copies = (message.delivered + minutes(sender.rng, 0.2, 600),)
        sender.applied.append("sent twice")
    if "delayed" in troubles and sender.rng.random() < 0.3:  # noqa: PLR2004
        message.delivered += minutes(sender.rng, 1, 2000)
        sender.applied.append("delayed")


def _mistake_the_time(sender: VisitSender) -> None:
    """Give one message an invalid MSH-7; only a message with EVN-2, which then orders it."""
    plain = [
        each
        for each in sender.messages
        if id(each) not in sender.fixed and each.entered is not None
    ]
    if plain:
        message = sender.rng.choice(plain)
        message.sent_text = sender.rng.choice(("20991231235959", "", "19000101", "n/a"))
        sender.applied.append("clock wrong")


def _be_late(sender: VisitSender, message: AdtMessage, *, entered_too: bool, name: str) -> None:
    habits = sender.habits
    if not sender.states(message.trigger) and (entered_too or not habits.entered):
        return  # the message states only its time of entry, so lateness would change its meaning
    wait = timedelta(seconds=round(60 * min(sender.rng.lognormvariate(4.5, 1.3), 3000)))
    message.created += wait
    message.delivered += wait
    if entered_too and message.entered is not None:
        message.entered = sender.time(message.entered + wait)
    sender.applied.append(name)


def _send_again(sender: VisitSender, message: AdtMessage) -> None:
    """Send a message again with a new MSH-7 and MSH-10 and, by the sender's habit, a new EVN-2.

    A repetition with the same EVN-2 can be recognised at any time. Without EVN-2, or with a new
    one, it is sent before the next message of the visit. Later it would look like a new statement.
    """
    rng, habits = sender.rng, sender.habits
    wait = timedelta(seconds=rng.randint(22, 39))
    new_entry = habits.resends == "new-entered" and habits.entered and not habits.minutes
    if new_entry and not sender.states(message.trigger) and message.trigger in {"A03", "A06"}:
        return
    if habits.entered and not new_entry and rng.random() < 0.5:  # noqa: PLR2004
        wait += minutes(rng, 1, 3000)
    again = replace(
        message, created=message.created + wait, delivered=message.delivered + wait, copies=()
    )
    if new_entry and message.entered is not None:
        again.entered = message.entered + wait
        if message.trigger in {"A11", "A12", "A13"} and habits.cancels == "own":
            again.occurred = again.entered
    sender.messages.append(again)
    sender.fixed.update((id(message), id(again)))
    sender.applied.append("sent again")
