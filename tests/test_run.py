"""`./run` from the outside: in a folder of its own, with stand-ins for uv, npm and apt-get on PATH."""

import ast
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import psycopg
import pytest

ROOT = Path(__file__).resolve().parent.parent
HASH = "    --hash=sha256:" + "0" * 64
NOTE = 'echo "$(basename $0) $*" >> "$NOTES"\n'
SCRIPTS = {
    "uv": 'case "$*" in *sync*) mkdir -p .venv/lib/python3.*/site-packages/django_htmx/static/django_htmx\n'
    "touch .venv/lib/python3.*/site-packages/django_htmx/static/django_htmx/htmx-2.min.js ;; esac",
    "npm": "for f in @tabler/core/dist/css/tabler.min.css @tabler/core/dist/js/tabler.min.js \\\n"
    "@alpinejs/csp/dist/cdn.min.js echarts/dist/echarts.min.js; do mkdir -p $(dirname node_modules/$f)\n"
    "printf 'a{}\\n/*# sourceMappingURL=x.map */\\n' > node_modules/$f; done",
    "apt-get": "exit 1",
    "fc-list": "echo Noto",
}
PRINTS = """import json, os, sys
print(json.dumps({"argv": sys.argv[1:], "env": {k: v for k, v in os.environ.items() if k[:6] in ("XINFU_", "DJANGO")}}))
sys.exit(int(os.environ.get("EXIT", "0").split(",")["--database-only" in sys.argv]))
"""


class House:
    """A folder with `run`, tiny locks and stand-in programs; `notes` are the calls that these saw."""

    def __init__(self, root: Path) -> None:
        self.root, self.notes_file = root, root / "notes"
        shutil.copy(ROOT / "run", root / "run")
        for name in (".npmrc", "package.json"):
            shutil.copy(ROOT / name, root / name)
        (root / "package-lock.json").write_text('{"packages": {}}\n')
        (root / "requirements").mkdir()
        for lock in ("base", "dev", "node"):
            (root / f"requirements/{lock}.lock").write_text(f"django==5.2.1 \\\n{HASH}\n")
        for module in ("django", "pytest"):
            self.write(f"src/{module}/__main__.py", PRINTS)
        for name, body in SCRIPTS.items():
            script = self.write(f"bin/{name}", f"#!/bin/sh\n{NOTE}{body}\n")
            script.chmod(0o755)

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def environment(self, **extra: str) -> dict[str, str]:
        path = os.pathsep.join([str(self.root / "bin"), str(Path(sys.executable).parent), "/usr/bin", "/bin"])
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("XINFU_", "CHROMIUM", "DJANGO"))}
        return kept | {"PATH": path, "NOTES": str(self.notes_file), "EXIT": "0,0"} | extra

    def run(self, *words: str, **extra: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, str(self.root / "run"), *words]
        return subprocess.run(
            command, cwd=self.root, env=self.environment(**extra), capture_output=True, text=True, check=False
        )

    def notes(self) -> list[str]:
        """Return the programs called since the last look, first two words each."""
        lines = self.notes_file.read_text().splitlines() if self.notes_file.exists() else []
        self.notes_file.unlink(missing_ok=True)
        calls = [" ".join(line.split()[:3]) for line in lines]
        return [call for call in calls if call != "uv --version" and not call.startswith("fc-list")]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def script() -> ModuleType:
    loader = SourceFileLoader("xinfu_run", str(ROOT / "run"))
    spec = importlib.util.spec_from_loader("xinfu_run", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


# --- What it is ---


def test_the_script_is_one_short_file_of_the_standard_library() -> None:
    text = (ROOT / "run").read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(text, feature_version=(3, 9))))
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in modules} <= sys.stdlib_module_names
    assert len(text.splitlines()) <= 450
    assert os.access(ROOT / "run", os.X_OK)


def test_an_older_python_is_told_which_one_is_needed() -> None:
    pretend = (
        "import sys, runpy; sys.version_info = (3, 9, 2); sys.version = '3.9.2 (x)'; runpy.run_path('run')"
    )
    done = subprocess.run(
        [sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Xinfu needs Python 3.11 or newer; this is 3.9.2.")


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["tets"], "Unknown command 'tets'. Commands: setup, dev, check, fix, test, demo, bench, manage."),
        (["setup", "--sytem"], "'--sytem' is not known here. Use: ./run setup [--system]"),
        (["fix", "it"], "'it' is not known here. Use: ./run fix"),
        (["bench", "impotr"], "There is no bench 'impotr'. Benches: import, pages."),
    ],
)
def test_a_word_that_is_not_understood_gets_one_sentence(
    house: House, words: list[str], sentence: str
) -> None:
    for bench in ("import", "pages", "_common"):
        house.write(f"benchmarks/{bench}.py", "")
    done = house.run(*words)
    assert (done.returncode, done.stderr) == (2, f"✗ {sentence}\n")
    assert house.notes() == []


def test_help_lists_every_command(house: House) -> None:
    done = house.run("--help")
    assert done.returncode == 0
    listed = [line.split()[1] for line in done.stdout.splitlines()[1:]]
    assert listed == ["setup", "dev", "check", "fix", "test", "demo", "bench", "manage"]
    assert house.run().returncode == 2


# --- Locks ---


def test_the_locks_of_this_repository_name_no_host() -> None:
    done = subprocess.run(
        [sys.executable, "run", "check", "--locks"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_locks_keep_the_extras_that_packages_ask_of_each_other() -> None:
    """An older pip takes the newest of a package asked with an extra, and then misses its hash."""
    locked = (ROOT / "requirements/dev.lock").read_text(encoding="utf-8")
    pins = {name.lower(): bool(extras) for name, extras in re.findall(r"(?m)^([\w.-]+)(\[.+\])?==", locked)}
    asked = {
        match[1].lower()
        for one in importlib.metadata.distributions()
        for need in one.requires or ()
        if "extra ==" not in need and (match := re.match(r"([\w.-]+)\[", need))
    }
    assert asked & pins.keys(), "coverage[toml] at least"
    assert {name for name in asked & pins.keys() if not pins[name]} == set()


@pytest.mark.parametrize(
    "file, line, why",
    [
        ("requirements/dev.lock", "--index-url https://mirror.example/simple", "an index"),
        ("requirements/dev.lock", "--extra-index-url=https://mirror.example/simple", "a second index"),
        ("requirements/base.lock", "--find-links /opt/wheels", "a folder of this machine"),
        ("requirements/base.lock", "--trusted-host mirror.example", "a host"),
        ("requirements/base.lock", "xinfu @ file:///srv/xinfu", "a file"),
        ("requirements/base.lock", "xinfu @ git+https://code.example/xinfu", "a repository"),
        ("requirements/node.lock", "-e .", "a folder"),
        ("requirements/node.lock", "-r other.txt", "a file that is not looked at"),
        ("requirements/new.lock", "django==5.2.1", "a pin without a hash"),
        ("requirements/new.lock", "django>=5.2 \\", "no exact version"),
        (".npmrc", "registry=https://npm.example/", "a registry"),
        (".npmrc", "//npm.example/:_authToken=secret", "a host with a secret"),
        (".npmrc", "omit-lockfile-registry-resolved=false", "npm would write hosts"),
        ("package.json", '"echarts": "^6.1.0",', "a range"),
        ("package.json", '"echarts": "file:../echarts",', "a file"),
        ("package.json", '"echarts": "npm:other@1.0.0",', "another name"),
        ("package-lock.json", '"resolved": "https://npm.example/e.tgz",', "a host"),
        ("package-lock.json", '"resolved": "../echarts",', "a folder"),
        ("package-lock.json", '"version": "git+ssh://git@code.example/e.git",', "a repository"),
        ("package-lock.json", '"funding": {', "npm writes hosts below it"),
    ],
)
def test_a_line_in_a_lock_that_binds_to_a_host_fails_the_check(
    house: House, file: str, line: str, why: str
) -> None:
    path = house.root / file
    path.write_text((path.read_text() if path.exists() else "") + line + "\n")
    number = len(path.read_text().splitlines())
    done = house.run("check", "--locks")
    assert done.returncode == 1, why
    assert done.stderr.startswith(f"✗ {file}:{number}: must not stand in a lock")


def test_nothing_is_installed_from_a_lock_that_is_not_clean(house: House) -> None:
    house.write(".npmrc", "registry=https://npm.example/\n")
    for words in (["check"], ["setup"], ["demo"], ["test"], ["manage", "check"]):
        done = house.run(*words, XINFU_TEST_DATABASE_URL="postgresql://x@db/x", CHROMIUM="/x")
        assert done.returncode == 1
        assert "✗ .npmrc:1: must not stand in a lock" in done.stderr
    assert not [note for note in house.notes() if note.startswith(("uv", "npm"))]


def test_fix_takes_the_hosts_out_that_npm_wrote(house: House) -> None:
    package = {
        "version": "6.1.0",
        "resolved": "https://npm.example/e.tgz",
        "funding": {"url": "https://x.example"},
    }
    (house.root / "package-lock.json").write_text(json.dumps({"packages": {"node_modules/e": package}}))
    house.run("fix")
    kept = json.loads((house.root / "package-lock.json").read_text())
    assert kept == {"packages": {"node_modules/e": {"version": "6.1.0"}}}
    assert house.run("check", "--locks").returncode == 0


# --- Steps ---


def test_a_step_whose_inputs_have_not_changed_is_skipped(house: House) -> None:
    assert house.run("setup").returncode == 0
    assert house.notes() == ["uv pip sync", "npm ci"]
    again = house.run("setup")
    assert (again.returncode, again.stderr, house.notes()) == (0, "", [])

    lock = house.root / "requirements/dev.lock"
    lock.write_text(lock.read_text() + f"ruff==0.17.6 \\\n{HASH}\n")
    assert house.run("setup").returncode == 0
    assert house.notes() == ["uv pip sync"], "the lock of Python packages changed"

    (house.root / "package-lock.json").write_text('{"packages": { }}\n')
    assert house.run("setup").returncode == 0
    assert house.notes() == ["npm ci"], "the lock of page assets changed"

    (house.root / "src/xinfu/site/static/vendor/echarts.min.js").unlink()
    assert house.run("setup").returncode == 0
    assert house.notes() == ["npm ci"], "a copied file was missing"


def test_a_step_that_failed_is_done_again(house: House) -> None:
    npm = house.root / "bin/npm"
    works = npm.read_text()
    npm.write_text(f"#!/bin/sh\n{NOTE}exit 7\n")
    failed = house.run("setup")
    assert failed.returncode == 1
    assert failed.stderr.endswith("npm ci\n")
    npm.write_text(works)
    house.notes()
    assert house.run("setup").returncode == 0
    assert house.notes() == ["npm ci"]


def test_pages_get_named_files_without_source_maps_and_nothing_else(house: House) -> None:
    house.write("src/xinfu/site/static/vendor/old.js", "left over")
    assert house.run("setup").returncode == 0
    vendor = house.root / "src/xinfu/site/static/vendor"
    names = {"alpine-csp.min.js", "echarts.min.js", "htmx.min.js", "tabler.min.css", "tabler.min.js"}
    assert {file.name for file in vendor.iterdir()} == names
    assert (vendor / "tabler.min.css").read_text() == "a{}\n\n"


def test_demo_installs_no_tools_of_developers_and_never_removes_them(house: House) -> None:
    lock = house.root / "requirements/dev.lock"
    lock.write_text(lock.read_text() + f"ruff==0.17.6 \\\n{HASH}\n")
    house.run("demo")
    assert "base.lock" in house.notes_file.read_text()
    house.notes()
    (next(house.root.glob(".venv/lib/*/site-packages")) / "pytest").mkdir()
    house.run("demo")
    assert "dev.lock" in house.notes_file.read_text()


def test_the_environment_survives_a_move(house: House) -> None:
    house.run("setup")
    moved = house.root.rename(house.root.with_name(house.root.name + "-moved"))
    done = subprocess.run(
        [moved / ".venv/bin/python", "-c", "import django; print(django.__path__)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(moved) in done.stdout


# --- Settings and pass-through ---


def test_manage_passes_words_settings_and_exit_code_through(house: House) -> None:
    house.write(".env", "# ours\nXINFU_HOME=/data/xinfu\nXINFU_COUNTY = '新昌县'\nXINFU_LOG=INFO\n")
    done = house.run("manage", "figures", "--json", XINFU_LOG="ERROR", EXIT="3,0")
    assert done.returncode == 3
    heard = json.loads(done.stdout)
    assert heard["argv"] == ["figures", "--json"]
    env = {"XINFU_HOME": "/data/xinfu", "XINFU_COUNTY": "新昌县", "XINFU_LOG": "ERROR"}
    assert heard["env"] == env | {"DJANGO_SETTINGS_MODULE": "xinfu.site.settings"}


def test_only_migrate_works_as_the_owner_of_the_tables(house: House) -> None:
    urls = {
        "XINFU_DATABASE_URL": "postgresql://web@db/x",
        "XINFU_DATABASE_OWNER_URL": "postgresql://owner@db/x",
    }
    for command, role in (("migrate", "owner"), ("figures", "web")):
        heard = json.loads(house.run("manage", command, **urls).stdout)
        assert heard["env"]["XINFU_DATABASE_URL"] == f"postgresql://{role}@db/x"


def test_bench_prints_json_of_one_or_of_all(house: House) -> None:
    given = {"XINFU_TEST_DATABASE_URL": "postgresql://x@db/x"}
    for name, ratio in (("import", 1.5), ("pages", 2)):
        house.write(f"benchmarks/{name}.py", f"print('{{\"ratio\": {ratio}}}')")
    house.write("benchmarks/_common.py", "raise SystemExit(9)")
    assert json.loads(house.run("bench", "import", **given).stdout) == {"ratio": 1.5}
    assert json.loads(house.run("bench", **given).stdout) == {"import": {"ratio": 1.5}, "pages": {"ratio": 2}}


# --- Tests of tests ---


def given_database(house: House, *words: str, exits: str = "0,0") -> "subprocess.CompletedProcess[str]":
    url = "postgresql://x@db/x"
    return house.run(
        "test", *words, XINFU_TEST_DATABASE_URL=url, XINFU_COUNTY="某县", CHROMIUM="/x", EXIT=exits
    )


def marks(heard: dict[str, list[str]]) -> str:
    return heard["argv"][heard["argv"].index("-m") + 1]


def test_tests_run_on_sqlite_and_then_the_database_tests_on_postgresql(house: House) -> None:
    done = given_database(house, "tests/core", "-x")
    assert done.returncode == 0
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    for run in (first, second):
        assert run["argv"][:4] == ["-n", "2", "--dist", "loadgroup"]
        assert run["argv"][-2:] == ["tests/core", "-x"]
        assert "DJANGO_SETTINGS_MODULE" not in run["env"]
        assert "XINFU_COUNTY" not in run["env"], "no setting of this installation reaches the tests"
        assert not Path(run["env"]["XINFU_HOME"]).exists(), "they write into a folder that is gone afterwards"
    assert "--database-only" not in first["argv"]
    assert "XINFU_TEST_DATABASE_URL" not in first["env"]
    assert "--database-only" in second["argv"]
    assert second["env"]["XINFU_TEST_DATABASE_URL"] == "postgresql://x@db/x"
    assert marks(first).startswith("not races")
    assert marks(second).startswith("not journey")


@pytest.mark.parametrize(
    "exits, code, why",
    [
        ("0,0", 0, "both passed"),
        ("1,0", 1, "SQLite failed"),
        ("0,1", 1, "PostgreSQL failed"),
        ("5,0", 0, "the path holds races only"),
        ("0,5", 0, "the path holds no database test"),
        ("5,5", 1, "the path holds no test"),
        ("2,0", 1, "interrupted"),
    ],
)
def test_any_failure_fails_and_so_does_a_run_of_no_test(
    house: House, exits: str, code: int, why: str
) -> None:
    assert given_database(house, exits=exits).returncode == code, why


def test_a_suite_that_cannot_run_is_named_with_the_one_line_to_install(house: House) -> None:
    (house.root / "bin/fc-list").write_text("#!/bin/sh\n")
    done = given_database(house)
    assert done.returncode == 0
    assert "! Skipped: journeys in the browser\n! Skipped: PDF documents\n" in done.stderr
    first = json.loads(done.stdout.splitlines()[0])
    assert marks(first) == "not races and not journey and not pdf"
    if os.geteuid() == 0 and Path("/usr/bin/apt-get").exists():
        assert house.notes()[-1:] == ["npm ci"]
        assert "apt-get" in done.stderr
    else:
        assert "sudo apt-get install -y --no-install-recommends fonts-noto-cjk" in done.stderr


# --- The temporary PostgreSQL ---


def refuses(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return True
    return False


def needs_postgresql(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XINFU_TEST_DATABASE_URL", raising=False)
    if script.postgres_bin() is None:
        pytest.skip("no PostgreSQL server programs on this machine")


@pytest.mark.slow
def test_the_temporary_postgresql_serves_and_is_gone_after_an_error(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_postgresql(script, monkeypatch)
    url = ""

    def fail() -> None:
        nonlocal url
        with script.postgres("-c fsync=off") as url, psycopg.connect(url) as connection:
            shown = connection.execute("SELECT current_setting('fsync'), current_setting('data_directory')")
            fsync, folder = shown.fetchone() or ("", "")
            assert fsync == "off"
            raise LookupError(folder)

    with pytest.raises(LookupError) as caught:
        fail()
    assert not Path(str(caught.value)).parent.exists()
    assert refuses(url)
    assert refuses(url.replace("postgres:", "postgres:not-"))


@pytest.mark.slow
def test_the_temporary_postgresql_stops_when_the_run_is_terminated(
    house: House, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_postgresql(script, monkeypatch)
    body = (
        "import os, sys, time, pathlib\n"
        "if '--database-only' in sys.argv:\n"
        "    pathlib.Path('url').write_text(os.environ['XINFU_TEST_DATABASE_URL'])\n"
        "    time.sleep(60)\n"
    )
    house.write("src/pytest/__main__.py", body)
    run = subprocess.Popen(
        [sys.executable, "run", "test"], cwd=house.root, env=house.environment(CHROMIUM="/x"),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = house.root / "url"
    for _ in range(300):
        if url.exists() and url.read_text():
            break
        time.sleep(0.1)
    assert not refuses(url.read_text())
    run.send_signal(signal.SIGTERM)
    assert run.wait(20) == 143
    assert refuses(url.read_text())
