"""What of an anonymous rating staff may be told: nothing that fewer than enough people share."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinfu.ratings import telling
from xinfu.ratings.telling import ITEM, TOWN, WINDOW, Rated

maybe = st.one_of(st.none(), st.integers(1, 3))
ratings = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 2), maybe, maybe, maybe), max_size=60).map(
    lambda rows: [Rated(n, bytes([case]), *rest) for n, (case, *rest) in enumerate(rows)]
)


@given(rated=ratings, least=st.integers(2, 6))
def test_whatever_is_told_is_shared_by_enough_cases_and_so_is_what_is_left_out(
    rated: list[Rated], least: int
) -> None:
    told = telling.told(rated, least)
    assert set(told) == {one.pk for one in rated}
    looks: dict[tuple[object, ...], set[bytes]] = defaultdict(set)
    units: dict[int | None, set[tuple[object, ...]]] = defaultdict(set)
    for one in rated:
        shown = tuple(getattr(one, n) if told[one.pk] & part else None for n, part in telling.PARTS.items())
        looks[one.department, *shown].add(one.case)
        units[one.department].add(shown)
    for (unit, *shown), cases in looks.items():
        alone = not any(shown) and units[unit] == {(None, None, None)}
        assert alone or len(cases) >= least, "a smaller group is told only as one of its unit and day"


def of(pk: int, window: int | None = 1, town: int | None = None, item: int | None = None) -> Rated:
    return Rated(pk, pk.to_bytes(2), 1, window, town, item)


@pytest.mark.parametrize(
    ("rated", "wanted", "why"),
    [
        ([of(n) for n in range(4)], {0}, "four share the window"),
        ([of(n) for n in range(5)], {WINDOW}, "five share it"),
        ([of(n, item=1) for n in range(5)], {WINDOW | ITEM}, "and the item"),
        ([of(n, town=2, item=1) for n in range(5)], {WINDOW | TOWN | ITEM}, "and the town"),
        ([of(n, item=n) for n in range(5)], {WINDOW}, "each his own item"),
        ([*[of(n) for n in range(5)], of(9, window=2)], {0}, "the sixth would be the other window's"),
        ([*[of(n) for n in range(5)], *[of(9 + n, window=2 + n % 2) for n in range(5)]], {0, WINDOW},
         "five at two other windows hide one another"),
        ([of(1)] + [Rated(n, b"one", 1, 1, None, None) for n in range(2, 9)], {0}, "one case rated often is one"),
        ([of(n, window=None, item=3) for n in range(5)], {ITEM}, "what has no window shows its item"),
    ],
)  # fmt: skip
def test_a_part_is_told_from_five_on(rated: list[Rated], wanted: set[int], why: str) -> None:
    assert set(telling.told(rated, 5).values()) == wanted, why


def test_ratings_by_name_are_told_and_undecided_ones_are_not() -> None:
    assert telling.is_told("window", is_anonymous=False, told=None)
    assert not telling.is_told("window", is_anonymous=True, told=None)
    assert telling.is_told("item", is_anonymous=True, told=ITEM)
    assert not telling.is_told("item", is_anonymous=True, told=WINDOW)
