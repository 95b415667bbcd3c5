"""Every flag has words for a page, and its code is permanent."""

import pytest

from domain.flags import FOR_THE_WORK_LIST, FieldFlag, Flag, MessageFlag

#: Codes are stored and published. One that is missing here was renamed.
CODES = {
    "resend", "no_effect", "waits", "after_end", "before_beginning", "sent_time_unusable",
    "closed_by_rule", "part_ended", "number_incomplete", "renumbered", "record_retired",
    "merge_into_itself", "merge_of_placeholder", "identifier_shared", "order_unknown",
    "may_have_begun_later", "may_have_ended", "discharge_stated_by_update",
    "discharge_deleted_by_update",
}  # fmt: skip


@pytest.mark.parametrize("flag", [*Flag, *MessageFlag])
def test_the_words_of_a_flag_are_whole_sentences(flag: Flag | MessageFlag) -> None:
    assert flag.words[0].isupper()
    assert flag.words.endswith(".")


@pytest.mark.parametrize("flag", FieldFlag)
def test_the_words_about_a_field_follow_its_name(flag: FieldFlag) -> None:
    assert flag.words[0].islower()
    assert not flag.words.endswith(".")


def test_codes_do_not_change() -> None:
    assert set(Flag) >= CODES
    assert {str(each) for each in FOR_THE_WORK_LIST} == {
        "after_end",
        "before_beginning",
        "discharge_deleted_by_update",
        "discharge_stated_by_update",
        "sent_time_unusable",
        "waits",
    }


def test_no_code_is_used_twice() -> None:
    codes = [str(each) for each in (*Flag, *MessageFlag)]
    assert len(codes) == len(set(codes))
