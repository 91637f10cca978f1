"""Texts for people: the scripts of calls, the messages that ask for a rating."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.conf import settings


def call_script(
    *, unit: str, item: str, rated_on: date, level: str, reasons: Sequence[str], text: str, name: str
) -> list[str]:
    """Return what the caller says, sentence by sentence; nothing asks the person to change the rating."""
    said = "；".join([*reasons, *([f"“{text}”"] if text else [])])
    return [
        f"您好，请问是{name}吗？我是{unit}的工作人员，想了解您{rated_on.month}月{rated_on.day}日对“{item}”的评价。",
        "这次通话只为了解情况、改进服务，不影响您办事，也不会请您修改评价。您现在方便吗？",
        f"您评价为“{level}”"
        + (f"，您反映：{said}。能说说当时的情况吗？" if said else "。能说说当时的情况吗？"),
        "您希望我们怎样解决？",
        "情况已记下。我们会核实整改，办完后告诉您结果，届时您可以再评价一次。谢谢您！",
    ]


def invite_text(*, item: str, finished_on: date, url: str, days: int) -> str:
    """Return the message to somebody whose case ended; it names no person."""
    return (
        f"【{settings.OFFICE}】您{finished_on.month}月{finished_on.day}日办结的“{_short(item)}”，请您评价：{url} "
        f"{days}天内有效，可匿名，如实评价即可。"
    )


def invite_again_text(*, item: str, url: str, days: int) -> str:
    """Return the message to somebody whose bad rating was put right."""
    return (
        f"【{settings.OFFICE}】您对“{_short(item)}”的评价已核实整改，谢谢您的意见。您可以再评价一次：{url} "
        f"{days}天内有效。"
    )


def invite_script(*, item: str, unit: str, finished_on: date, name: str) -> list[str]:
    """Return what the caller says, sentence by sentence; nothing hints at a level."""
    return [
        f"您好，请问是{name}吗？我是{settings.OFFICE}的工作人员。您{finished_on.month}月{finished_on.day}日在{unit}办结了“{item}”。",
        "想请您评价这次办事，大约一分钟，可以匿名，也可以不评，不影响您办事。您现在方便吗？",
        "您对这次办事是非常满意、满意、基本满意、不满意，还是非常不满意？",
        "您这样评价主要是因为什么？还有什么想说的吗？",
        "您愿意实名吗？实名的，评价不满意时工作人员会回访您；不愿意的按匿名登记。谢谢您！",
    ]


def _short(name: str) -> str:
    """Return the item's name as a message has room for it."""
    return name if len(name) <= 24 else f"{name[:23]}…"
