"""Suggestions judged or handed in by two at once: one opinion, one number each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

from tests import make
from tests.indicators import proposals
from tests.indicators.proposals import take
from xinfu.core.refusal import Refused
from xinfu.indicators.flow import ProposalStatus
from xinfu.indicators.models import Proposal, ProposalStep


def at_once(*calls: Callable[[], Any]) -> list[str]:
    """Run the calls at the same moment and return the codes of what was refused."""
    start, refused, faults = threading.Barrier(len(calls)), [], []

    def run(call: Callable[[], Any]) -> None:
        try:
            start.wait()
            call()
        except Refused as refusal:
            refused.append(refusal.code)
        except BaseException as fault:  # noqa: BLE001 - any fault of a thread fails the test
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not faults, faults
    return refused


def test_two_reviewers_at_once_give_one_opinion_and_the_second_is_told() -> None:
    office = make.office()
    one = proposals.proposal(office, state=ProposalStatus.COUNTY)
    refused = at_once(lambda: take(one, "county_passed"), lambda: take(one, "county_returned"))
    assert refused == ["wrong_state"]
    assert ProposalStep.objects.filter(proposal=one, level="county").count() == 1


def test_a_withdrawal_and_a_review_at_once_do_not_both_happen() -> None:
    office = make.office()
    one = proposals.proposal(office, state=ProposalStatus.COUNTY)
    assert at_once(lambda: take(one, "withdraw"), lambda: take(one, "county_passed")) == ["wrong_state"]
    assert Proposal.objects.get(pk=one.pk).status in {"withdrawn", "city"}


def test_eight_handed_in_at_once_get_eight_numbers_without_a_gap() -> None:
    office = make.office()
    drafts = [proposals.proposal(office) for _ in range(8)]
    assert at_once(*((lambda one=one: take(one, "submit")) for one in drafts)) == []
    numbers = Proposal.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [f"2023-{n:04}" for n in range(1, 9)]
