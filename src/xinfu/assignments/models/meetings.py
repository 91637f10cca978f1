"""会议: agenda, papers, who was asked and who came, decisions and the assigned items that they became."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from xinfu.assignments.access import Can
from xinfu.assignments.flow import MEETING_LABELS, MeetingStatus
from xinfu.assignments.models.items import Item
from xinfu.core.actor import Actor
from xinfu.core.steps import KeptFile, Step


class MeetingKind(models.TextChoices):
    WORK = "work", "工作例会"
    ANALYSIS = "analysis", "落后指标分析会"
    TOPIC = "topic", "专题会"
    OTHER = "other", "其他会议"


class Reply(models.TextChoices):
    COMING = "coming", "参会"
    LEAVE = "leave", "请假"


class Presence(models.TextChoices):
    PRESENT = "present", "到会"
    LATE = "late", "迟到"
    LEAVE = "leave", "请假"
    ABSENT = "absent", "缺席"


class MeetingQuerySet(models.QuerySet["Meeting"]):
    def visible_to(self, actor: Actor) -> MeetingQuerySet:
        """Keep those that a unit in reach calls, is asked to (once notified), or got an item from."""
        scope = actor.scope(Can.SEE)
        if scope.everything:
            return self
        units = scope.units
        if not units:
            return self.none()
        asked = Attendee.objects.filter(meeting=OuterRef("pk"), department__in=units)
        given = Decision.objects.filter(meeting=OuterRef("pk"), item__department__in=units)
        return self.filter(
            Q(unit__in=units) | (Q(Exists(asked)) & ~Q(status=MeetingStatus.PLANNED)) | Q(Exists(given))
        )


class Meeting(models.Model):
    """One meeting from its planning to its end; `frm` and `to` are the days that its figures count, where it has any."""

    title = models.CharField("会议名称", max_length=100)
    kind = models.CharField("会议类别", max_length=10, choices=MeetingKind.choices)
    status = models.CharField(
        "状态",
        max_length=10,
        choices=[(str(s), label) for s, label in MEETING_LABELS.items()],
        default=MeetingStatus.PLANNED.value,
    )
    unit = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, related_name="+", verbose_name="召集单位"
    )
    starts_at = models.DateTimeField("开会时间")
    place = models.CharField("地点", max_length=100)
    chair = models.ForeignKey(
        "people.Person", on_delete=models.PROTECT, related_name="+", verbose_name="主持人"
    )
    note_taker = models.ForeignKey(
        "people.Person", on_delete=models.PROTECT, related_name="+", verbose_name="记录人"
    )
    text = models.CharField("会议事由", max_length=1000, blank=True)
    frm = models.DateField("统计期自", null=True)
    to = models.DateField("统计期至", null=True)
    basis = models.CharField("数据依据", max_length=200, blank=True)
    planned_at = models.DateTimeField("拟定时间")
    planned_by_name = models.CharField("拟定人", max_length=80)
    moved_at = models.DateTimeField("最近办理时间")
    finished_at = models.DateTimeField("结束时间", null=True)

    objects: ClassVar[MeetingQuerySet] = MeetingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "会议"
        constraints = [
            models.CheckConstraint(
                condition=Q(frm=None, to=None) | Q(frm__isnull=False, to__gte=F("frm")),
                name="meeting_days_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["-starts_at", "-id"], name="meeting_starts"),
            models.Index(fields=["frm", "to", "kind"], name="meeting_of_figures"),
        ]

    def __str__(self) -> str:
        return self.title


class AgendaLine(models.Model):
    """One line of the agenda: who reports, how long; `said` is what was found, `ref` the figure that it is about."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="lines", verbose_name="会议")
    place = models.PositiveSmallIntegerField("次序")
    title = models.CharField("议题", max_length=100)
    text = models.CharField("情况", max_length=500, blank=True)
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="汇报单位"
    )
    reporter = models.CharField("汇报人", max_length=40, blank=True)
    minutes = models.PositiveSmallIntegerField("时长（分钟）", default=10)
    said = models.CharField("讨论情况或原因", max_length=1000, blank=True)
    ref = models.CharField("对应数据", max_length=120, blank=True)

    class Meta:
        verbose_name = "会议议题"
        ordering = ("place", "id")

    def __str__(self) -> str:
        return self.title


class MeetingTable(models.Model):
    """A table of figures that the meeting has before it, as they stood on the day. A row never changes."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="tables", verbose_name="会议")
    place = models.PositiveSmallIntegerField("次序")
    title = models.CharField("表题", max_length=100)
    columns = models.JSONField("栏目")
    rows = models.JSONField("各行")
    figures = models.JSONField("数据来源", default=list)

    class Meta:
        verbose_name = "会议数据表"
        ordering = ("place", "id")

    def __str__(self) -> str:
        return self.title


class Attendee(models.Model):
    """A unit, or one person of it, that is asked to come: what it replied, and whether it came."""

    meeting = models.ForeignKey(
        Meeting, on_delete=models.CASCADE, related_name="attendees", verbose_name="会议"
    )
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, related_name="+", verbose_name="参会单位"
    )
    person = models.ForeignKey(
        "people.Person", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="参会人员"
    )
    who = models.CharField("实际参会人", max_length=80, blank=True)
    reply = models.CharField("回执", max_length=10, choices=Reply.choices, blank=True)
    presence = models.CharField("到会情况", max_length=10, choices=Presence.choices, blank=True)
    reason = models.CharField("请假或缺席原因", max_length=200, blank=True)
    replied_at = models.DateTimeField("回执时间", null=True)

    class Meta:
        verbose_name = "参会单位和人员"
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "department"], name="unit_asked_once", condition=Q(person=None)
            ),
            models.UniqueConstraint(fields=["meeting", "person"], name="person_asked_once"),
            models.CheckConstraint(
                condition=(~Q(presence="leave") & ~Q(reply="leave")) | ~Q(reason=""), name="leave_says_why"
            ),
            models.CheckConstraint(
                condition=Q(reply="", replied_at=None) | (~Q(reply="") & Q(replied_at__isnull=False)),
                name="reply_has_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.department}{self.person.name if self.person else ''}"


class Decision(models.Model):
    """What was decided: owner, partners, due day. Once it is an assigned item (`item`) it never changes."""

    meeting = models.ForeignKey(
        Meeting, on_delete=models.CASCADE, related_name="decisions", verbose_name="会议"
    )
    line = models.ForeignKey(
        AgendaLine, on_delete=models.SET_NULL, null=True, related_name="decisions", verbose_name="议题"
    )
    title = models.CharField("决定事项", max_length=100)
    text = models.CharField("具体要求", max_length=1000, blank=True)
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, related_name="+", verbose_name="承办单位"
    )
    due_on = models.DateField("完成期限")
    item = models.OneToOneField(
        Item, on_delete=models.PROTECT, null=True, related_name="decision", verbose_name="交办事项"
    )
    given_at = models.DateTimeField("交办时间", null=True)
    given_by_name = models.CharField("交办人", max_length=80, blank=True)

    class Meta:
        verbose_name = "会议决定"
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(item=None, given_at=None, given_by_name="")
                | (Q(item__isnull=False, given_at__isnull=False) & ~Q(given_by_name="")),
                name="decision_given_tied",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class DecisionPartner(models.Model):
    """A unit that helps with a decision."""

    decision = models.ForeignKey(
        Decision, on_delete=models.CASCADE, related_name="partners", verbose_name="会议决定"
    )
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, related_name="+", verbose_name="配合单位"
    )

    class Meta:
        verbose_name = "会议决定的配合单位"
        constraints = [models.UniqueConstraint(fields=["decision", "department"], name="decision_helps_once")]

    def __str__(self) -> str:
        return str(self.department)


class MeetingStep(Step):
    """One line of a meeting's history. A row never changes."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="steps", verbose_name="会议")
    note = models.CharField("说明", max_length=300, blank=True)

    class Meta(Step.Meta):
        verbose_name = "会议步骤"


class MeetingFile(KeptFile):
    """A paper of the meeting: `digest` names the stored file (core.files)."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="files", verbose_name="会议")
    at = models.DateTimeField("上传时间")
    by_name = models.CharField("上传人", max_length=80)

    class Meta(KeptFile.Meta):
        verbose_name = "会议材料"
        ordering = ("id",)
