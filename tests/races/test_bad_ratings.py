"""Two connections at once: one judgement counts, a term is put off once, a loop opens once."""

from __future__ import annotations

from datetime import timedelta

from tests import make
from tests.races.test_papers import together
from tests.ratings import loops
from tests.ratings.test_loop import AT
from xinfu.core.access import Role
from xinfu.core.refusal import Refused
from xinfu.ratings import actions
from xinfu.ratings.flow import Status
from xinfu.ratings.models import BadRating, CallBackKind, Rating


def test_of_two_who_judge_at_once_one_counts_and_the_other_is_told() -> None:
    county = make.office()
    loop = loops.loop(county, AT, state=Status.APPEALED)
    judges = [make.actor(Role.APPRAISAL, county.appraisal) for _ in range(2)]
    done = together(
        lambda: actions.move_loop(loop=loop, move="uphold", note="成立", by=judges[0], at=AT),
        lambda: actions.move_loop(loop=loop, move="reject", note="属实", by=judges[1], at=AT),
    )
    refused = [answer for answer in done if isinstance(answer, Refused)]
    assert len(refused) == 1
    assert "当前状态是" in refused[0].reason
    loop.refresh_from_db()
    assert loop.steps.count() == 2
    excluded = Rating.objects.get(pk=loop.rating_id).excluded_at is not None
    assert excluded == (loop.status == Status.INVALID)


def test_of_two_who_put_a_term_off_at_once_one_does() -> None:
    county = make.office()
    loop = loops.loop(county, AT, state=Status.RECTIFYING)
    days = [loop.rectify_due_on + timedelta(days=n) for n in (3, 5)]
    done = together(
        *(
            lambda day=day: actions.move_loop(
                loop=loop, move="extend", note="待补", due_on=day, by=make.SYSTEM, at=AT
            )
            for day in days
        )
    )
    assert sum(isinstance(answer, Refused) for answer in done) == 1
    loop.refresh_from_db()
    assert loop.rectify_due_on in days


def test_two_calls_at_once_are_both_kept_and_the_first_sets_the_moment() -> None:
    county = make.office()
    loop = loops.loop(county, AT, called=False)
    together(
        *(
            lambda at=AT + timedelta(minutes=n): actions.call_back(
                loop=loop, kind=CallBackKind.FIRST, is_reached=True, said="好", by=make.SYSTEM, at=at
            )
            for n in range(2)
        )
    )
    loop.refresh_from_db()
    assert loop.calls.count() == 2
    assert loop.called_back_at is not None


def test_two_tickers_raise_an_overdue_loop_once() -> None:
    county = make.office()
    loop = loops.loop(county, AT, state=Status.RECTIFYING)
    late = AT + timedelta(days=40)
    together(*(lambda: actions.watch(by=make.SYSTEM, at=late) for _ in range(2)))
    assert [step.move for step in loop.steps.order_by("pk")] == ["accept", "raise"]


def test_a_rating_opened_twice_at_once_has_one_loop() -> None:
    county = make.office()
    rating = loops.rating(county, AT)
    done = together(*(lambda: actions.open_loop(rating=rating, by=make.SYSTEM, at=AT) for _ in range(4)))
    assert {answer.pk for answer in done} == {BadRating.objects.get().pk}
