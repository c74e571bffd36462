"""Reads what a client sent into pydantic models; what does not fit is answered with its place."""

import json
from collections.abc import Callable, Mapping
from email.message import Message
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

CLIENT_GONE = 499  # as in web/measured.py


class InvalidRequest(Exception):  # noqa: N818 - the name says whose fault it is
    """The request does not fit what the route takes: the status, and the detail for the client.

    With 422 that is a list of the type, place, message and input of each problem, as FastAPI answers
    it; 400 is for a body that cannot be read at all, 499 for one that breaks off.
    """

    def __init__(self, status: int, detail: object) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def read_body(model: type[M], content: bytes, environ: Mapping[str, Any]) -> M:
    """The JSON body of a request, of which WSGI's environ says type and length.

    InvalidRequest if there is none, it is no JSON, or does not fit, or if the client left before its
    end. Under another media type it is refused: a browser lets every site send a form in its user's
    name, and only JSON needs the permission of this one.
    """
    announced = environ.get("CONTENT_LENGTH", "").lstrip("0")
    if announced.isdecimal() and announced != str(len(content)):  # servers take it for the end
        raise InvalidRequest(CLIENT_GONE, "the body ends before its Content-Length")
    if not content:
        problem = {"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}
        raise InvalidRequest(422, [problem])
    is_json = _is_json(environ.get("CONTENT_TYPE", ""))
    value = _parsed(content) if is_json else content.decode(errors="replace")
    return _validated(lambda: model.model_validate(value, from_attributes=True), "body")


def read_query(model: type[M], values: Mapping[str, str]) -> M:
    """The parameters after the question mark; InvalidRequest if one does not fit the model."""
    return _validated(lambda: model.model_validate(values), "query")


def read_path(kind: TypeAdapter[T], **parameter: str) -> T:
    """One parameter of the path, by name: `read_path(NUMBER, id=id)`; InvalidRequest if it is none."""
    ((name, text),) = parameter.items()
    return _validated(lambda: kind.validate_python(text), "path", name)


def _is_json(content_type: str) -> bool:
    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (
        subtype == "json" or subtype.endswith("+json")
    )


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        problem = {
            "type": "json_invalid",
            "loc": ["body", error.pos],
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": error.msg},
        }
        raise InvalidRequest(422, [problem]) from None
    except (ValueError, RecursionError):
        raise InvalidRequest(400, "There was an error parsing the body") from None


def _validated(validate: Callable[[], T], *place: str) -> T:
    try:
        return validate()
    except ValidationError as error:
        # As text and back: what a problem holds may be any object. The NaN and the infinities that
        # Python reads have no form in JSON (RFC 8259, section 6), so they become texts.
        text = json.dumps(error.errors(include_url=False), default=str)
        problems = json.loads(text, parse_constant=str)
        for problem in problems:
            problem["loc"] = [*place, *problem["loc"]]
        raise InvalidRequest(422, problems) from None
