"""Errors as the API answers them: a JSON body that says what is wrong in `detail`."""

from typing import Any

from flask import Flask, json
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, ClientDisconnected, HTTPException

from ..core.logging import request_id
from ..core.validation import InvalidRequest
from .measured import CLIENT_GONE


def in_json(answer: Any) -> Any:
    """An error that no handler answered, in JSON; any other answer as it is.

    The detail is what `abort` was given, else the name of the status: an unhandled exception shows
    no more of itself.
    """
    if not isinstance(answer, HTTPException) or answer.response or (answer.code or 0) < 400:
        return answer
    given = answer.description != type(answer).description
    response = answer.get_response()
    body = {"detail": answer.description if given else answer.name}
    if answer.code == 500:
        body["request_id"] = request_id.get()
    response.data = json.dumps(body)
    response.content_type = "application/json"
    return response


def handle_bad_bodies(app: Flask) -> None:
    """Answer what goes wrong while a body is read: these are the client's errors, not the view's."""
    app.register_error_handler(
        InvalidRequest, lambda error: ({"detail": error.detail}, error.status)
    )
    app.register_error_handler(
        ParseException, lambda error: BadRequest()
    )  # of gunicorn, for chunks
    app.register_error_handler(ClientDisconnected, lambda error: ("", CLIENT_GONE))
