"""待办 of papers, and how their events read in the house's news."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse

from xinfu.core.actor import Actor
from xinfu.core.inbox import Todo
from xinfu.papers import queries

WHY = {
    "送核": "您拟的稿",
    "核稿": "综合科核稿",
    "会签": "本单位会签",
    "签发": "领导签发",
    "编号": "综合科编号",
    "用印": "综合科用印",
    "分送": "综合科分送",
    "归档": "综合科归档",
    "签收": "发给本单位",
}
EVENTS = {
    "paper.drafted": "拟稿",
    "paper.revised": "修改",
    "paper.parties_named": "指定会签和分送单位",
    "paper.submitted": "送核",
    "paper.reviewed": "核稿通过",
    "paper.cosigned": "会签",
    "paper.sent_back": "退回",
    "paper.withdrawn": "撤回",
    "paper.signed": "签发",
    "paper.numbered": "编号",
    "paper.sealed": "用印",
    "paper.dispatched": "分送",
    "paper.received": "签收",
    "paper.archived": "归档",
    "paper.voided": "作废",
}


def paper_url(pk: str) -> str:
    return reverse("papers:detail", args=[pk])


def todos(actor: Actor, now: datetime) -> Iterable[Todo]:
    """Return the papers that wait for the actor; own drafts only where a day is set."""
    for paper, verb in queries.waiting(actor):
        if verb == "送核" and paper.due_on is None:
            continue
        yield Todo(
            verb=verb,
            title=f"{paper.get_kind_display()}《{paper.title}》",
            url=paper_url(str(paper.pk)),
            asked_by=paper.unit.short_name if paper.unit else paper.drafted_by_name,
            due_on=paper.due_on,
            arrived_at=paper.moved_at,
            why=WHY[verb],
            kind="papers",
        )
