"""Referrals and revisions of plans in the picture."""

from dataclasses import replace

from caretrail.web.picture import Scene, draw
from caretrail.web.referral_arrows import DrawnReferral, DrawnRevision
from caretrail.web.shapes import Picture
from tests.web.people import AS_OF, WORDS, alder, at

OPEN = DrawnReferral(
    href="/ui/referrals/s1",
    title="cardiology",
    requester="NGH",
    target="CSC",
    requested_at=at("01-25 10:00"),
    ended_at=None,
    overdue="overdue 4 d",
    is_seen=False,
)


def drawn(*referrals: DrawnReferral, revisions: tuple[DrawnRevision, ...] = ()) -> Picture:
    scene = Scene(as_of=AS_OF, now=True, words=WORDS, referrals=referrals, revisions=revisions)
    picture = draw(alder(), scene)
    assert picture is not None
    return picture


def test_an_open_overdue_referral_is_dashed_with_red_text_up_to_as_of() -> None:
    picture = drawn(OPEN)

    (arrow,) = picture.referrals
    assert arrow.is_open
    assert arrow.text is not None
    assert (arrow.text.text, arrow.text.css) == ("cardiology, overdue 4 d", "late-t halo")
    assert arrow.head.startswith(f"M{picture.as_of_x - 6:g} ")
    assert arrow.link_text == (
        "Referral cardiology, Northfield General to Cedar Street Clinic, open, overdue 4 d"
    )


def test_a_referral_that_was_seen_is_solid_and_ends_at_the_visit() -> None:
    seen = replace(OPEN, ended_at=at("02-10 10:00"), overdue="", is_seen=True)
    picture = drawn(seen)

    (arrow,) = picture.referrals
    assert not arrow.is_open
    assert arrow.text is not None
    assert arrow.text.css == "halo"
    assert float(arrow.head[1:].partition(" ")[0]) < picture.as_of_x - 50


def test_an_arrow_goes_from_the_lane_of_the_requester_to_that_of_the_target() -> None:
    picture = drawn(OPEN)
    lanes = {lane.code: lane for lane in picture.lanes}
    (arrow,) = picture.referrals

    source, target = lanes["NGH"], lanes["CSC"]
    assert source.top < arrow.start[1] < source.top + source.height
    end = float(arrow.head.partition(" ")[2].partition("v")[0]) + 3.5
    assert target.top < end < target.top + target.height


def test_an_organisation_that_only_a_referral_names_has_a_lane_below_the_others() -> None:
    without = drawn()
    picture = drawn(replace(OPEN, target="VNA2"))

    assert [lane.code for lane in picture.lanes] == [
        *(lane.code for lane in without.lanes),
        "VNA2",
    ]
    assert picture.gap_top == picture.lanes[-1].top + picture.lanes[-1].height
    assert picture.height > without.height


def test_a_referral_before_the_window_is_left_out() -> None:
    past = replace(
        OPEN, requested_at=at("2024-01-01 10:00"), ended_at=at("2024-01-20 10:00"), overdue=""
    )
    assert drawn(past).referrals == ()


def test_revisions_are_numbered_marks_in_a_row_of_their_own() -> None:
    one = DrawnRevision(href="/x", title="Plan, revision 3", number=3, at=at("02-10 10:00"))
    picture = drawn(revisions=(one,))

    (mark,) = picture.revisions
    assert (mark.number, mark.link_text) == ("3", "Plan, revision 3")
    assert picture.plan_top is not None
    assert picture.plan_top < mark.y < picture.height
    assert drawn().plan_top is None
