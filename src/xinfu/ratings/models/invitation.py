"""电话邀评: the calls that ask people to rate (hall.md §1.4)."""

from __future__ import annotations

from django.db import models

from xinfu.ratings.models.rating import Invitation


class CallOutcome(models.TextChoices):
    """What came of a call. Who rated anonymously and who would not are kept alike, so that no row tells of a rating."""

    NAMED = "named", "实名评价"
    TALKED = "talked", "已通话"
    UNREACHED = "unreached", "未接通"


class InvitationCall(models.Model):
    """One call of the telephone list. A row never changes."""

    invitation = models.ForeignKey(
        Invitation, on_delete=models.CASCADE, related_name="calls", verbose_name="评价邀请"
    )
    outcome = models.CharField("结果", max_length=10, choices=CallOutcome.choices)
    at = models.DateTimeField("时间")
    by = models.CharField("通话人", max_length=80)
    by_name = models.CharField("通话人姓名", max_length=80)

    class Meta:
        verbose_name = "电话邀评通话"
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.get_outcome_display()} {self.at:%Y-%m-%d}"
