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


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(1, 5))
def test_whatever_is_kept_the_answer_is_right(keys: list[int], most: int) -> None:
    kept: Kept[int] = Kept(most)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda key: kept.get(key, lambda: key * key), keys))
    assert found == [key * key for key in keys]
