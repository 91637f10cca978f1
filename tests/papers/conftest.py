"""A paper at any place of its way, made through actions by the right people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests import make
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.papers import actions
from xinfu.papers.flow import Status
from xinfu.papers.models import Paper

FIGURE = {
    "key": "total",
    "title": "办件总量",
    "text": "108万件",
    "definition": "收件日在统计期内的办件数",
    "period": "2023年1月1日至2023年5月31日",
    "numerator": "1080000",
    "denominator": "",
    "snapshot": "sha256:" + "ab12" * 16,
    "cutoff": "2023年5月31日",
    "origin": "computed",
    "evidence": "",
    "url": "/indicators/cases_total/",
}
BLOCKS: list[dict[str, Any]] = [
    {"kind": "heading", "level": 1, "text": "总体情况"},
    {
        "kind": "paragraph",
        "runs": [{"text": "全县共办理"}, {"text": "108万件", "figure": "total"}, {"text": "。"}],
    },
    {"kind": "heading", "level": 2, "text": "分部门"},
    {
        "kind": "table",
        "title": "各部门办件情况",
        "columns": [
            {"title": "部门", "width": 90, "align": "left"},
            {"title": "办件（件）", "width": 60, "align": "right"},
        ],
        "rows": [["县市场监管局", {"text": "1,080,000", "figure": "total"}]],
    },
]


@dataclass(frozen=True)
class People:
    """Everyone whom a paper meets."""

    drafter: Actor
    colleague: Actor
    reviewer: Actor
    leader: Actor
    liaison: Actor
    stranger: Actor
    county: make.Office


@pytest.fixture
def people(office: make.Office) -> People:
    return People(
        drafter=make.actor(Role.APPRAISAL, office.appraisal, "王拟稿"),
        colleague=make.actor(Role.APPRAISAL, office.appraisal, "李同科"),
        reviewer=make.actor(Role.GENERAL, office.general, "张核稿"),
        leader=make.actor(Role.LEADER, office.root, "陈主任"),
        liaison=make.actor(Role.UNIT_LIAISON, office.unit_a, "赵联络"),
        stranger=make.actor(Role.UNIT_LIAISON, office.unit_b, "钱旁人"),
        county=office,
    )


WAY: dict[Status, str] = {
    Status.DRAFT: "",
    Status.REVIEW: "submit",
    Status.COSIGN: "pass_review",
    Status.SIGN: "cosign",
    Status.SIGNED: "sign",
    Status.NUMBERED: "assign_number",
    Status.SEALED: "seal",
    Status.DISPATCHED: "dispatch",
    Status.ARCHIVED: "archive",
}


@pytest.fixture
def paper_at(people: People, now: datetime) -> Callable[..., Paper]:
    """Return `paper_at(status, **draft) -> Paper`, each step done by its own person."""

    def build(status: Status = Status.DRAFT, *, cosigned: bool = True, **draft: Any) -> Paper:
        unit = people.county.unit_a
        given = {
            "kind": "notice",
            "title": "关于规范延时服务的通知",
            "blocks": BLOCKS,
            "figures": [FIGURE],
            "addressee": "各派驻单位",
            "cosigners": [unit.pk] if cosigned else [],
            "recipients": [actions.Party(unit.short_name, unit.pk), actions.Party("县供电公司", role="copy")],
            **draft,
        }
        paper = actions.draft_paper(**given, by=people.drafter, at=now)
        steps: list[Callable[[], Any]] = [
            lambda: actions.submit(paper=paper, by=people.drafter, at=now),
            lambda: actions.pass_review(paper=paper, by=people.reviewer, at=now),
            lambda: (
                actions.cosign(paper=paper, department_id=unit.pk, agree=True, by=people.liaison, at=now)
                if cosigned
                else None
            ),
            lambda: actions.sign(paper=paper, by=people.leader, at=now),
            lambda: actions.assign_number(paper=paper, by=people.reviewer, at=now),
            lambda: actions.seal(paper=paper, by=people.reviewer, at=now),
            lambda: actions.dispatch(paper=paper, by=people.reviewer, at=now),
            lambda: actions.archive(paper=paper, retention="30", by=people.reviewer, at=now),
        ]
        if status == Status.VOIDED:
            actions.void(paper=paper, reason="重复拟稿", by=people.drafter, at=now)
            return Paper.objects.get(pk=paper.pk)
        for step in steps[: list(WAY).index(status)]:
            step()
        return Paper.objects.get(pk=paper.pk)

    return build
