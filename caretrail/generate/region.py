"""The facilities of a region: the seven named ones of the demo, and further drawn ones."""

import random
from dataclasses import replace
from typing import Final

from caretrail.generate.hospital import Facility, FacilityKind, SenderHabits, Unit

#: Authority and type of the enterprise number, which facilities of the region share.
ENTERPRISE: Final = "REGION"
ENTERPRISE_TYPE: Final = "NI"


def _acute(*wards: tuple[str, str], campus: str = "") -> tuple[Unit, ...]:
    return (
        Unit(code="ED", title="Emergency", kind="emergency", service="EMR", rooms=30),
        Unit(code="OBS", title="Observation", kind="observation", service="MED", rooms=14),
        Unit(code="ICU", title="Intensive care", kind="critical", service="PUL", rooms=14),
        *(
            Unit(
                code=code, title=title, kind="ward", service=service, rooms=18, beds=2,
                campus=campus if number == len(wards) - 1 else "",
            )
            for number, ((code, title), service) in enumerate(
                zip(wards, ("CAR", "MED", "SUR", "MED"), strict=False)
            )
        ),
    )  # fmt: skip


def _post_acute(code: str, title: str, service: str = "REH") -> tuple[Unit, ...]:
    return (
        Unit(code=f"{code}1", title=f"{title} 1", kind="ward", service=service, rooms=24, beds=2),
        Unit(code=f"{code}2", title=f"{title} 2", kind="ward", service=service, rooms=24, beds=2),
    )


def _clinic(*titles: str) -> tuple[Unit, ...]:
    return tuple(
        Unit(code=title.upper()[:6], title=title, kind="clinic", service="MED", rooms=12)
        for title in titles
    )


_NAMED: Final = (
    Facility(
        code="NGH", title="Northfield General", kind="acute", town=0, weight=3.0,
        units=_acute(("4W", "4 West, cardiology"), ("5N", "5 North, medicine"),
                     ("6E", "6 East, surgery"), campus="NGHE"),
        habits=SenderHabits(closes_emergency=True, numeric_control=False),
        record_format="{:07d}", visit_format="N{}",
    ),
    Facility(
        code="SBH", title="St Brannoc\N{RIGHT SINGLE QUOTATION MARK}s", kind="acute", town=1,
        weight=2.5,
        units=_acute(("5E", "5 East, medicine"), ("6S", "6 South, surgery"),
                     ("3N", "3 North, medicine")),
        habits=SenderHabits(inpatient_by="renumber", cancels="own", offset=True, minutes=True,
                            resends="new-entered", enterprise_first=True, charset="latin-1"),
        record_format="77-{:05d}", visit_format="S{}",
    ),
    Facility(
        code="HRC", title="Harbour Rehabilitation", kind="post-acute", town=2, weight=0.6,
        units=_post_acute("R", "Rehabilitation"),
        habits=SenderHabits(entered=False, admitted="first", account="end"),
        record_format="R-{:05d}", visit_format="H{}",
    ),
    Facility(
        code="CSC", title="Cedar Street Clinic", kind="clinic", town=3, weight=1.6,
        units=_clinic("Room", "Cardiology"),
        habits=SenderHabits(occurred=False, cancels="none", account="never"),
        record_format="C-{:05d}", visit_format="A-{}",
    ),
    Facility(
        code="WVH", title="Willow Valley Hospital", kind="acute", town=4, weight=1.4,
        units=_acute(("MS", "Medical and surgical"), ("TCU", "Transitional care")),
        habits=SenderHabits(inpatient_by="A06", occurred=False, cancels="none", admitted="first",
                            charset="unstated", authority="universal", enterprise=False),
        record_format="W{:06d}", visit_format="WV{}",
    ),
    Facility(
        code="MCN", title="Maple Court Skilled Nursing", kind="post-acute", town=5, weight=0.4,
        units=_post_acute("M", "Nursing", "GER"),
        habits=SenderHabits(offset=True, discharged=False, authority="missing"),
        record_format="MC{:05d}", visit_format="MC-{}",
    ),
    Facility(
        code="LPC", title="Lakeside Physicians", kind="clinic", town=0, weight=0.9,
        units=_clinic("Suite", "Imaging"),
        habits=SenderHabits(visit_numbers="never", account="never", clinic_ends=False,
                            enterprise=False),
        record_format="LP{:06d}", visit_format="L{}",
    ),
)  # fmt: skip

#: The kinds of drawn facilities, in turn.
_KINDS: Final[tuple[FacilityKind, ...]] = ("acute", "acute", "acute", "post-acute", "clinic")


def region(
    seed: int, count: int = len(_NAMED), *, numbered_only: bool = False
) -> tuple[Facility, ...]:
    """Return ``count`` facilities: the named ones first, then drawn ones with any habits.

    With ``numbered_only`` every sender writes the visit number in each message.
    """
    rng = random.Random(f"region {seed}")  # noqa: S311  # must be reproducible, not secret
    drawn = (_drawn(rng, number) for number in range(len(_NAMED), count))
    facilities = (*_NAMED[:count], *drawn)
    if numbered_only:
        return tuple(
            replace(each, habits=replace(each.habits, visit_numbers="always"))
            for each in facilities
        )
    return facilities


def _drawn(rng: random.Random, number: int) -> Facility:
    kind = _KINDS[number % len(_KINDS)]
    code = f"F{number:02d}"
    units = {
        "acute": _acute(("W1", "Ward 1"), ("W2", "Ward 2"), ("W3", "Ward 3"), campus=f"{code}B"),
        "post-acute": _post_acute("P", "Post-acute"),
        "clinic": _clinic("Office", "Annex"),
    }[kind]
    return Facility(
        code=code, title=f"Facility {number}", kind=kind, town=rng.randrange(6), units=units,
        habits=_habits(rng), record_format=f"{code}-{{:06d}}", visit_format=f"{code}V{{}}",
        campuses_are_one=rng.random() < 0.5,  # noqa: PLR2004
    )  # fmt: skip


def _habits(rng: random.Random) -> SenderHabits:
    occurred = rng.random() < 0.6  # noqa: PLR2004
    return SenderHabits(
        visit_numbers=rng.choice(("always", "always", "always", "late", "never")),
        occurred=occurred,
        entered=rng.random() < 0.8,  # noqa: PLR2004
        admitted=rng.choice(("always", "first")),
        admitted_means=rng.choice(("visit", "admission")),
        discharged=rng.random() < 0.8,  # noqa: PLR2004
        # A sender that never fills EVN-6 leaves it empty in cancels too.
        cancels=rng.choice(("names", "own", "none")) if occurred else "none",
        inpatient_by=rng.choice(("A01", "A06", "renumber", "renumber-silent")),
        closes_emergency=rng.random() < 0.4,  # noqa: PLR2004
        resends=rng.choice(("same", "new-entered")),
        prior_place=rng.random() < 0.8,  # noqa: PLR2004
        account=rng.choice(("always", "end", "never")),
        clinic_ends=rng.random() < 0.8,  # noqa: PLR2004
        offset=rng.random() < 0.5,  # noqa: PLR2004
        zone=rng.choice(("America/Chicago", "America/New_York", "Europe/London")),
        minutes=rng.random() < 0.3,  # noqa: PLR2004
        charset=rng.choice(("utf-8", "latin-1", "unstated")),
        authority=rng.choice(("plain", "universal", "alias", "missing")),
        enterprise=rng.random() < 0.7,  # noqa: PLR2004
        enterprise_first=rng.random() < 0.3,  # noqa: PLR2004
        numeric_control=rng.random() < 0.5,  # noqa: PLR2004
    )
