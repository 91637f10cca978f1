"""The house stands as design.md says: who may import whom, what lies where, how large things are."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "xinfu"
APPS = sorted(p.name for p in SRC.iterdir() if (p / "apps.py").exists())
ORDER = ["lib", "core", "people", "catalog", "papers", "cases", "indicators", "reports", "demo", "site"]
"""From the bottom up; apps that the tree puts on one line stand in some order and do not know each other."""
APART = {"papers": {"cases"}, "cases": {"papers"}}
BUDGETS = {
    "models.py": 300, "rules.py": 300, "flow.py": 120, "access.py": 80, "actions.py": 400, "queries.py": 300,
    "screens.py": 400, "api.py": 300, "tasks.py": 100, "notices.py": 100, "admin.py": 100,
}  # fmt: skip
OPEN_TO_OTHERS = {"actions", "queries", "access"}
"""What an app imports of another: actions and queries, and the names of its permissions."""


def python_files(*parts: str) -> list[Path]:
    return sorted(p for p in SRC.joinpath(*parts).rglob("*.py") if "migrations" not in p.parts)


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the modules of the house that a file imports at run time (TYPE_CHECKING blocks left out)."""
    tree = ast.parse(path.read_text())
    tests = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    skipped = {id(inner) for node in tests for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) not in skipped and isinstance(node, ast.Import | ast.ImportFrom):
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            yield from (
                (module + a.name, node.lineno) for a in node.names if (module + a.name).startswith("xinfu")
            )


def app_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize("path", python_files(), ids=lambda p: str(p.relative_to(SRC)))
def test_imports_go_downward_and_other_apps_are_met_at_their_doors(path: Path) -> None:
    own = path.relative_to(SRC).parts[0]
    if own not in ORDER:
        return
    faults = []
    for module, line in imports(path):
        other = app_of(module)
        if other == own or other not in ORDER:
            continue
        if ORDER.index(other) > ORDER.index(own) or other in APART.get(own, set()):
            faults.append(f"{line}: {module} lies above or beside {own}")
        elif other not in {"core", "lib"} and own not in {"site", "demo"}:
            door = module.split(".")[2] if module.count(".") > 1 else ""
            session = module.startswith("xinfu.people.session")
            if door not in OPEN_TO_OTHERS and not session:
                faults.append(f"{line}: {module} is an inner room of {other}")
    assert not faults, faults


@pytest.mark.parametrize("path", python_files("lib"), ids=lambda p: p.name)
def test_the_library_needs_no_django(path: Path) -> None:
    assert "django" not in path.read_text().replace("no Django", "").replace(
        "without Django", ""
    ).lower() or not any(
        line.startswith(("import django", "from django")) for line in path.read_text().splitlines()
    )


@pytest.mark.parametrize(
    "path", [p for p in python_files() if p.name == "rules.py"], ids=lambda p: str(p.relative_to(SRC))
)
def test_rules_are_pure(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        names = (
            [node.module or ""] if isinstance(node, ast.ImportFrom)
            else [a.name for a in node.names] if isinstance(node, ast.Import)
            else []
        )  # fmt: skip
        for name in names:
            top = name.split(".")[0]
            assert top in sys.stdlib_module_names or name.startswith("xinfu.lib"), f"{path.name}: {name}"


@pytest.mark.parametrize(
    "path",
    [p for p in python_files() if p.name in BUDGETS and p.relative_to(SRC).parts[0] not in {"core", "lib"}],
    ids=lambda p: str(p.relative_to(SRC)),
)
def test_files_keep_their_budget(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= BUDGETS[path.name]


@pytest.mark.parametrize("path", python_files(), ids=lambda p: str(p.relative_to(SRC)))
def test_functions_fit_a_screen(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, f"{node.name} in line {node.lineno}"


DAYS = {"since", "until", "frm", "to", "valid_from", "valid_until", "day", "month", "week"}
"""Names of days that begin or end a validity or a period."""
WRITES = {
    "save",
    "create",
    "update",
    "delete",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
}


@pytest.mark.parametrize(
    "path",
    [p for p in python_files() if p.name in {"queries.py", "screens.py", "rules.py", "flow.py", "access.py"}],
    ids=lambda p: str(p.relative_to(SRC)),
)
def test_only_actions_change_rows(path: Path) -> None:
    """Calls such as `Model.objects.create(…)` or `row.save()` have no place in what reads and renders."""
    faults = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            target = ast.unparse(node.func.value)
            if ".objects" in target or "_manager" in target or node.func.attr in {"save", "bulk_create"}:
                faults.append(f"{node.lineno}: {target}.{node.func.attr}")
    if path.parent.name == "site" or path.parent.parent.name == "site":
        faults = [f for f in faults if "session" not in f]
    assert not faults, faults


def test_models_are_plain() -> None:
    """No save() override, no generic foreign key, no signal receiver."""
    for model in apps.get_models():
        if model.__module__.startswith("xinfu."):
            own = vars(model)
            assert "save" not in own or model._meta.label == "people.Account", model
            assert not any(type(f).__name__ == "GenericForeignKey" for f in model._meta.private_fields), model
    for path in python_files():
        assert "django.db.models.signals" not in path.read_text(), path


def test_foreign_keys_point_down_the_tree() -> None:
    for model in apps.get_models():
        own = model._meta.app_label
        if own not in ORDER:
            continue
        for field in model._meta.get_fields():
            if isinstance(field, models.ForeignKey):
                other = field.related_model._meta.app_label
                if other in ORDER:
                    assert ORDER.index(other) <= ORDER.index(own), f"{model._meta.label}.{field.name}"
                    assert other not in APART.get(own, set()), f"{model._meta.label}.{field.name}"


def test_every_model_and_field_has_a_chinese_name() -> None:
    for model in apps.get_models():
        if not model.__module__.startswith("xinfu."):
            continue
        assert any("一" <= c <= "鿿" for c in str(model._meta.verbose_name)), model
        for field in model._meta.get_fields():
            if (
                isinstance(field, models.Field)
                and not field.auto_created
                and field.name not in {"password", "last_login"}
            ):
                name = str(field.verbose_name)
                assert any("一" <= c <= "鿿" for c in name), f"{model._meta.label}.{field.name}: {name}"


def test_times_and_people_are_tied_by_name() -> None:
    """Datetimes end in _at or _until, dates in _on (or are the days of a validity)."""
    for model in apps.get_models():
        if not model.__module__.startswith("xinfu."):
            continue
        for field in model._meta.get_fields():
            if isinstance(field, models.DateTimeField):
                assert field.name.endswith(("_at", "_until")) or field.name in {"at", "last_login"}, field
            elif isinstance(field, models.DateField):
                assert field.name.endswith("_on") or field.name in DAYS, field


def test_layers_hold_for_import_linter() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
