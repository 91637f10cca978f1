"""The one schedule: what runs when, by `manage.py tick` (times of Asia/Shanghai)."""

from __future__ import annotations

from xinfu.core.tasks import Due

SCHEDULE = (
    Due("checkpoint", "日志检查点", "*/5 * * * *", "xinfu.core.jobs.checkpoint"),
    Due("events", "分发事件", "* * * * *", "xinfu.core.jobs.deliver_events"),
    Due("reaper", "找回中断的后台任务", "*/5 * * * *", "xinfu.core.jobs.reap"),
    Due("cleanup", "清理过期会话、应答和临时文件", "20 3 * * *", "xinfu.core.jobs.cleanup"),
    Due("screens_cleanup", "清理过期下载和草稿", "40 3 * * *", "xinfu.core.ui.jobs.cleanup"),
)
