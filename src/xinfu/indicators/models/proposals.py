"""高频涉企事项建议: what a unit proposes, its texts as handed in, its steps and opinions, sheets of answers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from xinfu.core.actor import Actor, Kind
from xinfu.core.steps import KeptFile, Step
from xinfu.indicators.access import Can
from xinfu.indicators.flow import (
    DECIDED,
    LEVEL_LABELS,
    PROPOSAL_LABELS,
    RESULT_LABELS,
    ProposalStatus,
)
from xinfu.indicators.proposals.guards import reach

LEVELS = [(str(code), label) for code, label in LEVEL_LABELS.items()]
RESULTS = [(str(code), label) for code, label in RESULT_LABELS.items()]
DECIDED_CODES = sorted(str(s) for s in DECIDED)


class ProposalKind(models.TextChoices):
    """hall.md §3.3 [derived]; what fits none of them says which in its own words."""

    MATERIALS = "materials", "材料精简"
    PROCESS = "process", "流程优化"
    SYSTEM = "system", "系统缺陷"
    FORM = "form", "表单"
    TERM = "term", "时限"
    OTHER = "other", "其他"


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def visible_to(self, actor: Actor) -> ProposalQuerySet:
        """Keep what was handed in by units in reach, and drafts of the actor's own unit only."""
        if not actor.may(Can.SEE_PROPOSALS):
            return self.none()
        scope = actor.scope(Can.SEE_PROPOSALS)
        if actor.kind == Kind.SYSTEM:
            return self
        own = Q(department__in=reach(actor))
        if scope.everything:
            return self.filter(own | ~Q(number=""))
        return self.filter(own | Q(department__in=scope.units) & ~Q(number=""))

    def handed_in(self) -> ProposalQuerySet:
        return self.exclude(number="")


class ProposalSeries(models.Model):
    """The last number that was given in a year."""

    year = models.PositiveSmallIntegerField("年度", unique=True)
    last = models.PositiveIntegerField("最后序号", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "建议编号"

    def __str__(self) -> str:
        return str(self.year)


class Proposal(models.Model):
    """One suggestion of a unit on a high-frequency item of businesses.

    `number` is given when it is first handed in; `turn`: how many times it was handed in. `decided_on`: the day on
    the deciding level's paper, which may differ from the day on which it was entered (ProposalStep.at).
    """

    number = models.CharField("编号", max_length=20, blank=True)
    title = models.CharField("建议名称", max_length=60)
    kind = models.CharField("建议类型", max_length=12, choices=ProposalKind.choices, blank=True)
    kind_note = models.CharField("其他类型的说明", max_length=20, blank=True)
    content = models.CharField("建议内容", max_length=2000, blank=True)
    item = models.ForeignKey(
        "catalog.Item", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="涉及事项"
    )
    item_name = models.CharField("事项名称", max_length=300, blank=True)
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, related_name="+", verbose_name="提出单位"
    )
    status = models.CharField(
        "状态",
        max_length=12,
        choices=[(str(s), label) for s, label in PROPOSAL_LABELS.items()],
        default=ProposalStatus.DRAFT.value,
    )
    turn = models.PositiveSmallIntegerField("提交次数", default=0)
    drafted_at = models.DateTimeField("起草时间")
    drafted_by = models.CharField("起草人", max_length=80)
    drafted_by_name = models.CharField("起草人姓名", max_length=80)
    submitted_on = models.DateField("首次提交日期", null=True)
    handed_in_at = models.DateTimeField("最近提交时间", null=True)
    submitted_by = models.CharField("提交人", max_length=80, blank=True)
    submitted_by_name = models.CharField("提交人姓名", max_length=80, blank=True)
    county_due_on = models.DateField("县级审核期限", null=True)
    moved_at = models.DateTimeField("最近办理时间")
    decided_on = models.DateField("办结日期", null=True, help_text="以作出决定的一级的文件日期为准")
    decided_level = models.CharField("作出决定的一级", max_length=10, choices=LEVELS, blank=True)
    answer_seen_at = models.DateTimeField("结果已阅时间", null=True)
    answer_seen_by_name = models.CharField("结果已阅人", max_length=80, blank=True)

    objects: ClassVar[ProposalQuerySet] = ProposalQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = verbose_name_plural = "高频涉企事项建议"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["number"], condition=~Q(number=""), name="proposal_number_once"),
            models.CheckConstraint(
                condition=Q(number="", submitted_on=None, handed_in_at=None, submitted_by="", turn=0)
                | ~Q(number="") & Q(submitted_on__isnull=False, handed_in_at__isnull=False, turn__gt=0),
                name="proposal_number_day_and_turn",
            ),
            models.CheckConstraint(
                condition=Q(status__in=DECIDED_CODES, decided_on__isnull=False) & ~Q(decided_level="")
                | ~Q(status__in=DECIDED_CODES) & Q(decided_on=None, decided_level=""),
                name="proposal_decided_has_day_and_level",
            ),
            models.CheckConstraint(
                condition=~Q(status="county") | Q(county_due_on__isnull=False),
                name="proposal_under_review_is_due",
            ),
            models.CheckConstraint(
                condition=Q(answer_seen_at=None, answer_seen_by_name="")
                | Q(answer_seen_at__isnull=False) & ~Q(answer_seen_by_name=""),
                name="proposal_seen_at_and_by",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-moved_at", "-id"], name="proposal_newest"),
            models.Index(fields=["department", "-moved_at", "-id"], name="proposal_of_unit"),
            models.Index(fields=["status", "county_due_on"], name="proposal_waiting"),
            models.Index(fields=["handed_in_at"], name="proposal_handed_in"),
        ]

    def __str__(self) -> str:
        return self.title


class ProposalText(models.Model):
    """A suggestion as it was handed in, once a turn. A row never changes."""

    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, related_name="texts", verbose_name="建议"
    )
    turn = models.PositiveSmallIntegerField("第几次提交")
    title = models.CharField("建议名称", max_length=60)
    kind = models.CharField("建议类型", max_length=12, choices=ProposalKind.choices)
    kind_note = models.CharField("其他类型的说明", max_length=20, blank=True)
    content = models.CharField("建议内容", max_length=2000)
    item_name = models.CharField("事项名称", max_length=300)
    at = models.DateTimeField("提交时间")
    by_name = models.CharField("提交人", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "建议提交文本"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["proposal", "turn"], name="proposal_text_once")
        ]

    def __str__(self) -> str:
        return self.title


class ProposalStep(Step):
    """One line of a suggestion's history; an opinion names level, result, and the day on its paper.

    `at` is when it was entered, `decided_on` the day on the paper. A row never changes.
    """

    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, related_name="steps", verbose_name="建议"
    )
    turn = models.PositiveSmallIntegerField("第几次提交")
    level = models.CharField("层级", max_length=10, choices=LEVELS, blank=True)
    result = models.CharField("结果", max_length=12, choices=RESULTS, blank=True)
    opinion = models.CharField("意见或说明", max_length=300, blank=True)
    decided_on = models.DateField("意见日期", null=True)
    paper_no = models.CharField("文号或工单号", max_length=60, blank=True)

    class Meta(Step.Meta):
        verbose_name = verbose_name_plural = "建议办理步骤"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["proposal", "turn", "level"], condition=~Q(level=""), name="proposal_opinion_once"
            ),
            models.CheckConstraint(
                condition=Q(level="", result="", decided_on=None)
                | ~Q(level="") & ~Q(result="") & Q(decided_on__isnull=False),
                name="proposal_opinion_is_whole",
            ),
        ]


class ProposalFile(KeptFile):
    """A file of a suggestion, or of a step (the scanned answer): `digest` names the stored file (core.files)."""

    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, related_name="files", verbose_name="建议"
    )
    step = models.ForeignKey(
        ProposalStep, on_delete=models.PROTECT, null=True, related_name="files", verbose_name="步骤"
    )

    class Meta(KeptFile.Meta):
        verbose_name = verbose_name_plural = "建议附件"


# --- answers as a sheet ---------------------------------------------------------------------------


class SheetStatus(models.TextChoices):
    CHECKED = "checked", "已检查，待确认"
    TAKEN = "taken", "已导入"
    DROPPED = "dropped", "已放弃"


class LineState(models.TextChoices):
    WAITING = "waiting", "待导入"
    TAKEN = "taken", "已登记"
    REFUSED = "refused", "未收"


class AnswerSheet(models.Model):
    """A sheet of the city's or province's answers: checked first, taken in once it was confirmed."""

    name = models.CharField("文件名", max_length=200)
    sha256 = models.CharField("文件摘要", max_length=64)
    status = models.CharField("状态", max_length=10, choices=SheetStatus.choices, default=SheetStatus.CHECKED)
    checked_at = models.DateTimeField("检查时间")
    checked_by = models.CharField("导入人", max_length=80)
    checked_by_name = models.CharField("导入人姓名", max_length=80)
    finished_at = models.DateTimeField("完成时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "建议答复表"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(finished_at=None) | ~Q(status="checked"), name="answer_sheet_finished"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AnswerLine(models.Model):
    """One line of a sheet: what it says, and what became of it."""

    sheet = models.ForeignKey(
        AnswerSheet, on_delete=models.PROTECT, related_name="lines", verbose_name="答复表"
    )
    row = models.PositiveIntegerField("行号")
    number = models.CharField("编号", max_length=40, blank=True)
    level = models.CharField("层级", max_length=10, choices=LEVELS, blank=True)
    result = models.CharField("结果", max_length=12, choices=RESULTS, blank=True)
    decided_on = models.DateField("意见日期", null=True)
    paper_no = models.CharField("文号或工单号", max_length=60, blank=True)
    opinion = models.CharField("意见", max_length=300, blank=True)
    state = models.CharField("处理", max_length=10, choices=LineState.choices)
    refusal = models.CharField("未收的原因", max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "建议答复表的一行"
        ordering = ("row", "id")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["sheet", "row"], name="answer_line_once"),
            models.CheckConstraint(
                condition=Q(state="refused") & ~Q(refusal="") | ~Q(state="refused") & Q(refusal=""),
                name="answer_line_refused_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.row} {self.number}"
