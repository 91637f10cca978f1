"""Papers for other systems: a list by box and status, one paper with its text and sources, its file."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema

from xinfu.core.api import needs
from xinfu.core.refusal import Refused
from xinfu.papers import queries, render
from xinfu.papers.access import Can
from xinfu.papers.flow import Status
from xinfu.papers.models import Paper
from xinfu.people.session import actor_of

router = Router(tags=["公文"])
MOST = 500


class PaperOut(Schema):
    """One paper as lists show it."""

    id: int
    kind: str
    title: str
    organ: str
    number: str
    status: str
    status_label: str
    unit: str
    due_on: date | None
    drafted_at: datetime
    moved_at: datetime
    signed_at: datetime | None
    digest: str
    corrects: int | None


class PaperDetailOut(PaperOut):
    version: int
    addressee: str
    copy_to: str
    blocks: list[dict[str, Any]]
    figures: list[dict[str, str]]
    text: str


class PapersOut(Schema):
    """One page, newest first; `next` is the cursor of the page after it, empty on the last."""

    items: list[PaperOut]
    next: str


class PaperQuery(Schema):
    box: str = "all"
    status: str = ""
    kind: str = ""
    cursor: int | None = None
    limit: int = 100


def _out(paper: Paper) -> dict[str, Any]:
    return {
        "id": paper.pk,
        "kind": paper.kind,
        "title": paper.title,
        "organ": paper.organ,
        "number": paper.number,
        "status": paper.status,
        "status_label": paper.get_status_display(),
        "unit": paper.unit.short_name if paper.unit else "",
        "due_on": paper.due_on,
        "drafted_at": paper.drafted_at,
        "moved_at": paper.moved_at,
        "signed_at": paper.signed_at,
        "digest": paper.digest,
        "corrects": paper.corrects_id,
    }


def _wanted(rows: QuerySet[Paper], wanted: PaperQuery) -> QuerySet[Paper]:
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    return rows if wanted.cursor is None else rows.filter(pk__lt=wanted.cursor)


@router.get("", response=PapersOut, summary="公文列表", url_name="papers")
@needs(Can.SEE)
def papers(request: HttpRequest, wanted: Query[PaperQuery]) -> dict[str, Any]:
    if wanted.box not in queries.BOXES:
        raise Refused(
            "unknown_box", f"没有“{wanted.box[:20]}”这个范围，可用的有 {'、'.join(queries.BOXES)}。"
        )
    if wanted.status and wanted.status not in set(Status):
        raise Refused("unknown_status", f"没有“{wanted.status[:20]}”这个状态，可用的有 {'、'.join(Status)}。")
    size = min(max(wanted.limit, 1), MOST)
    rows = list(_wanted(queries.papers(actor_of(request), wanted.box), wanted).order_by("-pk")[: size + 1])
    page = rows[:size]
    return {"items": [_out(paper) for paper in page], "next": str(page[-1].pk) if len(rows) > size else ""}


@router.get("/{pk}", response=PaperDetailOut, summary="一件公文", url_name="paper")
@needs(Can.SEE)
def paper(request: HttpRequest, pk: int) -> dict[str, Any]:
    found = queries.get_paper(actor_of(request), pk)
    document = queries.document_of(found)
    return {
        **_out(found),
        "version": found.version_number,
        "addressee": document.addressee,
        "copy_to": document.copy_to,
        "blocks": document.blocks,
        "figures": document.figures,
        "text": render.plain_text(document),
    }


@router.get("/{pk}/file", summary="公文的 .docx", url_name="paper_file")
@needs(Can.SEE)
def file(request: HttpRequest, pk: int) -> HttpResponse:
    found = queries.get_paper(actor_of(request), pk)
    return HttpResponse(render.docx_bytes(queries.document_of(found)), content_type=render.DOCX)
