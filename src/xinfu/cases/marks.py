"""Data-quality marks in words: what each one means, what follows from it, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from xinfu.cases.models import Quality


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark as people read it; `effect` is what the house leaves out because of it."""

    bit: int
    label: str
    means: str
    effect: str
    todo: str


NO_DURATION = "不计入办理用时；件数和超期照常统计。"
NO_UNIT = "计入全县总数，不计入任何单位。"
NOTHING = "照常计入各项统计。"

_WORDS: dict[Quality, tuple[str, str, str]] = {
    Quality.FINISHED_BEFORE_RECEIVED: (
        "办结时间在收件时间之前。",
        NO_DURATION,
        "请在来源系统核对收件、办结时间，改正后重新导入同一编号。",
    ),
    Quality.FINISHED_BEFORE_ACCEPTED: (
        "办结时间在受理时间之前。",
        NO_DURATION,
        "请在来源系统核对受理、办结时间，改正后重新导入同一编号。",
    ),
    Quality.ACCEPTED_BEFORE_RECEIVED: (
        "受理时间在收件时间之前。",
        NO_DURATION,
        "请在来源系统核对收件、受理时间，改正后重新导入同一编号。",
    ),
    Quality.UNKNOWN_DEPARTMENT: (
        "来源中的承办单位编码和名称都不在机构表中。",
        NO_UNIT,
        "请在“机构人员”登记该单位，或改正来源编码，再重新导入。",
    ),
    Quality.UNKNOWN_ITEM: (
        "实施编码不在事项目录中。",
        "没有承诺时限可用，办理时钟可能不设到期日。",
        "请先在“导入事项”补齐该事项，再重新导入办件。",
    ),
    Quality.CLOSED_WITHOUT_TIME: (
        "状态是办结或已送达，但没有办结时间。",
        "不计入办结件、按时办结率和办理用时。",
        "请在来源系统补填办结时间，再重新导入。",
    ),
    Quality.TIME_WITHOUT_CLOSED: (
        "有办结时间，但状态仍是在办。",
        "按已办结统计，不再催办。",
        "请在来源系统核对状态，改正后重新导入。",
    ),
    Quality.NO_REASON: (
        "退件、作废、不予受理等没有写明原因。",
        NOTHING,
        "请承办单位补写原因；这是电子监察的必查项。",
    ),
    Quality.BAD_IDENTITY: (
        "18位证件号码的校验位不对。",
        "按证件号码可能查不到这件；其余照常统计。",
        "请窗口核对申请者证件，在来源系统改正。",
    ),
    Quality.ITEM_NOT_VALID: (
        "收件那天，这个事项没有有效的版本。",
        "没有承诺时限可用，办理时钟可能不设到期日。",
        "请在事项目录核对版本的生效日期，再重新导入。",
    ),
    Quality.PROMISE_DIFFERS: (
        "来源写的承诺办结日与按承诺时限推算的不同。",
        "以推算的到期日为准，来源的日期不采用。",
        "请核对事项的承诺时限和来源的节假日设置。",
    ),
    Quality.UNKNOWN_WINDOW: (
        "窗口编号不在窗口表中。",
        "计入承办单位，不计入任何窗口。",
        "请在“机构人员”登记该窗口，或改正编号，再重新导入。",
    ),
    Quality.UNKNOWN_TOWN: (
        "乡镇街道的名称或编码不在机构表中。",
        "计入全县总数，不计入任何乡镇街道。",
        "请改正名称或编码，再重新导入。",
    ),
    Quality.DUE_BEFORE_RECEIVED: (
        "来源给定的期限在收件之前。",
        "期限照用，因此多半显示为超期。",
        "请在来源系统核对期限，改正后重新导入。",
    ),
}
MARKS: dict[int, Mark] = {
    quality.value: Mark(quality.value, str(quality.label), *words) for quality, words in _WORDS.items()
}


def marks_of(quality: int) -> list[Mark]:
    """Return the marks of a case, the contradictions first."""
    return [mark for bit, mark in MARKS.items() if quality & bit]
