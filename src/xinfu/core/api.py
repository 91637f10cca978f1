"""What API operations share: the permission that guards them, and how a refusal reads to a machine."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from functools import wraps
from typing import Annotated, Any, TypeVar

from django.http import HttpRequest
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

F = TypeVar("F", bound=Callable[..., Any])


def _written(value: object) -> object:
    """Let only a written day pass: a bare number would silently be read as seconds since 1970."""
    if value is None or (isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-"):
        return value
    raise PydanticCustomError("date_parsing", "not a day")


Day = Annotated[date, BeforeValidator(_written)]
"""A day that a caller gives, as 2026-11-24."""


def _moment(value: object) -> object:
    """Let only a written moment pass, for the same reason."""
    if value is None or (isinstance(value, str) and "T" in value and value[4:5] == "-"):
        return value
    raise PydanticCustomError("datetime_parsing", "not a moment")


Moment = Annotated[datetime, BeforeValidator(_moment)]
"""A moment that a caller gives, as 2026-11-24T14:02:00+08:00."""


def needs(permission: StrEnum | str) -> Callable[[F], F]:
    """Open an API operation to actors with the permission; stands under the router's line.

    `@router.get("/x")` over `@needs(Can.SEE)` over the function. Strangers never reach it (401); others get 403.
    """

    def decorate(operation: F) -> F:
        @wraps(operation)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            request.actor.require(str(permission))  # type: ignore[attr-defined]
            return operation(request, *args, **kwargs)

        # Names of types are resolved here, where the operation's own module is known.
        inner.__signature__ = inspect.signature(operation, eval_str=True)  # type: ignore[attr-defined]
        inner.permission = permission  # type: ignore[attr-defined]
        return inner  # type: ignore[return-value]

    return decorate


def signed_in(operation: F) -> F:
    """Open an API operation to everyone who is known: persons and systems."""
    operation.permission = "signed_in"  # type: ignore[attr-defined]
    return operation
