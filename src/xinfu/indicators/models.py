"""Stored figures, what others publish about us, and the county's targets and colour rules."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class SnapshotOrigin(models.Model):
    """The name of this database in snapshot manifests, so that files of another database are never taken for ours."""

    token = models.CharField("标识", max_length=32)
    made_at = models.DateTimeField("生成时间")

    class Meta:
        verbose_name = verbose_name_plural = "快照来源"


class FigureSet(models.Model):
    """Figures of one snapshot, period and grouping, computed once and never changed."""

    snapshot = models.CharField("快照摘要", max_length=64)
    frm = models.DateField("自")
    to = models.DateField("至")
    grain = models.CharField(
        "分组", max_length=60, blank=True, help_text="以加号连接，如 month+department；空为合计"
    )
    computed_at = models.DateTimeField("计算时间")

    class Meta:
        verbose_name = verbose_name_plural = "数据集"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["snapshot", "frm", "to", "grain"], name="figure_set_once"),
            models.CheckConstraint(condition=Q(to__gte=F("frm")), name="figure_set_days_in_order"),
        ]


class Figure(models.Model):
    """One number: whole numerator and denominator of one group; `key` holds the group's values as JSON."""

    set = models.ForeignKey(
        FigureSet, on_delete=models.CASCADE, related_name="figures", verbose_name="数据集"
    )
    indicator = models.CharField("指标", max_length=60)
    grain = models.CharField("分组", max_length=60, blank=True)
    key = models.CharField("分组取值", max_length=200, blank=True)
    numerator = models.BigIntegerField("分子")
    denominator = models.BigIntegerField("分母", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "数据"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["set", "indicator", "key"], name="figure_once")
        ]


class SnapshotPin(models.Model):
    """A snapshot that something frozen stands on (a signed paper, a published board): its files are kept."""

    snapshot = models.CharField("快照摘要", max_length=64)
    subject = models.CharField("引用者", max_length=120)
    pinned_at = models.DateTimeField("引用时间")
    pinned_by = models.CharField("引用人", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "快照引用"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["snapshot", "subject"], name="snapshot_pin_once")
        ]


class ImportedValue(models.Model):
    """A value, rank or colour that somebody else published, kept as printed; a correction is a new revision."""

    indicator = models.CharField("指标", max_length=60)
    frm = models.DateField("自")
    to = models.DateField("至")
    region = models.CharField("地区", max_length=60)
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="部门"
    )
    is_own = models.BooleanField("本县", default=False)
    printed = models.CharField("数值", max_length=24, blank=True, help_text="照公布的写法，如 99.11")
    numerator = models.BigIntegerField("分子", null=True)
    denominator = models.BigIntegerField("分母", null=True)
    rank = models.PositiveIntegerField("名次", null=True)
    colour = models.CharField("颜色", max_length=10, blank=True)
    source = models.CharField("来源", max_length=300)
    revision = models.PositiveIntegerField("修订", default=1)
    is_latest = models.BooleanField("现行", default=True)
    imported_at = models.DateTimeField("导入时间")
    imported_by = models.CharField("导入者", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "导入数值"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["indicator", "frm", "to", "region"],
                condition=Q(is_latest=True, department__isnull=True),
                name="imported_county_once",
            ),
            models.UniqueConstraint(
                fields=["indicator", "frm", "to", "region", "department"],
                condition=Q(is_latest=True, department__isnull=False),
                name="imported_department_once",
            ),
            models.CheckConstraint(condition=Q(to__gte=F("frm")), name="imported_days_in_order"),
        ]


class ColourMethod(models.TextChoices):
    SCORE = "score", "按数值"
    RANK_QUANTILE = "rank_quantile", "按名次所处分位"
    GAP_TO_TARGET = "gap_to_target", "按与目标的差距"
    IMPORTED = "imported", "按导入的颜色"


class ColourRule(models.Model):
    """How an indicator is coloured from a day on; a blank indicator is the rule for all that have none of their own."""

    indicator = models.CharField("指标", max_length=60, blank=True)
    since = models.DateField("自何日起")
    method = models.CharField("方法", max_length=20, choices=ColourMethod.choices)
    bounds = models.JSONField("分档", help_text='由好到差，如 [["green", "0.2"], …]，末档不设界')
    source = models.CharField("依据", max_length=300)
    set_at = models.DateTimeField("设定时间")
    set_by = models.CharField("设定人", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "分色规则"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["indicator", "since"], name="colour_rule_day")
        ]


class Target(models.Model):
    """The value that an indicator should reach, from a day on."""

    indicator = models.CharField("指标", max_length=60)
    since = models.DateField("自何日起")
    value = models.CharField("目标值", max_length=24)
    source = models.CharField("依据", max_length=300)
    set_at = models.DateTimeField("设定时间")
    set_by = models.CharField("设定人", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "目标"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["indicator", "since"], name="target_day")
        ]
