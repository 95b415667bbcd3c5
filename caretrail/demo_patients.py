"""The patients of the demo's stories, and what a user should look for on the page of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: Titles of the stories that people tell by commands, beside the messages of the feeds.
OVERDUE_CALL: Final = "Left against advice: the call is overdue today"
NEVER_ANSWERED: Final = "A referral that the specialist never answered"
REBOOKED: Final = "A referral: visit missed, booked again, closed"
NOT_FOLLOWED_UP: Final = "Readmitted on day 12: no call after the first discharge"
REVISED: Final = "A care plan revised after a decision of the patient"
DIED: Final = "Died after going home: nothing is owed any more"

#: By title of the story: what to look for.
WHAT_TO_SEE: Final[Mapping[str, str]] = {
    "A week through five facilities, readmitted, merged":
        "Follow the arrows: hospital, nursing home, another hospital, inpatient again on day 2.",
    "A clean stay: admitted, transferred twice, discharged":
        "How a stay looks if every message arrives in time and in order.",
    "The discharge arrived before the admission":
        "“As known before” shows the stay when only its discharge had arrived.",
    "Admission cancelled and repeated; discharge cancelled, another bed":
        "Cancelled events stay visible: as a ghost under the bar, and struck through in the list.",
    "Two numbers merged; the old one used again afterwards":
        "One stay under two numbers. Messages that used the retired number afterwards are marked.",
    "One control id on two different messages":
        "Neither message is a duplicate: both count, and the evidence of each says so.",
    "A discharge corrected two days later":
        "The corrected time is shown; “As known before” shows the time believed until then.",
    "Readmitted two days after going home":
        "Home, back through the emergency department, inpatient again on day 3 of 30.",
    "A transfer without a patient number waits for correction":
        "The stay shows no transfer: its message names no patient and waits in quarantine.",
    "The feed begins during a stay: its start is not known":
        "The bar has a torn edge: the first message was a transfer, and no start is guessed.",
    "A test record has the same number and is kept apart":
        "The page names the test record with this number, and does not mix the two.",
    "Two patients in one bed until a message resolves it":
        "This page shows a plain stay. The census shows both patients in the bed and says so.",
    "An emergency visit without a discharge":
        "Open for more than two days: this page and the census say why that is doubtful.",
    "A shared number mistyped, then corrected: two patients":
        "Its sender replaced the wrong number: it is struck out and joins no records.",
    OVERDUE_CALL:
        "One call on Monday was not answered. The item is first in the work list.",
    NEVER_ANSWERED:
        "Sent by fax, and no answer since. A coordinator has claimed the overdue item.",
    REBOOKED:
        "Each step says who took it and for which organisation; the intervals are on its page.",
    NOT_FOLLOWED_UP:
        "The steps after the first discharge stay open and late; the second stay suspends them.",
    REVISED:
        "One revision changes a goal and three activities; compare it with the plan before it.",
    DIED:
        "The clinic told of the death on Monday. Replay shows the list before and after it.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """A patient of a story, and the number by which to find the patient."""

    title: str
    what_to_see: str  # without a name or number
    authority: str
    identifier: str
