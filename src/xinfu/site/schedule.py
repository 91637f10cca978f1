"""The one schedule: what runs when, by `manage.py tick` (times of Asia/Shanghai)."""

from __future__ import annotations

from xinfu.core.tasks import Due

SCHEDULE = (
    Due("checkpoint", "日志检查点", "*/5 * * * *", "xinfu.core.jobs.checkpoint"),
    Due("messages", "发送短信", "* * * * *", "xinfu.core.jobs.deliver_messages"),
    Due("wipe_messages", "清除过期短信的号码和内容", "30 3 * * *", "xinfu.core.jobs.wipe_messages"),
    Due("events", "分发事件", "* * * * *", "xinfu.core.jobs.deliver_events"),
    Due("reaper", "找回中断的后台任务", "*/5 * * * *", "xinfu.core.jobs.reap"),
    Due("cleanup", "清理过期会话、应答和临时文件", "20 3 * * *", "xinfu.core.jobs.cleanup"),
    Due("case_due_days", "重算未办结和暂定的到期日", "40 0 * * *", "xinfu.cases.tasks.recompute_due"),
    Due("broken_imports", "清理中断的导入", "10 * * * *", "xinfu.cases.tasks.clear_broken"),
    Due("figures", "更新快照和指标", "30 1 * * *", "xinfu.indicators.tasks.nightly"),
    Due("prune", "清理无人引用的旧快照", "40 3 * * *", "xinfu.indicators.tasks.prune"),
    Due("screens_cleanup", "清理过期下载和草稿", "40 3 * * *", "xinfu.core.ui.jobs.cleanup"),
    Due("tidy_logins", "清理过期的登录锁定、会话和登录日志", "50 3 * * *", "xinfu.people.jobs.tidy"),
    Due("reseal", "换密钥后重新加密个人信息", "*/2 * * * *", "xinfu.people.jobs.reseal"),
    Due("tablets", "结清窗口平板上超时的请评", "15 0 * * *", "xinfu.ratings.tasks.close_tablets"),
    Due("ratings_seal", "封存前一日的评价", "5 0 * * *", "xinfu.ratings.tasks.seal_day"),
    Due("ratings_tell", "确定匿名评价的显示范围", "7 * * * *", "xinfu.ratings.tasks.tell"),
    Due("drop_rating_files", "清理无人确认的评价文件", "15 3 * * *", "xinfu.ratings.exchange_jobs.drop_old"),
    Due("invite", "短信邀请评价", "*/10 8-20 * * *", "xinfu.ratings.tasks.invite"),
    Due("list_calls", "形成电话邀评名单", "5 8 * * *", "xinfu.ratings.tasks.list_calls"),
    Due("open_anonymous_loops", "收办前一日的匿名差评", "10 0 * * *", "xinfu.ratings.tasks.open_anonymous"),
    Due("watch_loops", "差评临期提醒和超期提请督办", "25 8 * * *", "xinfu.ratings.tasks.watch_loops"),
    Due("watch_assigned", "交办事项临期、超期提醒", "20 8 * * *", "xinfu.assignments.tasks.watch"),
    Due("review_assigned", "交办事项月度亮灯", "30 0 1 * *", "xinfu.assignments.tasks.review"),
)
