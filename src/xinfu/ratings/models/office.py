"""What the office decides about ratings: which texts are kept from the public, what of a day staff may be told."""

from __future__ import annotations

from django.db import models

from xinfu.ratings.models.rating import Rating


class TextDecision(models.Model):
    """One decision to keep a rating's text from the public page, or to show it again. A row never changes."""

    rating = models.ForeignKey(
        Rating, on_delete=models.PROTECT, related_name="text_decisions", verbose_name="评价"
    )
    is_withheld = models.BooleanField("不公开")
    reason = models.CharField("理由", max_length=300)
    at = models.DateTimeField("时间")
    by = models.CharField("决定人", max_length=80)
    by_name = models.CharField("决定人姓名", max_length=80)

    class Meta:
        verbose_name = "文字公开决定"
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{'不公开' if self.is_withheld else '恢复公开'} {self.rating_id}"


class ToldDay(models.Model):
    """That a day's anonymous ratings were looked through: with which smallest group, and when."""

    day = models.DateField("评价日期", unique=True)
    least = models.PositiveSmallIntegerField("最少条数")
    decided_at = models.DateTimeField("形成时间")

    class Meta:
        verbose_name = "匿名评价显示范围"

    def __str__(self) -> str:
        return str(self.day)
