"""Commands name organisations that the installation knows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commands.attribution import AttributePatient, EndAttribution
from commands.care_plan.revise import ReviseCarePlan
from commands.care_team.members import JoinCareTeam
from commands.catalogue import COMMANDS
from commands.command import Command
from commands.organisations import EVERY_ORGANISATION, KnownOrganisation, Organisations
from commands.referral.answer import AuthoriseReferral
from domain.errors import UnknownOrganisation
from domain.ids import StreamId
from domain.statement import Moment
from infra.clock import new_id
from tests.intake_samples import record_of
from tests.referral_samples import HEART, request

NOW = Moment(at=datetime(2026, 3, 10, 12, tzinfo=UTC))
GENERAL = KnownOrganisation(code="GENERAL")
CENTER = KnownOrganisation(code="HEART", until=NOW.at)
LISTED = Organisations(by_name={"GENERAL": GENERAL, "HEART": CENTER, "HEART-CENTER": CENTER})
EARLIER = Moment(at=NOW.at - timedelta(hours=1))


def test_a_known_organisation_may_be_named_in_its_period() -> None:
    command = request(target=HEART)
    assert LISTED.named_by(command, EARLIER) == command
    with pytest.raises(UnknownOrganisation, match="does not know HEART at that time"):
        LISTED.named_by(command, NOW)


def test_an_alias_becomes_the_code() -> None:
    asked = request(target={"organisation": "HEART-CENTER", "pool": "triage"})
    assert LISTED.named_by(asked, EARLIER) == request(asked.stream, target=HEART)


def test_a_pool_or_a_person_alone_names_no_organisation() -> None:
    command = request(target={"pool": "triage"})
    assert LISTED.named_by(command, NOW) is command


def test_without_a_list_every_organisation_is_known() -> None:
    command = request(target={"organisation": "ANYBODY"})
    assert EVERY_ORGANISATION.named_by(command, NOW) is command


def given(shape: type[Command], **members: Any) -> Command:
    stream = StreamId(new_id())
    return shape.model_validate({"stream": stream} | members)


STRANGER = {"organisation": "STRANGER"}
ACTIVITY = {"activity_id": "a1", "kind": "call", "responsible": STRANGER}
ATTRIBUTED = {"record": record_of("1"), "target": "STRANGER"}


@pytest.mark.parametrize(
    "command",
    [
        request(requester=STRANGER),
        given(AuthoriseReferral, payer="STRANGER"),
        given(AttributePatient, **ATTRIBUTED, target_kind="practice"),
        given(AttributePatient, **ATTRIBUTED, target_kind="payer"),
        given(
            JoinCareTeam, record=record_of("1"), member="m1", role="nurse", organisation="STRANGER"
        ),
        given(
            JoinCareTeam,
            record=record_of("1"),
            member="STRANGER",
            role="pharmacist",
            kind="organisation",
        ),
        given(
            ReviseCarePlan,
            reason="new_information",
            author={"organisation": "GENERAL"},
            activities_added=[{"activity": ACTIVITY}],
        ),
    ],
    ids=["party", "payer", "practice", "insurer", "of-member", "member", "nested"],
)
def test_an_organisation_is_found_wherever_a_command_names_it(command: Command) -> None:
    with pytest.raises(UnknownOrganisation, match="STRANGER"):
        LISTED.named_by(command, NOW)


@pytest.mark.parametrize("shape", [AttributePatient, EndAttribution])
def test_a_programme_and_an_end_need_no_known_organisation(shape: type[Command]) -> None:
    kind = "programme" if shape is AttributePatient else "practice"
    command = given(shape, **ATTRIBUTED, target_kind=kind)
    assert LISTED.named_by(command, NOW) is command


def test_every_field_that_names_a_payer_or_an_organisation_is_checked() -> None:
    """A new command with such a field must say so, or state why it need not."""
    members: Any = {"kind": "", "payer": "", "organisation": ""}
    unchecked = {
        (shape.KIND.name, shape.VERB, name)
        for shape in COMMANDS
        for name in {"payer", "organisation"} & shape.model_fields.keys()
        if name not in shape.model_construct(**members).organisation_fields()
    }
    assert unchecked == set()
