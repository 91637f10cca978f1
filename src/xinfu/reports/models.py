"""工作报告: runs that made a paper, figures that people entered with evidence, and drafts whose numbers were checked."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from xinfu.core.actor import Actor
from xinfu.reports import rules
from xinfu.reports.access import Can


class ReportKind(models.TextChoices):
    HALF_YEAR = "half_year", "半年工作总结"
    WEEKLY = "weekly", "周通报"
    MONTHLY = "monthly", "月分析"


class RunStatus(models.TextChoices):
    WAITING = "waiting", "排队中"
    RUNNING = "running", "生成中"
    DONE = "done", "已完成"
    FAILED = "failed", "未完成"


class ReportRunQuerySet(models.QuerySet["ReportRun"]):
    def visible_to(self, actor: Actor) -> ReportRunQuerySet:
        """Keep all for the office's sections, nothing for others."""
        return self if actor.may(Can.SEE) else self.none()


class EnteredFigureQuerySet(models.QuerySet["EnteredFigure"]):
    def visible_to(self, actor: Actor) -> EnteredFigureQuerySet:
        """Keep all for the office's sections, nothing for others."""
        return self if actor.may(Can.SEE) else self.none()


class DraftCheckQuerySet(models.QuerySet["DraftCheck"]):
    def visible_to(self, actor: Actor) -> DraftCheckQuerySet:
        """Keep all for the office's sections, nothing for others."""
        return self if actor.may(Can.SEE) else self.none()


class ReportRun(models.Model):
    """One making of a report: what was asked, how far it is, and the paper that came of it."""

    kind = models.CharField("种类", max_length=10, choices=ReportKind.choices)
    frm = models.DateField("自")
    to = models.DateField("至")
    as_of_on = models.DateField("截至", help_text="文中“目前”的日期；填报数据取截至此日的最近一次")
    status = models.CharField("状态", max_length=10, choices=RunStatus.choices, default=RunStatus.WAITING)
    done = models.PositiveSmallIntegerField("已完成步骤", default=0)
    total = models.PositiveSmallIntegerField("步骤数", default=4)
    label = models.CharField("正在做", max_length=80, blank=True)
    refusal = models.CharField("未完成的原因", max_length=500, blank=True)
    snapshot = models.CharField("快照摘要", max_length=64, blank=True)
    paper = models.ForeignKey(
        "papers.Paper", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="公文"
    )
    asked = models.JSONField("提出者当时的权限", default=dict)
    started_at = models.DateTimeField("提出时间")
    started_by = models.CharField("提出者", max_length=80)
    started_by_name = models.CharField("提出者姓名", max_length=80)
    finished_at = models.DateTimeField("完成时间", null=True)

    objects = ReportRunQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "报告生成"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-started_at", "-id"], name="report_run_started")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(to__gte=F("frm")), name="report_run_days_in_order"),
        ]


class EnteredFigure(models.Model):
    """A figure of a subject that is not run here yet: entered by a person, with its evidence; corrected by a new row."""

    subject = models.CharField("板块", max_length=30, choices=[(s.code, s.heading) for s in rules.SUBJECTS])
    title = models.CharField("名称", max_length=80)
    shown = models.CharField("数值", max_length=40, help_text="照文中写法，如 30.83亿元、12条、99.84%、第1")
    value = models.DecimalField("折算值", max_digits=26, decimal_places=8)
    unit = models.CharField("单位", max_length=10, blank=True)
    definition = models.CharField("口径", max_length=300)
    frm = models.DateField("统计期自")
    to = models.DateField("统计期至")
    cutoff_on = models.DateField("数据截至")
    numerator = models.BigIntegerField("分子", null=True, blank=True)
    denominator = models.BigIntegerField("分母", null=True, blank=True)
    evidence = models.CharField("依据", max_length=300, help_text="文件、台账或系统名称")
    file = models.ForeignKey(
        "core.StoredFile", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="依据文件"
    )
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="replaced_by", verbose_name="更正的数据"
    )
    entered_at = models.DateTimeField("填报时间")
    entered_by = models.CharField("填报人", max_length=80)
    entered_by_name = models.CharField("填报人姓名", max_length=80)
    unit_name = models.CharField("填报单位", max_length=80, blank=True)

    objects = EnteredFigureQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "填报数据"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-entered_at", "-id"], name="entered_at"),
            models.Index(fields=["subject", "to"], name="entered_subject"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(to__gte=F("frm")), name="entered_days_in_order"),
            models.CheckConstraint(condition=Q(cutoff_on__gte=F("frm")), name="entered_cutoff_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.title}{self.shown}"


class DraftCheck(models.Model):
    """A self-written text and what was found about each of its numbers."""

    file = models.ForeignKey(
        "core.StoredFile", on_delete=models.PROTECT, related_name="+", verbose_name="稿件"
    )
    name = models.CharField("文件名", max_length=255)
    frm = models.DateField("统计期自")
    to = models.DateField("统计期至")
    as_of_on = models.DateField("截至")
    snapshot = models.CharField("快照摘要", max_length=64, blank=True)
    lines = models.JSONField("原文", default=list)
    marks = models.JSONField("核对结果", default=list)
    ticked = models.PositiveIntegerField("相符", default=0)
    struck = models.PositiveIntegerField("不符", default=0)
    unknown = models.PositiveIntegerField("未找到", default=0)
    made_at = models.DateTimeField("核对时间")
    made_by = models.CharField("核对人", max_length=80)
    made_by_name = models.CharField("核对人姓名", max_length=80)

    objects = DraftCheckQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "稿件核对"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-made_at", "-id"], name="draft_check_made")
        ]


class MeetingPaperKind(models.TextChoices):
    NOTICE = "notice", "会议通知"
    SIGNIN = "signin", "签到表"
    MATERIALS = "materials", "会议材料"
    MINUTES = "minutes", "会议纪要"


class MeetingPaper(models.Model):
    """A paper drafted from a meeting; `digest` is the text that the program wrote, so that people's own is kept."""

    meeting = models.ForeignKey(
        "assignments.Meeting", on_delete=models.PROTECT, related_name="+", verbose_name="会议"
    )
    kind = models.CharField("种类", max_length=10, choices=MeetingPaperKind.choices)
    paper = models.OneToOneField(
        "papers.Paper", on_delete=models.PROTECT, related_name="+", verbose_name="公文"
    )
    digest = models.CharField("生成文本摘要", max_length=64)
    made_at = models.DateTimeField("生成时间")
    made_by_name = models.CharField("生成人", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "会议公文"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["meeting", "kind", "-id"], name="meeting_paper_last")
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
