"""What clients send and see: the same in the schema, the answers and the errors."""

from datetime import datetime
from typing import Annotated

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, UrlConstraints

# What every database can hold as the number of a row.
Number = Annotated[int, Field(ge=0, le=2**31 - 1)]


class NewBookmark(BaseModel):
    """What a client sends to keep a page."""

    model_config = ConfigDict(str_strip_whitespace=True)

    url: Annotated[AnyHttpUrl, UrlConstraints(max_length=2000)]
    # PostgreSQL holds no NUL.
    title: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class KeptBookmark(BaseModel):
    """A bookmark as the API shows it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    url: str
    title: str
    created_at: datetime


class Page(BaseModel):
    """Which bookmarks of the list; `after` is the last id of the page before."""

    limit: Annotated[int, Field(ge=1, le=1000)] | None = None
    after: Number = 0
