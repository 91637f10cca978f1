"""What belongs to one case beside its row: stops of its clock, steps of the handling, the licence it ended with."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from xinfu.cases.models.case import Case


class PauseKind(models.TextChoices):
    """挂起 kinds; 转报 does not move the due day."""

    ORDINARY = "ordinary", "普通挂起"
    CORRECTION = "correction", "补正告知"
    SPECIAL = "special", "特别程序"
    TRANSFER = "transfer", "转报"


class CasePause(models.Model):
    """One stop of a case's clock: what stopped it, from when to when, and why."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="pauses", verbose_name="办件")
    kind = models.CharField("类别", max_length=10, choices=PauseKind.choices)
    name = models.CharField("名称", max_length=100, blank=True)
    started_at = models.DateTimeField("开始时间")
    ended_at = models.DateTimeField("结束时间", null=True)
    reason = models.CharField("原因", max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "停钟"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["case", "kind", "started_at"], name="case_pause_once"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="case_pause_in_order",
            ),
        ]


class CaseStep(models.Model):
    """One step of the handling, as the source system tells it."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="steps", verbose_name="办件")
    name = models.CharField("环节", max_length=100)
    action = models.CharField("动作", max_length=40, blank=True)
    unit_name = models.CharField("处理单位", max_length=200, blank=True)
    handler_name = models.CharField("处理人", max_length=60, blank=True)
    started_at = models.DateTimeField("开始时间")
    ended_at = models.DateTimeField("结束时间", null=True)
    note = models.CharField("意见", max_length=1000, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "办理环节"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["case", "name", "started_at"], name="case_step_once")
        ]


class CaseLicence(models.Model):
    """A licence or certificate that a case ended with, and how long it is valid (hall.md §2.3 结果)."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="licences", verbose_name="办件")
    name = models.CharField("证照名称", max_length=200)
    number = models.CharField("证照编号", max_length=100)
    issuer = models.CharField("发证单位", max_length=200, blank=True)
    issued_on = models.DateField("发证日期", null=True)
    valid_from = models.DateField("有效期自", null=True)
    valid_until = models.DateField("有效期至", null=True, help_text="长期有效的为空")
    is_permanent = models.BooleanField("长期有效", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "证照"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["case", "number"], name="case_licence_once"),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                name="case_licence_in_order",
            ),
            models.CheckConstraint(
                condition=Q(is_permanent=False) | Q(valid_until__isnull=True),
                name="case_licence_permanent",
            ),
        ]
