"""Tables of the house itself: journal, files, local rules, county days, tokens, event cursors, schedule."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class JournalEntry(models.Model):
    """One line of the append-only journal; `body` is the canonical JSON as it was hashed (specs/journal-v1)."""

    n = models.BigIntegerField("序号", primary_key=True)
    at = models.DateTimeField("时间", db_index=True)
    by = models.CharField("操作者", max_length=80)
    by_name = models.CharField("操作者姓名", max_length=80)
    event = models.CharField("事件", max_length=80)
    subject = models.CharField("对象", max_length=120)
    body = models.BinaryField("规范化内容")

    class Meta:
        verbose_name = verbose_name_plural = "日志条目"
        indexes = [
            models.Index(fields=["event", "n"], name="journal_event"),
            models.Index(fields=["subject", "n"], name="journal_subject"),
            models.Index(fields=["by", "n"], name="journal_by"),
        ]


class JournalNode(models.Model):
    """Hash of one complete subtree (level 0 = leaf), stored once and never updated."""

    level = models.SmallIntegerField("层")
    position = models.BigIntegerField("位置")
    hash = models.BinaryField("哈希")

    class Meta:
        verbose_name = verbose_name_plural = "日志哈希"
        constraints = [models.UniqueConstraint(fields=["level", "position"], name="journal_node_once")]


class JournalSalt(models.Model):
    """Salt of one digest of personal data in the journal; deleting it erases the value for ever."""

    digest = models.CharField("摘要", max_length=64, unique=True)
    salt = models.BinaryField("盐")
    subject = models.CharField("对象", max_length=120, db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "日志盐"


class Checkpoint(models.Model):
    """A signed note over the journal's size and root."""

    size = models.BigIntegerField("条数", unique=True)
    root = models.CharField("根", max_length=64)
    note = models.TextField("签名文本")
    made_at = models.DateTimeField("生成时间")

    class Meta:
        verbose_name = verbose_name_plural = "日志检查点"


class EventCursor(models.Model):
    """How far one listener has read the journal."""

    handler = models.CharField("处理程序", max_length=160, primary_key=True)
    n = models.BigIntegerField("已读到", default=-1)
    failures = models.PositiveIntegerField("连续失败", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "事件进度"


class StoredFile(models.Model):
    """A file kept by its SHA-256 under XINFU_HOME/files; served only through its owner's screen."""

    sha256 = models.CharField("哈希", max_length=64, db_index=True)
    name = models.CharField("文件名", max_length=255)
    content_type = models.CharField("类型", max_length=120)
    size = models.BigIntegerField("字节")
    stored_at = models.DateTimeField("存入时间")
    stored_by = models.CharField("存入者", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "文件"


class LocalRule(models.Model):
    """A county's own value of a declared number, from a day on, with its source (本地规定)."""

    code = models.CharField("代码", max_length=80)
    since = models.DateField("自何日起")
    value = models.JSONField("取值", encoder=DjangoJSONEncoder)
    source = models.CharField("依据", max_length=300)
    set_at = models.DateTimeField("设定时间")
    set_by = models.CharField("设定人", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "本地规定"
        constraints = [models.UniqueConstraint(fields=["code", "since"], name="local_rule_day")]


class CountyDay(models.Model):
    """A day that the county itself makes a working day or a day off, over the national calendar."""

    day = models.DateField("日期", unique=True)
    is_workday = models.BooleanField("是否工作日")
    source = models.CharField("依据", max_length=300)
    set_at = models.DateTimeField("设定时间")
    set_by = models.CharField("设定人", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "本县作息调整"


class DueRun(models.Model):
    """The last run of one line of the schedule."""

    name = models.CharField("任务", max_length=80, primary_key=True)
    last_at = models.DateTimeField("上次应运行时间")
    started_at = models.DateTimeField("开始", null=True)
    finished_at = models.DateTimeField("结束", null=True)
    error = models.CharField("错误", max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "定时任务"


class TaskRetry(models.Model):
    """How often the reaper has re-enqueued one task's work."""

    task_id = models.UUIDField("任务号", primary_key=True)
    attempts = models.PositiveSmallIntegerField("次数", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "任务重试"


class ApiReply(models.Model):
    """The answer given to one idempotency key, so that a repeated POST gets the same one."""

    key = models.CharField("幂等键", max_length=160, primary_key=True)
    request_sha256 = models.CharField("请求摘要", max_length=64)
    status = models.PositiveSmallIntegerField("状态码", default=0)
    body = models.JSONField("应答", null=True)
    made_at = models.DateTimeField("时间", db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "接口应答"


class Download(models.Model):
    """A file that a person asked for from a list: made in the background, kept some days, only for its maker."""

    number = models.CharField("导出编号", max_length=24, unique=True)
    list_name = models.CharField("列表", max_length=80)
    title = models.CharField("名称", max_length=120)
    made_by = models.CharField("导出者", max_length=80, db_index=True)
    asked_at = models.DateTimeField("提出时间")
    file_format = models.CharField("格式", max_length=4, choices=[("xlsx", "Excel"), ("csv", "CSV")])
    request = models.JSONField("条件")
    state = models.CharField(
        "状态",
        max_length=10,
        choices=[("running", "生成中"), ("done", "已完成"), ("failed", "失败"), ("removed", "已清理")],
        default="running",
    )
    rows_done = models.PositiveIntegerField("已写行数", default=0)
    rows_total = models.PositiveIntegerField("总行数", null=True)
    file = models.ForeignKey(
        StoredFile, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="文件"
    )
    error = models.CharField("失败原因", max_length=300, blank=True)
    keep_until = models.DateTimeField("保留至")

    class Meta:
        verbose_name = verbose_name_plural = "下载"


class Draft(models.Model):
    """What somebody typed and did not send yet; sealed, because anything may be in it."""

    owner = models.CharField("所有者", max_length=80)
    key = models.CharField("表单", max_length=160)
    content_sealed = models.BinaryField("内容（加密）")
    saved_at = models.DateTimeField("保存时间", db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "草稿"
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="draft_once")]


class Preference(models.Model):
    """How one person has set one screen, such as the columns of a list."""

    owner = models.CharField("所有者", max_length=80)
    name = models.CharField("名称", max_length=120)
    value = models.JSONField("取值")

    class Meta:
        verbose_name = verbose_name_plural = "个人设置"
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="preference_once")]


class SavedView(models.Model):
    """The filters and order of a list under a name (L7): the question only, never its answer."""

    owner = models.CharField("所有者", max_length=80, db_index=True)
    owner_name = models.CharField("所有者姓名", max_length=80)
    unit = models.BigIntegerField("所在单位", null=True)
    is_shared = models.BooleanField("共享给本单位", default=False)
    title = models.CharField("名称", max_length=40)
    list_name = models.CharField("列表", max_length=80)
    address = models.CharField("网址", max_length=200)
    args = models.JSONField("列表参数", default=dict)
    query = models.TextField("条件和顺序", max_length=2000)
    version = models.PositiveIntegerField("版本", default=1)
    changed_at = models.DateTimeField("修改时间")
    changed_by_name = models.CharField("修改人", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "视图"
        constraints = [models.UniqueConstraint(fields=["owner", "address", "title"], name="view_title_once")]
        indexes = [models.Index(fields=["unit"], name="view_shared", condition=models.Q(is_shared=True))]


class ViewPlace(models.Model):
    """Where one person keeps a view: its place in the order, and whether it stands in the left rail."""

    owner = models.CharField("所有者", max_length=80)
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="places", verbose_name="视图")
    position = models.PositiveIntegerField("位置")
    is_pinned = models.BooleanField("固定在左侧栏", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "视图位置"
        constraints = [models.UniqueConstraint(fields=["owner", "view"], name="view_place_once")]


class Snooze(models.Model):
    """A thing of the inbox that one person put off until a day (I3); it comes back by itself."""

    owner = models.CharField("所有者", max_length=80)
    key = models.CharField("待办", max_length=64)
    until = models.DateField("推迟到")
    set_at = models.DateTimeField("设定时间")

    class Meta:
        verbose_name = verbose_name_plural = "推迟的待办"
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="snooze_once")]


class Phrase(models.Model):
    """A sentence that is often written (常用语), of one person or of a unit."""

    owner = models.CharField("所有者", max_length=80, db_index=True)
    unit = models.BigIntegerField("所属单位", null=True, db_index=True)
    text = models.CharField("内容", max_length=500)
    position = models.PositiveIntegerField("位置")
    version = models.PositiveIntegerField("版本", default=1)
    changed_at = models.DateTimeField("修改时间")
    changed_by_name = models.CharField("修改人", max_length=80)

    class Meta:
        verbose_name = verbose_name_plural = "常用语"


class BulkRun(models.Model):
    """One verb over many rows of a list (L8): what was asked, by whom, with which values."""

    list_name = models.CharField("列表", max_length=80)
    verb = models.CharField("动作", max_length=40)
    label = models.CharField("名称", max_length=40)
    back = models.CharField("返回网址", max_length=2500)
    made_by = models.CharField("办理人", max_length=80, db_index=True)
    once = models.CharField("防重复标记", max_length=40)
    asked_at = models.DateTimeField("提出时间", db_index=True)
    finished_at = models.DateTimeField("完成时间", null=True)
    request = models.JSONField("办理人权限和列表参数")
    values_sealed = models.BinaryField("填写内容（加密）")
    retry_of = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="+", verbose_name="重试自"
    )

    class Meta:
        verbose_name = verbose_name_plural = "批量办理"
        constraints = [models.UniqueConstraint(fields=["made_by", "once"], name="bulk_once")]


class BulkRow(models.Model):
    """One row of a bulk run: done, or left with the reason."""

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="rows", verbose_name="批量办理")
    row = models.BigIntegerField("行")
    state = models.CharField(
        "状态",
        max_length=8,
        choices=[("waiting", "待处理"), ("done", "成功"), ("left", "未处理")],
        default="waiting",
    )
    code = models.CharField("原因代码", max_length=80, blank=True)
    reason = models.CharField("原因", max_length=500, blank=True)
    tried_at = models.DateTimeField("办理时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "批量办理的行"
        constraints = [models.UniqueConstraint(fields=["run", "row"], name="bulk_row_once")]
        indexes = [models.Index(fields=["run", "state"], name="bulk_row_state")]


class MessageState(models.TextChoices):
    QUEUED = "queued", "待发送"
    SENDING = "sending", "发送中"
    SENT = "sent", "已发送"
    FAILED = "failed", "发送失败"


class OutMessage(models.Model):
    """One message to somebody outside; number and text are sealed, and emptied some days after it left.

    `key` says what it is about: the same key is the same message. `lease_until`: until when one worker has it.
    """

    key = models.CharField("标识", max_length=120, unique=True)
    kind = models.CharField("种类", max_length=40)
    to_sealed = models.BinaryField("号码（加密）", blank=True)
    text_sealed = models.BinaryField("内容（加密）", blank=True)
    state = models.CharField("状态", max_length=8, choices=MessageState.choices, default=MessageState.QUEUED)
    attempts = models.PositiveSmallIntegerField("发送次数", default=0)
    queued_at = models.DateTimeField("提出时间")
    queued_by = models.CharField("提出者", max_length=80)
    next_at = models.DateTimeField("下次发送时间")
    lease_until = models.DateTimeField("占用至", null=True)
    sent_at = models.DateTimeField("发出时间", null=True)
    sender = models.CharField("发送方式", max_length=40, blank=True)
    error = models.CharField("未发出的原因", max_length=200, blank=True)
    wiped_at = models.DateTimeField("清除时间", null=True)

    class Meta:
        verbose_name = verbose_name_plural = "短信"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state=MessageState.SENT, sent_at__isnull=False)
                | (~models.Q(state=MessageState.SENT) & models.Q(sent_at__isnull=True)),
                name="message_sent_tied",
            ),
            models.CheckConstraint(
                condition=models.Q(state=MessageState.SENDING, lease_until__isnull=False)
                | (~models.Q(state=MessageState.SENDING) & models.Q(lease_until__isnull=True)),
                name="message_lease_tied",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at", "id"],
                name="message_waiting",
                condition=models.Q(state__in=[MessageState.QUEUED, MessageState.SENDING]),
            ),
            models.Index(
                fields=["-queued_at", "-id"],
                name="message_failed",
                condition=models.Q(state=MessageState.FAILED),
            ),
            models.Index(fields=["-queued_at", "-id"], name="message_latest"),
            models.Index(
                fields=["state", "sent_at"], name="message_kept", condition=models.Q(wiped_at__isnull=True)
            ),
        ]


class TryCount(models.Model):
    """How often something was tried since the first time, until `ends_at`; `key` is a keyed digest of what it was."""

    key = models.BinaryField("摘要", max_length=16, primary_key=True)
    tries = models.PositiveIntegerField("次数")
    ends_at = models.DateTimeField("计至")

    class Meta:
        verbose_name = verbose_name_plural = "尝试次数"
