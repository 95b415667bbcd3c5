"""Render templates to HTML. Every value is escaped."""

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from caretrail.web.bars import n
from caretrail.web.purposes import purpose_words

TEMPLATES: Final = Path(__file__).parent / "templates"
#: The main navigation: key, address and words of each entry.
SECTIONS: Final = (
    ("patients", "/ui/patients", "Patients"),
    ("census", "/ui/census", "Census"),
    ("work", "/ui/work", "Work list"),
    ("referrals", "/ui/referrals", "Referrals"),
)
#: Directional embeddings, overrides and isolates; control characters except tab and line ends.
_INVISIBLE: Final = dict.fromkeys(
    {*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0x20), *range(0x7F, 0xA0)}
    - {0x09, 0x0A, 0x0D},
    "\ufffd",
)
STYLESHEET: Final = Path(__file__).parent / "static" / "caretrail.css"


@cache
def environment() -> Environment:
    """Return the environment of the templates. A name that a template misspells is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["n"] = n
    made.globals["sections"] = SECTIONS
    made.globals["purpose_words"] = purpose_words
    return made


def _harmless(value: object) -> object:
    """Replace invisible characters, which could reverse the text after them, by ``\ufffd``."""
    return value.translate(_INVISIBLE) if type(value) is str else value


def render(template: str, /, **names: object) -> str:
    """Return the HTML of a page."""
    return environment().get_template(template).render(**names)
