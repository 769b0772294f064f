# Makes the numbers of a release, and checks that they are right: `make version`, `make release`.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# release.py bump VERSION   writes the version wherever it is, and dates the changelog's entry
# release.py check          exits with 1 and says what is wrong, if anything is
# release.py push           says what to push

import datetime
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHANGELOG = ROOT / "CHANGELOG.md"

VERSION = re.compile(r"\d+\.\d+\.\d+")
# Where a file tells the version. The modules do, since mip copies them without manifest.py.
IN_MODULE = re.compile(r'^__version__ = "(.*)"$', re.MULTILINE)
IN_JSON = re.compile(r'^  "version": "(.*)",$', re.MULTILINE)
IN_MANIFEST = re.compile(r'^    version="(.*)",$', re.MULTILINE)
# Below it is what the next release will bring
UNRELEASED = "## [Unreleased]\n"


def places():
    """[(file, the pattern that finds the version in it)]"""
    modules = [ROOT / "aioschedule.py", *sorted((ROOT / "lib").glob("*.py"))]
    return [
        (ROOT / "manifest.py", IN_MANIFEST),
        (ROOT / "package.json", IN_JSON),
        (ROOT / "aioschedule.json", IN_JSON),
        *((module, IN_MODULE) for module in modules),
    ]


def versions():
    """name of a file -> the version in it, None if there is none or more than one"""
    found = {}
    for path, pattern in places():
        matches = pattern.findall(path.read_text(encoding="utf-8"))
        found[str(path.relative_to(ROOT))] = matches[0] if len(matches) == 1 else None
    return found


def git(*args):
    done = subprocess.run(["git", *args], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


################################################################################
# The changelog


def entry_of(version):
    """(what follows the version in its heading, the lines below), or None if there is none"""
    parts = re.split(r"^## ", CHANGELOG.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for part in parts[1:]:
        heading, _, text = part.partition("\n")
        if heading.startswith(f"[{version}]"):
            return heading.removeprefix(f"[{version}]"), text.strip()
    return None


def wrong_with_changelog(version):
    entry = entry_of(version)
    if entry is None:
        return [f"CHANGELOG.md: no entry [{version}]: make version VERSION={version}"]
    date, text = entry
    problems = []
    if not is_date(date.removeprefix(" - ")):
        problems.append(
            f"CHANGELOG.md: [{version}] needs a date like ' - 2026-03-29', not {date!r}"
        )
    if not re.search(r"^- ", text, re.MULTILINE):
        problems.append(f"CHANGELOG.md: nothing is listed under [{version}]")
    unreleased = entry_of("Unreleased")
    if unreleased and unreleased[1]:
        problems.append("CHANGELOG.md: there are changes under [Unreleased]")
    return problems


def is_date(text):
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


################################################################################
# What the command line asks for


def bump(version):
    if not VERSION.fullmatch(version):
        sys.exit(f"VERSION={version}: accepted: three numbers, like 0.2.0")
    for path, pattern in places():
        text = path.read_text(encoding="utf-8")
        match = pattern.search(text)
        if not match:
            sys.exit(f"{path}: no version")
        path.write_text(text[: match.start(1)] + version + text[match.end(1) :], encoding="utf-8")
    text = CHANGELOG.read_text(encoding="utf-8")
    if entry_of(version) is None:
        if UNRELEASED not in text:
            sys.exit(f"CHANGELOG.md: no line {UNRELEASED.strip()!r}")
        heading = f"## [{version}] - {datetime.date.today()}\n"
        CHANGELOG.write_text(
            text.replace(UNRELEASED, f"{UNRELEASED}\n{heading}", 1), encoding="utf-8"
        )
    print(f"{version} is in {len(places())} files and in CHANGELOG.md. Look at it, and commit.")


def check():
    found = versions()
    version = found["package.json"]
    problems = []
    if not VERSION.fullmatch(version or ""):
        problems.append(f"package.json: version {version!r}")
    for name, other in found.items():
        if other != version:
            problems.append(f"{name}: version {other!r}, but package.json has {version!r}")
    problems += wrong_with_changelog(version)
    changed = git("status", "--porcelain")
    if changed:
        problems.append("not committed:\n" + changed)
    if git("tag", "--list", f"v{version}"):
        problems.append(f"v{version} is tagged already: make version VERSION=...")
    if problems:
        sys.exit("\n".join(problems))
    print(f"{version}: version, changelog and tree are right")


def push():
    version = versions()["package.json"]
    print(f"""
{version} can be released:

    git tag -a v{version} -m "aioschedule {version}"
    git push origin HEAD v{version}

Then attach to the tag what dist/py and dist/mpy hold, with the changelog's entry as the text.""")


if __name__ == "__main__":
    commands = {"bump": bump, "check": check, "push": push}
    commands[sys.argv[1]](*sys.argv[2:])
