"""The forms of commands: shown, refused with what was typed, recorded once."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from caretrail.api.problems import status_of
from caretrail.http.form_subjects import FormSubjects
from caretrail.http.not_found import NotFound
from caretrail.http.posted import FormValues, one, posted
from caretrail.http.site import Site
from caretrail.http.users import actor_of, user_of
from caretrail.refusals import REMEDIES
from caretrail.stated_times import NotStated, stated_moment
from caretrail.web.command_form import field_name, shown_form
from caretrail.web.command_page import Asked, PageRefusal, command_page
from caretrail.web.recorded import own_address, with_recorded
from caretrail.web.revision_form import PlanSeen, revision_values, row_field, row_groups
from commands.care_plan.revise import ReviseCarePlan
from commands.catalogue import BY_VERB
from commands.catalogue.fields import CommandField, fields_of, filled
from commands.command import Command
from commands.decisions import Caller, Decisions
from domain import work
from domain.care_plan import CARE_PLAN, KIND
from domain.care_plan.states import NotDrafted
from domain.decider import fold
from domain.errors import DomainError, VersionConflict
from domain.ids import IdKey, PatientId, RecordId, StreamId
from domain.statement import Moment

#: Kinds of fields that a link may fill. An address holds codes and ids, and no text of a person.
_BY_LINK: Final = frozenset({"id", "code", "choice"})
#: Fields for the person who acts: the one who is signed in, unless the form says otherwise.
_ACTING: Final = ("by.person", "author.person")
_UNPROCESSABLE: Final = 422
#: Seconds that the answer to a form waits for the read models, so that the next page shows it.
_WAIT: Final = 3.0
_LOOK: Final = 0.05
_FILL: Final = "Please fill this in."
_TIME: Final = "Write a time such as 2026-03-10 13:30, or a day."
#: The field that a refusal is about.
_ABOUT: Final[Mapping[str, str]] = {
    "in_the_future": "happened_at",
    "target_missing": "target.organisation",
    "same_organisation_and_person": "target.organisation",
    "unknown_event": "event_id",
}
#: What is wrong with a value, by pydantic's name of the error.
_WRONG: Final[Mapping[str, str]] = {
    "missing": _FILL,
    "string_pattern_mismatch": "Write a code of letters and digits without spaces, not a name.",
    "literal_error": "Choose one of these.",
    "string_too_long": "This text is too long.",
    "date_from_datetime_parsing": "Write a day such as 2026-03-13.",
    "date_parsing": "Write a day such as 2026-03-13.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What the form of a revision needs beside the fields of the command."""

    seen: PlanSeen
    base: int | None  # version of the plan that the person saw
    typed: FormValues | None  # None: the form is new

    def field_of(self, path: Sequence[str | int]) -> str:
        """Return the field of a row that a value of the command came from; empty: of no row."""
        return row_field(self.seen, self.typed or {}, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandPages:
    """The forms of all commands."""

    site: Site
    decisions: Decisions
    id_key: IdKey
    new_id: Callable[[], str]

    def routes(self) -> list[Route]:
        """Return the routes."""
        of_patient = "/ui/patients/{patient_id}/record/{kind}/{verb}"
        of_stream = "/ui/streams/{stream}/record/{kind}/{verb}"
        return [
            Route(of_patient, self.form),
            Route(of_patient, posted(self.given), methods=["POST"]),
            Route(of_stream, self.form),
            Route(of_stream, posted(self.given), methods=["POST"]),
            Route("/ui/work/record/{verb}", self.form),
            Route("/ui/work/record/{verb}", posted(self.given), methods=["POST"]),
        ]

    def form(self, request: Request) -> Response:
        """Show the empty form of a command."""
        asked = self._asked(request, back=request.query_params.get("back", ""))
        version = None
        if asked.stream is not None:
            history = self.decisions.streams.read(StreamId(asked.stream))
            version = history[-1].version if history else None
        suggested = {
            name: request.query_params[name]
            for field in fields_of(asked.shape)
            if field.kind in _BY_LINK and (name := field_name(field)) in request.query_params
        }
        for name in _ACTING:
            suggested.setdefault(name, actor_of(request).subject)
        form = shown_form(asked.shape, suggested=suggested, own=_own(request))
        return self._page(
            request,
            asked,
            form=form,
            key=self.new_id(),
            version=version,
            revision=self._revision(request, asked, version),
        )

    def given(self, request: Request, values: FormValues) -> Response:
        """Give the command; show the form again if it is refused."""
        asked = self._asked(request, back=one(values, "back"))
        key, version = one(values, "key"), _version(one(values, "version"))
        revision = self._revision(request, asked, _version(one(values, "base")) or version, values)
        if revision is not None:
            values = {**values, **revision_values(revision.seen, values)}
        members, errors = self._members(asked, values, key, actor_of(request).subject)
        command: Command | None = None
        if not errors:
            try:
                command = asked.shape.model_validate(members)
            except ValidationError as error:
                errors = _errors(asked.shape, error, revision)
        if command is None:
            form = shown_form(asked.shape, values, errors, own=_own(request))
            return self._page(
                request, asked, form=form, key=key, version=version, errors=errors,
                happened=one(values, "happened_at"), status=_UNPROCESSABLE, revision=revision,
            )  # fmt: skip
        caller = Caller(
            actor=actor_of(request),
            key=key,
            expected_version=version,
            authority=user_of(request).authority,
        )
        try:
            outcome = self.decisions.record(command, caller)
        except DomainError as refusal:
            if isinstance(refusal, VersionConflict):
                version = refusal.actual
            about = _ABOUT.get(refusal.code, "")
            errors = {about: f"{str(refusal).capitalize()}."} if about else {}
            return self._page(
                request,
                asked,
                form=shown_form(asked.shape, values, errors, own=_own(request)),
                key=key,
                version=version,
                errors=errors,
                happened=one(values, "happened_at"),
                revision=revision,
                refusal=PageRefusal(
                    code=refusal.code,
                    text=f"{str(refusal)[:1].upper()}{str(refusal)[1:]}.",
                    remedy=REMEDIES.get(type(refusal), ""),
                ),
                status=status_of(type(refusal)),
            )
        index = max((each.index for each in outcome.events), default=0)
        self._wait(index)
        return RedirectResponse(
            with_recorded(asked.landing(outcome.stream), index), status_code=303
        )

    def _asked(self, request: Request, *, back: str) -> Asked:
        """Return the command that an address names.

        Args:
            request: The request.
            back: The address that the person came from, as the form states it.

        Raises:
            NotFound: There is no such command, or no such patient.
        """
        params = request.path_params
        shape = BY_VERB.get((params.get("kind", work.KIND.name), params["verb"]))
        if shape is None:
            raise NotFound("No such form", "Open it from the page of the patient.")
        patient: PatientId | None = None
        record: tuple[RecordId, str] | None = None
        if "record" in shape.model_fields:
            named = params.get("patient_id", "")
            patient = self.site.reader.resolve(named)
            record = self.site.reader.record_named(named)
            if patient is None or record is None:
                raise NotFound("No such patient", "Search for the patient first.")
        elif "patient_id" in params and shape.BEGINS:
            patient = self.site.reader.resolve(params["patient_id"])
            if patient is None:
                raise NotFound("No such patient", "Search for the patient first.")
        elif "stream" not in params and shape.KIND is not work.KIND:
            raise NotFound("No such form", "Open it from the page of the patient.")
        elif "stream" in params:
            patient = self._patient_of(StreamId(params["stream"]))
        return Asked(
            shape=shape,
            action=_with_reason(request),
            stream=None if shape.BEGINS else params.get("stream"),
            patient=patient,
            record=record,
            back=own_address(back),
        )

    def _revision(
        self,
        request: Request,
        asked: Asked,
        version: int | None,
        typed: FormValues | None = None,
    ) -> Revision | None:
        """Return the plan as the person saw it; None if the form is of another command.

        The form shows what the parts say, so the read is recorded.
        """
        if asked.shape is not ReviseCarePlan or asked.stream is None or asked.patient is None:
            return None
        self.site.reads.of_person(request, asked.patient)
        stream = StreamId(asked.stream)
        history = [
            each
            for each in KIND.history(stream, self.decisions.streams.read(stream))
            if version is None or each.version <= version
        ]
        state = fold(CARE_PLAN, history).state
        if isinstance(state, NotDrafted):
            raise NotFound("No such plan", "Open it from the page of the patient.")
        contents = self.site.reader.plan_contents(stream, version=version)
        return Revision(seen=PlanSeen(state.plan, contents), base=version, typed=typed)

    def _patient_of(self, stream: StreamId) -> PatientId | None:
        """Return the patient that a stream names; None if it names none."""
        for each in self.decisions.streams.read(stream):
            if each.event.record is not None:
                return self.site.reader.resolve(each.event.record)
        return None

    def _members(
        self, asked: Asked, values: FormValues, key: str, subject: str
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the members of the command, and what is wrong, by the name of the field."""
        found: dict[tuple[str, ...], object] = {}
        errors: dict[str, str] = {}
        for field in fields_of(asked.shape):
            name = field_name(field)
            try:
                found[field.path] = self._value(field, values.get(name, ()))
            except ValueError as error:
                errors[name] = str(error)
        members = filled(found)
        _leave_out_empty(members)
        happened = one(values, "happened_at").strip()
        if happened:
            try:
                members["happened_at"] = self._moment(happened)
            except NotStated:
                errors["happened_at"] = _TIME
        if asked.record is not None:
            members["record"], members["mode"] = asked.record
        if asked.stream is not None:
            members["stream"] = asked.stream
        elif not errors:
            kind = asked.shape.KIND.name
            derived = asked.shape.stream_of(self.id_key, members)
            members["stream"] = derived or self.id_key.stream(kind, "page", subject, key)
        return members, errors

    def _value(  # noqa: PLR0911  # one for each kind of field
        self, field: CommandField, typed: Sequence[str]
    ) -> object:
        """Return the value of a field; None if it is not stated.

        Raises:
            ValueError: It is required and empty, or has the wrong form; the text says so.
        """
        texts = [text for each in typed if (text := each.strip())]
        if field.kind in {"codes", "choices"}:
            return [part for text in texts for part in text.split()] or None
        text = texts[-1] if texts else ""
        if field.kind == "yes_or_no":
            return bool(text)
        if not text:
            if field.required:
                raise ValueError("Choose one of these." if field.kind == "choice" else _FILL)
            return None
        match field.kind:
            case "day":
                return _day(text)
            case "instant":
                try:
                    return self._moment(text).at
                except NotStated:
                    raise ValueError(_TIME) from None
            case "json":
                return _json(text)
            case _:
                return text

    def _moment(self, text: str) -> Moment:
        """Return a time as it was typed: local time of the pages, unless it has an offset.

        Raises:
            NotStated: The text is not a time.
        """
        stated = stated_moment(text.replace(" ", "T", 1))
        if stated.zone == "offset":
            return stated
        zone = self.site.words.zone
        at = stated.at.replace(tzinfo=zone)
        until = stated.until.replace(tzinfo=zone) if stated.until else None
        return Moment(
            at=at.astimezone(stated.at.tzinfo),
            until=until.astimezone(stated.at.tzinfo) if until else None,
            precision=stated.precision,
            zone="offset",
            text=text,
        )

    def _page(  # noqa: PLR0913  # what a form shows
        self,
        request: Request,
        asked: Asked,
        *,
        form: Any,
        key: str,
        version: int | None,
        errors: Mapping[str, str] | None = None,
        happened: str = "",
        refusal: PageRefusal | None = None,
        status: int = 200,
        revision: Revision | None = None,
    ) -> Response:
        now = self.site.now()
        html = command_page(
            asked,
            form,
            key=key,
            version=version,
            happened=happened,
            happened_error=(errors or {}).get("happened_at", ""),
            refusal=refusal,
            rows=row_groups(revision.seen, revision.typed, errors) if revision else (),
            base=revision.base if revision else None,
            subject=FormSubjects(site=self.site, id_key=self.id_key).of(
                request, asked, form, read=revision is not None
            ),
            words=self.site.words,
            frame=self.site.frame(request, now, asked.section),
        )
        return HTMLResponse(html, status_code=status)

    def _wait(self, index: int) -> None:
        """Wait until the read models hold an event, so that the next page shows it."""
        deadline = time.monotonic() + _WAIT
        while self.site.reader.latest().index < index and time.monotonic() < deadline:
            time.sleep(_LOOK)


def _with_reason(request: Request) -> str:
    """Return the address of a form, with the reason for the read that the person gave."""
    reason = request.query_params.get("reason", "")
    return f"{request.url.path}?{urlencode({'reason': reason})}" if reason else request.url.path


def _own(request: Request) -> list[str]:
    """Return the organisations that the person acts for."""
    return sorted(user_of(request).authority.organisations)


def _leave_out_empty(members: dict[str, Any]) -> None:
    """Leave out nested members if the person stated none of their fields."""
    for name in [name for name, value in members.items() if value == {}]:
        del members[name]


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  # a day has no zone
    except ValueError:
        raise ValueError("Write a day such as 2026-03-13.") from None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError("This is not valid JSON.") from None


def _version(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None  # noqa: PLR2004  # of bigint


def _errors(
    shape: type[Command], error: ValidationError, revision: Revision | None
) -> dict[str, str]:
    """Return what is wrong, by the name of the field; values are not repeated."""
    names = [field_name(each) for each in fields_of(shape)]
    found: dict[str, str] = {}
    for each in error.errors(include_input=False, include_url=False):
        loc = ".".join(map(str, each["loc"]))
        name = (
            (revision.field_of(each["loc"]) if revision else "")
            or next((one for one in names if loc == one or loc.startswith(f"{one}.")), "")
            or next((one for one in names if one.startswith(f"{loc}.")), loc)
        )
        found[name] = _WRONG.get(each["type"], each["msg"])
    return found
