"""Find the texts most like a given one by their character n-grams; pure, so that any app may use it.

Chinese needs no words for this: two neighbouring characters say enough. Letters and digits are compared in one
width and case, everything else is left out.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

SIZE = 2
K = TypeVar("K", bound=Hashable)


def plain(text: str) -> str:
    """Return letters and digits only, in one width and case."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(char for char in folded if char.isalnum())


def grams(text: str, size: int = SIZE) -> frozenset[str]:
    """Return the n-grams of a text; a text shorter than n is its own one gram, an empty one has none."""
    bare = plain(text)
    if len(bare) <= size:
        return frozenset({bare} if bare else ())
    return frozenset(bare[at : at + size] for at in range(len(bare) - size + 1))


def likeness(one: str, other: str) -> float:
    """Return the Dice coefficient of two texts' grams: 0 nothing shared, 1 the same grams."""
    left, right = grams(one), grams(other)
    total = len(left) + len(right)
    return 2 * len(left & right) / total if total else 0.0


def containment(part: str, whole: str) -> float:
    """Return which share of the first text's grams the second one has: 1 where it says all of it."""
    asked = grams(part)
    return len(asked & grams(whole)) / len(asked) if asked else 0.0


class Index(Generic[K]):
    """Many texts, asked many times: one list of holders a gram, so that only texts that share one are looked at."""

    def __init__(self, texts: Iterable[tuple[K, str]] = ()) -> None:
        self._keys: list[K | None] = []
        self._sizes: list[int] = []
        self._holders: dict[str, list[int]] = {}
        self._places: dict[K, int] = {}
        for key, text in texts:
            self.put(key, text)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[K]:
        return iter(self._places)

    def put(self, key: K, text: str) -> None:
        """Take a text, in place of the one that the key had before."""
        self.drop(key)
        held = grams(text)
        place = len(self._keys)
        self._places[key] = place
        self._keys.append(key)
        self._sizes.append(len(held))
        for gram in held:
            self._holders.setdefault(gram, []).append(place)

    def drop(self, key: K) -> None:
        """Forget a text; its place stays empty, which costs nothing until many were dropped."""
        place = self._places.pop(key, None)
        if place is not None:
            self._keys[place] = None

    def nearest(
        self, text: str, limit: int = 5, at_least: float = 0.3, *, within: bool = False
    ) -> list[tuple[K, float]]:
        """Return up to `limit` keys with their likeness, the likest first, equals in the order of taking.

        `within`: by the share of the asked text's grams that the other has, for a text that is still being written.
        """
        asked = grams(text)
        shared: Counter[int] = Counter()
        for gram in asked:
            shared.update(self._holders.get(gram, ()))
        found: list[tuple[float, int, K]] = []
        for place, count in shared.items():
            key = self._keys[place]
            if key is None:
                continue
            score = count / len(asked) if within else 2 * count / (len(asked) + self._sizes[place])
            if score >= at_least:
                found.append((score, place, key))
        found.sort(key=lambda one: (-one[0], one[1]))
        return [(key, score) for score, _, key in found[:limit]]
