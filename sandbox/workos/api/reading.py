"""The bodies of requests to the API, read into types."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec
from flask import request
from werkzeug.exceptions import BadRequest

from sandbox.workos.api.errors import ApiError, invalid
from sandbox.workos.parameters import FORM

T = TypeVar("T")

_PLACE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<where>[^`]*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(.+)`")


def fields(malformed: int = 400) -> dict[str, Any]:
    """Give the fields of the body, JSON or a form; none where there is none (the SDKs send both).

    Raise ApiError for what is neither: 400, or the status `malformed` where the operation's 400 has another shape.
    """
    if request.mimetype == FORM:
        return dict(request.form.items())
    try:
        given = request.get_json(force=True) if request.get_data(cache=True) else {}
    except (BadRequest, RecursionError) as error:
        raise ApiError(malformed, "The body is no JSON.", "invalid_json") from error
    if not isinstance(given, dict):
        raise ApiError(malformed, "The body must be a JSON object.", "invalid_json")
    return given


def body(kind: type[T], malformed: int = 400) -> T:
    """Read the body into a type; what the type does not name is passed over, as WorkOS does.

    Raise ApiError: 400, or `malformed`, for what is no JSON object, 422 with the field named for a value that does not
    fit.
    """
    return convert(fields(malformed), kind)


def convert(given: Any, kind: type[T]) -> T:
    """Read JSON-like data into a type; raise ApiError 422 with the field named for a value that does not fit."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        place = _PLACE.match(str(error))
        what, where = (place["what"], place["where"] or "") if place else (str(error), "")
        missing = _MISSING.fullmatch(what)
        if missing:
            path = f"{where}.{missing[1]}".lstrip(".")
            raise invalid(path, "required", f"The parameter '{path}' is missing.") from error
        raise invalid(where, "invalid", f"The parameter '{where}' is not valid: {what}.") from error
