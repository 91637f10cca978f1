"""账号, its sessions and log-ins, and the tokens of other systems."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from xinfu.people.models.units import Department, Organisation, Person, together


class AccountManager(BaseUserManager["Account"]):
    def get_queryset(self) -> models.QuerySet[Account]:
        """Bring the person and unit along: every request needs them, in one query."""
        return super().get_queryset().select_related("person__department", "organisation")

    def get_by_natural_key(self, username: str | None) -> Account:
        return self.get(username=username)


class Account(AbstractBaseUser):
    """A log-in: of one person of the office, or of one outside organisation's agent."""

    username = models.CharField("账号", max_length=60, unique=True)
    person = models.OneToOneField(
        Person, on_delete=models.CASCADE, null=True, blank=True, related_name="account", verbose_name="人员"
    )
    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="accounts",
        verbose_name="外部单位",
    )
    agent_name = models.CharField("经办人", max_length=60, blank=True)
    is_active = models.BooleanField("启用", default=True)
    must_change_password = models.BooleanField("须改密码", default=True)
    password_changed_at = models.DateTimeField("改密时间", null=True)
    temporary_ends_on = models.DateField("临时密码有效期至", null=True, blank=True)
    large_type = models.BooleanField("大字版", default=False)

    objects: ClassVar[AccountManager] = AccountManager()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = verbose_name_plural = "账号"
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, organisation__isnull=True)
                | Q(person__isnull=True, organisation__isnull=False),
                name="account_of_one",
            )
        ]

    @property
    def display_name(self) -> str:
        return self.person.name if self.person else self.agent_name


class SignIn(models.Model):
    """One open session of an account: where and when it began; its row in the session table may be gone."""

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="sign_ins", verbose_name="账号"
    )
    session_key = models.CharField("会话", max_length=40, unique=True)
    started_at = models.DateTimeField("登录时间")
    address = models.CharField("来源地址", max_length=45)
    device = models.CharField("设备", max_length=60, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "登录会话"


class LoginOutcome(models.TextChoices):
    OK = "ok", "成功"
    WRONG = "wrong", "密码不对"
    UNKNOWN = "unknown", "账号不存在"
    LOCKED = "locked", "已锁定"
    CLOSED = "closed", "已停用"
    EXPIRED = "expired", "临时密码过期"
    HALF = "half", "密码正确，待第二步"
    SECOND = "second", "第二步不对"


class LoginRecord(models.Model):
    """One attempt to log in, with its outcome; shown to the person at the next log-in.

    Of an account that does not exist only a mark is kept: people type passwords into the wrong box.
    """

    username = models.CharField("账号", max_length=60)
    at = models.DateTimeField("时间", db_index=True)
    address = models.CharField("来源地址", max_length=45)
    outcome = models.CharField("结果", max_length=20, choices=LoginOutcome.choices)

    class Meta:
        verbose_name = verbose_name_plural = "登录日志"
        indexes = [models.Index(fields=["username", "at"], name="login_by_account")]


class LoginLock(models.Model):
    """Failures in a row of one account name (by keyed digest) or one address, and until when it is locked."""

    key = models.CharField("键", max_length=80, primary_key=True)
    failures = models.PositiveSmallIntegerField("连续失败", default=0)
    first_failed_at = models.DateTimeField("首次失败时间", null=True)
    locked_until = models.DateTimeField("锁定至", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "登录锁定"


class ApiToken(models.Model):
    """A token of another system: only the digest is kept; scopes are permissions, reach is one department.

    After a rotation the earlier secret still opens until `earlier_until`.
    """

    name = models.CharField("系统名称", max_length=80, unique=True)
    digest = models.BinaryField("令牌摘要", max_length=32, unique=True)
    scopes = models.JSONField("权限", default=list)
    department = models.ForeignKey(
        Department,
        on_delete=models.PROTECT,
        verbose_name="范围",
        related_name="+",
        null=True,
        blank=True,
        help_text="空表示全县",
    )
    made_at = models.DateTimeField("签发时间")
    made_by = models.CharField("签发人", max_length=60)
    ends_on = models.DateField("有效期至", null=True, blank=True)
    revoked_at = models.DateTimeField("撤销时间", null=True, blank=True)
    revoked_by = models.CharField("撤销人", max_length=60, blank=True)
    last_used_at = models.DateTimeField("最近使用", null=True, blank=True)
    rotated_at = models.DateTimeField("更换时间", null=True, blank=True)
    rotated_by = models.CharField("更换人", max_length=60, blank=True)
    earlier_digest = models.BinaryField("原令牌摘要", max_length=32, null=True, blank=True, unique=True)
    earlier_until = models.DateTimeField("原令牌有效至", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "接口令牌"
        constraints = [
            together("revoked_at", "revoked_by", "token_revoked_by_someone"),
            together("rotated_at", "rotated_by", "token_rotated_by_someone"),
        ]
