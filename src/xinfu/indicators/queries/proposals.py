"""How everybody reads suggestions; the actor comes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from xinfu.catalog import queries as catalog
from xinfu.core.actor import Actor
from xinfu.core.inbox import Todo
from xinfu.core.models import StoredFile
from xinfu.core.refusal import NotFound, Refused
from xinfu.core.registry import Found
from xinfu.indicators.access import Can
from xinfu.indicators.flow import DECIDED, EDITABLE, LEVEL_LABELS, ProposalLevel, ProposalStatus
from xinfu.indicators.models import (
    AnswerLine,
    AnswerSheet,
    LineState,
    Proposal,
    ProposalFile,
    ProposalStep,
    ProposalText,
)
from xinfu.indicators.proposals import local, similar
from xinfu.indicators.proposals.guards import reach

if TYPE_CHECKING:
    from xinfu.catalog.models import Item

MOST_TODOS = 50


def proposals(actor: Actor) -> QuerySet[Proposal]:
    return Proposal.objects.visible_to(actor).select_related("department", "item")


def get_proposal(actor: Actor, pk: int) -> Proposal:
    actor.require(Can.SEE_PROPOSALS)
    found = proposals(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def visible_ids(actor: Actor, ids: Iterable[int]) -> set[int]:
    return set(proposals(actor).filter(pk__in=list(ids)).order_by("pk").values_list("pk", flat=True))


def own(actor: Actor) -> Q:
    return Q(department__in=reach(actor))


def to_review(actor: Actor) -> Q:
    """Narrow to what waits for the county's opinion and was not proposed by the actor's own unit."""
    if not actor.may(Can.REVIEW_PROPOSALS):
        return Q(pk=None)
    waiting = Q(status=ProposalStatus.COUNTY) & ~Q(submitted_by=actor.key)
    return waiting & ~Q(department=actor.unit_id) if actor.unit_id is not None else waiting


def to_revise(actor: Actor) -> Q:
    return own(actor) & Q(status=ProposalStatus.RETURNED)


def to_read(actor: Actor) -> Q:
    """Narrow to what was decided and nobody of the unit has read yet."""
    return own(actor) & Q(status__in=sorted(DECIDED), answer_seen_at=None)


def with_answers_missing(actor: Actor) -> Q:
    return Q(status__in=(ProposalStatus.CITY, ProposalStatus.PROVINCE))


@dataclass(frozen=True, slots=True)
class Lights:
    """What the lights of a page of suggestions need, asked once."""

    today: date
    warn_from: date

    def of(self, proposal: Proposal) -> local.Light:
        return local.light(proposal.status, proposal.county_due_on, self.today, self.warn_from)

    def lit(self, light: str) -> Q:
        late = Q(status=ProposalStatus.COUNTY, county_due_on__lt=self.today)
        near = Q(status=ProposalStatus.COUNTY, county_due_on__lte=self.warn_from) & ~late
        return {"bad": late, "warn": near}.get(
            light, Q(status=ProposalStatus.COUNTY, county_due_on__gt=self.warn_from)
        )


def lights(today: date) -> Lights:
    return Lights(today, local.warn_from(today))


# --- one suggestion -----------------------------------------------------------------------------------


def steps(proposal: Proposal) -> list[ProposalStep]:
    return list(proposal.steps.order_by("at", "pk"))


def texts(proposal: Proposal) -> list[ProposalText]:
    """Return the texts as handed in, newest first."""
    return list(proposal.texts.order_by("-turn"))


def attachments(proposal: Proposal) -> list[ProposalFile]:
    return list(proposal.files.select_related("step").order_by("pk"))


def get_file(actor: Actor, pk: int, file_pk: int) -> tuple[ProposalFile, StoredFile]:
    """Return a file of a suggestion that the actor may see, and its stored content."""
    file = ProposalFile.objects.filter(pk=file_pk, proposal=get_proposal(actor, pk)).first()
    kept = StoredFile.objects.filter(sha256=file.digest).order_by("pk").first() if file else None
    if file is None or kept is None:
        raise NotFound()
    return file, kept


def own_files(actor: Actor, ids: Iterable[int]) -> list[StoredFile]:
    return list(StoredFile.objects.filter(pk__in=list(ids), stored_by=actor.key).order_by("pk"))


def level_waiting(proposal: Proposal) -> ProposalLevel | None:
    """Return whose opinion a suggestion waits for."""
    status = proposal.status
    return ProposalLevel(status) if status in {str(level) for level in ProposalLevel} else None


def may_judge(actor: Actor, level: ProposalLevel) -> bool:
    return actor.may(Can.REVIEW_PROPOSALS if level == ProposalLevel.COUNTY else Can.ENTER_ANSWERS)


# --- similar ones -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alike:
    """An earlier suggestion as every unit may know it: title, unit, state; `url` only where it may be opened."""

    title: str
    number: str
    department: str
    status: str
    handed_in_on: date
    percent: int
    url: str


def similar_to(
    actor: Actor, title: str, content: str, *, but: int | None = None, most: int = 5
) -> list[Alike]:
    """Return handed-in suggestions of the county like this text, the likest first; drafts are never among them."""
    actor.require(Can.PROPOSE)
    scores = {pk: score for pk, score in similar.nearest(title, content, most + 1) if pk != but}
    rows = Proposal.objects.handed_in().filter(pk__in=scores).select_related("department")
    found = sorted(rows.order_by("pk"), key=lambda row: (-scores[row.pk], row.pk))[:most]
    may_open = visible_ids(actor, [row.pk for row in found])
    return [_alike(row, scores[row.pk], may_open) for row in found]


def _alike(row: Proposal, score: float, may_open: set[int]) -> Alike:
    assert row.handed_in_at is not None
    return Alike(
        title=row.title, number=row.number, department=str(row.department), status=row.get_status_display(),
        handed_in_on=timezone.localdate(row.handed_in_at), percent=min(99, round(score * 100)) if score < 1 else 100,
        url=reverse("indicators:proposal", args=[row.pk]) if row.pk in may_open else "",
    )  # fmt: skip


# --- items --------------------------------------------------------------------------------------------


def find_items(actor: Actor, text: str, day: date, most: int = 8) -> list[tuple[str, str]]:
    """Return (code, name) of catalogue items by code or part of the name."""
    if len(text.strip()) < 2:
        return []
    return [(version.item.code, version.name) for version in catalog.search(actor, text.strip(), day, most)]


def find_item(actor: Actor, text: str, day: date) -> Item | None:
    """Return the item that a name, a code, or `name code` names. Raises Refused: unknown, or not the only one."""
    said = text.strip()
    if not said:
        return None
    version = catalog.item_on(said.split()[-1], day)
    if version is not None:
        return version.item
    found = catalog.search(actor, said, day, 6)
    exact = [one for one in found if one.name == said]
    if len(exact) == 1 or len(found) == 1:
        return (exact or found)[0].item
    if not found:
        raise Refused("no_item", f"事项目录里没有“{said[:40]}”，请填事项名称或实施编码。", field="item")
    names = "；".join(f"{one.name}（{one.item.code}）" for one in found[:3])
    raise Refused("several_items", f"名称含“{said[:40]}”的事项不止一个，请填编码：{names}。", field="item")


# --- sheets of answers --------------------------------------------------------------------------------


def sheets(actor: Actor) -> QuerySet[AnswerSheet]:
    return AnswerSheet.objects.all() if actor.may(Can.ENTER_ANSWERS) else AnswerSheet.objects.none()


def get_sheet(actor: Actor, pk: int) -> AnswerSheet:
    actor.require(Can.ENTER_ANSWERS)
    found = sheets(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound()
    return found


def lines(sheet: AnswerSheet) -> list[AnswerLine]:
    return list(sheet.lines.order_by("row", "pk"))


def counts(found: Iterable[AnswerLine]) -> dict[str, int]:
    """Return how many lines wait, were taken in, were refused."""
    states = [line.state for line in found]
    return {str(state): states.count(state) for state in LineState}


# --- inbox and search ---------------------------------------------------------------------------------

REVISE = "不修改提交的，不会再上报"


def todos(actor: Actor, at: datetime) -> list[Todo]:
    """Return what the county is to review, what the unit is to revise, and the answers that it has not read."""
    if not (actor.may(Can.PROPOSE) or actor.may(Can.REVIEW_PROPOSALS)):
        return []
    asked = to_review(actor) | to_revise(actor) | to_read(actor)
    rows = proposals(actor).filter(asked).order_by("county_due_on", "pk")
    return [_todo(row) for row in rows[:MOST_TODOS]]


def _todo(row: Proposal) -> Todo:
    url = reverse("indicators:proposal", args=[row.pk])
    if row.status == ProposalStatus.COUNTY:
        verb, due_on, said = "审核", row.county_due_on, "提出单位等待审核，超期亮红灯"
        asked_by, why = str(row.department), "县级审核"
    elif row.status in EDITABLE:
        verb, due_on, said, asked_by, why = "修改", None, REVISE, "审核单位", "本单位提出"
    else:
        level = LEVEL_LABELS[ProposalLevel(row.decided_level)]
        verb, due_on, said = "阅知", None, f"{level}已答复：{row.get_status_display()}"
        asked_by, why = level, "本单位提出"
    return Todo(
        verb=verb, title=f"{row.number} {row.title}", url=url, asked_by=asked_by, due_on=due_on,
        arrived_at=row.moved_at, why=why, kind="涉企建议", consequence=said,
    )  # fmt: skip


def find_proposals(actor: Actor, text: str, limit: int) -> list[Found]:
    """Return the suggestions whose title or number holds the text."""
    said = text.strip()
    rows = proposals(actor).filter(Q(title__contains=said) | Q(number__contains=said))
    return [
        Found(row.title, f"{row.department}，{row.get_status_display()}", reverse("indicators:proposal", args=[row.pk]),
              "高频涉企事项建议")
        for row in rows.order_by("-moved_at", "-pk")[:limit]
    ]  # fmt: skip
