"""A cached result is used only for the same text, read in the same way."""

import pytest

from consumers.hl7v2.text_cache import cached_by_text
from tests.consumers.hl7v2.adt import adt, pv1, sealed, stated

PID = "PID|1||98765^^^^MR||M\\X{}\\LLER^JANE||19510602|F"


def test_the_same_texts_are_read_once_and_long_ones_each_time() -> None:
    read: list[str] = []

    @cached_by_text(2)
    def joined(texts: tuple[str, ...], between: str) -> str:
        read.append(texts[0][:1])
        return between.join(texts)

    for _ in range(2):
        assert joined(("a", "b"), "-") == "a-b"
        assert joined(("a", "b"), "+") == "a+b"
        assert joined(("c" * 1_000, "d" * 1_001), "") == "c" * 1_000 + "d" * 1_001
    assert read == ["a", "a", "c", "c"]


def test_the_same_texts_of_two_senders_give_different_refs() -> None:
    raw = adt(pid=PID.format("C3BC"), visit=pv1())
    ours = stated(raw, '[sender.a]\nmatch = [{}]\nauthority = "A"\nnamespace = "A"')
    theirs = stated(raw, '[sender.b]\nmatch = [{}]\nauthority = "B"\nnamespace = "B"')
    again = stated(raw, '[sender.a]\nmatch = [{}]\nauthority = "A"\nnamespace = "A"')
    assert ours.record == again.record != theirs.record
    assert ours.visit == again.visit != theirs.visit


def test_the_same_texts_in_different_modes_give_different_refs() -> None:
    modes = [stated(adt(msh={11: mode})) for mode in "PTDP"]
    assert len({each.record for each in modes}) == 3
    assert len({each.visit for each in modes}) == 3


@pytest.mark.parametrize("order", [1, -1])
def test_the_same_texts_are_read_with_the_charset_and_delimiters_of_their_message(
    order: int,
) -> None:
    """The charset decides escaped bytes in hexadecimal; the delimiters decide every field."""
    utf = adt("A01", "ZXX|1|é^a", pid=PID.format("C3BC"))
    latin = adt("A01", "ZXX|1|é^a", msh={18: "8859/1"}, pid=PID.format("C3BC"))
    other = adt("A01", "ZXX|1|é^a", msh={2: "~^\\&", 9: "ADT~A01"}, pid=PID.format("C3BC"))
    meant = [
        (utf, [("MüLLER", "JANE")], ["98765"]),
        (latin.decode().encode("iso8859-1"), [("MÃ¼LLER", "JANE")], ["98765"]),
        (other, [("MüLLER", ""), ("JANE", "")], ["98765", "MR"]),  # ^ separates repetitions
    ]
    for raw, names, numbers in meant[::order]:
        opened = sealed(raw)
        found = opened["demographics"]["names"]
        assert [(each["family"], each["given"]) for each in found] == names
        assert [
            each["value"] for each in opened["identifiers"]["numbers"] if each["field"] == "PID-3"
        ] == numbers
        kept = opened["clinical"]["segments"][-1]
        assert (kept["2"], "delimiters" in kept) == ("é^a", raw is other)
