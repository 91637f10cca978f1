"""The moves of a paper: 送核 核稿 会签 签发 编号 用印 分送 签收 归档, 退回 撤回 作废."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from xinfu.core import files, journal, local
from xinfu.core.actor import Actor
from xinfu.core.refusal import Forbidden, Refused
from xinfu.papers import blocks as text
from xinfu.papers import queries, render, rules
from xinfu.papers.access import Can
from xinfu.papers.actions.steps import locked, move, need, step
from xinfu.papers.flow import FLOW, Status
from xinfu.papers.models import CoSign, Decision, NumberSeries, Paper, Recipient, Retention, units_of


@transaction.atomic
def submit(*, paper: Paper, opinion: str = "", by: Actor, at: datetime) -> None:
    """Send a draft to be reviewed; earlier co-signatures count no more."""
    row = move(paper, "submit", opinion, by, at)
    CoSign.objects.filter(paper=row).update(decision="", opinion="", decided_at=None, decided_by="")
    journal.record("paper.submitted", row, by=by, at=at, version=row.version_number, digest=row.text_digest)


@transaction.atomic
def pass_review(*, paper: Paper, opinion: str = "", by: Actor, at: datetime) -> None:
    """Pass the review: on to the co-signers where there are any, else to the signer."""
    name = "pass_to_cosign" if paper.cosigns.exists() else "pass_to_sign"
    row = move(paper, name, opinion, by, at)
    journal.record("paper.reviewed", row, by=by, at=at, digest=row.text_digest)


@transaction.atomic
def cosign(
    *, paper: Paper, department_id: int, agree: bool, opinion: str = "", by: Actor, at: datetime
) -> None:
    """Give a department's decision, once; when all agree the paper goes on to the signer.

    Raises Refused: not for this department, already decided, a disagreement without its reason.
    """
    by.require(Can.COSIGN)
    row = locked(paper)
    if row.status != Status.COSIGN:
        raise Refused("wrong_state", f"当前状态是“{row.get_status_display()}”，不能“会签”。")
    if department_id not in units_of(by):
        raise Forbidden("您不能代其他单位会签。")
    if not agree:
        need(opinion, "no_opinion", "不同意的，请写明意见。", "opinion")
    changed = CoSign.objects.filter(paper=row, department_id=department_id, decision="").update(
        decision=Decision.AGREE if agree else Decision.DISAGREE,
        opinion=opinion.strip()[:500],
        decided_at=at,
        decided_by=by.name[:80],
    )
    if not changed:
        raise Refused("already_cosigned", "本单位没有待会签的意见：未被指定，或者已会签过。")
    step(row, "会签同意" if agree else "会签不同意", opinion, by, at)
    left = row.cosigns.exclude(decision=Decision.AGREE).count()
    if not left:
        FLOW.move("cosigned", row, by, moved_at=at)
    paper.status = row.status
    journal.record("paper.cosigned", row, by=by, at=at, department=department_id, agree=agree, left=left)


@transaction.atomic
def send_back(*, paper: Paper, reason: str, by: Actor, at: datetime) -> None:
    """Send a paper back to its drafter with the reason: by the reviewer, or by the signer."""
    reason = need(reason, "no_reason", "请写明退回的原因。", "opinion")
    row = move(paper, "refuse" if paper.status == Status.SIGN else "send_back", reason, by, at)
    journal.record("paper.sent_back", row, by=by, at=at, reason=reason)


@transaction.atomic
def withdraw(*, paper: Paper, reason: str = "", by: Actor, at: datetime) -> None:
    """Take back a paper that is not yet signed, into the draft."""
    row = move(paper, "withdraw", reason, by, at)
    journal.record("paper.withdrawn", row, by=by, at=at, reason=reason.strip())


@transaction.atomic
def sign(*, paper: Paper, opinion: str = "", by: Actor, at: datetime) -> None:
    """Sign: from now on text, sources and layout are frozen under their digest."""
    row = locked(paper)
    digest = text.digest(queries.document_of(row))
    if row.version is None or digest != row.version.digest:
        raise Refused("text_changed", "正文与存档的摘要不符，不能签发，请联系系统管理员核对操作日志。")
    row = move(
        paper, "sign", opinion or "同意签发", by, at, signed_at=at, signed_by=by.name[:80], digest=digest
    )
    journal.record(
        "paper.signed", row, by=by, at=at, version=row.version_number, digest=digest,
        snapshots=text.snapshots(queries.document_of(row)),
    )  # fmt: skip


@transaction.atomic
def assign_number(*, paper: Paper, by: Actor, at: datetime) -> str:
    """Give the year's next number of the prefix, without gaps, and keep the final file; return the number."""
    row = locked(paper)
    FLOW.check("number", row, by)
    day = timezone.localdate(at)
    prefix = str(local.on(rules.FORMS[row.kind].prefix_rule, day).value)
    NumberSeries.objects.get_or_create(prefix=prefix, year=day.year)
    series = NumberSeries.objects.select_for_update(of=("self",)).get(prefix=prefix, year=day.year)
    NumberSeries.objects.filter(pk=series.pk).update(last=F("last") + 1)
    serial = series.last + 1
    number = rules.number_text(prefix, day.year, serial)
    row.number, row.numbered_at = number, at
    stored = files.store(
        [render.docx_bytes(queries.document_of(row))], name=f"{row.title}.docx", by=by, at=at
    )
    move(
        paper, "number", number, by, at,
        prefix=prefix, year=day.year, serial=serial, number=number, numbered_at=at, file=stored,
    )  # fmt: skip
    paper.number = number
    journal.record("paper.numbered", row, by=by, at=at, number=number, digest=row.digest, file=stored.sha256)
    return number


@transaction.atomic
def seal(*, paper: Paper, by: Actor, at: datetime) -> None:
    """Note that the seal was put on the printed paper; the program never prints one."""
    row = move(paper, "seal", "", by, at)
    journal.record("paper.sealed", row, by=by, at=at, number=row.number)


@transaction.atomic
def dispatch(*, paper: Paper, by: Actor, at: datetime) -> None:
    """Send the paper to all its recipients."""
    row = move(paper, "dispatch", "", by, at)
    Recipient.objects.filter(paper=row).update(sent_at=at)
    names = [r.name for r in row.recipients.all()]
    journal.record("paper.dispatched", row, by=by, at=at, number=row.number, recipients=names)


@transaction.atomic
def receive(*, recipient: Recipient, by: Actor, at: datetime) -> None:
    """Note that a unit has received the paper, once."""
    by.require(Can.RECEIVE)
    if recipient.department_id not in units_of(by) and not (
        recipient.department_id is None and by.may(Can.ISSUE)
    ):
        raise Forbidden("您不能代其他单位签收。")
    changed = Recipient.objects.filter(pk=recipient.pk, sent_at__isnull=False, received_at=None).update(
        received_at=at, received_by=by.name[:80]
    )
    if not changed:
        raise Refused("not_receivable", "这份公文尚未分送，或者本单位已签收。")
    step(recipient.paper, "签收", recipient.name, by, at)
    journal.record("paper.received", recipient.paper, by=by, at=at, recipient=recipient.name)


@transaction.atomic
def archive(*, paper: Paper, retention: str, by: Actor, at: datetime) -> None:
    """Put the paper into the archive for its retention period."""
    if retention not in Retention.values:
        raise Refused("no_retention", "请选择保管期限。", field="retention")
    row = move(paper, "archive", Retention(retention).label, by, at, retention=retention)
    journal.record("paper.archived", row, by=by, at=at, number=row.number, retention=retention)


@transaction.atomic
def void(*, paper: Paper, reason: str, by: Actor, at: datetime) -> None:
    """Void a paper that was not yet sent; a number once given stays used."""
    reason = need(reason, "no_reason", "请写明作废的原因。", "opinion")
    row = move(paper, "void", reason, by, at)
    journal.record("paper.voided", row, by=by, at=at, number=row.number, reason=reason)
