"""What staff may be told of an anonymous rating besides its unit and day: pure.

Window, town and item are told only where enough rated cases of the unit and day share *all* that is told, and
where those of which less is told are enough as well: else what is left out could be worked out from the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

WINDOW, TOWN, ITEM = 1, 2, 4
PARTS: Mapping[str, int] = {"window": WINDOW, "town": TOWN, "item": ITEM}
TELLING: Mapping[str, tuple[int, ...]] = {
    name: tuple(n for n in range(8) if n & part) for name, part in PARTS.items()
}
"""By part: the values of `Rating.told` that tell it."""


@dataclass(frozen=True, slots=True)
class Rated:
    """One anonymous rating of a day. `case` tells ratings of one case from those of others."""

    pk: int
    case: bytes
    department: int | None
    window: int | None
    town: int | None
    item: int | str | None


def is_told(part: str, *, is_anonymous: bool, told: int | None) -> bool:
    """Tell whether a part (window, town, item) of a rating may be shown; undecided ones (None) are not."""
    return not is_anonymous or bool((told or 0) & PARTS[part])


def told(rated: Iterable[Rated], least: int) -> dict[int, int]:
    """Return pk → what may be told of it (sum of WINDOW, TOWN, ITEM), for all anonymous ratings of one day."""
    units: dict[int | None, list[Rated]] = defaultdict(list)
    for one in rated:
        units[one.department].append(one)
    return {pk: n for rows in units.values() for pk, n in _split(rows, ("window", "town", "item"), 0, least)}


def _split(rows: Sequence[Rated], parts: Sequence[str], so_far: int, least: int) -> list[tuple[int, int]]:
    """Divide a group that looks alike so far by the next part, where every piece stays large enough."""
    if not parts:
        return [(one.pk, so_far) for one in rows]
    pieces: dict[int | str | None, list[Rated]] = defaultdict(list)
    for one in rows:
        pieces[getattr(one, parts[0])].append(one)
    large = [piece for key, piece in pieces.items() if key is not None and _cases(piece) >= least]
    rest = [one for key, piece in pieces.items() if key is None or _cases(piece) < least for one in piece]
    if rest and _cases(rest) < least:
        large, rest = [], list(rows)
    further = (_split(piece, parts[1:], so_far | PARTS[parts[0]], least) for piece in large)
    return [*chain.from_iterable(further), *(_split(rest, parts[1:], so_far, least) if rest else [])]


def _cases(rows: Iterable[Rated]) -> int:
    return len({one.case for one in rows})
