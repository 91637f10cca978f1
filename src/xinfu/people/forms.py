"""Forms of people: fields and labels only; what is allowed is the actions' matter."""

from __future__ import annotations

from typing import Any

from django import forms

from xinfu.core.access import ROLE_LABELS
from xinfu.core.actor import Actor
from xinfu.core.ui.forms import Day, Text
from xinfu.people import actions, identity, queries, rules
from xinfu.people.actions.roles import NOT_FOR_PEOPLE
from xinfu.people.models import Department, DepartmentKind, OrganisationKind, Person, Window

ROLES = [
    (role.value, f"{label}（{reach}）")
    for role, (label, reach) in ROLE_LABELS.items()
    if role not in NOT_FOR_PEOPLE
]


class UnitField(forms.ModelChoiceField[Department]):
    """A unit in use that the actor may see, indented as in the tree."""

    def label_from_instance(self, obj: Department) -> str:
        return f"{'　' * rules.depth(obj.path)}{obj.name}"


class OfActor(forms.Form):
    """A form whose pickers depend on who fills it."""

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            if isinstance(field, UnitField):
                field.queryset = queries.departments(actor).open()


def _unit(label: str, **options: Any) -> UnitField:
    options.setdefault("empty_label", "请选择")
    return UnitField(label=label, queryset=Department.objects.none(), **options)


class LoginForm(forms.Form):
    username = Text(
        label="账号",
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label="密码",
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def _password(label: str, complete: str, hint: str = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": complete})
    return forms.CharField(label=label, max_length=256, strip=False, widget=widget, help_text=hint)


class PasswordForm(forms.Form):
    old = _password("原密码", "current-password")
    new = _password("新密码", "new-password")
    again = _password("再输一次新密码", "new-password")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", "两次输入的新密码不一致，请重新输入。")
        return data


class CodeForm(forms.Form):
    code = Text(
        label="动态口令或恢复码",
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "text",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )


def _digits() -> Text:
    attrs = {"autocomplete": "one-time-code", "inputmode": "numeric"}
    return Text(label="手机上现在的6位口令", max_length=10, widget=forms.TextInput(attrs=attrs))


class CredentialForm(forms.Form):
    """What a passkey answered; a script fills it in."""

    credential = forms.CharField(
        max_length=20_000,
        widget=forms.HiddenInput,
        error_messages={"required": "浏览器没有取得通行密钥的应答，请重试。"},
    )


class OnlyPasswordForm(forms.Form):
    password = _password("密码", "current-password", "确认是本人操作")


class ConfirmCodesForm(OnlyPasswordForm):
    code = _digits()
    field_order = ["code", "password"]


class RemoveCodesForm(OnlyPasswordForm):
    code = Text(
        label="动态口令或恢复码",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none"}),
    )


class NewPasskeyForm(OnlyPasswordForm, CredentialForm):
    name = Text(label="名称", max_length=40, help_text="如“办公电脑”“手机”，便于以后辨认")
    field_order = ["name", "password", "credential"]


class ResetFactorsForm(forms.Form):
    reason = Text(label="理由", max_length=200, help_text="如“手机丢失，已当面核实本人”")


class RotateForm(forms.Form):
    ends_on = Day(label="新令牌有效期至", required=False, help_text="空白表示撤销为止")


class LinkForm(forms.Form):
    provider = forms.ChoiceField(label="统一认证")
    subject = Text(
        label="对方用户标识（sub）",
        max_length=255,
        required=False,
        help_text="空白时，本人首次从统一认证登录、工号相符即自动绑定",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        provider = self.fields["provider"]
        assert isinstance(provider, forms.ChoiceField)
        provider.choices = [(one.code, one.label) for one in identity.unified()]


class UnitNames(forms.Form):
    name = Text(label="机构名称", max_length=100)
    short_name = Text(label="简称", max_length=40, required=False, help_text="列表和图表上显示，空白时用名称")


class UnitDetails(forms.Form):
    phone = Text(label="联系电话", max_length=40, required=False)
    division_code = Text(label="行政区划代码", max_length=12, required=False)
    order = forms.IntegerField(label="排序", min_value=0, max_value=999999, help_text="数字小的排在前面")


class UnitForm(OfActor, UnitDetails, UnitNames):
    code = Text(label="机构编码", max_length=40, help_text="统一社会信用代码或本地编码，登记后不能改")
    kind = forms.ChoiceField(label="类别", choices=DepartmentKind.choices)
    parent = _unit("上级机构", required=False, empty_label="（无上级）")
    field_order = ["code", "name", "short_name", "kind", "parent", "phone", "division_code", "order"]


class UnitMove(OfActor):
    parent = _unit("新的上级机构", required=False, empty_label="（无上级）")


class WindowForm(OfActor):
    name = Text(label="窗口名称", max_length=80)
    department = _unit("派驻单位")
    hall = Text(label="大厅", max_length=80, required=False)
    phone = Text(label="联系电话", max_length=40, required=False)
    order = forms.IntegerField(label="排序", min_value=0, max_value=999999, help_text="数字小的排在前面")


class NewWindow(WindowForm):
    code = Text(label="窗口编号", max_length=20, help_text="登记后不能改")
    field_order = ["code"]


class PersonForm(forms.Form):
    name = Text(label="姓名", max_length=60)
    post = Text(label="岗位", max_length=60, required=False)
    phone = Text(label="手机", max_length=20, required=False, help_text="加密保存；修改时留空表示不变")


class Place(OfActor):
    """Where somebody works: a unit, and one of its windows."""

    department = _unit("所在机构")
    window = forms.ModelChoiceField(
        label="窗口", queryset=Window.objects.none(), required=False, empty_label="（不在窗口）"
    )

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, actor=actor, **options)
        window = self.fields["window"]
        assert isinstance(window, forms.ModelChoiceField)
        window.queryset = queries.windows(actor).open()


class NewPerson(Place, PersonForm):
    staff_no = Text(label="工号", max_length=20, help_text="登记后不能改")
    field_order = ["staff_no", "name", "department", "window", "post", "phone"]


class MovePerson(Place):
    post = Text(label="岗位", max_length=60, required=False)


class RoleForm(OfActor):
    role = forms.ChoiceField(label="角色", choices=ROLES, help_text="括号内为数据范围")
    department = _unit("对哪个机构", help_text="数据范围为“本单位”“本单位及下级”时，以此机构为准")
    since = Day(label="自")
    until = Day(label="至", required=False, help_text="空白表示收回为止")


class DeputyForm(forms.Form):
    deputy = forms.ModelChoiceField(
        label="代理人", queryset=Person.objects.none(), empty_label="请选择", help_text="本机构的同事"
    )
    since = Day(label="自")
    until = Day(label="至")

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        deputy = self.fields["deputy"]
        assert isinstance(deputy, forms.ModelChoiceField)
        deputy.queryset = queries.colleagues(actor)


class AccountForm(forms.Form):
    username = Text(label="账号", max_length=40, help_text="以字母开头，只用小写字母、数字和 . _ -")


class AgentForm(AccountForm):
    agent_name = Text(label="经办人", max_length=60)


class OrganisationForm(forms.Form):
    name = Text(label="单位名称", max_length=200)
    kind = forms.ChoiceField(label="类别", choices=OrganisationKind.choices)


class NewOrganisation(OrganisationForm):
    uscc = Text(label="统一社会信用代码", max_length=40, help_text="18位，可粘贴；登记后不能改")
    phone = Text(label="联系电话", max_length=20, required=False)
    field_order = ["uscc", "name", "kind", "phone"]


class TokenForm(OfActor):
    name = Text(label="系统名称", max_length=80, help_text="如“省办件库 2026”，不能与已有的相同")
    scopes = forms.MultipleChoiceField(label="权限", widget=forms.CheckboxSelectMultiple)
    department = _unit("数据范围", required=False, empty_label="全县")
    ends_on = Day(label="有效期至", required=False)

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, actor=actor, **options)
        scopes = self.fields["scopes"]
        assert isinstance(scopes, forms.MultipleChoiceField)
        scopes.choices = list(actions.grantable().items())


class ReasonForm(forms.Form):
    reason = Text(label="查看理由", max_length=100)
