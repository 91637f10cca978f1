"""Batches that brought cases in, what they could not take, and the months that moved."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class BatchStatus(models.TextChoices):
    WAITING = "waiting", "排队中"
    CHECKING = "checking", "检查中"
    CHECKED = "checked", "待确认"
    LOADING = "loading", "写入中"
    DONE = "done", "已完成"
    UNDOING = "undoing", "撤销中"
    UNDONE = "undone", "已撤销"
    FAILED = "failed", "未能导入"


class ImportBatch(models.Model):
    """One file brought in: its hash, its mapping, how far it got, and what came of it."""

    name = models.CharField("文件名", max_length=255)
    sha256 = models.CharField("文件哈希", max_length=64, db_index=True)
    mapping = models.CharField("映射", max_length=60)
    file = models.ForeignKey(
        "core.StoredFile", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="文件"
    )
    status = models.CharField("状态", max_length=10, choices=BatchStatus.choices, default=BatchStatus.WAITING)
    total = models.PositiveIntegerField("总行数", null=True)
    read = models.PositiveIntegerField("已读", default=0)
    created = models.PositiveIntegerField("新增", default=0)
    updated = models.PositiveIntegerField("更新", default=0)
    unchanged = models.PositiveIntegerField("未变", default=0)
    rejected = models.PositiveIntegerField("未收", default=0)
    stale = models.PositiveIntegerField("版本较旧", default=0, help_text="已计入未变")
    undone = models.PositiveIntegerField("已撤销", default=0, help_text="撤销本批次时删除的办件")
    rejected_file = models.ForeignKey(
        "core.StoredFile", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="未收行清单"
    )
    beat_at = models.DateTimeField("最近进展时间", null=True)
    marked = models.JSONField("质量标记计数", default=dict)
    refusal = models.CharField("未能导入的原因", max_length=500, blank=True)
    started_at = models.DateTimeField("开始时间")
    finished_at = models.DateTimeField("结束时间", null=True)
    started_by = models.CharField("导入者", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "导入批次"


class RejectedRow(models.Model):
    """One value that could not be taken in: row, column, value, reason."""

    batch = models.ForeignKey(
        ImportBatch, on_delete=models.CASCADE, related_name="rejections", verbose_name="批次"
    )
    row = models.PositiveIntegerField("行号")
    column = models.CharField("列", max_length=100)
    value = models.CharField("取值", max_length=200, help_text="个人信息已遮盖")
    reason = models.CharField("原因", max_length=300)

    class Meta:
        verbose_name = verbose_name_plural = "未收行"
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["batch", "row"], name="rejected_row")]


class MonthRevision(models.Model):
    """How often the cases received in one month changed; the snapshot exports only months that moved."""

    month = models.CharField("收件月份", max_length=7, primary_key=True)
    revision = models.BigIntegerField("修订号", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "月份修订"
