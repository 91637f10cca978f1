"""Stored figures, what others publish about us, the county's targets and colour rules, and published tables."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from xinfu.core.actor import Actor
from xinfu.indicators.access import Can
from xinfu.indicators.flow import STATUS_LABELS, Status


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


class PublishedTableQuerySet(models.QuerySet["PublishedTable"]):
    def visible_to(self, actor: Actor) -> PublishedTableQuerySet:
        """Return what was published, to all who see indicators; what waits for it, to those who publish."""
        if not actor.may(Can.SEE):
            return self.none()
        return (
            self if actor.may(Can.PUBLISH) else self.filter(status__in=(Status.PUBLISHED, Status.WITHDRAWN))
        )


class PublishedTable(models.Model):
    """A league table frozen when it was prepared: what people saw before they pressed 公布 is what was published."""

    indicator = models.CharField("指标", max_length=60)
    title = models.CharField("指标名称", max_length=80)
    unit = models.CharField("单位", max_length=20)
    decimals = models.PositiveSmallIntegerField("小数位")
    better = models.CharField("好的方向", max_length=4)
    formula = models.CharField("口径", max_length=300)
    grain = models.CharField("按什么排", max_length=20)
    frm = models.DateField("自")
    to = models.DateField("至")
    snapshot = models.CharField("快照摘要", max_length=64)
    snapshot_at = models.DateTimeField("数据截至")
    minimum = models.PositiveIntegerField("参加排名的最少件数")
    minimum_source = models.CharField("最少件数依据", max_length=300)
    content = models.CharField("内容摘要", max_length=64, help_text="公布时各行的 SHA-256")
    status = models.CharField(
        "状态",
        max_length=12,
        choices=[(s.value, label) for s, label in STATUS_LABELS.items()],
        default=Status.DRAFT.value,
    )
    prepared_at = models.DateTimeField("准备时间")
    prepared_by = models.CharField("准备人", max_length=80)
    published_at = models.DateTimeField("公布时间", null=True)
    published_by = models.CharField("公布人", max_length=80, blank=True)
    withdrawn_at = models.DateTimeField("撤回时间", null=True)
    withdrawn_by = models.CharField("撤回人", max_length=80, blank=True)
    withdrawn_reason = models.CharField("撤回原因", max_length=300, blank=True)

    objects = PublishedTableQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "公布的榜"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["indicator", "grain", "frm", "to"],
                condition=Q(status="published"),
                name="published_table_once",
            ),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True, published_by="")
                | Q(published_at__isnull=False) & ~Q(published_by=""),
                name="published_at_and_by",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by="", withdrawn_reason="")
                | Q(withdrawn_at__isnull=False) & ~Q(withdrawn_by="") & ~Q(withdrawn_reason=""),
                name="withdrawn_at_by_and_reason",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-prepared_at"], name="published_newest")
        ]


class PublishedLine(models.Model):
    """One unit of a published table; a correction is a new revision beside the old one, which never changes."""

    table = models.ForeignKey(
        PublishedTable, on_delete=models.PROTECT, related_name="lines", verbose_name="公布的榜"
    )
    key = models.CharField("分组取值", max_length=60)
    label = models.CharField("单位名称", max_length=200)
    code = models.CharField("编码", max_length=80, blank=True)
    place = models.PositiveIntegerField("次序")
    rank = models.PositiveIntegerField("名次", null=True)
    rank_before = models.PositiveIntegerField("上期名次", null=True)
    numerator = models.BigIntegerField("分子")
    denominator = models.BigIntegerField("分母", null=True)
    value = models.CharField("数值", max_length=24, blank=True)
    revision = models.PositiveIntegerField("修订", default=1)
    is_latest = models.BooleanField("现行", default=True)
    corrected_at = models.DateTimeField("更正时间", null=True)
    corrected_by = models.CharField("更正人", max_length=80, blank=True)
    reason = models.CharField("更正原因", max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "公布的榜的一行"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["table", "key", "revision"], name="published_line_revision"),
            models.UniqueConstraint(
                fields=["table", "key"], condition=Q(is_latest=True), name="published_line_latest"
            ),
            models.CheckConstraint(
                condition=Q(corrected_at__isnull=True, corrected_by="", reason="", revision=1)
                | Q(corrected_at__isnull=False, revision__gt=1) & ~Q(corrected_by="") & ~Q(reason=""),
                name="corrected_at_by_and_reason",
            ),
        ]
