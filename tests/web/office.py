"""A coordinator's office: one patient went home last week, and other work waits too."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from caretrail.intake import reading_context
from consumers.hl7v2.translate import read
from tests.desk import Desk, open_desk
from tests.region import Voice, now

#: Who went home. The patient was to be called within two business days, which have passed.
_MRN = "0093317"


@dataclass(frozen=True, kw_only=True)
class Office:
    """The pages, and what they are about."""

    desk: Desk
    patient: str  # went home last week; has a plan
    plan: str  # of that patient, with one revision
    referral: str  # its stream; of the patient Alder

    @property
    def site(self) -> str:
        return self.desk.site

    def items(self) -> list[str]:
        """Return the items of the work list, by their ids."""
        page = self.desk.client.get("/ui/work").text
        return [unescape(each) for each in re.findall(r'name="item" value="([^"]+)"', page)]


@contextmanager
def open_office(server: str, template: str, home: Path) -> Iterator[Office]:
    """Serve the pages of a region in which people have recorded activities."""
    with open_desk(server, template, home, present=now()) as desk:
        patient = _sent_home(desk)
        referral = desk.referral(service="cardiology", urgency="urgent")
        desk.recorded(desk.step(referral, "receive"), by__organisation="CSC")
        yield Office(
            desk=desk,
            patient=patient,
            plan=_plan(desk, patient),
            referral=referral.rpartition("/")[2],
        )


def _sent_home(desk: Desk) -> str:
    """Record a stay that ended at home; return the patient."""
    voice = Voice("NGH", _MRN, "Quillfeather^Sabine", "19480312", "F")
    said = [
        voice.say("A01", "02-06 08:30", place="4W-02", visit="Q1", admitted="02-06 08:30"),
        voice.say("A03", "02-11 10:15", place="4W-02", visit="Q1", discharged="02-11 10:15",
                  disposition="01"),
    ]  # fmt: skip
    context = reading_context(desk.application, arrived_by="file")
    desk.application.record([read(raw, context=context) for raw in said])
    desk.application.read_models.catch_up()
    found = desk.told.reader.resolve(f"NGH|{_MRN}")
    assert found
    return found


def _plan(desk: Desk, patient: str) -> str:
    """Put a plan in force and revise it once; return its stream."""
    page = desk.recorded(
        f"/ui/patients/{patient}/record/care_plan/draft",
        responsible__organisation="NGH", category="transition",
    )  # fmt: skip
    (stream,) = re.findall(r'id="plan-([^"]+)"', page)
    assert isinstance(stream, str)
    step = f"/ui/streams/{stream}/record/care_plan"
    by = {"by__organisation": "NGH"}
    desk.recorded(f"{step}/set_goal", **by, goal_id="g1", owner="patient",
                  words="To walk to church", target_on="2026-03-15")  # fmt: skip
    desk.recorded(f"{step}/add_activity", **by, activity_id="a1", kind="self_care", goals="g1",
                  by_patient="yes", due_on="2026-03-13", text="Weigh daily")  # fmt: skip
    desk.recorded(f"{step}/activate", **by)
    shown = {
        "part__g1__text": "To walk to church",
        "part__g1__owner": "patient",
        "part__g1__priority": "medium",
        "part__g1__target_on": "2026-03-15",
        "part__a1__text": "Weigh daily, and write it down",
        "part__a1__kind": "self_care",
        "part__a1__by_patient": "yes",
        "part__a1__due_on": "2026-03-13",
        "part__a1__goals": "g1",
    }
    desk.recorded(f"{step}/revise", **shown, author__organisation="NGH", reason="new_information")
    return stream
