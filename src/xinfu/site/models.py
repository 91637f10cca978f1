"""投诉建议, the entry that the rules ask for in the program itself (国办函〔2026〕12号)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Suggestion(models.Model):
    """What somebody complains of or proposes; sealed, for anything may be in it. The office answers in public words."""

    text_sealed = models.BinaryField("内容（加密）")
    made_at = models.DateTimeField("提出时间", db_index=True)
    made_by = models.CharField("提出者", max_length=80, db_index=True)
    made_by_name = models.CharField("提出人", max_length=80)
    question = models.CharField("公开的问题摘要", max_length=200, blank=True)
    answer = models.TextField("答复", max_length=2000, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True)
    answered_by = models.CharField("答复人", max_length=80, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "投诉建议"
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by="")
                | Q(answered_at__isnull=False) & ~Q(answered_by=""),
                name="suggestion_answered_by",
            )
        ]
