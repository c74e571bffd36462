"""Errors as the API answers them: a JSON body that says what is wrong in `detail`."""

from typing import Any

from flask import Flask, json
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.response import Response

from ..core.validation import InvalidRequest


def answer_errors_as_json(app: Flask) -> None:
    """Make the application answer so; a failure of its own says no more than its name."""
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(InvalidRequest, _refuse)


def _answer(error: HTTPException) -> Response:
    """The detail is what `abort` was told, else the name of the status."""
    told = error.description != type(error).description
    response = error.get_response()
    response.data = json.dumps({"detail": error.description if told else error.name})
    response.content_type = "application/json"
    return response


def _refuse(error: InvalidRequest) -> tuple[dict[str, Any], int]:
    return {"detail": error.detail}, error.status
