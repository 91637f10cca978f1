"""What API operations share: the permission that guards them, and how a refusal reads to a machine."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest

F = TypeVar("F", bound=Callable[..., Any])


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
