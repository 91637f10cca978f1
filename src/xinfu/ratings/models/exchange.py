"""Files of ratings that went between the house and its partners: who, when, which file, what came of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from xinfu.core.actor import Actor


class Direction(models.TextChoices):
    TAKEN = "in", "导入"
    GIVEN = "out", "导出"


class ExchangeStatus(models.TextChoices):
    WAITING = "waiting", "排队中"
    CHECKING = "checking", "检查中"
    CHECKED = "checked", "待确认"
    LOADING = "loading", "写入中"
    DONE = "done", "已完成"
    DROPPED = "dropped", "已放弃"
    FAILED = "failed", "未完成"


class ExchangeQuerySet(models.QuerySet["Exchange"]):
    def visible_to(self, actor: Actor) -> ExchangeQuerySet:
        """Keep them all for who exchanges ratings, none for others."""
        from xinfu.ratings.access import Can

        return self if actor.may(Can.EXCHANGE) else self.none()


class Exchange(models.Model):
    """One file in or out. A file that came in is kept only until it is taken in or dropped.

    It names the cases of anonymous ratings; of what could not be taken, row, field and reason stay.
    """

    direction = models.CharField("方向", max_length=3, choices=Direction.choices)
    form = models.CharField("交换格式", max_length=1)
    name = models.CharField("文件名", max_length=255)
    sha256 = models.CharField("文件哈希", max_length=64, blank=True, db_index=True)
    status = models.CharField(
        "状态", max_length=10, choices=ExchangeStatus.choices, default=ExchangeStatus.WAITING
    )
    file = models.ForeignKey(
        "core.StoredFile", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="文件"
    )
    is_history = models.BooleanField("历史评价", default=False)
    first_on = models.DateField("评价日期起", null=True)
    last_on = models.DateField("评价日期止", null=True)
    download = models.ForeignKey(
        "core.Download", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name="下载"
    )
    total = models.PositiveIntegerField("总条数", null=True)
    read = models.PositiveIntegerField("已读", default=0)
    created = models.PositiveIntegerField("新增", default=0, help_text="导出的是写出的条数")
    known = models.PositiveIntegerField("已有", default=0)
    not_rated = models.PositiveIntegerField("未评价", default=0)
    refused = models.PositiveIntegerField("未收", default=0, help_text="导出的是格式没有代码、未写出的条数")
    loops = models.PositiveIntegerField("新开差评工单", default=0)
    refusals = models.JSONField("未收的前100条", default=list)
    refused_file = models.ForeignKey(
        "core.StoredFile", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="未收清单"
    )
    refusal = models.CharField("未能完成的原因", max_length=500, blank=True)
    beat_at = models.DateTimeField("最近进展时间", null=True)
    started_at = models.DateTimeField("提出时间")
    started_by = models.CharField("经办人", max_length=80)
    finished_at = models.DateTimeField("完成时间", null=True)

    objects: ClassVar[ExchangeQuerySet] = ExchangeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "评价交换"

    def __str__(self) -> str:
        return self.name
