"""The address of every page of the application, listed from its routes."""

from collections.abc import Iterator
from typing import Final

from starlette.routing import Route

from caretrail.web.command_form import shown_form
from commands.care_plan.revise import ReviseCarePlan
from commands.catalogue import COMMANDS
from commands.command import Command
from tests.web.office import Office

#: What is served to programs and not to people.
_NO_PAGES: Final = frozenset({"/static/caretrail.css", "/healthz", "/readyz", "/metrics"})
_OF_PATIENT: Final = "/ui/patients/{patient_id}/record/{kind}/{verb}"
_OF_STREAM: Final = "/ui/streams/{stream}/record/{kind}/{verb}"


def addresses(office: Office) -> list[str]:
    """Return the addresses of all pages; fails if a route has no example here."""
    examples = _examples(office)
    found: list[str] = []
    for route in office.desk.app.routes:
        assert isinstance(route, Route)
        if "GET" not in (route.methods or ()) or route.path in _NO_PAGES:
            continue
        assert "{" not in route.path or route.path in examples, f"no example of {route.path}"
        found += [] if "{" in route.path else [route.path]
        found += examples.pop(route.path, [])
    assert not examples, f"there is no such route: {list(examples)}"
    return found


def _examples(office: Office) -> dict[str, list[str]]:
    """Return addresses of pages whose address varies, by the path of the route."""
    told = office.desk.told
    alder, patient = told.alder, f"/ui/patients/{office.patient}"
    seen = told.reader.patient(alder)
    assert seen
    first = next(iter(seen.filed.values()))
    forms: list[type[Command]] = [ReviseCarePlan, *_forms()]
    item = next(iter(office.items()))
    return {
        "/ui/patients/{patient_id}": [
            patient,
            f"/ui/patients/{alder}",
            f"/ui/patients/{alder}?as_of=2026-01-20+12:00&since=all",
            f"/ui/patients/{alder}?as_of=2026-01-01",
            f"/ui/patients/{told.orchard}",
            "/ui/patients/unknown",
        ],
        "/ui/events/{opaque}": [f"/ui/events/{first.event_id}"],
        "/ui/messages/{opaque}": [f"/ui/messages/{first.message_id}"],
        "/ui/patients/{patient_id}/replay": [f"/ui/patients/{alder}/replay"],
        "/ui/patients/{patient_id}/plans/{stream}": [f"{patient}/plans/{office.plan}"],
        "/ui/referrals": ["/ui/referrals?view=table"],
        "/ui/referrals/{stream}": [f"/ui/referrals/{office.referral}"],
        "/ui/work/record/{verb}": [f"/ui/work/record/snooze?item={item}"],
        _OF_PATIENT: [
            _OF_PATIENT.format(patient_id=alder, kind=each.KIND.name, verb=each.VERB)
            for each in forms
            if each.BEGINS
        ],
        _OF_STREAM: [
            _OF_STREAM.format(stream=office.plan, kind=each.KIND.name, verb=each.VERB)
            for each in forms
            if not each.BEGINS
        ],
    }


def _forms() -> Iterator[type[Command]]:
    """Yield commands that have each kind of field between them; the longest forms come first."""
    seen: set[str] = set()
    for each in sorted(COMMANDS, key=lambda shape: -len(shape.model_fields)):
        form = shown_form(each)
        widgets = {field.widget for field in (*form.fields, *form.seldom)}
        if each.KIND.name != "work" and not widgets <= seen:
            seen |= widgets
            yield each
