"""Answers of a snapshot are asked for once, and the oldest leave when there is no room."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from xinfu.indicators.kept import Kept


def test_an_answer_is_asked_for_once_and_the_least_used_leaves_first() -> None:
    kept: Kept[str] = Kept(2)
    asked: list[str] = []

    def ask(key: str) -> str:
        return kept.get(key, lambda: asked.append(key) or key.upper())  # type: ignore[func-returns-value]

    assert [ask("a"), ask("b"), ask("a"), ask("c"), ask("a"), ask("b")] == ["A", "B", "A", "C", "A", "B"]
    assert asked == ["a", "b", "c", "b"]


def test_large_answers_leave_sooner_than_small_ones_and_the_newest_stays() -> None:
    kept: Kept[str] = Kept(10, len)
    for key in ("a" * 4, "b" * 4, "c" * 4):
        kept.put(key, key)
    assert ("aaaa" in kept, "bbbb" in kept, "cccc" in kept) == (False, True, True)
    kept.put("d" * 99, "d" * 99)
    assert "d" * 99 in kept
    assert "bbbb" not in kept
    kept.clear()
    assert "d" * 99 not in kept


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(1, 5))
def test_whatever_is_kept_the_answer_is_right(keys: list[int], most: int) -> None:
    kept: Kept[int] = Kept(most)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda key: kept.get(key, lambda: key * key), keys))
    assert found == [key * key for key in keys]
