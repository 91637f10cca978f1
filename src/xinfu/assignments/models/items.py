"""交办事项: what was given to whom until when, its steps, evidence and lamps; overdue is derived."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from xinfu.assignments.access import Can
from xinfu.assignments.flow import FINAL, STATUS_LABELS, Status
from xinfu.assignments.rules import LAMPS
from xinfu.core.actor import Actor
from xinfu.core.steps import KeptFile, Step

LAMP_CHOICES = [(str(code), label) for code, label in LAMPS.items()]


class Source(models.TextChoices):
    BULLETIN = "bulletin", "通报"
    MEETING = "meeting", "会议"
    TALK = "talk", "约谈"
    INSPECTION = "inspection", "督查"
    REPORT = "report", "报告"
    OTHER = "other", "其他"


class ItemQuerySet(models.QuerySet["Item"]):
    def visible_to(self, actor: Actor) -> ItemQuerySet:
        """Keep those that a unit in reach gave, does, helps with, or is asked to take over."""
        scope = actor.scope(Can.SEE)
        if scope.everything:
            return self
        units = scope.units
        if not units:
            return self.none()
        helps = Partner.objects.filter(item=OuterRef("pk"), department__in=units)
        return self.filter(
            Q(department__in=units) | Q(giver__in=units) | Q(transfer_to__in=units) | Exists(helps)
        )

    def open(self) -> ItemQuerySet:
        return self.exclude(status__in=[str(s) for s in FINAL])


class Item(models.Model):
    """One thing to do: given by a unit (`giver`) to a unit (`department`) and perhaps a person, until a day.

    `reviewed_lamp`: the lamp of the last monthly review; `override_lamp`: the head's own until the next one.
    """

    title = models.CharField("事项", max_length=100)
    text = models.CharField("具体要求", max_length=1000, blank=True)
    source = models.CharField("来源", max_length=20, choices=Source.choices)
    source_name = models.CharField("来源名称", max_length=100, blank=True)
    giver = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, related_name="+", verbose_name="交办单位"
    )
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, related_name="+", verbose_name="承办单位"
    )
    person = models.ForeignKey(
        "people.Person", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="责任人"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="parts", verbose_name="上级事项"
    )
    transfer_to = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="拟转办至"
    )
    status = models.CharField(
        "状态",
        max_length=12,
        choices=[(str(s), label) for s, label in STATUS_LABELS.items()],
        default=Status.ASSIGNED.value,
    )
    due_on = models.DateField("完成期限")
    progress = models.PositiveSmallIntegerField("进度（%）", default=0)
    reviewed_lamp = models.CharField("上次月度亮灯", max_length=10, choices=LAMP_CHOICES, blank=True)
    override_lamp = models.CharField("改定的亮灯", max_length=10, choices=LAMP_CHOICES, blank=True)
    given_at = models.DateTimeField("交办时间")
    given_by_name = models.CharField("交办人", max_length=80)
    moved_at = models.DateTimeField("最近办理时间")
    reported_on = models.DateField("报结日期", null=True)
    finished_at = models.DateTimeField("结束时间", null=True)
    warned_on = models.DateField("临期提醒日期", null=True)
    late_told_on = models.DateField("超期提醒日期", null=True)

    objects: ClassVar[ItemQuerySet] = ItemQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "交办事项"
        constraints = [
            models.CheckConstraint(condition=Q(progress__lte=100), name="item_progress_is_a_share"),
            models.CheckConstraint(
                condition=Q(transfer_to=None) | ~Q(transfer_to=models.F("department")),
                name="item_goes_to_another_unit",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on", "id"], name="assigned_waiting", condition=Q(finished_at=None)),
            models.Index(fields=["department", "due_on", "id"], name="assigned_to_unit"),
            models.Index(fields=["giver", "due_on", "id"], name="assigned_by_unit"),
        ]

    def __str__(self) -> str:
        return self.title


class Partner(models.Model):
    """A unit that helps with an item."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="partners", verbose_name="交办事项")
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, related_name="+", verbose_name="配合单位"
    )

    class Meta:
        verbose_name = "配合单位"
        constraints = [models.UniqueConstraint(fields=["item", "department"], name="helps_once")]

    def __str__(self) -> str:
        return str(self.department)


class ItemStep(Step):
    """One line of an item's history. A row never changes."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="steps", verbose_name="交办事项")
    note = models.CharField("说明", max_length=300, blank=True)

    class Meta(Step.Meta):
        verbose_name = "交办事项步骤"


class ItemFile(KeptFile):
    """Evidence: `digest` names the stored file (core.files)."""

    step = models.ForeignKey(ItemStep, on_delete=models.CASCADE, related_name="files", verbose_name="步骤")

    class Meta(KeptFile.Meta):
        verbose_name = "交办事项佐证"


class LampEntry(models.Model):
    """One lamp that was set: by the monthly review, or by the head with a reason. A row never changes."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="lamps", verbose_name="交办事项")
    set_on = models.DateField("亮灯日期")
    lamp = models.CharField("亮灯", max_length=10, choices=LAMP_CHOICES)
    is_override = models.BooleanField("领导改定", default=False)
    reason = models.CharField("理由", max_length=300, blank=True)
    at = models.DateTimeField("时间")
    by_name = models.CharField("亮灯人", max_length=80)

    class Meta:
        verbose_name = "亮灯记录"
        ordering = ("at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["item", "set_on"], name="one_review_a_month", condition=Q(is_override=False)
            ),
            models.CheckConstraint(condition=Q(is_override=False) | ~Q(reason=""), name="override_says_why"),
        ]

    def __str__(self) -> str:
        return f"{self.set_on} {self.get_lamp_display()}"
