"""The core of a statement, apart from its visit."""

from datetime import UTC, datetime

import pytest

from domain.statement import ProfileSettings
from tests.consumers.hl7v2.adt import IN_UTC, KEY, PID, adt, pv1, received, sealed, stated


def test_msh_9_decides_over_evn_1_and_the_contradiction_is_flagged() -> None:
    core = stated(adt("A03", evn="EVN|A01|20260301143201"))
    assert core.trigger == "A03"
    assert "EVN-1.differs" in core.flags


def test_without_evn_happened_at_is_the_time_of_the_visit_or_of_sending() -> None:
    (draft,) = received(adt("A03", evn=None, visit=pv1(f45="202603011415"))).drafts
    assert draft.core.entered is None
    assert draft.happened_at == datetime(2026, 3, 1, 14, 15, 59, 999999, tzinfo=UTC)
    (draft,) = received(adt("A03", evn=None)).drafts
    assert draft.happened_at == datetime(2026, 3, 1, 14, 32, 5, tzinfo=UTC)


def test_if_a_time_cannot_be_read_the_next_source_is_used_and_its_text_is_sealed() -> None:
    raw = adt("A03", visit=pv1(f45="yesterday"))
    (draft,) = received(raw).drafts
    assert draft.happened_at == datetime(2026, 3, 1, 14, 32, 1, tzinfo=UTC)
    assert draft.core.flags == ("PV1-45.unreadable",)
    assert sealed(raw)["notes"]["unread"] == {"PV1-45": "yesterday"}


def test_an_absurd_msh_7_is_flagged_and_counts_as_missing() -> None:
    core = stated(adt(msh={7: "20990101"}))
    assert core.sent is None
    assert core.flags == ("MSH-7.absurd",)


def test_times_are_in_the_zone_of_the_profile() -> None:
    toml = '[sender.default]\nzone = "America/New_York"'
    core = stated(adt(), toml)
    assert core.sent
    assert core.sent.at == datetime(2026, 3, 1, 19, 32, 5, tzinfo=UTC)
    assert core.sent.zone == "profile"


def test_two_content_hashes_ignore_the_sending_and_the_entry_of_a_message() -> None:
    one = stated(adt())
    resent = stated(adt(msh={7: "20260301150000", 10: "M2", 13: "7"}, end="\n") + b"||")
    assert one.content == resent.content
    assert one.ref != resent.ref
    typed_again = stated(adt(evn="EVN||20260301150000"))
    assert typed_again.content != one.content
    assert typed_again.content_but_entered == one.content_but_entered
    moved = stated(adt(visit=pv1(f3="ICU^1^B^GEN")))
    assert moved.content_but_entered != one.content_but_entered


def test_the_ref_of_a_statement_depends_on_its_content_time_and_control_id() -> None:
    assert stated(adt()).ref == stated(adt(end="\n")).ref
    assert stated(adt()).ref != stated(adt(msh={10: "M2"})).ref
    assert stated(adt()).ref != stated(adt(msh={7: "20260301143206"})).ref


def test_test_messages_have_records_of_their_own_unless_the_profile_promotes_them() -> None:
    core = stated(adt(msh={11: "T^A"}))
    assert (core.mode, core.mode_as_sent) == ("T", "T")
    assert core.record == KEY.record("MERCY", "98765", "T")
    promoted = stated(adt(msh={11: "T"}), '[sender.default]\ntest_messages = "promote"')
    assert (promoted.mode, promoted.mode_as_sent) == ("P", "T")
    assert promoted.record == stated(adt()).record


@pytest.mark.parametrize("sent", ["", "X"])
def test_an_unknown_mode_is_production_and_flagged(sent: str) -> None:
    core = stated(adt(msh={11: sent}))
    assert core.mode == "P"
    assert core.flags == ("MSH-11.unknown",)


def test_the_first_of_repeated_segments_is_read_and_flagged() -> None:
    core = stated(adt("A02", pv1(f3="ICU^1^B^GEN")))
    assert core.place
    assert core.place.unit == "4W"
    assert core.flags == ("PV1.repeated",)


def test_a_statement_carries_the_settings_of_its_profile() -> None:
    toml = (
        "[sender.default]\nsame_visit_hours = 4\nclose_after_hours = 36\nunlink_undoes_merge = true"
    )
    assert stated(adt(), toml).settings == ProfileSettings(
        same_visit_hours=4, close_after_hours=36, unlink_undoes_merge=True
    )
    assert stated(adt()).settings == ProfileSettings()


def test_death_is_read_from_pid() -> None:
    pid = PID + "|" * 11 + "202603011200|Y"
    core = stated(adt("A03", pid=pid))
    assert core.deceased is True
    assert core.died
    assert core.died.text == "202603011200"
    assert stated(adt()).deceased is None


def test_the_charset_of_the_profile_is_used_if_the_message_names_none() -> None:
    raw = adt().decode().replace("DOE", "MÜLLER").encode("iso8859-1")
    assert sealed(raw)["demographics"]["names"][0]["family"] == "MÜLLER"
    assert stated(raw).flags == ("charset_suspect",)
    assert stated(raw, IN_UTC + 'charset = "8859/1"').flags == ()
