"""Errors as the API answers them: a JSON body that says what is wrong in `detail`."""

from typing import Any

from flask import Flask, json
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.response import Response

from ..core.validation import InvalidRequest
from .measured import CLIENT_GONE


def answer_errors_as_json(app: Flask) -> None:
    """Make the application answer so; a failure of its own says no more than its name."""
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(InvalidRequest, _refuse)
    app.register_error_handler(ParseException, _unreadable)
    app.register_error_handler(NoMoreData, _client_gone)


def _answer(error: HTTPException) -> Response:
    """The detail is what `abort` was told, else the name of the status."""
    told = error.description != type(error).description
    response = error.get_response()
    response.data = json.dumps({"detail": error.description if told else error.name})
    response.content_type = "application/json"
    return response


def _refuse(error: InvalidRequest) -> tuple[dict[str, Any], int]:
    return {"detail": error.detail}, error.status


def _unreadable(error: ParseException) -> tuple[dict[str, Any], int]:
    """The chunks of the body are no chunks: the server finds out when the body is read."""
    return {"detail": "Bad Request"}, 400


def _client_gone(error: NoMoreData) -> tuple[str, int]:
    """Nobody is there to be answered: the chunks of the body end before the last one."""
    return "", CLIENT_GONE
