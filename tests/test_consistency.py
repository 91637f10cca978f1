"""What is said in two places is said alike: schedule, settings, templates, glossary, reference pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.utils.module_loading import import_string

from xinfu.core import access, events, registry, tasks
from xinfu.core.actor import job_names

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "xinfu"
SOURCES = [p for p in SRC.rglob("*.py") if "migrations" not in p.parts]
TEMPLATES = sorted(SRC.rglob("templates/**/*.html"))


def test_every_line_of_the_schedule_can_be_called_and_is_named_once() -> None:
    lines = tasks.schedule()
    assert len({line.name for line in lines}) == len(lines)
    for line in lines:
        assert callable(import_string(line.call)), line
        assert tasks.croniter.is_valid(line.cron), line


def test_every_listener_can_be_called_and_hears_an_event_that_is_recorded() -> None:
    text = "\n".join(p.read_text() for p in SOURCES)
    recorded = set(re.findall(r"journal\.record\(\s*\"([a-z_.]+)\"", text))
    for handler, names in events.listeners().items():
        assert callable(import_string(handler))
        for name in names:
            assert name in recorded or f'"{name}"' in text, f"nobody records {name}"


def test_every_setting_of_the_environment_is_in_the_example() -> None:
    settings = (SRC / "site" / "settings.py").read_text()
    named = set(re.findall(r"\"(XINFU_[A-Z_]+)\"", settings)) - {"XINFU_TEST_DATABASE_URL"}
    example = (ROOT / ".env.example").read_text()
    missing = sorted(name for name in named if name not in example)
    assert not missing


def test_every_template_is_used() -> None:
    text = "\n".join(p.read_text() for p in [*SOURCES, *TEMPLATES])
    unused = []
    for path in TEMPLATES:
        name = str(path).split("/templates/", 1)[1]
        if (
            f'"{name}' not in text
            and f"'{name}" not in text
            and path.stem not in {"400", "403", "404", "500", "help"}  # help: site asks each app for its own
        ):
            unused.append(name)
    assert not unused


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(SRC)))
def test_templates_keep_the_content_policy_and_their_budget(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle=\"", text), "no style attributes: classes of xinfu.css"
    assert not re.search(r"\son[a-z]+=\"", text), "no inline handlers"
    assert not re.search(r"<script(?![^>]*(src=|nonce|application/json))", text), "no inline script"
    assert len(text.splitlines()) <= 150


@pytest.mark.parametrize("path", [*SOURCES, *TEMPLATES], ids=lambda p: str(p.relative_to(SRC)))
def test_words_that_are_never_right(path: Path) -> None:
    """截至 is as-of, 截止 a deadline; a red flag is praise; errors never just say 操作失败."""
    text = path.read_text()
    for wrong in ("截止目前", "操作失败", "格式错误"):
        assert wrong not in text, wrong


def test_every_job_that_acts_has_its_chinese_name() -> None:
    acting = {name for path in SOURCES for name in re.findall(r'\bsystem\("([a-z_]+)"\)', path.read_text())}
    assert len(acting) > 10
    assert acting <= set(job_names()), acting - set(job_names())


def enums() -> Iterator[tuple[str, type[Enum]]]:
    """Yield the enums of the house's models, flows and roles by `app.Name`."""
    for config in apps.get_app_configs():
        if not config.name.startswith("xinfu."):
            continue
        for part in ("models", "flow", "access"):
            try:
                module = import_module(f"{config.name}.{part}")
            except ModuleNotFoundError:
                continue
            for name, thing in vars(module).items():
                if _is_code_set(thing, module.__name__) and name != "Can":
                    yield f"{config.label}.{name}", thing


def _is_code_set(thing: object, module: str) -> bool:
    return (
        isinstance(thing, type)
        and issubclass(thing, Enum)
        and thing.__module__.startswith(module)
        and len(thing) > 0
    )


def glossary_rows() -> dict[str, list[str]]:
    rows = {}
    for line in (ROOT / "docs" / "glossary.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and cells[1].startswith("`"):
            rows[cells[1].strip("`")] = cells
    return rows


def test_the_glossary_names_every_model_and_every_code_set() -> None:
    rows = glossary_rows()
    wanted = {m._meta.label for m in apps.get_models() if m.__module__.startswith("xinfu.")}
    wanted |= {name for name, _ in enums()}
    assert sorted(wanted - set(rows)) == []
    stale = {name for name in rows if "." in name and name.split(".")[0] in apps.app_configs} - wanted
    assert sorted(stale) == []
    for name, (chinese, _, meaning, _) in rows.items():
        assert chinese, name
        assert meaning, name


def test_the_glossary_uses_the_models_own_words() -> None:
    rows = glossary_rows()
    for model in apps.get_models():
        if model.__module__.startswith("xinfu."):
            assert rows[model._meta.label][0] == str(model._meta.verbose_name), model


def test_permissions_are_named_after_their_app() -> None:
    labels = {config.label for config in apps.get_app_configs()}
    for permission in access.grants():
        assert permission.split(".")[0] in labels, permission


def test_the_navigation_leads_somewhere_and_asks_for_a_known_permission() -> None:
    from django.urls import reverse

    for item in registry.navigation:
        assert reverse(item.url_name)
        assert item.permission in access.grants() or item.permission == "signed_in", item


@pytest.mark.django_db
def test_the_reference_is_what_the_code_says() -> None:
    call_command("docs", "--check", stdout=StringIO())
