"""Errors as the API answers them: a JSON body that says what is wrong in `detail`."""

import json

from fastapi import Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from ..core.logging import request_id


async def invalid_request(request: Request, error: RequestValidationError) -> Response:
    """The request does not fit what the route takes; as FastAPI answers it, whatever was sent.

    FastAPI itself fails to repeat the NaN and the infinities that Python reads, which have no form
    in JSON (RFC 8259, section 6) and become texts, and half of a surrogate pair.
    """
    problems = json.dumps({"detail": jsonable_encoder(error.errors())})
    body = json.dumps(json.loads(problems, parse_constant=str))
    return Response(body, status_code=422, media_type="application/json")


async def internal_server_error(request: Request, error: Exception) -> Response:
    """A route failed; the log says how."""
    body = {"detail": "Internal Server Error", "request_id": request_id.get()}
    return JSONResponse(body, status_code=500)
