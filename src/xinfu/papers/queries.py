"""What is read of papers; the actor comes first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from xinfu.core import journal
from xinfu.core.actor import Actor
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import NotFound
from xinfu.core.registry import Found
from xinfu.papers import blocks as text
from xinfu.papers import render, uploads
from xinfu.papers.access import Can
from xinfu.papers.flow import FROZEN, ISSUED, Status
from xinfu.papers.models import CoSign, Kind, Paper, PaperStep, PaperVersion, Recipient, units_of

BOXES = {"waiting": "待我办", "mine": "我拟的", "received": "收到的", "issued": "已发", "all": "全部"}


def papers(actor: Actor, box: str = "all") -> QuerySet[Paper]:
    """Return the papers of one box: 待我办 我拟的 收到的 已发 全部."""
    rows = Paper.objects.visible_to(actor).select_related("unit", "version")
    if box == "waiting":
        return rows.filter(_waits_for(actor))
    if box == "mine":
        return rows.filter(drafted_by=actor.key)
    if box == "received":
        return rows.filter(_goes_to(actor), status__in=ISSUED)
    if box == "issued":
        return rows.filter(status__in=ISSUED)
    return rows


def _goes_to(actor: Actor, *, open_only: bool = False) -> Q:
    rows = Recipient.objects.filter(paper=OuterRef("pk"), department_id__in=units_of(actor))
    return Q(Exists(rows.filter(received_at=None) if open_only else rows))


def _waits_for(actor: Actor) -> Q:
    """Return the condition under which a paper waits for this actor."""
    waits = Q(status=Status.DRAFT, drafted_by=actor.key)
    if actor.may(Can.REVIEW):
        waits |= Q(status=Status.REVIEW) & ~Q(drafted_by=actor.key)
    if actor.may(Can.COSIGN):
        mine = CoSign.objects.filter(paper=OuterRef("pk"), decision="", department_id__in=units_of(actor))
        waits |= Q(Exists(mine), status=Status.COSIGN)
    if actor.may(Can.SIGN):
        waits |= Q(status=Status.SIGN)
    if actor.may(Can.ISSUE):
        waits |= Q(status__in=[Status.SIGNED, Status.NUMBERED, Status.SEALED, Status.DISPATCHED])
    if actor.may(Can.RECEIVE):
        waits |= _goes_to(actor, open_only=True) & Q(status__in=ISSUED)
    return waits


def get_paper(actor: Actor, pk: int) -> Paper:
    """Return one paper with all that its screen shows; raises NotFound."""
    found = (
        Paper.objects.visible_to(actor)
        .select_related("unit", "version", "corrects", "file")
        .prefetch_related("cosigns__department", "recipients__department", "steps", "corrections")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def get_version(paper: Paper, number: int) -> PaperVersion:
    """Return one version of a paper that its reader has at hand; raises NotFound."""
    found = paper.versions.filter(number=number).first()
    if found is None:
        raise NotFound("没有这一版。")
    return found


def versions(paper: Paper) -> QuerySet[PaperVersion]:
    return paper.versions.defer("blocks", "figures", "notes").order_by("-number")


def steps(paper: Paper) -> list[PaperStep]:
    return sorted(paper.steps.all(), key=lambda step: step.pk)


def open_cosigns(paper: Paper, actor: Actor) -> list[CoSign]:
    """Return the co-signatures that this actor may give now."""
    if paper.status != Status.COSIGN or not actor.may(Can.COSIGN):
        return []
    units = units_of(actor)
    return [row for row in paper.cosigns.all() if row.decision == "" and row.department_id in units]


def open_receipts(paper: Paper, actor: Actor) -> list[Recipient]:
    """Return the receipts that this actor may give now; the office gives those of outside bodies."""
    if paper.status not in ISSUED or not actor.may(Can.RECEIVE):
        return []
    units, office = units_of(actor), actor.may(Can.ISSUE)
    return [
        row
        for row in paper.recipients.all()
        if row.received_at is None and (row.department_id in units or (row.department_id is None and office))
    ]


def get_receipt(actor: Actor, paper: Paper, pk: int) -> Recipient:
    found = next((row for row in open_receipts(paper, actor) if row.pk == pk), None)
    if found is None:
        raise NotFound("没有可签收的分送记录。")
    return found


def document_of(paper: Paper, version: PaperVersion | None = None) -> text.Document:
    """Return a paper as it is rendered: a frozen one without notes, a draft marked as such."""
    shown = version or paper.version
    assert shown is not None
    frozen = paper.status in FROZEN and shown.pk == paper.version_id
    is_inside = paper.kind == Kind.MEETING  # sheets and materials are used as they are, before anybody signs
    label = "" if frozen or is_inside else f"送审稿　第{shown.number}版"
    if paper.status == Status.VOIDED:
        label = "此件已作废"
    signed_on = timezone.localdate(paper.signed_at) if frozen and paper.signed_at else None
    return text.Document(
        kind=paper.kind,
        organ=paper.organ,
        title=shown.title,
        blocks=shown.blocks,
        figures=shown.figures,
        addressee=shown.addressee,
        copy_to=shown.copy_to,
        layout=(shown.layout_code, shown.layout_version),
        number=paper.number if frozen else "",
        signed_on=signed_on,
        printed_on=timezone.localdate(paper.numbered_at) if frozen and paper.numbered_at else None,
        draft_label=label,
        notes=() if frozen else tuple(shown.notes),
    )


def docx_of(paper: Paper) -> bytes:
    """Return the paper's .docx."""
    return render.docx_bytes(document_of(paper))


def pdf_of(paper: Paper) -> render.Pdf:
    """Return the paper's PDF, with the fonts that had to be replaced."""
    return render.pdf(document_of(paper))


def lines_of_upload(name: str, content: bytes) -> list[str]:
    """Return the lines of a self-written draft (.docx or text), for other apps; raises Refused where it is none."""
    return uploads.text_of(name, content)


def is_untouched(paper: Paper, title: str, blocks: Any, figures: Any, notes: Any) -> bool:
    """Tell whether a paper is still a draft that says exactly this, so that it need not be drafted again."""
    version = paper.version
    return (
        paper.status == Status.DRAFT
        and version is not None
        and (version.title, version.blocks, version.figures, version.notes) == (title, blocks, figures, notes)
    )


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves a signed text: its digest computed anew, and the journal entry that recorded it."""

    digest: str
    computed: str
    entry: int | None

    @property
    def holds(self) -> bool:
        return bool(self.digest) and self.digest == self.computed


def proof(paper: Paper) -> Proof | None:
    """Return the proof of a signed paper, or None where it is not signed."""
    if not paper.digest:
        return None
    entry = (
        JournalEntry.objects.filter(subject=journal.subject_of(paper), event="paper.signed")
        .order_by("-n")
        .values_list("n", flat=True)
        .first()
    )
    return Proof(paper.digest, text.digest(document_of(paper)), entry)


def visible_ids(actor: Actor, ids: list[str]) -> set[str]:
    """Return those of the papers that the actor may see, for the house's news."""
    rows = Paper.objects.visible_to(actor).filter(pk__in=[int(i) for i in ids]).order_by("pk")
    return {str(pk) for pk in rows.values_list("pk", flat=True)}


def find(actor: Actor, wanted: str, limit: int) -> list[Found]:
    """Find papers by title or number, for the search across subjects."""
    if not actor.may(Can.SEE) and not actor.may(Can.SEE_ALL):
        return []
    rows = Paper.objects.visible_to(actor).filter(Q(title__icontains=wanted) | Q(number__icontains=wanted))
    return [
        Found(p.title, f"{p.get_kind_display()} {p.number} {p.get_status_display()}".replace("  ", " "),
              reverse("papers:detail", args=[p.pk]), "公文")
        for p in rows.order_by("-moved_at", "-pk")[:limit]
    ]  # fmt: skip


def waiting(actor: Actor) -> Iterator[tuple[Paper, str]]:
    """Yield the papers that wait for the actor, each with the verb."""
    if not actor.may(Can.SEE):
        return
    mine = units_of(actor)
    rows = papers(actor, "waiting").prefetch_related("cosigns", "recipients").order_by("moved_at", "pk")
    for paper in rows:
        yield paper, _verb(paper, actor, mine)


def _verb(paper: Paper, actor: Actor, mine: frozenset[int]) -> str:
    if paper.status in ISSUED:
        waits = any(r.received_at is None and r.department_id in mine for r in paper.recipients.all())
        return "签收" if waits else "归档"
    verbs = {
        Status.DRAFT: "送核",
        Status.REVIEW: "核稿",
        Status.COSIGN: "会签",
        Status.SIGN: "签发",
        Status.SIGNED: "编号",
        Status.NUMBERED: "用印",
        Status.SEALED: "分送",
    }
    return verbs[Status(paper.status)]
