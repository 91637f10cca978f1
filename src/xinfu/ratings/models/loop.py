"""差评处置 (hall.md §1.5–1.6): what was decided about a bad rating, step by step; overdue is derived."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from xinfu.core.actor import Actor
from xinfu.core.steps import KeptFile, Step
from xinfu.ratings.flow import REVIEWED, STATUS_LABELS, Status
from xinfu.ratings.models.rating import Rating


class BadRatingQuerySet(models.QuerySet["BadRating"]):
    def visible_to(self, actor: Actor) -> BadRatingQuerySet:
        """Keep those of the units in reach, and those that the actor's unit is to judge."""
        from xinfu.ratings.access import Can

        scope = actor.scope(Can.SEE)
        if scope.everything:
            return self
        if not scope.units:
            return self.none()
        return self.filter(models.Q(department_id__in=scope.units) | models.Q(judge_id__in=scope.units))


class BadRating(models.Model):
    """The loop of one bad rating. `department` owns it; `judge` decides its appeals and must be another unit."""

    rating = models.OneToOneField(Rating, on_delete=models.PROTECT, related_name="loop", verbose_name="评价")
    number = models.CharField("工单编号", max_length=60, unique=True)
    status = models.CharField(
        "状态",
        max_length=3,
        choices=[(str(s), label) for s, label in STATUS_LABELS.items()],
        default=Status.OPEN.value,
    )
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="承办单位"
    )
    judge = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="审核单位"
    )
    triage = models.CharField("分类", max_length=20, blank=True)
    received_at = models.DateTimeField("收到时间")
    verify_due_on = models.DateField("核实回访期限")
    rectify_due_on = models.DateField("整改期限")
    asked_on = models.DateField("最近报审日期", null=True)
    judge_due_on = models.DateField("审核期限", null=True)
    due_on = models.GeneratedField(
        verbose_name="到期日",
        expression=models.Case(
            models.When(status=Status.OPEN.value, then=models.F("verify_due_on")),
            models.When(
                status__in=sorted(str(s) for s in REVIEWED),
                judge_due_on__isnull=False,
                then=models.F("judge_due_on"),
            ),
            default=models.F("rectify_due_on"),
        ),
        output_field=models.DateField(),
        db_persist=True,
    )
    is_extended = models.BooleanField("已延期", default=False)
    called_back_at = models.DateTimeField("首次回访时间", null=True)
    moved_at = models.DateTimeField("最近办理时间")
    finished_at = models.DateTimeField("办结时间", null=True)
    finished_on = models.DateField("办结日期", null=True)
    warned_on = models.DateField("临期提醒日期", null=True)
    raised_on = models.DateField("超期提请日期", null=True)
    raised_to = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="超期提请至"
    )

    objects: ClassVar[BadRatingQuerySet] = BadRatingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "差评处置"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(judge__isnull=True) | ~models.Q(judge=models.F("department")),
                name="judged_by_another_unit",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_on", "id", "department", "judge", "status", "raised_to"],
                name="bad_rating_due",
                condition=models.Q(finished_at=None),
            ),
            models.Index(
                fields=["department", "due_on", "id", "status"],
                name="bad_rating_unit_due",
                condition=models.Q(finished_at=None),
            ),
            models.Index(
                fields=["raised_to", "due_on", "id"],
                name="bad_rating_raised_due",
                condition=models.Q(finished_at=None, raised_to__isnull=False),
            ),
            models.Index(
                fields=["judge", "due_on", "id"],
                name="bad_rating_judge_due",
                condition=models.Q(finished_at=None, status__in=sorted(str(s) for s in REVIEWED)),
            ),
            models.Index(fields=["-received_at", "-id"], name="bad_rating_latest"),
        ]

    def __str__(self) -> str:
        return self.number


class BadRatingStep(Step):
    """One step: who, when, what was said (300 characters at most). A row never changes."""

    loop = models.ForeignKey(
        BadRating, on_delete=models.CASCADE, related_name="steps", verbose_name="差评处置"
    )
    source = models.CharField("原状态", max_length=3)
    target = models.CharField("新状态", max_length=3)
    note = models.CharField("说明", max_length=300, blank=True)
    due_on = models.DateField("整改或延期日期", null=True)

    class Meta(Step.Meta):
        verbose_name = "差评处置步骤"

    def __str__(self) -> str:
        return f"{self.verb} {self.at:%Y-%m-%d}"


class BadRatingFile(KeptFile):
    """An attachment of a step; `digest` names the stored file (core.files)."""

    step = models.ForeignKey(
        BadRatingStep, on_delete=models.CASCADE, related_name="files", verbose_name="步骤"
    )

    class Meta(KeptFile.Meta):
        verbose_name = "差评处置附件"


class CallBackKind(models.TextChoices):
    FIRST = "first", "核实回访"
    APPEAL = "appeal", "申诉核实"
    SPOT = "spot", "抽查回访"


class CallBack(models.Model):
    """One call to the person who rated; anonymous ratings have none."""

    loop = models.ForeignKey(
        BadRating, on_delete=models.CASCADE, related_name="calls", verbose_name="差评处置"
    )
    kind = models.CharField("种类", max_length=10, choices=CallBackKind.choices)
    is_reached = models.BooleanField("接通")
    said = models.CharField("通话内容", max_length=300, blank=True)
    at = models.DateTimeField("时间")
    by = models.CharField("回访人", max_length=80)
    by_name = models.CharField("回访人姓名", max_length=80)

    class Meta:
        verbose_name = "差评回访"
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d}"


class SpotCheck(models.Model):
    """One draw of finished bad ratings to be called again: seed and population are kept, so anyone can draw it anew."""

    seed = models.CharField("种子", max_length=64, unique=True)
    first_on = models.DateField("办结日期起")
    last_on = models.DateField("办结日期止")
    population = models.PositiveIntegerField("可抽件数")
    population_digest = models.CharField("可抽件摘要", max_length=64)
    drawn_at = models.DateTimeField("抽取时间")
    drawn_by = models.CharField("抽取人", max_length=80)

    class Meta:
        verbose_name = "差评抽查"
        ordering = ("-drawn_at", "-id")

    def __str__(self) -> str:
        return f"{self.first_on}—{self.last_on}"


class SpotCheckLoop(models.Model):
    """One drawn loop and its place in the draw."""

    check_of = models.ForeignKey(
        SpotCheck, on_delete=models.CASCADE, related_name="drawn", verbose_name="差评抽查"
    )
    loop = models.ForeignKey(
        BadRating, on_delete=models.PROTECT, related_name="spot_checks", verbose_name="差评处置"
    )
    place = models.PositiveIntegerField("顺序")

    class Meta:
        verbose_name = "差评抽查件"
        ordering = ("check_of", "place")
        constraints = [
            models.UniqueConstraint(fields=["check_of", "loop"], name="drawn_once"),
            models.UniqueConstraint(fields=["check_of", "place"], name="one_place_a_draw"),
        ]

    def __str__(self) -> str:
        return f"{self.place}. {self.loop_id}"
