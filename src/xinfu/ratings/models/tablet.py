"""窗口平板: which tablet stands at which window, what it is asked to show, how often nobody rated."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from xinfu.core.actor import Actor
from xinfu.ratings.models.rating import Stage


class TabletQuerySet(models.QuerySet["Tablet"]):
    def visible_to(self, actor: Actor) -> TabletQuerySet:
        """Keep the tablets at windows of the units in reach."""
        from xinfu.ratings.access import Can

        scope = actor.scope(Can.TABLETS)
        return self if scope.everything else self.filter(window__department__in=scope.units)


class Tablet(models.Model):
    """A device bound to a window; `key_digest` is the SHA-256 of the secret that only the device's cookie holds."""

    code = models.CharField("平板编号", max_length=16, unique=True)
    window = models.ForeignKey(
        "people.Window", on_delete=models.PROTECT, related_name="+", verbose_name="窗口"
    )
    name = models.CharField("名称", max_length=40)
    made_at = models.DateTimeField("登记时间")
    made_by = models.CharField("登记人", max_length=80)
    paired_at = models.DateTimeField("配对时间", null=True)
    key_digest = models.BinaryField("密钥摘要", max_length=32, null=True)
    seen_at = models.DateTimeField("最近在线", null=True)
    ended_at = models.DateTimeField("解除时间", null=True)
    ended_by = models.CharField("解除人", max_length=80, blank=True)

    objects: ClassVar[TabletQuerySet] = TabletQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "窗口平板"
        constraints = [
            models.UniqueConstraint(
                fields=["window"],
                condition=Q(ended_at=None, paired_at__isnull=False),
                name="one_tablet_a_window",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by="") | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
                name="tablet_ended_at_by",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RequestState(models.TextChoices):
    OPEN = "open", "请评价中"
    ENDED = "ended", "已结束"
    LAPSED = "lapsed", "超时未评价"


class TabletRequest(models.Model):
    """One asking at a window. It names its case only while it is open; afterwards it says that it ended, no more.

    Whether anybody rated is kept only for what a window's system pushed, which needs the return code −2.
    """

    code = models.CharField("请评编号", max_length=16, unique=True)
    window = models.ForeignKey(
        "people.Window", on_delete=models.PROTECT, related_name="+", verbose_name="窗口"
    )
    case = models.ForeignKey(
        "cases.Case", on_delete=models.CASCADE, null=True, related_name="+", verbose_name="办件"
    )
    stage = models.CharField("评价环节", max_length=1, choices=Stage.choices)
    turn = models.PositiveSmallIntegerField("评价次数", default=1)
    state = models.CharField("状态", max_length=6, choices=RequestState.choices, default=RequestState.OPEN)
    is_pushed = models.BooleanField("由窗口系统推送", default=False)
    asked_at = models.DateTimeField("请评时间", db_index=True)
    asked_by = models.CharField("请评者", max_length=80)
    open_until = models.DateTimeField("等待至")

    class Meta:
        verbose_name = "平板请评"
        constraints = [
            models.UniqueConstraint(
                fields=["window"], condition=Q(state="open"), name="one_request_a_window"
            ),
            models.CheckConstraint(
                condition=Q(state="open") | Q(case__isnull=True), name="ended_request_names_no_case"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class TabletMonth(models.Model):
    """How often a window asked in a month, and how often nobody rated within the time."""

    window = models.ForeignKey(
        "people.Window", on_delete=models.PROTECT, related_name="+", verbose_name="窗口"
    )
    month = models.DateField("月份")
    asked = models.PositiveIntegerField("请评次数", default=0)
    unrated = models.PositiveIntegerField("未评价次数", default=0)

    class Meta:
        verbose_name = "平板请评月计"
        constraints = [
            models.UniqueConstraint(fields=["window", "month"], name="one_tablet_month"),
            models.CheckConstraint(condition=Q(unrated__lte=models.F("asked")), name="unrated_within_asked"),
        ]

    def __str__(self) -> str:
        return f"{self.window_id} {self.month}"
