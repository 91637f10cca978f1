"""办件 (hall.md §2.3–2.5): one row a case, its suspensions, its steps, and the batches that brought it in."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q

from xinfu.cases.models.intake import ImportBatch
from xinfu.core.actor import Actor


class State(models.TextChoices):
    APPLIED = "applied", "已申报"
    RECEIVED = "received", "已收件"
    CORRECTION = "correction", "补正告知"
    ACCEPTED = "accepted", "已受理"
    HANDLING = "handling", "办理中"
    SUSPENDED = "suspended", "特别程序（挂起）"
    FINISHED = "finished", "办结"
    DELIVERED = "delivered", "已送达"
    NOT_ACCEPTED = "not_accepted", "不予受理"
    RETURNED = "returned", "退件"
    PRE_RETURNED = "pre_returned", "预审退回"
    VOIDED = "voided", "作废"
    WITHDRAWN = "withdrawn", "撤回"
    TRANSFERRED = "transferred", "转报"


class FinishKind(models.TextChoices):
    """办结 kinds, codes 0–7 as three systems use them."""

    ISSUED = "0", "出证办结"
    RETURNED = "1", "退回办结"
    VOIDED = "2", "作废办结"
    DELETED = "3", "删除办结"
    TRANSFERRED = "4", "转报办结"
    NO_CORRECTION = "5", "补正不来办结"
    FINISHED = "6", "办结"
    PAPER = "7", "纸质办结"


class Channel(models.TextChoices):
    """申报来源: GB/T 39046 A.5, with the self-service terminal and the bank outlet kept apart."""

    WINDOW = "1", "窗口"
    COMPUTER = "2", "电脑端"
    MOBILE = "3", "移动端"
    EXPRESS = "4", "快递"
    TERMINAL = "5", "自助终端"
    OUTLET = "6", "银行网点"
    OTHER = "9", "其他"


class DueKind(models.TextChoices):
    NONE = "", "无"
    STATED = "stated", "来源给定的时刻"
    COMPUTED = "computed", "按承诺时限推算"


class Quality(models.IntegerChoices):
    """Data-quality marks, one bit each; a marked contradiction is left out of durations only."""

    FINISHED_BEFORE_RECEIVED = 1, "办结早于收件"
    FINISHED_BEFORE_ACCEPTED = 2, "办结早于受理"
    ACCEPTED_BEFORE_RECEIVED = 4, "受理早于收件"
    UNKNOWN_DEPARTMENT = 8, "机构编码不在机构表中"
    UNKNOWN_ITEM = 16, "事项编码不在目录中"
    CLOSED_WITHOUT_TIME = 32, "状态为办结但无办结时间"
    TIME_WITHOUT_CLOSED = 64, "有办结时间但状态未办结"
    NO_REASON = 128, "退件、作废等未写原因"
    BAD_IDENTITY = 256, "证件号码校验位不对"
    ITEM_NOT_VALID = 512, "收件日没有有效的事项版本"
    PROMISE_DIFFERS = 1024, "来源承诺日与推算不同"
    UNKNOWN_WINDOW = 2048, "窗口编号不在窗口表中"
    UNKNOWN_TOWN = 4096, "乡镇街道不在机构表中"
    DUE_BEFORE_RECEIVED = 8192, "到期早于收件"


class CaseQuerySet(models.QuerySet["Case"]):
    parts: tuple[CaseQuerySet, ...] = ()
    """The same rows as disjoint querysets, each counted by an index of its own (paging.count); a filter drops them."""

    def _clone(self) -> Self:
        found: Self = super()._clone()  # type: ignore[misc]
        found.parts = self.parts
        return found

    def _filter_or_exclude_inplace(self, negate: bool, args: Any, kwargs: Any) -> None:
        self.parts = ()
        super()._filter_or_exclude_inplace(negate, args, kwargs)  # type: ignore[misc]

    def visible_to(self, actor: Actor) -> CaseQuerySet:
        """Keep the cases that the actor may open: all, or those of the units in reach (as department or as town)."""
        from xinfu.cases.access import Can

        scope = actor.scope(Can.SEE)
        if scope.everything:
            return self
        if not scope.units:
            return self.none()
        return self.filter(Q(department_id__in=scope.units) | Q(town_id__in=scope.units))


class Case(models.Model):
    """One case. `*_on` are the civil days of the place where it happened; instants are UTC.

    What was decided is stored; overdue, due soon and lights are derived (rules.py). Personal data is sealed
    as one value, found by keyed digests, shown by its tails. `content` is a keyed digest of what the source said.
    """

    case_no = models.CharField("办件编号", max_length=50)
    case_tail = models.CharField("编号后六位", max_length=6)
    data_version = models.PositiveIntegerField("数据版本", default=1)
    content = models.BinaryField("内容摘要", max_length=16)
    item_code = models.CharField("实施编码", max_length=60, blank=True)
    item_name = models.CharField("事项名称", max_length=300)
    item_version = models.ForeignKey(
        "catalog.ItemVersion", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="事项版本"
    )
    summary = models.CharField("办理摘要", max_length=500, blank=True)
    project_type = models.CharField("办件类型", max_length=1, default="2")
    channel = models.CharField("申报来源", max_length=1, choices=Channel.choices)
    is_unified = models.BooleanField("经2.0平台收件", default=False)
    is_unified_item = models.BooleanField("属2.0事项", default=False)
    department = models.ForeignKey(
        "people.Department",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name="承办单位",
    )
    org_name = models.CharField("来源中的承办单位", max_length=200, blank=True)
    window = models.ForeignKey(
        "people.Window",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name="窗口",
    )
    town = models.ForeignKey(
        "people.Department",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name="乡镇街道",
    )
    handler_name = models.CharField("经办人", max_length=60, blank=True)
    applicant_kind = models.CharField(
        "申请者类别", max_length=1, choices=[("1", "个人"), ("2", "法人")], blank=True
    )
    applicant_sealed = models.BinaryField("申请者（加密）", default=b"")
    id_digest = models.BinaryField("证件号摘要", max_length=16, null=True)
    id_tail = models.CharField("证件号尾号", max_length=4, blank=True)
    phone_digest = models.BinaryField("手机摘要", max_length=16, null=True)
    phone_tail = models.CharField("手机尾号", max_length=4, blank=True)
    applied_at = models.DateTimeField("申请时间", null=True)
    received_at = models.DateTimeField("收件时间")
    received_on = models.DateField("收件日")
    accepted_at = models.DateTimeField("受理时间", null=True)
    accepted_on = models.DateField("受理日", null=True)
    finished_at = models.DateTimeField("办结时间", null=True)
    finished_on = models.DateField("办结日", null=True)
    state = models.CharField("状态", max_length=14, choices=State.choices)
    finish_kind = models.CharField("办结类型", max_length=1, choices=FinishKind.choices, blank=True)
    finish_reason = models.CharField("原因", max_length=500, blank=True)
    promise_days = models.PositiveSmallIntegerField("承诺工作日", null=True)
    due_kind = models.CharField(
        "到期依据", max_length=10, choices=DueKind.choices, blank=True, default=DueKind.NONE
    )
    due_at = models.DateTimeField("办结到期时刻", null=True)
    due_on = models.DateField("办结到期日", null=True)
    due_provisional = models.BooleanField("到期日暂定", default=False, help_text="跨入未公布节假日的年份")
    accept_due_on = models.DateField("受理到期日", null=True)
    paused_on = models.DateField("停钟起", null=True, help_text="正在停钟时的第一天")
    paused_days = models.PositiveSmallIntegerField("停钟工作日", default=0)
    handling_days = models.IntegerField("办理用时（工作日）", null=True)
    quality = models.PositiveSmallIntegerField("质量标记", default=0)
    batch = models.ForeignKey(
        ImportBatch,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name="批次",
    )
    changed_at = models.DateTimeField("入库更新时间")

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "办件"
        indexes: ClassVar[list[models.Index]] = [
            # Filters at the end let a page of few matches be found in the index, without the wide rows beside it.
            # Each costs the import some seconds a million rows: only what paid for that stands here. The partial
            # ones hold few rows and cost next to nothing; queries/steering.py leads lists to them.
            models.Index(
                fields=["-received_at", "-id", "state", "channel", "is_unified", "department", "town"],
                name="case_received",
            ),
            models.Index(
                fields=["department", "-received_at", "-id", "state", "channel", "is_unified", "town"],
                name="case_department",
            ),
            models.Index(
                fields=["town", "-received_at", "-id", "state", "channel", "is_unified", "department"],
                name="case_town",
                condition=Q(town__isnull=False),
            ),
            models.Index(
                fields=["window", "-received_at", "-id"],
                name="case_window",
                condition=Q(window__isnull=False),
            ),
            models.Index(
                fields=["state", "-received_at", "-id", "channel", "is_unified", "department", "town"],
                name="case_state",
            ),
            models.Index(
                fields=["channel", "-received_at", "-id", "state", "is_unified", "department", "town"],
                name="case_channel",
                condition=Q(channel__gt="3"),
            ),
            models.Index(
                fields=["finished_on", "id", "department", "town"],
                name="case_finished",
                condition=Q(finished_on__isnull=False),
            ),
            models.Index(
                fields=["-received_at", "-id", "finished_on", "finished_at", "due_at", "department", "town"],
                name="case_done_late",
                condition=Q(finished_at__gt=F("due_at")),
            ),
            models.Index(
                fields=[
                    "due_on",
                    "accept_due_on",
                    "department",
                    "window",
                    "town",
                    "state",
                    "paused_on",
                    "accepted_on",
                    "due_kind",
                    "due_at",
                    "promise_days",
                    "finished_at",
                    "received_at",
                ],
                name="case_open",
                condition=Q(finished_at__isnull=True),
            ),
            models.Index(
                fields=["-received_at", "-id", "quality", "state", "department", "town"],
                name="case_marked",
                condition=Q(quality__gt=0),
            ),
            models.Index(fields=["batch", "id", "department", "town"], name="case_batch"),
            models.Index(fields=["case_tail"], name="case_tail"),
            models.Index(fields=["id_digest"], name="case_id_digest", condition=Q(id_digest__isnull=False)),
            models.Index(fields=["phone_digest"], name="case_phone", condition=Q(phone_digest__isnull=False)),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["case_no"], name="case_no_once"),
            models.CheckConstraint(
                condition=Q(due_kind="", due_at__isnull=True) | (~Q(due_kind="") & Q(due_at__isnull=False)),
                name="case_due_tied",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, finished_on__isnull=True)
                | Q(finished_at__isnull=False, finished_on__isnull=False),
                name="case_finished_tied",
            ),
        ]

    def __str__(self) -> str:
        return self.case_no
