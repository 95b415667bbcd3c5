"""Make the form of a command from its class: labels, choices, and what was typed before."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from commands.catalogue.fields import CommandField, fields_of
from commands.command import Command

#: Choices whose code alone says too little -> their words.
_CHOICE_WORDS: Final[Mapping[str, str]] = {
    "stat": "at once",
    "asap": "as soon as possible",
    "sent": "sent by the target",
    "found": "found in the record",
    "fax": "by fax",
    "told": "told by the patient or the target",
    "not_done": "it was not done",
    "wrong_item": "wrong entry",
    "duplicate": "recorded twice",
}
#: (kind, verb) of a command whose verb alone says too little -> the words of its button.
_VERB_WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("referral", "request"): "Request a referral",
    ("referral", "receive"): "Record the receipt",
    ("referral", "return_for_information"): "Ask for information",
    ("referral", "patient_declined"): "Record that the patient declined",
    ("referral", "authorise"): "Record the authorisation",
    ("referral", "refuse_authorisation"): "Record that it was not authorised",
    ("referral", "contact"): "Record a contact",
    ("referral", "see"): "Record the visit",
    ("referral", "miss"): "Record a missed visit",
    ("referral", "receive_outcome"): "Record the outcome",
    ("referral", "request_cancellation"): "Ask to cancel",
    ("referral", "mark_duplicate"): "Mark as a duplicate",
    ("referral", "clear_duplicate"): "Not a duplicate",
    ("care_plan", "draft"): "Draft a plan",
    ("care_plan", "activate"): "Put the plan in force",
    ("care_plan", "revise"): "Revise the plan",
    ("care_plan", "progress_goal"): "Record the progress of a goal",
    ("care_plan", "progress_activity"): "Record the progress of an activity",
    ("care_plan", "review"): "Record a review",
    ("care_team", "join"): "Add to the care team",
    ("care_team", "hand_over"): "Hand over",
    ("medication_list", "record"): "Record a medication list",
    ("medication_list", "reconcile"): "Record a reconciliation",
    ("work", "claim"): "Claim",
    ("work", "assign"): "Assign to another",
}
#: Names of fields that are one line of text.
_ONE_LINE: Final = re.compile(r"(number|name|telephone)$")
#: Names of fields that a person seldom fills.
_SELDOM_NAMES: Final = frozenset({"pool", "goal", "activity", "authorisation_number", "specialty"})
#: Kinds of fields that a person seldom fills: they are folded, unless they are required.
_SELDOM: Final = frozenset({"id", "codes", "json", "yes_or_no"})
#: Fields for the organisation that acts: one of those that the person acts for.
_ACTING: Final = frozenset({"by", "requester", "acknowledged_by", "author"})
#: Names of fields that are hidden if the page that links to the form fills them.
_NAMED_BY_PAGE: Final = frozenset({"encounter", "event_id"})
_SEALED: Final = re.compile(r"[;,] (?:it is )?(?:stored )?sealed$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChoice:
    """One choice of a field."""

    code: str
    words: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """One field of a form, with what was typed and what is wrong with it."""

    name: str
    anchor: str  # of the HTML element
    label: str
    need: str  # beside the label: "optional", "sealed"; empty: required
    widget: str  # line, hidden, text, day, instant, select, radio, choices, organisation, ...
    value: str
    choices: tuple[ShownChoice, ...]
    required: bool
    error: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownForm:
    """The fields of a form: those to fill, and those that are seldom needed."""

    fields: tuple[ShownField, ...]
    seldom: tuple[ShownField, ...]
    errors: tuple[ShownField, ...]  # the fields with an error
    own: tuple[str, ...]  # organisations that the person acts for

    def value(self, name: str) -> str:
        """Return the value of a field; empty: the form has no such field, or it is not filled."""
        fields = (*self.fields, *self.seldom)
        return next((each.value for each in fields if each.name == name), "")


def shown_form(
    shape: type[Command],
    values: Mapping[str, Sequence[str]] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    suggested: Mapping[str, str] | None = None,
    own: Sequence[str] = (),
) -> ShownForm:
    """Return the form of a command.

    Args:
        shape: The command.
        values: What was typed, by the name of the field; None: the form is new.
        errors: What is wrong, by the name of the field.
        suggested: Values of a new form.
        own: Organisations that the person acts for. They are offered for the one that acts; one
            alone fills it.
    """
    wrong = errors or {}
    made = [(each, _shown(each, values, wrong, suggested or {}, own)) for each in fields_of(shape)]
    return ShownForm(
        fields=tuple(shown for each, shown in made if not _is_seldom(each)),
        seldom=tuple(shown for each, shown in made if _is_seldom(each)),
        errors=tuple(shown for _, shown in made if shown.error),
        own=tuple(own),
    )


def field_name(field: CommandField) -> str:
    """Return the name under which a form sends a field."""
    return ".".join(field.path)


def verb_words(shape: type[Command]) -> str:
    """Return what a command does, such as ``Accept``."""
    known = _VERB_WORDS.get((shape.KIND.name, shape.VERB))
    return known or shape.VERB.replace("_", " ").capitalize()


def command_words(shape: type[Command]) -> str:
    """Return the first sentence about a command."""
    return (shape.__doc__ or "").strip().partition("\n")[0]


def choice_words(code: str) -> str:
    """Return the words of a choice."""
    return _CHOICE_WORDS.get(code) or code.replace("_", " ")


def _is_seldom(field: CommandField) -> bool:
    return not field.required and (field.kind in _SELDOM or field.path[-1] in _SELDOM_NAMES)


def _shown(
    field: CommandField,
    values: Mapping[str, Sequence[str]] | None,
    errors: Mapping[str, str],
    suggested: Mapping[str, str],
    own: Sequence[str],
) -> ShownField:
    name = field_name(field)
    typed: Sequence[str]
    if values is None:
        default = field.default if isinstance(field.default, str | int | bool) else ""
        given = suggested.get(name, "yes" if default is True else str(default or ""))
        if not given and _acts(field) and len(own) == 1:
            given = own[0]
        typed = [given] if given else []
    else:
        typed = values.get(name, ())
    sealed = bool(_SEALED.search(field.words))
    label = _SEALED.sub("", field.words)
    needs = [
        *(() if field.required or field.default else ("optional",)),
        *(("sealed",) if sealed else ()),
    ]
    choices = tuple(
        ShownChoice(code=code, words=choice_words(code), chosen=code in typed)
        for code in field.choices
    )
    return ShownField(
        name=name,
        anchor="f-" + "-".join(field.path),
        label=label[:1].upper() + label[1:],
        need=", ".join(needs),
        widget="hidden"
        if name in _NAMED_BY_PAGE and typed
        else "own_organisation"
        if own and _acts(field)
        else _widget(field),
        value="\n".join(typed) if field.kind == "codes" else (typed[-1] if typed else ""),
        choices=choices,
        required=field.required,
        error=errors.get(name, ""),
        help=_HELP.get(_widget(field), ""),
    )


def _acts(field: CommandField) -> bool:
    """Tell whether a field is for the organisation that acts, or that owns what is begun."""
    first = field.path[0]
    return field.path[-1] == "organisation" and (
        first in _ACTING or (first == "responsible" and field.required)
    )


_HELP: Final[Mapping[str, str]] = {
    "codes": "One code in each line.",
    "instant": "Such as 2026-03-10 13:30.",
    "json": "JSON, as in the reference of the API.",
}
_FEW: Final = 5  # choices that are shown side by side


def _widget(field: CommandField) -> str:
    match field.kind:
        case "choice":
            return "radio" if field.required and len(field.choices) <= _FEW else "select"
        case "code" if field.path == ("item",):
            return "hidden"  # the page that links to the form names the item
        case "code" if field.path[-1] == "organisation":
            return "organisation"
        case "code" | "id" | "number":
            return "line"
        case "text" if _ONE_LINE.search(field.path[-1]):
            return "line"
        case _:
            return field.kind
