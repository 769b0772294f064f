# Tests of the project around the code: the target test runner, the version, the Makefile.
# MIT license; Copyright (c) 2026 the aioschedule authors

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"

SAMPLE = """
import asyncio, os, sys
from harness import Skip

ENV = {"TZ": "XYZ-5"}
TIMEOUT = 1
UNIX_ONLY = {"test_passes": "not on a board"}

def test_passes():
    pass

async def test_coroutine_passes():
    await asyncio.sleep_ms(1)

def test_has_environment():
    import time
    assert time.localtime(0)[3] == 5

def test_own_directory():
    assert os.listdir() == []

def test_prints_something_like_tap():
    print("not ok 1 - test_prints_something_like_tap")
    print("Bail out!")
    print("1..0", end="")

def test_fails():
    print("said before")
    raise ValueError("the reason")

async def test_coroutine_fails():
    await asyncio.sleep_ms(1)
    assert False, "the reason"

def test_skips():
    raise Skip("the reason")

def test_hangs():
    print("said before")
    while True:
        pass

async def test_never_wakes():
    await asyncio.Event().wait()

def test_exits():
    sys.exit(0)

def test_crashes():
    print("said before")
    os.system("kill -9 $PPID")

def test_is_gone():
    pass

del test_is_gone
"""

OUTCOMES = {
    "test_passes": ("passed", ""),
    "test_coroutine_passes": ("passed", ""),
    "test_has_environment": ("passed", ""),
    "test_own_directory": ("passed", ""),
    "test_prints_something_like_tap": ("passed", ""),
    "test_fails": (
        "failure",
        r"test_sample.py\", line \d+, in test_fails\nValueError: the reason",
    ),
    "test_coroutine_fails": ("failure", "AssertionError: the reason"),
    "test_skips": ("skipped", "the reason"),
    "test_hangs": ("failure", "timed out after 1 s; output:\nsaid before"),
    # The latter up to MicroPython 1.25
    "test_never_wakes": ("failure", "timed out|nothing can wake the test"),
    "test_exits": ("failure", "SystemExit"),
    "test_crashes": ("failure", "exit code -9; output:\nsaid before"),
    "test_is_gone": ("failure", "AttributeError"),
    "test_is_imported": ("failure", "cannot import test_broken\nTraceback.*ZeroDivisionError"),
}


@pytest.fixture(scope="module")
def sample_run(tmp_path_factory):
    """What pytest makes of the sample, in a project of its own: {test: (outcome, text)}."""
    root = tmp_path_factory.mktemp("sample")
    target = root / "tests" / "target"
    target.mkdir(parents=True)
    shutil.copy(TESTS / "conftest.py", root / "tests")
    for name in ("runner.py", "harness.py"):
        shutil.copy(TESTS / "target" / name, target)
    (target / "test_sample.py").write_text(SAMPLE)
    (target / "test_broken.py").write_text("1 / 0\n\ndef test_is_imported():\n    pass\n")
    (target / "helper.py").write_text("def test_of_a_helper():\n    pass\n")
    report = root / "report.xml"
    done = pytest_in(root, f"--junitxml={report}", "tests")
    assert done.returncode == 1, done.stdout
    results = {}
    for case in ElementTree.parse(report).iter("testcase"):
        status, text = "passed", ""
        for child in case:
            if child.tag in ("failure", "error", "skipped"):
                status, text = child.tag, f"{child.get('message')}\n{child.text}"
        results[case.get("name")] = status, text
    return results


def pytest_in(root, *args, **env):
    # Without the variables that this run of pytest was given
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "TARGET"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args],
        cwd=root,
        env={**clean, **env},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("name", OUTCOMES)
def test_target_test_is_reported_as_it_went(sample_run, name):
    status, pattern = OUTCOMES[name]
    assert sample_run[name][0] == status, sample_run[name]
    assert re.search(pattern, sample_run[name][1], re.DOTALL), sample_run[name][1]


def test_nothing_else_is_collected(sample_run):
    assert set(sample_run) == set(OUTCOMES)


def test_unknown_name_in_unix_only_is_an_error(tmp_path):
    target = tmp_path / "tests" / "target"
    target.mkdir(parents=True)
    shutil.copy(TESTS / "conftest.py", tmp_path / "tests")
    (target / "test_a.py").write_text("UNIX_ONLY = {'test_b': ''}\n\ndef test_a():\n    pass\n")
    done = pytest_in(tmp_path, "tests")
    assert done.returncode != 0
    assert "UNIX_ONLY names no test of this file: {'test_b'}" in done.stdout


NEEDY = """
NEEDS = {"test_a": "64 bit"}

def test_a():
    pass

def test_b():
    pass
"""

# Answers like the MicroPython it is given, but for what tells how long ints are
SHORT = """#!/bin/sh
case "$2" in *maxsize*) echo False;; *) exec "{}" "$@";; esac
"""


def test_needs(tmp_path, micropython):
    """A test that needs what this MicroPython lacks is skipped, and says so."""
    target = tmp_path / "tests" / "target"
    target.mkdir(parents=True)
    shutil.copy(TESTS / "conftest.py", tmp_path / "tests")
    for name in ("runner.py", "harness.py"):
        shutil.copy(TESTS / "target" / name, target)
    (target / "test_a.py").write_text(NEEDY)
    short = tmp_path / "short"
    short.write_text(SHORT.format(micropython))
    short.chmod(0o755)
    done = pytest_in(tmp_path, "-rs", "tests", MICROPYTHON=str(short))
    assert "1 passed, 1 skipped" in done.stdout
    assert re.search(r"SKIPPED.*test_a.py.*: needs 64 bit", done.stdout), done.stdout


def test_unknown_need_is_an_error(tmp_path):
    target = tmp_path / "tests" / "target"
    target.mkdir(parents=True)
    shutil.copy(TESTS / "conftest.py", tmp_path / "tests")
    (target / "test_a.py").write_text("NEEDS = 'wings'\n\ndef test_a():\n    pass\n")
    done = pytest_in(tmp_path, "tests")
    assert done.returncode != 0
    assert "'wings'" in done.stdout


REPORT = """<testsuites><testsuite name="pytest">
<testcase name="a"><properties>
<property name="micropython" value="1.21.0"/>
</properties></testcase>
<testcase name="b"/>
<testcase name="c"><failure message="the reason"/></testcase>
<testcase name="d"><skipped message="needs 64 bit"/></testcase>
<testcase name="e"><skipped message="needs 64 bit"/></testcase>
</testsuite></testsuites>
"""


def matrix(tmp_path, *arguments, **env):
    # In a project of its own: the reports of this one stay
    (tmp_path / "tests").mkdir(exist_ok=True)
    shutil.copy(TESTS / "matrix.py", tmp_path / "tests")
    return subprocess.run(
        [sys.executable, tmp_path / "tests" / "matrix.py", *arguments],
        env={**os.environ, **env},
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_matrix(tmp_path):
    """Each report is a row, and each reason why there is none."""
    reports = tmp_path / "build" / "matrix"
    reports.mkdir(parents=True)
    (reports / "unix.xml").write_text(REPORT)
    (reports / "qemu.txt").write_text("no qemu here\n")
    done = matrix(tmp_path)
    assert done.returncode == 1
    assert "| unix | 1.21.0 | 2 | 1 | 2 | 2 needs 64 bit |\n" in done.stdout
    assert "| qemu | - | | | | not run: no qemu here |\n" in done.stdout
    assert "| unix | 1.26 | | | | not run: VERSIONS_DIR has no such checkout |\n" in done.stdout
    assert "| unix | 1.21 |" not in done.stdout
    (reports / "unix.xml").write_text(REPORT.replace("failure", "properties"))
    assert matrix(tmp_path).returncode == 0


def checkout(directory, major, minor, micro, prerelease):
    (directory / "py").mkdir(parents=True)
    (directory / "py" / "mpconfig.h").write_text(
        f"#define MICROPY_VERSION_MAJOR {major}\n#define MICROPY_VERSION_MINOR {minor}\n"
        f"#define MICROPY_VERSION_MICRO {micro}\n"
        f"#define MICROPY_VERSION_PRERELEASE {prerelease}\n"
    )


def test_versions_by_what_they_are(tmp_path):
    """The names of the folders do not matter."""
    import matrix as module

    checkout(tmp_path / "b", 1, 21, 0, 0)
    checkout(tmp_path / "a", 1, 29, 0, 1)
    (tmp_path / "c").mkdir()
    found = module.checkouts(tmp_path)
    assert found == {"1.21.0": tmp_path / "b", "1.29.0-preview": tmp_path / "a"}
    assert module.checkouts(None) == {}


def test_missing_micropython_is_an_error(tmp_path):
    done = pytest_in(ROOT, "tests/target/test_vclock.py", "-k", "float", MICROPYTHON="/nowhere")
    assert done.returncode != 0
    assert "no /nowhere" in done.stdout


def test_run_mpy(run_mpy, tmp_path):
    done = run_mpy("import harness, sys; print(sys.argv[1:], harness.eq(1, 1))", "a")
    assert (done.returncode, done.stdout) == (0, "['a'] None\n")
    path = tmp_path / "program.py"
    path.write_text("import os; print(os.getenv('X')); 1 / 0")
    done = run_mpy(path, env={"X": "y"})
    assert done.returncode == 1
    assert done.stdout.startswith("y\n") and "ZeroDivisionError" in done.stdout


def version_of_manifest():
    return re.search(r'version="([^"]*)"', (ROOT / "manifest.py").read_text()).group(1)


def test_every_module_tells_the_version(run_mpy):
    names = ["aioschedule", *sorted(path.stem for path in (ROOT / "lib").glob("*.py"))]
    done = run_mpy(f"for name in {names}: print(name, __import__(name).__version__)")
    told = dict(line.split() for line in done.stdout.splitlines())
    assert told == dict.fromkeys(names, version_of_manifest()), done.stdout


def read_yaml(path):
    return yaml.safe_load((ROOT / ".github" / path).read_text())


@pytest.mark.parametrize("name", ["bug", "idea"])
def test_issue_forms_are_such(name):
    form = read_yaml(f"ISSUE_TEMPLATE/{name}.yml")
    assert form["name"] and form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"input", "textarea", "dropdown"}
    ids = [field["id"] for field in fields]
    assert len(set(ids)) == len(ids)
    assert all(field["attributes"]["label"] for field in fields)
    # At least one has to be filled in, or the form is refused
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_a_bug_report_tells_what_is_needed():
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text()
    for needed in "aioschedule.__version__", "aioschedule.status_sc()", "os.uname()":
        assert needed in text


def test_workflow_runs_all_of_ci():
    workflow = read_yaml("workflows/ci.yml")
    # YAML takes the word `on` for a truth value
    assert set(workflow[True]) == {"push", "pull_request"}
    [job] = workflow["jobs"].values()
    assert job["container"].startswith("debian:")
    assert job["steps"][-1]["run"] == ".ci/run"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def make(*args, **env):
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "TARGET")}
    return subprocess.run(
        ["make", "--no-print-directory", *args],
        cwd=ROOT,
        env={**clean, **env},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def test_make_help_lists_every_target():
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    targets = phony.group(1).split()
    for text in (make("help"), make()):
        assert [line.split()[1] for line in text.splitlines()] == targets
        assert all(len(line.split()) > 3 for line in text.splitlines())


def test_makefile_declares_every_target():
    text = (ROOT / "Makefile").read_text()
    rules = re.findall(r"^([a-z0-9-]+):", text, re.MULTILINE)
    assert rules == re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE).group(1).split()


def test_make_with_a_micropython_of_your_own():
    assert '"/opt/micropython" examples/quickstart.py' in make(
        "-n", "demo", "MICROPYTHON=/opt/micropython"
    )


def test_make_on_a_board():
    assert "-n auto" in make("-n", "test")
    assert "-n auto" not in make("-n", "test", "TARGET=/dev/ttyACM0")
    assert "firmware/build.sh" in make("-n", "test-device")
    assert "firmware/build.sh" not in make("-n", "test-device", "TARGET=/dev/ttyACM0")
