"""Drafting: new papers, new versions, who co-signs and who receives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from xinfu.core import files, journal
from xinfu.core.actor import Actor
from xinfu.core.models import StoredFile
from xinfu.core.refusal import Refused
from xinfu.papers import blocks as text
from xinfu.papers import queries, rules, uploads
from xinfu.papers.access import Can
from xinfu.papers.actions.steps import locked, need, step
from xinfu.papers.flow import ISSUED, Status
from xinfu.papers.guards import by_owner
from xinfu.papers.models import CoSign, Kind, Paper, PaperVersion, Recipient

UPLOAD_LIMIT = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Party:
    """One recipient: a unit of the house by id, or an outside body by name; `role` main or copy."""

    name: str
    department_id: int | None = None
    role: str = "main"


def _version(
    *,
    paper: Paper,
    number: int,
    title: str,
    addressee: str,
    copy_to: str,
    blocks: Sequence[Mapping[str, Any]],
    figures: Sequence[Mapping[str, str]],
    notes: Sequence[str],
    source: StoredFile | None,
    by: Actor,
    at: datetime,
) -> PaperVersion:
    body, sources = [dict(b) for b in blocks], [dict(f) for f in figures]
    wrong = text.fault(body, sources)
    if wrong:
        raise Refused("bad_text", wrong, field="text")
    layout = rules.FORMS[paper.kind].layout
    version = PaperVersion(
        paper=paper,
        number=number,
        title=title,
        addressee=addressee,
        copy_to=copy_to,
        blocks=body,
        figures=sources,
        notes=list(notes),
        layout_code=layout[0],
        layout_version=layout[1],
        source=source,
        made_at=at,
        made_by=by.key,
        made_by_name=by.name[:80],
    )
    version.digest = text.digest(queries.document_of(paper, version))
    version.save(force_insert=True)
    return version


@transaction.atomic
def draft_paper(
    *,
    kind: str,
    title: str,
    blocks: Sequence[Mapping[str, Any]],
    figures: Sequence[Mapping[str, str]] = (),
    notes: Sequence[str] = (),
    addressee: str = "",
    copy_to: str = "",
    cosigners: Iterable[int] = (),
    recipients: Iterable[Party] = (),
    due_on: date | None = None,
    corrects: Paper | None = None,
    source: StoredFile | None = None,
    by: Actor,
    at: datetime,
) -> Paper:
    """Start a paper with its first version; `cosigners` are department ids.

    Raises Refused: no permission, no title, unknown kind, text not well formed, the corrected paper not yet issued.
    """
    by.require(Can.DRAFT)
    if kind not in Kind.values:
        raise Refused("unknown_kind", "请选择文种。", field="kind")
    title = need(title, "no_title", "请填写标题。", "title")
    if corrects is not None:
        blocks = [_correction(corrects), *blocks]
    paper = Paper.objects.create(
        kind=kind,
        organ=settings.OFFICE,
        title=title,
        unit_id=by.unit_id if by.kind == "person" else None,
        drafted_at=at,
        drafted_by=by.key,
        drafted_by_name=by.name[:80],
        due_on=due_on,
        corrects=corrects,
        moved_at=at,
    )
    version = _version(
        paper=paper, number=1, title=title, addressee=addressee.strip(), copy_to=copy_to.strip(), blocks=blocks,
        figures=figures, notes=notes, source=source, by=by, at=at,
    )  # fmt: skip
    Paper.objects.filter(pk=paper.pk).update(version=version)
    paper.version = version
    _name_parties(paper, cosigners, recipients)
    step(paper, "拟稿", "", by, at)
    journal.record("paper.drafted", paper, by=by, at=at, kind=kind, title=title, digest=version.digest)
    return paper


def _correction(paper: Paper) -> dict[str, Any]:
    if paper.status not in ISSUED:
        raise Refused("not_issued", "只能更正已分送的公文；未分送的可以退回修改或作废。")
    sentence = f"现对《{paper.title}》（{paper.number}）更正如下："
    return {"kind": "paragraph", "runs": [{"text": sentence}]}


@transaction.atomic
def revise(
    *,
    paper: Paper,
    seen: int,
    title: str,
    blocks: Sequence[Mapping[str, Any]],
    figures: Sequence[Mapping[str, str]] | None = None,
    notes: Sequence[str] | None = None,
    addressee: str | None = None,
    copy_to: str | None = None,
    source: StoredFile | None = None,
    by: Actor,
    at: datetime,
) -> PaperVersion:
    """Add a version to a draft; `seen` is the number of the version that was edited, None keeps what stood.

    Raises Refused: no permission, not the drafting section, not a draft any more, someone else revised it meanwhile.
    """
    row = _draft_of_mine(paper, by)
    last = row.version
    assert last is not None
    if last.number != seen:
        raise Refused(
            "changed_meanwhile",
            f"{last.made_by_name}已存了第{last.number}版，您改的是第{seen}版。未保存，可复制后另行修改。",
        )
    title = need(title, "no_title", "请填写标题。", "title")
    version = _version(
        paper=row, number=last.number + 1, title=title, blocks=blocks, source=source, by=by, at=at,
        addressee=last.addressee if addressee is None else addressee.strip(),
        copy_to=last.copy_to if copy_to is None else copy_to.strip(),
        figures=last.figures if figures is None else figures,
        notes=last.notes if notes is None else notes,
    )  # fmt: skip
    Paper.objects.filter(pk=row.pk).update(version=version, title=title, moved_at=at)
    row.version = paper.version = version
    paper.title = title
    step(row, "修改", f"第{version.number}版", by, at)
    journal.record("paper.revised", row, by=by, at=at, version=version.number, digest=version.digest)
    return version


def _draft_of_mine(paper: Paper, by: Actor) -> Paper:
    by.require(Can.DRAFT)
    row = locked(paper)
    if row.status != Status.DRAFT:
        raise Refused(
            "not_a_draft", f"当前状态是“{row.get_status_display()}”，只有拟稿中的可以修改，请先撤回。"
        )
    reason = by_owner(row, by)
    if reason:
        raise Refused("not_yours", reason)
    return row


def _name_parties(paper: Paper, cosigners: Iterable[int], recipients: Iterable[Party]) -> None:
    units = list(dict.fromkeys(cosigners))
    parties = list(recipients)
    if len({p.name for p in parties}) != len(parties):
        raise Refused("recipient_twice", "同一单位只能分送一次，请检查主送和抄送。", field="recipients")
    CoSign.objects.filter(paper=paper).delete()
    Recipient.objects.filter(paper=paper).delete()
    CoSign.objects.bulk_create(CoSign(paper=paper, department_id=unit) for unit in units)
    Recipient.objects.bulk_create(
        Recipient(paper=paper, name=p.name, department_id=p.department_id, role=p.role) for p in parties
    )


@transaction.atomic
def name_parties(
    *, paper: Paper, cosigners: Iterable[int], recipients: Iterable[Party], by: Actor, at: datetime
) -> None:
    """Name anew who co-signs and who receives, while the paper is a draft; each unit once."""
    row = _draft_of_mine(paper, by)
    units, parties = list(cosigners), list(recipients)
    _name_parties(row, units, parties)
    journal.record(
        "paper.parties_named", row, by=by, at=at, cosigners=units, recipients=[p.name for p in parties]
    )


@transaction.atomic
def draft_from_upload(
    *, kind: str, title: str, name: str, chunks: Iterable[bytes], by: Actor, at: datetime
) -> Paper:
    """Start a paper from a self-written .docx or text file; an empty title is taken from the file."""
    by.require(Can.DRAFT)
    stored = files.store(chunks, name=name, by=by, at=at, limit=UPLOAD_LIMIT)
    with files.open_file(stored) as content:
        found_title, blocks = uploads.read(stored.name, content.read())
    return draft_paper(
        kind=kind, title=title.strip() or found_title, blocks=blocks, source=stored, by=by, at=at
    )
