"""机构、窗口、人员、角色, and outside organisations by 统一社会信用代码."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q

from xinfu.core.access import ROLE_LABELS, Role
from xinfu.core.actor import Actor, Kind
from xinfu.people.access import Can


def together(moment: str, name: str, label: str) -> models.CheckConstraint:
    """Return the constraint that a moment and the name of who did it are both set or both missing."""
    return models.CheckConstraint(
        condition=Q(**{f"{moment}__isnull": True, name: ""})
        | (Q(**{f"{moment}__isnull": False}) & ~Q(**{name: ""})),
        name=label,
    )


class DepartmentKind(models.TextChoices):
    OFFICE = "office", "政务办"
    SECTION = "section", "科室"
    SENDING_UNIT = "sending_unit", "派驻单位"
    DATA_BUREAU = "data_bureau", "大数据管理中心"
    TOWNSHIP = "township", "乡镇街道"
    VILLAGE = "village", "村（社区）"
    OUTLET = "outlet", "银行网点"
    OTHER = "other", "其他"


class DepartmentQuerySet(models.QuerySet["Department"]):
    def visible_to(self, actor: Actor) -> Self:
        """Narrow to the units that the actor's `people.see` reaches."""
        scope = actor.scope(Can.SEE)
        return self if scope.everything else self.filter(pk__in=scope.units)

    def open(self) -> Self:
        return self.filter(closed_on=None)


class Department(models.Model):
    """A unit in the tree; `path` is `/1/5/17/` of ids, so that a subtree is one prefix."""

    code = models.CharField("机构编码", max_length=40, unique=True, help_text="统一社会信用代码或本地编码")
    name = models.CharField("名称", max_length=100)
    short_name = models.CharField("简称", max_length=40)
    kind = models.CharField("类别", max_length=20, choices=DepartmentKind.choices)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="children", verbose_name="上级机构"
    )
    path = models.CharField("路径", max_length=120, db_index=True)
    division_code = models.CharField("行政区划代码", max_length=12, blank=True)
    phone = models.CharField("联系电话", max_length=40, blank=True)
    order = models.PositiveIntegerField("排序", default=1000)
    closed_on = models.DateField("撤销日期", null=True, blank=True)

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "机构"
        ordering = ["order", "code"]
        constraints = [
            models.CheckConstraint(condition=~Q(parent=F("pk")), name="department_not_its_own_parent")
        ]

    def __str__(self) -> str:
        return self.short_name


class WindowQuerySet(models.QuerySet["Window"]):
    def visible_to(self, actor: Actor) -> Self:
        """Narrow to the windows of the units that the actor's `people.see` reaches."""
        scope = actor.scope(Can.SEE)
        return self if scope.everything else self.filter(department__in=scope.units)

    def open(self) -> Self:
        return self.filter(closed_on=None)


class Window(models.Model):
    """A window of a hall, manned by one sending unit."""

    code = models.CharField("窗口编号", max_length=20, unique=True)
    name = models.CharField("窗口名称", max_length=80)
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="windows", verbose_name="派驻单位"
    )
    hall = models.CharField("大厅", max_length=80, blank=True)
    phone = models.CharField("联系电话", max_length=40, blank=True)
    order = models.PositiveIntegerField("排序", default=1000)
    closed_on = models.DateField("撤销日期", null=True, blank=True)

    objects = WindowQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "窗口"
        ordering = ["order", "code"]

    def __str__(self) -> str:
        return self.name


class PersonQuerySet(models.QuerySet["Person"]):
    def visible_to(self, actor: Actor) -> Self:
        """Narrow to oneself and the people of the units that the actor's `people.see` reaches."""
        scope = actor.scope(Can.SEE)
        if scope.everything:
            return self
        own = Q(pk=actor.id) if actor.kind == Kind.PERSON else Q(pk__in=[])
        return self.filter(own | Q(department__in=scope.units))

    def serving(self) -> Self:
        return self.filter(left_on=None)


class Person(models.Model):
    """Somebody who works in a department."""

    staff_no = models.CharField("工号", max_length=20, unique=True)
    name = models.CharField("姓名", max_length=60)
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="people", verbose_name="所在机构"
    )
    window = models.ForeignKey(
        Window, on_delete=models.SET_NULL, null=True, blank=True, related_name="people", verbose_name="窗口"
    )
    post = models.CharField("岗位", max_length=60, blank=True)
    contact_sealed = models.BinaryField("联系方式（加密）", default=b"")
    phone_tail = models.CharField("手机尾号", max_length=4, blank=True)
    phone_digest = models.BinaryField("手机摘要", max_length=16, default=b"", db_index=True)
    left_on = models.DateField("离岗日期", null=True, blank=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "人员"

    def __str__(self) -> str:
        return self.name


class RoleGrantQuerySet(models.QuerySet["RoleGrant"]):
    def in_force(self, day: date) -> Self:
        return self.filter(Q(until=None) | Q(until__gte=day), since__lte=day, ended_at=None)

    def overlapping(self, since: date, until: date | None) -> Self:
        """Narrow to the grants, not taken back, that share a day with the given days."""
        found = self.filter(Q(until=None) | Q(until__gte=since), ended_at=None)
        return found if until is None else found.filter(since__lte=until)


class RoleGrant(models.Model):
    """One role of one person for one department, between two days; taken back at once by `ended_at`."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="grants", verbose_name="人员")
    role = models.CharField(
        "角色", max_length=30, choices=[(r.value, label) for r, (label, _) in ROLE_LABELS.items()]
    )
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, verbose_name="机构", related_name="+"
    )
    since = models.DateField("自")
    until = models.DateField("至", null=True, blank=True)
    given_at = models.DateTimeField("授予时间", null=True)
    given_by = models.CharField("授予人", max_length=60, blank=True)
    ended_at = models.DateTimeField("收回时间", null=True)
    ended_by = models.CharField("收回人", max_length=60, blank=True)

    objects = RoleGrantQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "角色"
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role", "department", "since"],
                condition=Q(ended_at=None),
                name="role_once",
            ),
            models.UniqueConstraint(
                fields=["person", "role", "department"],
                condition=Q(ended_at=None, until=None),
                name="role_open_once",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="role_days_in_order"
            ),
            together("given_at", "given_by", "role_given_by_someone"),
            together("ended_at", "ended_by", "role_ended_by_someone"),
        ]

    @property
    def as_role(self) -> Role:
        return Role(self.role)


class Deputy(models.Model):
    """Who stands in for whom between two days (AB岗): sees and acts 代某某; ended early by `ended_at`."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="deputies", verbose_name="本人")
    deputy = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="stands_in_for", verbose_name="代理人"
    )
    since = models.DateField("自")
    until = models.DateField("至")
    ended_at = models.DateTimeField("提前结束时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "代理"
        constraints = [
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="deputy_days_in_order"),
            models.CheckConstraint(condition=~Q(person=F("deputy")), name="deputy_is_another"),
        ]


class OrganisationKind(models.TextChoices):
    OWNER = "owner", "项目业主"
    INTERMEDIARY = "intermediary", "中介机构"
    BIDDER = "bidder", "投标人"
    AGENCY = "agency", "招标代理"
    BANK = "bank", "银行"
    OTHER = "other", "其他"


class Organisation(models.Model):
    """An outside organisation, known by its 统一社会信用代码."""

    uscc = models.CharField("统一社会信用代码", max_length=18, unique=True)
    name = models.CharField("名称", max_length=200)
    kind = models.CharField("类别", max_length=20, choices=OrganisationKind.choices)
    contact_sealed = models.BinaryField("联系方式（加密）", default=b"")
    closed_on = models.DateField("停用日期", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "外部单位"

    def __str__(self) -> str:
        return self.name
