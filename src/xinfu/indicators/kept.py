"""What was read from a snapshot, kept in this process for a while.

A snapshot never changes, so neither do its answers: the snapshot's digest is part of every key. Old answers leave
when newer ones need the room.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """At most `most` answers by key, the least recently used leave first; safe for several threads.

    `size`: what one answer counts, one each unless given; the newest answer stays whatever its size.
    """

    def __init__(self, most: int, size: Callable[[T], int] = lambda _: 1) -> None:
        self.most = most
        self._size = size
        self._held = 0
        self._answers: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._answers

    def get(self, key: Hashable, ask: Callable[[], T]) -> T:
        """Return the answer to the key, asking where it is not kept."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        answer = ask()
        self.put(key, answer)
        return answer

    def put(self, key: Hashable, answer: T) -> None:
        """Keep an answer that is known already."""
        with self._lock:
            if key in self._answers:
                self._held -= self._size(self._answers[key])
            self._answers[key] = answer
            self._answers.move_to_end(key)
            self._held += self._size(answer)
            while self._held > self.most and len(self._answers) > 1:
                self._held -= self._size(self._answers.popitem(last=False)[1])

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._answers.clear()
            self._held = 0
