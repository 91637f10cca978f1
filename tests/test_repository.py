"""What a stranger meets first: the papers at the root say true things and agree with each other."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PAPERS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
ADRS = sorted((ROOT / "docs/adr").glob("*.md"))
COMMAND = re.compile(r"^ {4}(\./run\S* ?[a-z-]*)", re.MULTILINE)
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def project() -> "dict[str, dict[str, Any]]":
    parsed: dict[str, dict[str, Any]] = tomllib.loads(text("pyproject.toml"))
    return parsed


# --- README ---


def test_both_readmes_show_the_same_two_commands_links_picture_and_figures() -> None:
    english, chinese = text("README.md"), text("README.zh-CN.md")
    assert [c.strip() for c in COMMAND.findall(english)] == ["./run demo", "./run test"]
    assert COMMAND.findall(english) == COMMAND.findall(chinese)
    other = {"README.md", "README.zh-CN.md"}
    assert set(LINK.findall(english)) - other == set(LINK.findall(chinese)) - other
    for figure in ("1,080,000", "370,000", "99.11 %", "127.0.0.1:8000", "PostgreSQL 15", "Python 3.11"):
        assert figure in english
        assert figure in chinese
    assert english.count("docs/pictures/") == chinese.count("docs/pictures/") == 1


def test_the_readmes_fit_a_screen_and_say_what_a_calibrated_county_does_not_prove() -> None:
    for readme in ("README.md", "README.zh-CN.md"):
        assert len(text(readme).splitlines()) <= 50
    assert "the arithmetic, not the office's definition" in " ".join(text("README.md").split())
    assert "只证明算得对，不证明口径与本办一致" in text("README.zh-CN.md")


@pytest.mark.parametrize("paper", PAPERS, ids=name)
def test_links_inside_the_repository_lead_somewhere(paper: Path) -> None:
    targets = LINK.findall(paper.read_text(encoding="utf-8"))
    pictures = (ROOT / "docs/pictures").is_dir()
    missing = [t for t in targets if not (paper.parent / t).exists() and (pictures or "pictures/" not in t)]
    assert not missing


@pytest.mark.parametrize("paper", PAPERS, ids=name)
def test_commands_in_the_papers_exist(paper: Path) -> None:
    done = subprocess.run(
        [sys.executable, "run", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    known = {line.split()[1] for line in done.stdout.splitlines()[1:]}
    assert set(re.findall(r"\./run ([a-z]+)", paper.read_text(encoding="utf-8"))) <= known


# --- Licence, description, settings ---


def test_the_licence_is_the_whole_of_apache_2_and_everyone_names_it() -> None:
    licence = text("LICENSE")
    assert "Apache License" in licence.splitlines()[0]
    assert "END OF TERMS AND CONDITIONS" in licence
    assert len(licence.split()) > 1500
    assert project()["project"]["license"] == "Apache-2.0"
    assert json.loads(text("package.json"))["license"] == "Apache-2.0"
    assert yaml.safe_load(text("publiccode.yaml"))["legal"]["license"] == "Apache-2.0"


def test_publiccode_is_complete_and_of_this_version() -> None:
    code = yaml.safe_load(text("publiccode.yaml"))
    needed = {"name", "url", "platforms", "developmentStatus", "softwareType", "description", "legal"}
    assert needed | {"maintenance", "localisation", "releaseDate"} <= code.keys()
    assert code["publiccodeYmlVersion"] == "0.4"
    assert code["softwareVersion"] == project()["project"]["version"]
    assert code["developmentStatus"] in {"concept", "development", "beta", "stable", "obsolete"}
    assert code["maintenance"]["contacts"][0]["name"]
    assert code["localisation"]["availableLanguages"] == ["zh"]
    for words in code["description"].values():
        assert len(words["shortDescription"]) <= 150
        assert 150 <= len(words["longDescription"]) <= 10_000
        assert all(len(feature) <= 100 for feature in words["features"])


def test_the_example_explains_no_setting_that_nothing_reads() -> None:
    sources = "\n".join(
        p.read_text(encoding="utf-8") for p in [*ROOT.rglob("src/**/*.py"), ROOT / "tests/conftest.py"]
    )
    explained = set(re.findall(r"^#(XINFU_[A-Z_]+)=", text(".env.example"), re.MULTILINE))
    assert {setting for setting in explained if f'"{setting}"' not in sources} == set()


def test_users_and_installers_find_this_version() -> None:
    version = project()["project"]["version"]
    assert re.search(rf"^## {re.escape(version)}", text("CHANGELOG.md"), re.MULTILINE)
    assert re.search(rf"^## {re.escape(version)}", text("UPGRADING.md"), re.MULTILINE)


# --- Dependencies ---


def test_direct_dependencies_are_under_forty_with_one_line_of_reason_each() -> None:
    block = re.search(r"^dependencies = \[\n(.*?)^\]", text("pyproject.toml"), re.DOTALL | re.MULTILINE)
    assert block
    lines = block[1].splitlines()
    assert len(lines) == len(project()["project"]["dependencies"]) < 40
    assert not [line for line in lines if not re.search(r'",\s*# \S+ \S+', line)]


def test_locks_hold_what_is_asked_for() -> None:
    asked = [re.split(r"[\[<>=~ ]", d)[0].lower() for d in project()["project"]["dependencies"]]
    tools = [re.split(r"[\[<>=~ ]", d)[0].lower() for d in project()["dependency-groups"]["dev"]]
    for lock, wanted in (("base", asked), ("dev", asked + tools)):
        held = set(re.findall(r"^([\w.-]+)(?:\[.*\])?==", text(f"requirements/{lock}.lock"), re.MULTILINE))
        assert set(wanted) <= held, f"requirements/{lock}.lock is older than pyproject.toml"


def test_page_assets_are_pinned_and_tabler_stays_where_old_browsers_are() -> None:
    wanted = json.loads(text("package.json"))["dependencies"]
    held = json.loads(text("package-lock.json"))["packages"]
    assert wanted["@tabler/core"] == "1.0.0"
    assert {k: held[f"node_modules/{k}"]["version"] for k in wanted} == wanted
    assert all("integrity" in package for key, package in held.items() if key)


# --- Decisions and continuous integration ---


@pytest.mark.parametrize("adr", ADRS, ids=name)
def test_a_decision_is_one_page_with_its_five_parts(adr: Path) -> None:
    lines = adr.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"\d{4}-[a-z0-9.-]+\.md", adr.name)
    assert lines[0].startswith(f"# {int(adr.name[:4])} ")
    assert re.match(r"\d{4}-\d\d-\d\d · (accepted|replaced by \[\d+\])", lines[2])
    heads = [line[3:] for line in lines if line.startswith("## ")]
    assert heads == ["Context", "Decision", "Consequences", "What would change our mind"]
    assert len(lines) <= 50


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(adr.name[:4]) for adr in ADRS] == list(range(1, len(ADRS) + 1))


def test_ci_runs_what_a_person_would_type() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    lines = [line for line in script.read_text().splitlines() if line.startswith("./run")]
    assert lines == ["./run setup --system", "./run check", "./run test", "./run demo --smoke"]
    assert "set -euo pipefail" in script.read_text()


def test_nothing_of_a_working_machine_is_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / f for f in listed.stdout.split("\0") if f and f != "tests/test_repository.py"]
    traces = re.compile(r"(?<![\w.])/(work|root|home/\w+)/|registry\.npmjs|pypi\.org|pythonhosted")
    found = [
        f"{name(file)}: {match[0]}"
        for file in files
        if file.suffix
        in {".py", ".md", ".toml", ".lock", ".in", ".json", ".yaml", ".html", ".css", ".js", ""}
        and file.exists()
        and (match := traces.search(file.read_text(encoding="utf-8", errors="replace")))
    ]
    assert not found
