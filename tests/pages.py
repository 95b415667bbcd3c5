"""The pages over a reader, as tests serve them."""

from typing import Any

from starlette.applications import Starlette

from caretrail.http import create_app
from caretrail.reading.reader import Reader
from tests.region import WORDS, now
from tests.signed_in import sessions_of


def pages_app(reader: Reader, **given: Any) -> Starlette:
    """Return the pages over a reader, at the present of the region of the tests.

    Args:
        reader: Answers the questions of the pages.
        given: Arguments of ``create_app`` that are not those of most tests.
    """
    usual: dict[str, Any] = {
        "sessions": sessions_of(reader),
        "now": now,
        "new_id": str,
        "words": WORDS,
        "problems": dict,
        "metrics": bytes,
    }
    return create_app(reader, **usual | given)
