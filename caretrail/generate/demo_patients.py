"""The patients of the demo's stories, and what a user should look for on the page of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

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
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """A patient of a story, and the number by which to find the patient."""

    title: str
    what_to_see: str  # without a name or number
    authority: str
    identifier: str
