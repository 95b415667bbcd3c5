"""The page of one command: its form, or the refusal with what was typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from caretrail.web.command_form import (
    ShownField,
    ShownForm,
    command_words,
    verb_words,
)
from caretrail.web.render import render
from caretrail.web.revision_form import OF_ROWS, RowGroup
from caretrail.web.words import Words
from commands.command import Command
from domain.ids import PatientId, RecordId, StreamId

_WORK: Final = "/ui/work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command that a form is for."""

    shape: type[Command]
    action: str  # address of the form
    stream: str | None  # None: the command begins a stream
    patient: PatientId | None  # None: the command or its stream names no patient
    record: tuple[RecordId, str] | None  # source record and mode of the patient
    back: str = ""  # address that the person came from and goes back to; empty: see ``landing``

    @property
    def section(self) -> str:
        """The entry of the main navigation that the form belongs to."""
        return {"referral": "referrals", "work": "work"}.get(self.shape.KIND.name, "patients")

    def landing(self, stream: StreamId | str) -> str:
        """Return the address that shows what was recorded: where the person came from, if known."""
        return self.back or self.page_of(stream)

    def page_of(self, stream: StreamId | str) -> str:
        """Return the address of what the command is about."""
        if self.shape.KIND.name == "referral":
            return f"/ui/referrals/{stream}"
        if self.shape.KIND.name == "work":
            return _WORK
        return f"/ui/patients/{self.patient}" if self.patient else "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRefusal:
    """Why nothing was recorded, and what to do."""

    code: str
    text: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSubject:
    """The patient and the object that a form is about."""

    name: str
    about: str  # birth date, age and sex
    concerns: str  # the referral, the discharge or the work item; empty: nothing but the patient


def command_page(  # noqa: PLR0913  # what a form shows
    asked: Asked,
    form: ShownForm,
    *,
    key: str,
    version: int | None,
    happened: str,
    happened_error: str,
    refusal: PageRefusal | None,
    words: Words,
    frame: Mapping[str, object],
    rows: Sequence[RowGroup] = (),
    base: int | None = None,
    subject: FormSubject | None = None,
) -> str:
    """Return the page of a command.

    Args:
        asked: The command.
        form: Its fields.
        key: Idempotency key: a form that is sent twice is recorded once.
        version: The version of the stream that the person has seen; None: the stream begins.
        happened: What was typed as the time at which it happened.
        happened_error: What is wrong with that.
        refusal: Why the rules refuse it.
        words: The words of the pages.
        frame: The frame of the page.
        rows: The parts of the plan that a form of a revision changes.
        base: The version of the plan that these rows show.
        subject: What the form is about; None: no patient, or none that may be shown.
    """
    if rows:
        seldom = tuple(each for each in form.seldom if each.name not in OF_ROWS)
        wrong = tuple(each for group in rows for row in group.rows for each in row.errors)
        form = replace(form, seldom=seldom, errors=form.errors + wrong)
    noun = asked.shape.KIND.name.replace("_", " ")
    verb = verb_words(asked.shape)
    title = "Mark as entered in error" if asked.shape.VERB == "void" else verb
    crumbs = _crumbs(asked, noun, subject.name if subject else "Patient")
    return render(
        "command.html",
        **frame,
        words=words,
        title=title,
        about=command_words(asked.shape),
        crumbs=crumbs,
        form=form,
        action=asked.action,
        key=key,
        version=version,
        button=verb if asked.shape.VERB != "void" else "Mark as entered in error",
        happened=ShownField(
            name="happened_at",
            anchor="f-happened_at",
            label="Happened at",
            need="optional",
            widget="line",
            value=happened,
            choices=(),
            required=False,
            error=happened_error,
            help="Empty: now. An earlier time is a late entry; it counts at its true time.",
        ),
        refusal=refusal,
        back=asked.back or crumbs[-1]["href"],
        come_from=asked.back,
        rows=rows,
        base=base,
        subject=subject,
    )


def _crumbs(asked: Asked, noun: str, patient: str) -> list[dict[str, str]]:
    """Return the pages above the form: where the person came from, and what the form is about.

    ``patient`` is the text of the link to the patient.
    """
    crumbs: list[dict[str, str]] = []
    if asked.back.startswith(_WORK) or (noun == "work" and not asked.patient):
        crumbs.append({"href": asked.back or _WORK, "text": "Work list"})
    if asked.patient:
        crumbs.append({"href": f"/ui/patients/{asked.patient}", "text": patient})
    above = {each["href"].partition("?")[0] for each in crumbs}
    if asked.stream and (page := asked.page_of(asked.stream)) not in above:
        crumbs.append({"href": page, "text": noun.capitalize()})
    return crumbs or [{"href": "/", "text": "First page"}]
