"""Forms of the papers' screens."""

from __future__ import annotations

from typing import Any

from django import forms

from xinfu.core.actor import Actor
from xinfu.core.ui.forms import Day, Text
from xinfu.papers import queries
from xinfu.papers.actions import Party
from xinfu.papers.flow import STATUS_LABELS
from xinfu.papers.models import Kind, Paper, Retention
from xinfu.people import queries as units

TEXT_HINT = (
    "标题行以“一、”“（一）”“1.”“（1）”开头，序号由系统按位置重排；其余每行一段。"
    "{108万件#1}是系统带出的数据，不能手改。"
)


class PaperFilter(forms.Form):
    box = forms.ChoiceField(
        label="范围", choices=[("", "全部"), *list(queries.BOXES.items())[:-1]], required=False
    )
    q = forms.CharField(label="标题或字号", required=False, max_length=60)
    kind = forms.ChoiceField(label="文种", choices=[("", "全部"), *Kind.choices], required=False)
    status = forms.ChoiceField(
        label="状态",
        choices=[("", "全部"), *((str(s), label) for s, label in STATUS_LABELS.items())],
        required=False,
    )


class PaperForm(forms.Form):
    """Draft and revise: the text in one box, and whom it concerns."""

    kind = forms.ChoiceField(label="文种", choices=Kind.choices)
    title = Text(label="标题", max_length=200)
    addressee = Text(
        label="主送机关", max_length=500, required=False, help_text="正文前的称呼，如“各派驻单位”。"
    )
    text = forms.CharField(
        label="正文", widget=forms.Textarea(attrs={"rows": 20}), required=False, help_text=TEXT_HINT
    )
    cosigners = forms.TypedMultipleChoiceField(
        label="会签单位", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    recipients = forms.TypedMultipleChoiceField(
        label="分送单位", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    outside = forms.CharField(
        label="其他分送单位",
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text="系统外的单位，每行一个。",
    )
    copy_to = Text(label="抄送机关", max_length=500, required=False, help_text="印在文末版记里的抄送机关。")
    due_on = Day(label="办理期限", required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, actor: Actor, paper: Paper | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        found = units.departments(actor).open()
        self.units = {unit.pk: unit.short_name for unit in found}
        choices = list(self.units.items())
        for name in ("cosigners", "recipients"):
            field = self.fields[name]
            assert isinstance(field, forms.TypedMultipleChoiceField)
            field.choices = choices
        if paper is not None:
            del self.fields["kind"], self.fields["due_on"]

    @property
    def parties(self) -> list[Party]:
        inside = [Party(self.units[pk], pk) for pk in self.cleaned_data["recipients"]]
        names = [line.strip() for line in self.cleaned_data["outside"].splitlines() if line.strip()]
        return inside + [Party(name[:100]) for name in names]


def initial_of(paper: Paper, text: str) -> dict[str, Any]:
    """Return what the form shows of a paper that is revised."""
    version = paper.version
    assert version is not None
    recipients = list(paper.recipients.all())
    return {
        "title": version.title,
        "addressee": version.addressee,
        "copy_to": version.copy_to,
        "text": text,
        "cosigners": [c.department_id for c in paper.cosigns.all()],
        "recipients": [r.department_id for r in recipients if r.department_id],
        "outside": "\n".join(r.name for r in recipients if not r.department_id),
        "seen": version.number,
    }


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label="文种", choices=Kind.choices)
    title = Text(label="标题", max_length=200, required=False, help_text="不填时取稿件第一行。")
    file = forms.FileField(label="稿件")


class MoveForm(forms.Form):
    """The words that go with a move."""

    opinion = forms.CharField(
        label="意见", widget=forms.Textarea(attrs={"rows": 2}), required=False, max_length=500,
        help_text="退回、作废和不同意时必填。",
    )  # fmt: skip
    retention = forms.ChoiceField(
        label="保管期限", choices=[("", "请选择"), *Retention.choices], required=False
    )
