"""公文: papers with their versions, co-signers, recipients, steps and running numbers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from xinfu.core.actor import Actor
from xinfu.papers.access import Can
from xinfu.papers.flow import ISSUED, STATUS_LABELS, Status


class Kind(models.TextChoices):
    LETTER = "letter", "函"
    BULLETIN = "bulletin", "通报"
    MINUTES = "minutes", "会议纪要"
    REPORT = "report", "报告"
    NOTICE = "notice", "通知"
    MEETING = "meeting", "会议材料"


class Retention(models.TextChoices):
    PERMANENT = "permanent", "永久"
    THIRTY = "30", "30年"
    TEN = "10", "10年"


class PaperQuerySet(models.QuerySet["Paper"]):
    def visible_to(self, actor: Actor) -> PaperQuerySet:
        """Keep the papers of the office's sections for them; else own ones, those to co-sign, those received."""
        if actor.may(Can.SEE_ALL):
            return self
        if not actor.may(Can.SEE):
            return self.none()
        units = units_of(actor)
        cosigned = CoSign.objects.filter(paper=OuterRef("pk"), department_id__in=units)
        received = Recipient.objects.filter(paper=OuterRef("pk"), department_id__in=units)
        return self.filter(
            Q(drafted_by=actor.key)
            | Q(unit_id__in=units)
            | (Q(Exists(cosigned)) & ~Q(status__in=[Status.DRAFT, Status.REVIEW]))
            | (Q(Exists(received)) & Q(status__in=ISSUED))
        )


def units_of(actor: Actor) -> frozenset[int]:
    """Return the units for which the actor co-signs and receives: his own and those his roles were given for."""
    own = frozenset({actor.unit_id}) if actor.unit_id and actor.kind != "outside" else frozenset()
    return own | actor.scope(Can.COSIGN).units


class Paper(models.Model):
    """One paper from draft to archive; once signed its text, digest and signer never change."""

    kind = models.CharField("文种", max_length=10, choices=Kind.choices)
    organ = models.CharField("发文机关", max_length=80)
    title = models.CharField("标题", max_length=200)
    status = models.CharField(
        "状态",
        max_length=12,
        choices=[(str(s), label) for s, label in STATUS_LABELS.items()],
        default=Status.DRAFT.value,
    )
    version = models.ForeignKey(
        "PaperVersion", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="现行版本"
    )
    unit = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="拟稿科室"
    )
    drafted_at = models.DateTimeField("拟稿时间")
    drafted_by = models.CharField("拟稿人", max_length=80, db_index=True)
    drafted_by_name = models.CharField("拟稿人姓名", max_length=80)
    due_on = models.DateField("办理期限", null=True, blank=True)
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="corrections", verbose_name="更正的公文"
    )
    moved_at = models.DateTimeField("最近办理时间")
    signed_at = models.DateTimeField("签发时间", null=True)
    signed_by = models.CharField("签发人", max_length=80, blank=True)
    digest = models.CharField(
        "签发文本摘要", max_length=64, blank=True, help_text="正文、数据来源和版式的 SHA-256"
    )
    prefix = models.CharField("机关代字", max_length=24, blank=True)
    year = models.PositiveSmallIntegerField("发文年份", null=True)
    serial = models.PositiveIntegerField("顺序号", null=True)
    number = models.CharField("发文字号", max_length=60, blank=True, db_index=True)
    numbered_at = models.DateTimeField("编号时间", null=True)
    file = models.ForeignKey(
        "core.StoredFile", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="定稿文件"
    )
    retention = models.CharField("保管期限", max_length=10, choices=Retention.choices, blank=True)

    objects = PaperQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "公文"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["status", "-moved_at"], name="paper_status"),
            models.Index(fields=["unit", "-moved_at"], name="paper_unit"),
            models.Index(fields=["-moved_at", "-id"], name="paper_moved"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["prefix", "year", "serial"], name="paper_number_once"),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True, signed_by="", digest="")
                | (Q(signed_at__isnull=False) & ~Q(signed_by="") & ~Q(digest="")),
                name="paper_signed_tied",
            ),
            models.CheckConstraint(
                condition=Q(serial__isnull=True, year__isnull=True, number="", numbered_at__isnull=True)
                | (Q(serial__isnull=False, year__isnull=False, numbered_at__isnull=False) & ~Q(number="")),
                name="paper_numbered_tied",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def version_number(self) -> int:
        return self.version.number if self.version else 0

    @property
    def text_digest(self) -> str:
        return self.version.digest if self.version else ""

    @property
    def text_by(self) -> str:
        """Return who wrote the text that stands now."""
        return self.version.made_by if self.version else ""

    @property
    def has_text(self) -> bool:
        return bool(self.version and self.version.blocks)


class PaperVersion(models.Model):
    """One version of a paper's text; a database trigger forbids changing a row."""

    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="versions", verbose_name="公文")
    number = models.PositiveIntegerField("版次")
    title = models.CharField("标题", max_length=200)
    addressee = models.CharField("主送", max_length=500, blank=True)
    copy_to = models.CharField("抄送", max_length=500, blank=True)
    blocks = models.JSONField("正文", default=list)
    figures = models.JSONField("数据来源", default=list)
    notes = models.JSONField("起草提示", default=list)
    layout_code = models.CharField("版式", max_length=20)
    layout_version = models.PositiveSmallIntegerField("版式版本")
    digest = models.CharField("摘要", max_length=64)
    source = models.ForeignKey(
        "core.StoredFile", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="上传的稿件"
    )
    made_at = models.DateTimeField("形成时间")
    made_by = models.CharField("形成人", max_length=80)
    made_by_name = models.CharField("形成人姓名", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "公文版本"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["paper", "number"], name="paper_version_once")
        ]

    def __str__(self) -> str:
        return f"第{self.number}版"


class Decision(models.TextChoices):
    NONE = "", "未会签"
    AGREE = "agree", "同意"
    DISAGREE = "disagree", "不同意"


class CoSign(models.Model):
    """One department that must co-sign: named once, decides once for the text that was sent to it."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="cosigns", verbose_name="公文")
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, related_name="+", verbose_name="单位"
    )
    decision = models.CharField(
        "意见", max_length=10, choices=Decision.choices, default=Decision.NONE, blank=True
    )
    opinion = models.CharField("会签意见", max_length=500, blank=True)
    decided_at = models.DateTimeField("会签时间", null=True)
    decided_by = models.CharField("会签人", max_length=80, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "会签"
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["paper", "department"], name="cosign_once"),
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True, decided_by="")
                | (~Q(decision="") & Q(decided_at__isnull=False) & ~Q(decided_by="")),
                name="cosign_tied",
            ),
        ]


class RecipientRole(models.TextChoices):
    MAIN = "main", "主送"
    COPY = "copy", "抄送"


class Recipient(models.Model):
    """One unit or outside body that the paper goes to, and its receipt."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="recipients", verbose_name="公文")
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="单位"
    )
    name = models.CharField("名称", max_length=100)
    role = models.CharField("方式", max_length=5, choices=RecipientRole.choices, default=RecipientRole.MAIN)
    sent_at = models.DateTimeField("分送时间", null=True)
    received_at = models.DateTimeField("签收时间", null=True)
    received_by = models.CharField("签收人", max_length=80, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "分送"
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["paper", "name"], name="recipient_once"),
            models.CheckConstraint(
                condition=Q(received_at__isnull=True, received_by="")
                | (Q(received_at__isnull=False) & ~Q(received_by="")),
                name="recipient_tied",
            ),
        ]


class PaperStep(models.Model):
    """One step of the paper's way: who, what, when, with which opinion; never changed."""

    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="steps", verbose_name="公文")
    version = models.ForeignKey(PaperVersion, on_delete=models.PROTECT, related_name="+", verbose_name="版本")
    verb = models.CharField("办理", max_length=20)
    opinion = models.CharField("意见", max_length=1000, blank=True)
    at = models.DateTimeField("时间")
    by = models.CharField("办理人", max_length=80)
    by_name = models.CharField("办理人姓名", max_length=80)
    unit_name = models.CharField("单位", max_length=80, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "办理过程"
        ordering: ClassVar[list[str]] = ["pk"]


class NumberSeries(models.Model):
    """The last running number of one prefix in one year; the row is the lock."""

    prefix = models.CharField("机关代字", max_length=24)
    year = models.PositiveSmallIntegerField("年份")
    last = models.PositiveIntegerField("已用到", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "发文字号"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["prefix", "year"], name="number_series_once")
        ]
