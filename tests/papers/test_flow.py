"""Every state × every move: only what the table names can happen, and only to who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.papers.conftest import People
from xinfu.core.actor import system
from xinfu.core.refusal import Forbidden, Refused
from xinfu.papers import actions
from xinfu.papers.access import Can
from xinfu.papers.flow import FLOW, Status
from xinfu.papers.models import Paper

EVERYONE = system("tests")
ROLES = {
    Can.DRAFT: "drafter",
    Can.REVIEW: "reviewer",
    Can.COSIGN: "liaison",
    Can.SIGN: "leader",
    Can.ISSUE: "reviewer",
}


@pytest.mark.parametrize("state", list(Status))
def test_no_move_leaves_a_state_that_the_table_does_not_name(
    state: Status, paper_at: Callable[..., Paper]
) -> None:
    paper = paper_at(state)
    for move in FLOW.moves:
        if state not in move.sources:
            with pytest.raises(Refused) as refused:
                FLOW.check(move.name, paper, EVERYONE)
            assert refused.value.code == "wrong_state", move.name


@pytest.mark.parametrize("state", [s for s in Status if s != Status.VOIDED])
def test_each_state_but_the_last_ones_has_a_way_on_for_somebody(
    state: Status, paper_at: Callable[..., Paper], people: People
) -> None:
    paper = paper_at(state)
    open_moves = [
        choice.name
        for who in (people.drafter, people.reviewer, people.liaison, people.leader)
        for choice in FLOW.choices(paper, who)
        if choice.reason is None
    ]
    assert bool(open_moves) == (state != Status.ARCHIVED)


@pytest.mark.parametrize("move", FLOW.moves, ids=lambda m: m.name)
def test_each_move_is_forbidden_to_a_role_without_its_permission(
    move: object, paper_at: Callable[..., Paper], people: People
) -> None:
    move = FLOW[move.name]  # type: ignore[attr-defined]
    state = min(move.sources)
    paper = paper_at(Status(state))
    holder = ROLES[Can(move.permission)]
    for name in ("drafter", "reviewer", "leader", "liaison"):
        who = getattr(people, name)
        if not who.may(move.permission):
            with pytest.raises(Forbidden):
                FLOW.check(move.name, paper, who)
    assert getattr(people, holder).may(move.permission)


SOURCE = {
    "submit": Status.DRAFT,
    "pass_review": Status.REVIEW,
    "sign": Status.SIGN,
    "assign_number": Status.SIGNED,
    "seal": Status.NUMBERED,
    "dispatch": Status.SEALED,
}


@pytest.mark.parametrize("state", list(Status))
def test_each_action_is_refused_outside_its_state(
    state: Status, paper_at: Callable[..., Paper], now: datetime
) -> None:
    paper = paper_at(state)
    for name, source in SOURCE.items():
        if state != source:
            with pytest.raises(Refused) as refused:
                getattr(actions, name)(paper=paper, by=EVERYONE, at=now)
            assert refused.value.code == "wrong_state", name


def test_the_diagram_names_every_state_and_every_label() -> None:
    drawn = FLOW.mermaid()
    assert all(move.label in drawn for move in FLOW.moves)
    assert all(str(state) in drawn for state in Status)
