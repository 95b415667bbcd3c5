import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caretrail.web.bars import LEAST, outline, share
from caretrail.web.labels import LabelRows, UsedSpace, caption
from caretrail.web.picture import Scene, draw
from caretrail.web.scale import WIDTH
from caretrail.web.shapes import Picture
from domain.continuity import Patient
from domain.ids import StatementRef
from tests.web.people import (
    AS_OF,
    CHICAGO,
    WORDS,
    alder,
    at,
    corrected,
    crowded,
    encounter,
    one_stay,
    patient,
    twelve,
)


def picture(person: Patient, **changed: object) -> Picture:
    scene = Scene(as_of=AS_OF, now=True, words=WORDS)
    made = draw(person, replace(scene, **changed))  # type: ignore[arg-type]  # members of a scene
    assert made
    return made


def captions(made: Picture) -> dict[str, str]:
    return {
        bar.href: f"{bar.caption.key} {bar.caption.rest}".strip()
        for lane in made.lanes
        for bar in lane.bars
        if bar.caption
    }


def test_lanes_are_acute_then_post_acute_then_community_by_first_encounter() -> None:
    assert [lane.code for lane in picture(twelve()).lanes] == ["SBH", "NGH", "HRC", "CSC", "VNA"]


def test_captions_say_class_path_and_length() -> None:
    said = captions(picture(alder()))

    assert said["#evidence-e1"] == "IMP started before 4 Jan"
    assert said["#evidence-e3"] == "EMER → IMP 8 d 2 h"
    assert said["#evidence-e5"] == "cancelled"
    assert said["#evidence-e6"] == "EMER → OBSENC → IMP 4 d 12 h"
    assert said["#evidence-e7"] == "IMP 3 d 3 h"
    assert said["#evidence-e8"] == "planned 26 Feb"


def test_the_link_of_a_bar_says_facility_status_places_and_times() -> None:
    said = {bar.href: bar.link_text for lane in picture(alder()).lanes for bar in lane.bars}

    assert said["#evidence-e6"] == (
        "St Brannoc's, finished: emergency in ED-12 from 11 Feb 21:15; "
        "observation in OBS-04 from 12 Feb 02:10; inpatient in 5E-21 from 13 Feb 16:00; "
        "until 16 Feb 09:30. Show evidence"
    )
    assert "start not stated, first message 4 Jan 06:20" in said["#evidence-e1"]
    assert said["#evidence-e7"].endswith("still open. Show evidence")


def test_a_place_learned_late_has_a_hollow_mark() -> None:
    made = picture(alder(), late=frozenset({StatementRef("e6-2")}))
    bar = next(b for lane in made.lanes for b in lane.bars if b.href == "#evidence-e6")

    assert [late for _, late in bar.moves] == [False, True]


def test_an_open_stay_ends_at_as_of_and_fades() -> None:
    made = picture(alder())
    bar = next(b for lane in made.lanes for b in lane.bars if b.href == "#evidence-e7")
    fade = bar.segments[-1].fade

    assert fade
    assert fade[0] == made.as_of_x
    assert fade[2] == 40


def test_the_as_of_flag_is_left_of_its_line_at_the_edge_of_the_picture() -> None:
    near = picture(one_stay())
    far = picture(alder())

    assert near.flag_text.x < near.as_of_x
    assert far.flag_text.x > far.as_of_x


def test_unknown_starts_are_torn_and_cancelled_stays_are_dashed() -> None:
    made = picture(alder())
    bars = {bar.href: bar for lane in made.lanes for bar in lane.bars}

    assert bars["#evidence-e1"].segments[0].path.count("l-4") == 4
    assert [s.css for s in bars["#evidence-e5"].segments] == ["ghost"]
    assert bars["#evidence-e5"].under[0].text.css == "gone"
    assert [s.css for s in bars["#evidence-e8"].segments] == ["prenc"]


def test_a_cancelled_place_of_a_valid_encounter_is_drawn_under_its_bar() -> None:
    bars = [bar for lane in picture(corrected()).lanes for bar in lane.bars]
    stay = next(bar for bar in bars if len(bar.segments) == 3)

    assert [segment.css for segment in stay.segments] == ["imp", "imp", "ghost"]
    assert [(u.text.text, u.text.css) for u in stay.under] == [("ICU-02", "gone")]


def test_a_stay_of_three_hours_fills_half_of_the_shortest_window() -> None:
    made = picture(one_stay())
    x, _, width, _ = made.lanes[0].bars[0].ring

    assert width > 400
    assert x + width > made.as_of_x - 10
    assert made.lanes[0].bars[0].segments[0].label is not None


def test_encounters_older_than_90_days_are_behind_one_link() -> None:
    old = encounter("NGH", [("4W-1", "IMP", "2021-05-01 10:00")], "2021-05-04 10:00")
    person = patient(*alder().encounters, old, entries=alder().entries)

    narrow, wide = picture(person), picture(person, since=datetime(1, 1, 1, tzinfo=UTC))

    assert narrow.earlier
    assert (narrow.earlier.count, narrow.earlier.since) == (1, "2021")
    assert wide.earlier is None
    assert sum(len(lane.bars) for lane in wide.lanes) == 9


def test_the_90_days_before_the_last_encounter_are_shown_if_nothing_is_recent() -> None:
    old = encounter("NGH", [("4W-1", "IMP", "2021-05-01 10:00")], "2021-05-04 10:00")

    assert len(picture(patient(old)).lanes[0].bars) == 1


def test_a_patient_without_encounters_has_no_picture() -> None:
    assert draw(patient(), Scene(as_of=AS_OF, now=True)) is None


def test_five_years_of_dialysis_become_bars_labelled_with_the_number_of_visits() -> None:
    made = picture(crowded(), since=datetime(1, 1, 1, tzinfo=UTC))
    clinic = next(lane for lane in made.lanes if lane.code == "CSC")

    assert 10 <= len(clinic.bars) <= 20
    counts = [int(bar.segments[0].title.split()[0]) for bar in clinic.bars]
    assert sum(counts) == sum(e.facility == "CSC" for e in crowded().encounters)
    assert all(bar.segments[0].label for bar in clinic.bars)
    assert all("visits from" in bar.link_text for bar in clinic.bars)
    hospital = next(lane for lane in made.lanes if lane.code == "NGH")
    assert all(6 <= bar.ring[2] - 18 <= 10 for bar in hospital.bars)


def test_bars_that_would_touch_are_stacked_and_flat() -> None:
    stays = [encounter("NGH", [("4W-1", "IMP", f"01-{day:02d} 10:00")], f"01-{day + 9:02d} 10:00")
             for day in (2, 4, 6)]  # fmt: skip
    lane = picture(patient(*stays)).lanes[0]

    tops = [bar.ring[1] for bar in lane.bars]
    assert len(set(tops)) == 3
    assert all(bar.caption is None and bar.under == () for bar in lane.bars)


def test_beyond_four_sublanes_neighbours_become_one_bar() -> None:
    stays = [encounter("CSC", [("R-1", "AMB", f"01-10 {hour:02d}:00")], f"01-10 {hour:02d}:30")
             for hour in range(8, 18)]  # fmt: skip
    far = encounter("CSC", [("R-1", "AMB", "02-10 10:00")], "02-10 11:00")
    lane = picture(patient(*stays, far, *one_stay().encounters)).lanes[-1]

    assert lane.bars[0].segments[0].title == "10 visits"
    assert lane.bars[0].href == "#encounters-table"
    assert len(lane.bars) == 2


def test_transfers_are_arrows_and_gaps_are_lines() -> None:
    made = picture(alder())

    assert len(made.arrows) == 2
    assert [gap.text.text for gap in made.gaps if gap.text] == ["8 days at home", "9 days at home"]
    assert [b.text.text for b in made.brackets if b.text] == [
        "day 8 of 30", "readmission on day 21 of 30",
    ]  # fmt: skip


def test_captions_never_cross_the_as_of_line_and_never_touch() -> None:
    taken = UsedSpace()
    first = caption(taken, ["IMP"], "3 d 3 h", (400, 500), as_of_x=500)
    near = caption(taken, ["IMP"], "3 d 3 h", (420, 500), as_of_x=500)
    second = caption(taken, ["EMER → IMP", "IMP"], "8 d 2 h", (350, 395), as_of_x=500)

    assert first
    assert (first.anchor, first.x) == ("start", 400)
    assert near is None  # no room right of the first, nor left of the bar
    assert second
    assert (second.anchor, second.x) == ("end", 395)
    assert second.key == "EMER → IMP"


def test_a_label_that_meets_its_neighbour_goes_to_the_next_row() -> None:
    rows = LabelRows()

    assert rows.put("ED-12", 100) == (0, 100.0)
    assert rows.put("OBS-04", 110) == (1, 110.0)
    assert rows.put("5E-21", 200) == (0, 200.0)
    assert rows.put("Room 2", 2) == (0, 19.2)  # pushed inside the picture
    assert rows.put("Cardiology", 498, as_of_x=500) == (0, 465.0)  # on its side of as-of


def test_a_label_keeps_off_an_arrow_that_comes_from_below() -> None:
    rows = LabelRows()
    rows.block(95, 106)

    row, centre = rows.put("ED-12", 100) or (9, 0.0)

    assert row == 0
    assert centre - 16 >= 106


def test_a_label_keeps_off_an_arrow_that_leaves_downwards() -> None:
    hospital = encounter(
        "NGH",
        [("ED-09", "EMER", "02-10 08:00"), ("4W-08", "IMP", "02-10 20:00")],
        "02-10 22:00",
        disposition="snf",
    )
    nursing = encounter("MCN", [("M1-14", "NONAC", "02-10 23:00")], "02-14 10:00")
    made = picture(patient(hospital, nursing))

    (arrow,) = made.arrows
    x = float(arrow.path[1:].partition(" ")[0])
    (bar,) = made.lanes[0].bars
    assert bar.under, "the labels do not fit into the bar"
    for under in bar.under:
        half = len(under.text.text) * 6.4 / 2
        assert under.text.x + half <= x or under.text.x - half >= x


def test_an_arrow_from_below_ends_under_its_bar_and_one_from_above_over_it() -> None:
    down = picture(alder()).arrows[0]
    home = encounter("NGH", [("4W-1", "IMP", "02-01 10:00")], "02-05 10:00")
    nursing = encounter("HRC", [("M-1", "NONAC", "01-20 10:00")], "02-01 08:00")
    up = picture(patient(home, nursing)).arrows[0]

    assert re.search(r"l-3\.5 6Z$", down.head)
    assert re.search(r"l-3\.5 -6Z$", up.head)


@given(st.lists(st.floats(0, 300), min_size=1, max_size=12).filter(lambda w: sum(w) >= len(w) * 6))
def test_shared_widths_keep_the_ends_of_the_bar(widths: list[float]) -> None:
    shared = share(widths)

    assert sum(shared) == pytest.approx(sum(widths))
    assert min(shared) >= LEAST - 1e-6


@given(
    st.lists(
        st.tuples(st.integers(0, 2000), st.integers(0, 500), st.sampled_from("ABC")),
        min_size=1, max_size=25,
    )
)  # fmt: skip
def test_every_shape_is_inside_the_picture_for_any_stays(
    stays: list[tuple[int, int, str]],
) -> None:
    start = datetime(2025, 11, 25, tzinfo=CHICAGO)
    made = []
    for begin, hours, facility in stays:
        first = start + timedelta(hours=begin)
        last = first + timedelta(hours=hours)
        made.append(
            encounter(
                facility, [("W-1", "IMP", f"{first:%Y-%m-%d %H:%M}")], f"{last:%Y-%m-%d %H:%M}"
            )
        )
    drawn = picture(patient(*made))

    for lane in drawn.lanes:
        for bar in lane.bars:
            x, y, width, height = bar.ring
            assert x >= 0
            assert x + width <= WIDTH
            assert min(width, height) >= 24
            assert lane.top - 4 <= y
            assert y + height <= lane.top + lane.height + 4
    edges = [(lane.top, lane.top + lane.height) for lane in drawn.lanes]
    assert all(bottom == top for (_, bottom), (top, _) in pairwise(edges))


def test_an_outline_is_closed_and_its_torn_edge_has_four_teeth() -> None:
    path = outline(10, 84.5, 50, 25, left="torn", right="round")

    assert path.endswith("Z")
    assert path.count("l-4") == 4
    assert re.fullmatch(r"[MHVhvlqZ0-9. -]+", path)


def test_a_bar_that_starts_before_the_window_stays_inside_it() -> None:
    made = picture(patient(encounter("NGH", [("4W-1", "IMP", "2019-01-01 10:00")])))

    x, _, width, _ = made.lanes[0].bars[0].ring
    assert x >= 0
    assert x + width <= WIDTH
    assert at("2019-01-01 10:00") < AS_OF


def test_a_readmission_ends_above_the_caption_that_it_would_cross() -> None:
    first = encounter("NGH", [("5N-02", "IMP", "01-10 09:00")], "01-20 11:00", disposition="home")
    second = encounter("NGH", [("ED-09", "EMER", "02-01 20:00"), ("4W-05", "IMP", "02-03 02:00")])

    drawn = picture(patient(first, second))

    (bracket,) = drawn.brackets
    (caption,) = [b.caption for b in drawn.lanes[0].bars if b.caption and "EMER" in b.caption.key]
    end = float(bracket.path.rpartition("V")[2])
    assert end <= caption.y - 11


def test_a_long_name_of_a_facility_is_written_on_two_lines() -> None:
    names = {"NGH": "Northfield General and Children's"}
    made = picture(alder(), words=replace(WORDS, facilities=names))

    lines = {lane.code: lane.name_lines for lane in made.lanes}
    assert lines["NGH"] == ("Northfield General and", "Children's")
    assert lines["SBH"] == ("SBH",)
