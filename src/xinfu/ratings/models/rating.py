"""评价 (hall.md §1.2–1.4): one row a rating; a row never changes but for what the office decides about it later."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from xinfu.core.actor import Actor


class Level(models.IntegerChoices):
    """Satisfaction, ascending. Exchange partners number it up or down: only their converter knows."""

    VERY_BAD = 1, "非常不满意"
    BAD = 2, "不满意"
    FAIR = 3, "基本满意"
    GOOD = 4, "满意"
    VERY_GOOD = 5, "非常满意"


BAD_LEVELS = (Level.VERY_BAD, Level.BAD)


class Channel(models.TextChoices):
    """评价渠道: the upload's codes 1–7, and the telephone of GB/T 39046 table 9."""

    COMPUTER = "1", "PC端"
    MOBILE = "2", "移动端"
    QR_CODE = "3", "二维码"
    TABLET = "4", "大厅平板电脑"
    TERMINAL = "5", "大厅其他终端"
    MESSAGE = "6", "短信"
    DEFAULT = "7", "系统默认评价"
    TELEPHONE = "8", "电话"


class Stage(models.TextChoices):
    RECEIVED = "0", "接件"
    ACCEPTED = "1", "受理"
    FINISHED = "2", "办结"


class UserKind(models.TextChoices):
    PERSON = "person", "个人"
    ORGANISATION = "organisation", "法人"


class Origin(models.TextChoices):
    LOCAL = "local", "本地"
    EXCHANGE = "exchange", "省平台"


class RatingQuerySet(models.QuerySet["Rating"]):
    def visible_to(self, actor: Actor) -> RatingQuerySet:
        """Keep the ratings of the units in reach (as department or as town)."""
        from xinfu.ratings.access import Can

        scope = actor.scope(Can.SEE)
        if scope.everything:
            return self
        if not scope.units:
            return self.none()
        return self.filter(Q(department_id__in=scope.units) | Q(town_id__in=scope.units))


class Rating(models.Model):
    """One rating. An anonymous one names no case, no person and no time of day, so that nobody can infer its author.

    `case_key`: keyed digest of the case number: keeps one rating a case and stage (turn 1) and one follow-up (turn 2).
    `code`: random public name of the row, used in addresses and as the order within a day, so that no running number
    tells who came when. `sealed`: name, phone, identity, case number.
    """

    code = models.CharField("评价编号", max_length=20, unique=True)
    province_no = models.CharField("省平台编号", max_length=60, blank=True)
    origin = models.CharField("来源", max_length=10, choices=Origin.choices, default=Origin.LOCAL)
    case = models.ForeignKey(
        "cases.Case", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="办件"
    )
    case_key = models.BinaryField("办件摘要", max_length=16)
    stage = models.CharField("评价环节", max_length=1, choices=Stage.choices, default=Stage.FINISHED)
    turn = models.PositiveSmallIntegerField("评价次数", default=1)
    channel = models.CharField("评价渠道", max_length=1, choices=Channel.choices)
    level = models.PositiveSmallIntegerField("满意度", choices=Level.choices)
    reason_codes = models.CharField("评价理由", max_length=80, blank=True)
    text = models.CharField("文字评价", max_length=500, blank=True)
    is_anonymous = models.BooleanField("匿名", default=True)
    may_publish = models.BooleanField("同意公开", default=False)
    withheld_at = models.DateTimeField("不公开决定时间", null=True)
    withheld_by = models.CharField("不公开决定人", max_length=80, blank=True)
    withheld_reason = models.CharField("不公开理由", max_length=300, blank=True)
    rated_at = models.DateTimeField("评价时间")
    rated_on = models.DateField("评价日期")
    item_code = models.CharField("实施编码", max_length=60, blank=True)
    item_name = models.CharField("事项名称", max_length=300)
    item = models.ForeignKey(
        "catalog.Item", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="事项"
    )
    department = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="承办单位"
    )
    window = models.ForeignKey(
        "people.Window", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="窗口"
    )
    town = models.ForeignKey(
        "people.Department", on_delete=models.PROTECT, null=True, related_name="+", verbose_name="乡镇街道"
    )
    user_kind = models.CharField("服务对象", max_length=12, choices=UserKind.choices, default=UserKind.PERSON)
    sealed = models.BinaryField("个人信息", blank=True)
    excluded_at = models.DateTimeField("不计入统计起", null=True)
    told = models.PositiveSmallIntegerField(
        "匿名评价显示范围",
        null=True,
        help_text="1窗口、2乡镇街道、4事项之和；空为尚未确定（ratings.telling）",
    )

    objects: ClassVar[RatingQuerySet] = RatingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "评价"
        constraints = [
            # default ratings are kept apart for ever: who rates after one is the first to rate
            models.UniqueConstraint(
                F("case_key"),
                F("stage"),
                F("turn"),
                models.Case(models.When(channel=Channel.DEFAULT.value, then=1), default=0),
                name="one_rating_a_turn",
            ),
            models.UniqueConstraint(
                fields=["province_no"], condition=~Q(province_no=""), name="one_rating_a_province_no"
            ),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=5), name="rating_level"),
            models.CheckConstraint(condition=Q(turn__gte=1, turn__lte=2), name="rating_turn"),
            models.CheckConstraint(
                condition=Q(is_anonymous=False) | Q(case__isnull=True), name="anonymous_names_no_case"
            ),
            models.CheckConstraint(
                condition=Q(withheld_at__isnull=True, withheld_by="")
                | (Q(withheld_at__isnull=False) & ~Q(withheld_by="")),
                name="rating_withheld_at_by",
            ),
        ]
        indexes = [
            models.Index(fields=["-rated_on", "code"], name="rating_latest"),
            models.Index(fields=["department", "-rated_on", "code"], name="rating_department"),
            models.Index(fields=["level", "-rated_on", "code"], name="rating_level_latest"),
            models.Index(fields=["channel", "-rated_on", "code"], name="rating_channel_latest"),
            models.Index(fields=["-rated_on", "code"], name="rating_worded", condition=~Q(text="")),
            models.Index(fields=["-rated_on", "code"], name="rating_second", condition=Q(turn=2)),
            models.Index(
                fields=["-rated_on", "code"],
                name="rating_excluded",
                condition=Q(excluded_at__isnull=False),
            ),
            models.Index(
                fields=["rated_on"], name="rating_untold", condition=Q(is_anonymous=True, told=None)
            ),
            # What the public pages count by (queries.published); PostgreSQL reads no row for it.
            models.Index(
                fields=["window", "rated_on", "level", "channel", "is_anonymous"],
                name="rating_window_counts",
                condition=Q(excluded_at=None),
            ),
            models.Index(
                fields=["item", "rated_on", "level", "channel", "is_anonymous", "window"],
                name="rating_item_counts",
                condition=Q(excluded_at=None),
            ),
            models.Index(
                fields=["window", "rated_on", "code"],
                name="rating_window_texts",
                condition=Q(may_publish=True, withheld_at=None, excluded_at=None),
            ),
            models.Index(
                fields=["item", "rated_on", "code"],
                name="rating_item_texts",
                condition=Q(may_publish=True, withheld_at=None, excluded_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ReasonSwitch(models.Model):
    """From a day on, an extension option of the national list is offered in this county, or is not."""

    code = models.CharField("理由编码", max_length=3)
    since = models.DateField("生效日期")
    is_on = models.BooleanField("启用")
    source = models.CharField("依据", max_length=200)
    set_at = models.DateTimeField("设定时间")
    set_by = models.CharField("设定人", max_length=80)

    class Meta:
        verbose_name = "评价理由启用"
        constraints = [models.UniqueConstraint(fields=["code", "since"], name="one_switch_a_day")]

    def __str__(self) -> str:
        return f"{self.code} {self.since}"


class InvitationKind(models.TextChoices):
    MESSAGE = "message", "短信邀评"
    TELEPHONE = "telephone", "电话邀评"


class Invitation(models.Model):
    """One invitation to rate a case: a message after a day, the telephone list after three (hall.md §1.4)."""

    case = models.ForeignKey("cases.Case", on_delete=models.CASCADE, related_name="+", verbose_name="办件")
    kind = models.CharField("方式", max_length=10, choices=InvitationKind.choices)
    made_at = models.DateTimeField("形成时间")
    done_at = models.DateTimeField("完成时间", null=True)
    outcome = models.CharField("结果", max_length=100, blank=True)

    class Meta:
        verbose_name = "评价邀请"
        constraints = [models.UniqueConstraint(fields=["case", "kind"], name="one_invitation_a_kind")]
        indexes = [
            models.Index(fields=["made_at"], name="invitation_sent", condition=Q(kind="message")),
            models.Index(
                fields=["made_at"], name="invitation_to_call", condition=Q(kind="telephone", done_at=None)
            ),
            models.Index(
                fields=["-done_at", "-id"],
                name="invitation_called",
                condition=Q(kind="telephone", done_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.case_id}"
