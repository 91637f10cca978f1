"""Two connections at once: numbers without gaps or doubles, one move wins, one co-signature counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, connections

from tests import make
from tests.papers.conftest import BLOCKS
from xinfu.core.access import Role
from xinfu.core.refusal import Refused
from xinfu.papers import actions
from xinfu.papers.flow import Status
from xinfu.papers.models import CoSign, NumberSeries, Paper, PaperStep


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Run the calls at the same moment on connections of their own; return results and refusals."""
    gate = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        try:
            gate.wait()
            results[place] = call()
        except Refused as refused:
            results[place] = refused
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n, call)) for n, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def signed(county: make.Office, now: datetime, count: int) -> list[Paper]:
    drafter = make.actor(Role.APPRAISAL, county.appraisal)
    reviewer = make.actor(Role.GENERAL, county.general)
    leader = make.actor(Role.LEADER, county.root)
    papers = []
    for n in range(count):
        paper = actions.draft_paper(kind="notice", title=f"通知{n}", blocks=BLOCKS[:1], by=drafter, at=now)
        actions.submit(paper=paper, by=drafter, at=now)
        actions.pass_review(paper=paper, by=reviewer, at=now)
        actions.sign(paper=paper, by=leader, at=now)
        papers.append(Paper.objects.get(pk=paper.pk))
    return papers


def test_papers_numbered_at_once_get_the_next_numbers_without_gap_or_double(now: datetime) -> None:
    county = make.office()
    papers = signed(county, now, 6)
    clerk = make.actor(Role.GENERAL, county.general)
    together(
        *(lambda paper=paper: actions.assign_number(paper=paper, by=clerk, at=now) for paper in papers)  # type: ignore[misc]
    )
    assert sorted(Paper.objects.order_by("pk").values_list("serial", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert NumberSeries.objects.get().last == 6
    assert connection.vendor == "postgresql"


def test_one_paper_numbered_twice_at_once_uses_one_number(now: datetime) -> None:
    county = make.office()
    (paper,) = signed(county, now, 1)
    clerks = [make.actor(Role.GENERAL, county.general) for _ in range(2)]
    copies = [Paper.objects.get(pk=paper.pk) for _ in clerks]
    results = together(
        *(
            lambda copy=copy, clerk=clerk: actions.assign_number(paper=copy, by=clerk, at=now)  # type: ignore[misc]
            for copy, clerk in zip(copies, clerks, strict=True)
        )
    )
    assert sorted(type(r).__name__ for r in results) == ["Refused", "str"]
    assert NumberSeries.objects.get().last == 1


def test_a_signature_and_a_withdrawal_at_once_leave_one_of_them(now: datetime) -> None:
    county = make.office()
    drafter = make.actor(Role.APPRAISAL, county.appraisal)
    reviewer = make.actor(Role.GENERAL, county.general)
    leader = make.actor(Role.LEADER, county.root)
    paper = actions.draft_paper(kind="notice", title="通知", blocks=BLOCKS[:1], by=drafter, at=now)
    actions.submit(paper=paper, by=drafter, at=now)
    actions.pass_review(paper=paper, by=reviewer, at=now)
    first, second = (Paper.objects.get(pk=paper.pk) for _ in range(2))
    results = together(
        lambda: actions.sign(paper=first, by=leader, at=now),
        lambda: actions.withdraw(paper=second, by=drafter, at=now),
    )
    assert [type(r) for r in results].count(Refused) == 1
    left = Paper.objects.get(pk=paper.pk)
    assert (left.status == Status.SIGNED) == (left.digest != "")


def test_a_department_that_cosigns_twice_at_once_counts_once(now: datetime) -> None:
    county = make.office()
    drafter = make.actor(Role.APPRAISAL, county.appraisal)
    units = [county.unit_a, county.unit_b]
    paper = actions.draft_paper(
        kind="notice", title="通知", blocks=BLOCKS[:1], cosigners=[u.pk for u in units], by=drafter, at=now
    )
    actions.submit(paper=paper, by=drafter, at=now)
    actions.pass_review(paper=paper, by=make.actor(Role.GENERAL, county.general), at=now)
    people = [make.actor(Role.UNIT_LIAISON, u) for u in (county.unit_a, county.unit_a, county.unit_b)]
    copies = [Paper.objects.get(pk=paper.pk) for _ in people]
    results = together(
        *(
            lambda copy=copy, who=who: actions.cosign(  # type: ignore[misc]
                paper=copy, department_id=who.unit_id, agree=True, by=who, at=now
            )
            for copy, who in zip(copies, people, strict=True)
        )
    )
    assert [type(r) for r in results].count(Refused) == 1
    assert CoSign.objects.filter(decision="agree").count() == 2
    assert Paper.objects.get(pk=paper.pk).status == Status.SIGN
    assert PaperStep.objects.filter(verb="会签同意").count() == 2
