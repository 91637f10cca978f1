"""What one reading request asks several times is read once for it: a GET changes nothing, so the answer stays true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
_kept: ContextVar[dict[str, Any] | None] = ContextVar("kept", default=None)


@contextmanager
def per_request() -> Iterator[None]:
    """Keep what `read` fetches until the end of the block."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def read(name: str, fetch: Callable[[], T]) -> T:
    """Return what `fetch` gives: within a reading request the first answer, elsewhere always a new one."""
    kept = _kept.get()
    if kept is None:
        return fetch()
    if name not in kept:
        kept[name] = fetch()
    found: T = kept[name]
    return found
