# Tests of `make version` and `make release`: firmware/release.py, in a copy of the project.
# MIT license; Copyright (c) 2026 the aioschedule authors

import json
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = ["aioschedule.py", "manifest.py", "package.json", "aioschedule.json"]

CHANGELOG = """\
# Changelog

## [Unreleased]

### Added

- Something.

## [0.0.9] - 2020-01-01

- Something else.
"""


class Copy:
    """A project with the files that tell the version, in a git repository of its own."""

    def __init__(self, root):
        self.root = root
        for name in FILES:
            shutil.copy(ROOT / name, root)
        shutil.copytree(ROOT / "lib", root / "lib", ignore=shutil.ignore_patterns("__pycache__"))
        (root / "firmware").mkdir()
        shutil.copy(ROOT / "firmware" / "release.py", root / "firmware")
        (root / "CHANGELOG.md").write_text(CHANGELOG)
        self.git("init", "--quiet")
        self.commit()

    def git(self, *args):
        names = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *names, *args], cwd=self.root, check=True)

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "All.")

    def change(self, name, old, new):
        path = self.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    def run(self, *args):
        """(exit code, what it says)"""
        command = [sys.executable, "firmware/release.py", *args]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def project(tmp_path):
    return Copy(tmp_path)


@pytest.fixture
def ready(project):
    """The same, ready to be released as 0.2.0."""
    assert project.run("bump", "0.2.0")[0] == 0
    project.commit()
    return project


def test_version_is_the_same_everywhere():
    done = subprocess.run(
        [sys.executable, "-c", "import json, release; print(json.dumps(release.versions()))"],
        cwd=ROOT / "firmware",
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    assert set(found) >= {"manifest.py", "package.json", "aioschedule.json", "lib/aioctl.py"}
    assert len(set(found.values())) == 1, found


def test_changelog_is_in_the_form_that_it_names():
    text = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## (.*)", text, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    for heading in headings[1:]:
        assert re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", heading)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)", text, re.MULTILINE)) <= kinds


def test_bump_makes_it_ready(ready):
    assert ready.run("check") == (0, "0.2.0: version, changelog and tree are right\n")
    text = (ready.root / "CHANGELOG.md").read_text()
    # What was unreleased is in the release now
    expected = f"## [Unreleased]\n\n## [0.2.0] - {date.today()}\n\n### Added\n\n- Something."
    assert expected in text
    assert '__version__ = "0.2.0"' in (ready.root / "lib" / "crontab.py").read_text()
    code, said = ready.run("push")
    assert code == 0
    assert "git push origin HEAD v0.2.0" in said


def test_bump_twice_leaves_one_entry(ready):
    ready.run("bump", "0.2.0")
    assert (ready.root / "CHANGELOG.md").read_text().count("[0.2.0]") == 1
    assert ready.run("check")[0] == 0


@pytest.mark.parametrize("version", ["", "0.2", "v0.2.0", "0.2.0rc1"])
def test_bump_refuses_what_is_no_version(project, version):
    code, said = project.run("bump", version)
    assert code == 1
    assert said == f"VERSION={version}: accepted: three numbers, like 0.2.0\n"
    assert project.git("diff", "--exit-code") is None


@pytest.mark.parametrize(
    "name, old, new, said",
    [
        (
            "lib/posixtz.py",
            '__version__ = "0.2.0"',
            '__version__ = "0.1.0"',
            "lib/posixtz.py: version '0.1.0', but package.json has '0.2.0'",
        ),
        (
            "lib/posixtz.py",
            '__version__ = "0.2.0"',
            "",
            "lib/posixtz.py: version None, but package.json has '0.2.0'",
        ),
        (
            "aioschedule.json",
            "0.2.0",
            "0.3.0",
            "aioschedule.json: version '0.3.0', but package.json has '0.2.0'",
        ),
        (
            "CHANGELOG.md",
            "## [0.2.0]",
            "## [0.2.1]",
            "CHANGELOG.md: no entry [0.2.0]: make version VERSION=0.2.0",
        ),
        (
            "CHANGELOG.md",
            "## [0.2.0] - 2",
            "## [0.2.0] - x2",
            "CHANGELOG.md: [0.2.0] needs a date like ' - 2026-03-29', not ' - x%s'" % date.today(),
        ),
        (
            "CHANGELOG.md",
            "- Something.",
            "",
            "CHANGELOG.md: nothing is listed under [0.2.0]",
        ),
        (
            "CHANGELOG.md",
            "## [Unreleased]\n",
            "## [Unreleased]\n\n- Forgotten.\n",
            "CHANGELOG.md: there are changes under [Unreleased]",
        ),
    ],
)
def test_check_says_what_is_wrong(ready, name, old, new, said):
    ready.change(name, old, new)
    ready.commit()
    assert ready.run("check") == (1, said + "\n")


def test_check_wants_a_clean_tree(ready):
    (ready.root / "new.py").write_text("")
    assert ready.run("check") == (1, "not committed:\n?? new.py\n")


def test_check_wants_a_new_version(ready):
    ready.git("tag", "v0.2.0")
    assert ready.run("check") == (1, "v0.2.0 is tagged already: make version VERSION=...\n")


def test_make_release_does_all_of_it():
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", "release"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    steps = ["release.py check", "ruff check", "pytest", "dist.py", "release.py check", "push"]
    place = 0
    for step in steps:
        place = done.stdout.index(step, place) + 1
