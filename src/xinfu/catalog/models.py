"""事项 and their versions (hall.md §2.1–2.2): a case keeps the version under which it was received."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from xinfu.core.actor import Actor


class TaskType(models.TextChoices):
    """GB/T 39046 A.1."""

    LICENCE = "01", "行政许可"
    PENALTY = "02", "行政处罚"
    COERCION = "03", "行政强制"
    LEVY = "04", "行政征收"
    PAYMENT = "05", "行政给付"
    INSPECTION = "06", "行政检查"
    CONFIRMATION = "07", "行政确认"
    REWARD = "08", "行政奖励"
    RULING = "09", "行政裁决"
    OTHER = "10", "其他行政权力"
    PUBLIC_SERVICE = "20", "公共服务"


class ProjectType(models.TextChoices):
    """GB/T 39046 A.6."""

    INSTANT = "1", "即办件"
    PROMISED = "2", "承诺件"
    OTHER = "9", "其他"


class DayKind(models.TextChoices):
    WORKDAY = "workday", "工作日"
    CALENDAR = "calendar", "自然日"
    MONTH = "month", "月"
    YEAR = "year", "年"
    NONE = "none", "无期限"


class BatchStatus(models.TextChoices):
    WAITING = "waiting", "排队中"
    CHECKING = "checking", "正在检查"
    CHECKED = "checked", "已检查，待确认"
    LOADING = "loading", "正在写入"
    DONE = "done", "已导入"
    FAILED = "failed", "没有导入"
    DROPPED = "dropped", "已放弃"
    UNDOING = "undoing", "正在撤销"
    UNDONE = "undone", "已撤销"


class Level(models.TextChoices):
    """What became of the row that a finding is about."""

    REJECTED = "rejected", "未收"
    MARKED = "marked", "已收，待核对"
    FILE = "file", "整个文件"


class ItemBatch(models.Model):
    """One file of items brought in: its hash, its mapping, what the check found, what came of it."""

    name = models.CharField("文件名", max_length=255)
    sha256 = models.CharField("文件哈希", max_length=64, db_index=True)
    mapping = models.CharField("映射", max_length=60)
    file = models.ForeignKey(
        "core.StoredFile", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="文件"
    )
    status = models.CharField("状态", max_length=10, choices=BatchStatus.choices)
    since = models.DateField("默认生效日期", null=True, blank=True, help_text="行内未写生效日期时采用")
    read = models.PositiveIntegerField("已读", default=0)
    created = models.PositiveIntegerField("新增", default=0)
    updated = models.PositiveIntegerField("更新", default=0)
    unchanged = models.PositiveIntegerField("未变", default=0)
    rejected = models.PositiveIntegerField("未收", default=0)
    marked = models.PositiveIntegerField("待核对", default=0)
    content_digest = models.CharField("内容摘要", max_length=64, blank=True)
    done = models.PositiveIntegerField("已办事项", default=0, help_text="检查或写入到第几个事项")
    total = models.PositiveIntegerField("事项数", null=True)
    refusal = models.CharField("未成的原因", max_length=500, blank=True)
    confirmed_at = models.DateTimeField("确认时间", null=True)
    beat_at = models.DateTimeField("最近进展", null=True)
    started_at = models.DateTimeField("上传时间")
    finished_at = models.DateTimeField("完成时间", null=True)
    started_by = models.CharField("导入者", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "事项导入批次"

    def __str__(self) -> str:
        return self.name


class ItemFinding(models.Model):
    """One thing that the check of a file found: row, column, value, reason."""

    batch = models.ForeignKey(
        ItemBatch, on_delete=models.CASCADE, related_name="findings", verbose_name="批次"
    )
    level = models.CharField("处理", max_length=10, choices=Level.choices)
    kind = models.CharField("种类", max_length=20)
    row = models.PositiveIntegerField("行号")
    column = models.CharField("列", max_length=100)
    value = models.CharField("取值", max_length=300)
    reason = models.CharField("原因", max_length=500)

    class Meta:
        verbose_name = verbose_name_plural = "事项导入问题"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["batch", "row"], name="item_finding_row")
        ]


class ItemQuerySet(models.QuerySet["Item"]):
    def visible_to(self, actor: Actor) -> ItemQuerySet:
        """Keep the items that the actor may open: what the county offers is open to all who may see the list."""
        from xinfu.catalog.access import Can

        return self if actor.may(Can.SEE) else self.none()


class Item(models.Model):
    """A service item by its implementation code; what may change lies in its versions."""

    code = models.CharField("实施编码", max_length=60, unique=True)
    catalog_code = models.CharField("基本编码", max_length=20, blank=True, db_index=True)
    local_code = models.CharField("地方实施编码", max_length=50, blank=True)
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="实施主体"
    )

    objects = ItemQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "事项"

    def __str__(self) -> str:
        return self.code


class ItemVersion(models.Model):
    """One version of an item between two days; never changed once a case refers to it."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="versions", verbose_name="事项")
    version = models.PositiveIntegerField("版本")
    since = models.DateField("生效日期")
    until = models.DateField("取消日期", null=True, blank=True)
    name = models.CharField("事项名称", max_length=1000)
    main_name = models.CharField("主项名称", max_length=1000, blank=True)
    task_type = models.CharField("事项类型", max_length=2, choices=TaskType.choices)
    project_type = models.CharField(
        "办件类型", max_length=1, choices=ProjectType.choices, blank=True, help_text="来源未给时为空"
    )
    department = models.ForeignKey(
        "people.Department",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="当时的实施主体",
    )
    department_name = models.CharField("实施主体名称", max_length=200, blank=True)
    department_code = models.CharField("实施主体编码", max_length=40, blank=True)
    use_level = models.CharField("行使层级", max_length=20, blank=True, help_text="代码，可多个，以逗号分隔")
    server_types = models.CharField(
        "服务对象", max_length=20, blank=True, help_text="代码，可多个，以逗号分隔"
    )
    handle_types = models.CharField(
        "办理形式", max_length=20, blank=True, help_text="代码，可多个，以逗号分隔"
    )
    statutory_days = models.PositiveIntegerField("法定办结时限", null=True)
    statutory_kind = models.CharField(
        "法定时限单位", max_length=10, choices=DayKind.choices, default=DayKind.WORKDAY
    )
    promise_days = models.PositiveIntegerField("承诺办结时限", null=True)
    promise_kind = models.CharField(
        "承诺时限单位", max_length=10, choices=DayKind.choices, default=DayKind.WORKDAY
    )
    accept_limit_days = models.PositiveIntegerField("受理时限（工作日）", null=True, blank=True)
    visits = models.PositiveIntegerField("到办事现场次数", null=True)
    visits_reason = models.CharField("必须现场办理原因", max_length=1000, blank=True)
    visits_exempt = models.BooleanField("不宜跑零次", default=False)
    online_url = models.CharField("网上办理地址", max_length=1000, blank=True)
    online_depth = models.CharField("网上办理深度", max_length=20, blank=True)
    online_exempt = models.BooleanField("不适宜网上办", default=False)
    mobile_url = models.CharField("移动端办理地址", max_length=1000, blank=True)
    mobile_exempt = models.BooleanField("不适宜掌上办", default=False)
    is_unified = models.BooleanField("纳入2.0平台", default=False)
    is_entry_center = models.BooleanField("进驻政务大厅", default=False)
    is_self_service = models.BooleanField("支持自助终端", default=False)
    details = models.JSONField("其他要素", default=dict, help_text="设定依据、材料、流程、收费等")
    link_fault = models.CharField("网办地址的问题", max_length=300, blank=True)
    lacking = models.PositiveSmallIntegerField("缺少的应填要素", default=0)
    digest = models.CharField("内容摘要", max_length=64)
    batch = models.ForeignKey(
        ItemBatch, on_delete=models.PROTECT, null=True, related_name="versions", verbose_name="导入批次"
    )
    ended_by = models.ForeignKey(
        ItemBatch, on_delete=models.PROTECT, null=True, related_name="ended", verbose_name="由哪一批次截止"
    )
    open_until_on = models.DateField("截止前的取消日期", null=True, help_text="撤销批次时恢复")
    imported_at = models.DateTimeField("导入时间")

    class Meta:
        verbose_name = verbose_name_plural = "事项版本"
        constraints = [
            models.UniqueConstraint(fields=["item", "version"], name="item_version_once"),
            models.UniqueConstraint(fields=["item", "since"], name="item_since_once"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="item_version_days_in_order"
            ),
        ]

    def __str__(self) -> str:
        return self.name
