from hashlib import sha256

import pytest

from commands.ports.intake import Disposition
from consumers.hl7v2.translate import MAPPING_VERSION
from tests.consumers.hl7v2.adt import adt, received


def test_a_received_message_has_its_sender_control_id_trigger_and_mapping_version() -> None:
    message = received(adt(), arrived_by="mllp")
    assert (message.application, message.facility, message.control_id) == ("ADT", "MERCY", "M1")
    assert (message.trigger, message.arrived_by, message.sender) == ("A01", "mllp", "default")
    assert message.mapping_version == MAPPING_VERSION
    assert message.warnings == ()
    assert received(adt(), "").warnings == ("zone_assumed", "profile.none")
    assert message.raw == adt()


def test_a_message_of_a_backlog_and_its_statements_say_so() -> None:
    message = received(adt("A03"), backfill=True)
    assert message.warnings == ("backfill",)
    assert [draft.core.flags for draft in message.drafts] == [("backfill",)]
    assert received(b"hello", backfill=True).warnings == ("backfill",)
    assert [draft.core.flags for draft in received(adt("A03")).drafts] == [()]


def test_a_message_names_its_profile_and_the_version_of_its_content() -> None:
    toml = '[sender.mercy]\nmatch = [{facility = "MERCY"}]\nzone = "America/New_York"'
    message = received(adt(), toml)
    assert message.sender == "mercy"
    assert message.profile_version not in {"", received(adt()).profile_version}
    assert not message.warnings
    assert (
        received(adt(), toml.replace("mercy", "other")).profile_version == message.profile_version
    )


def test_bytes_without_msh_are_unreadable_and_every_byte_counts_for_their_key() -> None:
    one, other = received(b"hello"), received(b"hello\r")
    assert one.disposition is Disposition.UNREADABLE
    assert (one.reason, one.place, one.pair_key, one.drafts) == ("no_msh", "MSH", None, ())
    assert one.key != other.key
    assert one.key == received(b"hello").key


def test_a_batch_in_one_frame_is_unreadable() -> None:
    one = received(b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + adt())
    assert (one.disposition, one.reason) == (Disposition.UNREADABLE, "batch_in_frame")


def test_the_key_depends_on_the_bytes_but_not_on_line_ends() -> None:
    key = received(adt()).key
    for same in (adt(end="\n"), adt(end="\r\n"), b"\x0b" + adt() + b"\r\x1c\r", adt() + b"\r\n\n"):
        assert received(same).key == key
    assert received(adt(msh={10: "M2"})).key != key
    assert received(adt(evn="EVN||20260301143202")).key != key
    assert len(key) == len(sha256().digest())


def test_the_key_does_not_depend_on_the_profile() -> None:
    toml = '[sender.other]\nnamespace = "X"'
    assert received(adt(), toml, sender="other").key == received(adt()).key


def test_messages_with_one_control_id_and_other_bytes_have_one_pair_key() -> None:
    one, other = received(adt()), received(adt("A03"))
    assert one.pair_key == other.pair_key
    assert one.key != other.key
    assert received(adt(msh={10: ""})).pair_key is None


@pytest.mark.parametrize("pid", ["", "PID|1||", 'PID|1||""', "PID|1||^^^MERCY^MR", "PID|1||00000"])
def test_a_message_without_a_usable_patient_identifier_is_quarantined(pid: str) -> None:
    message = received(adt(pid=pid))
    assert message.disposition is Disposition.QUARANTINED
    assert (message.reason, message.place) == ("no_patient_identifier", "PID-3")
    assert message.pair_key is not None
    assert not message.drafts


def test_two_messages_in_one_are_quarantined() -> None:
    message = received(adt() + b"\r" + adt("A03"))
    assert message.disposition is Disposition.QUARANTINED
    assert message.reason == "several_messages"


@pytest.mark.parametrize(
    "kind",
    ["ADT^A01", "ADT^A01^ADT_A04", "ADT", "", "^A01", "A\xadDT^A\xad01", "ADT^A-01", "adt^a01"],
)
def test_the_trigger_is_found_in_the_forms_that_senders_write(kind: str) -> None:
    message = received(adt(msh={9: kind}, evn="EVN|A01|20260301143201"))
    assert message.disposition is Disposition.RECORDED
    assert message.trigger == "A01"
