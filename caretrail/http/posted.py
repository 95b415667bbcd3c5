"""Read a form that a page of this server sent."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from caretrail.http.session_cookie import is_csrf_token, secret_of

#: Bytes of the largest form. A note has at most 20,000 characters, and a plan has many texts.
_LARGEST: Final = 1 << 20
_MOST_FIELDS: Final = 1000

#: The values of each field by its name.
FormValues: TypeAlias = Mapping[str, Sequence[str]]


class ForeignForm(Exception):
    """The form was not made for this session: another site sent it, or the session is newer."""


def posted(
    handler: Callable[[Request, FormValues], Response],
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that gives the fields of a form of this session to ``handler``."""

    async def checked(request: Request) -> Response:
        length = request.headers.get("content-length", "")
        if not length.isdecimal():
            raise HTTPException(411)
        if int(length) > _LARGEST:
            raise HTTPException(413)
        values: dict[str, list[str]] = {}
        async with request.form(max_fields=_MOST_FIELDS, max_files=0) as form:
            for name, value in form.multi_items():
                if isinstance(value, str):
                    values.setdefault(name, []).append(value)
        if not is_csrf_token(secret_of(request), one(values, "csrf")):
            raise ForeignForm
        return await run_in_threadpool(handler, request, values)

    return checked


def one(values: FormValues, name: str) -> str:
    """Return the last value of a field; empty if the form does not have the field."""
    return values[name][-1] if values.get(name) else ""
