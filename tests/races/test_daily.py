"""Two workers on one bulk run, one form sent twice at once, two editors of one view: one of them wins, nothing is double."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from tests import make
from tests.races.test_cases import at_once
from xinfu.core import clock
from xinfu.core.access import Role
from xinfu.core.models import BulkRow, BulkRun, JournalEntry, SavedView
from xinfu.core.refusal import Refused
from xinfu.core.ui import bulk, lists, views
from xinfu.people.models import Account
from xinfu.people.screens.accounts import ACCOUNTS

NUMBER = 60


def run_of(once: str, by: Any, ids: list[int]) -> BulkRun:
    return bulk.begin(
        state=lists.read(ACCOUNTS, by, QueryDict("")), verb=ACCOUNTS.bulk[0], ids=ids, values={}, once=once,
        back="/", by=by, at=clock.now(),
    )  # fmt: skip


def accounts(county: make.Office) -> list[int]:
    people = [make.person(Role.WINDOW_CLERK, county.unit_a) for _ in range(NUMBER)]
    return sorted(Account.objects.filter(person__in=people).values_list("pk", flat=True))


def test_two_workers_on_one_run_do_each_row_once() -> None:
    county = make.office()
    by, ids = make.actor(Role.SYSTEM_ADMIN, county.root), accounts(county)
    run = run_of("a", by, ids)
    answers = at_once(*[lambda: bulk.work(run.pk, at=clock.now())] * 2)
    assert answers == [None, None]
    assert bulk.tally(run) == bulk.Tally(NUMBER, 0, 0)
    assert JournalEntry.objects.filter(event="account.closed").count() == NUMBER
    assert JournalEntry.objects.filter(event="bulk.finished").count() == 1


def test_a_form_sent_twice_at_once_begins_one_run() -> None:
    county = make.office()
    by, ids = make.actor(Role.SYSTEM_ADMIN, county.root), accounts(county)
    first, second = at_once(*[lambda: run_of("same", by, ids).pk] * 2)
    assert first == second == BulkRun.objects.get().pk
    assert BulkRow.objects.count() == NUMBER


def test_of_two_editors_of_a_view_one_wins_and_the_other_is_told() -> None:
    county = make.office()
    by = make.actor(Role.WINDOW_CHIEF, county.unit_a)
    state = lists.read(lists.specs["people.people"], by, QueryDict("state=serving"))
    view = views.save(state=state, address="/people/", title="甲", by=by, at=clock.now())

    def rename(title: str) -> None:
        views.change(view_id=view.pk, version=1, title=title, is_shared=False, by=by, at=clock.now())

    answers = at_once(lambda: rename("乙"), lambda: rename("丙"))
    told = [a for a in answers if isinstance(a, Refused)]
    assert [a.code for a in told] == ["changed_meanwhile"], answers
    assert SavedView.objects.get().version == 2
