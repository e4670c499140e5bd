"""The bodies of requests to the API, read into types."""

from __future__ import annotations

import json
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


def fields() -> dict[str, Any]:
    """Give the fields of the body, JSON or a form; none where there is none (the SDKs send both).

    Raise ApiError 422 for what is neither, and for a text that is no Unicode, such as half a surrogate pair. A 400 of
    these operations has codes of its own in WorkOS's OpenAPI document, so it is none (WorkOS's answer is UNCERTAIN).
    """
    if request.mimetype == FORM:
        return dict(request.form.items())
    try:
        given = request.get_json(force=True) if request.get_data(cache=True) else {}
        json.dumps(given, ensure_ascii=False).encode()
    except (BadRequest, RecursionError, UnicodeEncodeError) as error:
        raise _unreadable("The body is no JSON.") from error
    if not isinstance(given, dict):
        raise _unreadable("The body must be a JSON object.")
    return given


def _unreadable(message: str) -> ApiError:
    return ApiError(422, message, "invalid_request_parameters")


def body(kind: type[T]) -> T:
    """Read the body into a type; what the type does not name is passed over, as WorkOS does.

    Raise ApiError 422 for what is no JSON object, and with the field named for a value that does not fit.
    """
    return convert(fields(), kind)


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
