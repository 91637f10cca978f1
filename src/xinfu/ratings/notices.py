"""Texts for people: the script for the call of a bad rating."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date


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
