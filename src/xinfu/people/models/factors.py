"""第二步验证: one-time codes, recovery codes, passkeys; and accounts known to a unified log-in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from xinfu.people.models.accounts import Account


class Authenticator(models.Model):
    """The secret of an account's one-time codes (RFC 6238), in force once a code of it was shown.

    `last_step` is the step of the last code taken: a code counts once.
    """

    account = models.OneToOneField(
        Account, on_delete=models.CASCADE, related_name="authenticator", verbose_name="账号"
    )
    sealed = models.BinaryField("密钥（加密）")
    begun_at = models.DateTimeField("开始时间")
    confirmed_at = models.DateTimeField("启用时间", null=True, blank=True)
    last_step = models.PositiveBigIntegerField("最近一次口令的时间步", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "动态口令"


class RecoveryCode(models.Model):
    """One of ten codes for a lost telephone: only its keyed digest is kept, and it counts once."""

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="recovery_codes", verbose_name="账号"
    )
    digest = models.BinaryField("摘要", max_length=16)
    made_at = models.DateTimeField("生成时间")
    used_at = models.DateTimeField("使用时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "恢复码"
        constraints = [models.UniqueConstraint(fields=["account", "digest"], name="recovery_code_once")]


class Passkey(models.Model):
    """A passkey (WebAuthn): the public half of a key that stays in a device."""

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="passkeys", verbose_name="账号"
    )
    name = models.CharField("名称", max_length=40)
    credential_id = models.BinaryField("凭据编号", max_length=1023, unique=True)
    public_key = models.BinaryField("公钥", max_length=4096)
    sign_count = models.PositiveBigIntegerField("签名计数", default=0)
    transports = models.JSONField("连接方式", default=list)
    made_at = models.DateTimeField("登记时间")
    last_used_at = models.DateTimeField("最近使用", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "通行密钥"
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="passkey_name_once")]


class FactorReset(models.Model):
    """That somebody else took an account's second factors away, why, and when its owner was told."""

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="factor_resets", verbose_name="账号"
    )
    reset_at = models.DateTimeField("重置时间")
    reset_by = models.CharField("重置人", max_length=60)
    reason = models.CharField("理由", max_length=200)
    told_at = models.DateTimeField("告知本人时间", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "第二步验证重置"


class ProviderLink(models.Model):
    """That an account may come in through a unified log-in.

    It is known by issuer and subject only. An administrator names the subject, or leaves it open: then the first
    log-in whose claim carries the person's staff number binds it.
    """

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="provider_links", verbose_name="账号"
    )
    provider = models.CharField("统一认证", max_length=40)
    issuer = models.CharField("签发方", max_length=255)
    subject = models.CharField("对方用户标识", max_length=255, blank=True)
    made_at = models.DateTimeField("关联时间")
    made_by = models.CharField("关联人", max_length=60)
    bound_at = models.DateTimeField("绑定时间", null=True, blank=True)
    last_used_at = models.DateTimeField("最近使用", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "统一认证关联"
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], condition=~Q(subject=""), name="provider_subject_once"
            ),
            models.UniqueConstraint(fields=["account", "issuer"], name="provider_account_once"),
            models.CheckConstraint(
                condition=Q(subject="", bound_at=None) | (~Q(subject="") & Q(bound_at__isnull=False)),
                name="provider_bound_at",
            ),
        ]
