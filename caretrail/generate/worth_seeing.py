"""The patients of the demo that are worth a look, and what there is to see of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

#: By title, what to look for.
TO_SEE: Final[Mapping[str, str]] = {
    "A week through five facilities, readmitted, merged":
        "Follow the arrows: hospital, nursing home, another hospital, inpatient again on day 2.",
    "A clean stay: admitted, transferred twice, discharged":
        "What all looks like when every message comes, in time and in order.",
    "Its discharge was heard of before its admission":
        "“As known before” shows the stay while only its end had been told.",
    "Admission cancelled and repeated; discharge cancelled, another bed":
        "What was taken back stays as a ghost under the bar, and struck through in the list.",
    "Two numbers merged, the old one used again afterwards":
        "One stay under two numbers; what came under the retired one afterwards is marked.",
    "One control id on two different messages":
        "Neither is a duplicate: both count, and the evidence of each says so.",
    "A discharge corrected two days later":
        "The earlier time holds; “As known before” shows the other, as everybody then believed it.",
    "Readmitted two days after going home":
        "Home, back by the emergency department, inpatient again on day 3 of 30.",
    "A transfer without an identifier waits to be mended":
        "The stay shows no transfer: its message names nobody, and waits in quarantine.",
    "The feed begins in mid-stay: nobody said since when":
        "A torn edge: the first message heard was a transfer, and nothing is guessed before it.",
    "A test record has the same number, and is kept apart":
        "The page names its test twin, and does not mix the two.",
    "Two patients in one bed: both stand until a message says more":
        "The stay looks plain here; the census shows both in the bed, and says so on top.",
    "An emergency visit that nobody closed":
        "Open for more than two days: the page says why that is doubtful, and so does the census.",
    "A shared number mistyped, then corrected: two patients":
        "The number replaced by its sender is struck out, and joins her to nobody.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Interesting:
    """A patient worth a look: what there is to see, and under which number to find it."""

    title: str
    said: str  # what to look for, without a name or number
    authority: str
    identifier: str
