"""Templates to HTML: escaped always, no script, nothing from elsewhere."""

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from caretrail.web.bars import n

TEMPLATES: Final = Path(__file__).parent / "templates"
STYLESHEET: Final = Path(__file__).parent / "static" / "caretrail.css"


@cache
def environment() -> Environment:
    """Return the templates' environment; a name that a template misspells is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["n"] = n
    return made


def render(template: str, /, **names: object) -> str:
    """Return the HTML of a page."""
    return environment().get_template(template).render(**names)
