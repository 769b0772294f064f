#!/usr/bin/env python3
# On which MicroPython the tests passed: runs them on other versions, and prints the table.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
#   matrix.py             prints the table of all that is in build/matrix
#   matrix.py versions    builds several versions and runs tests/target on them before that
#
# Each step that runs tests adds a row: build/matrix/TARGET.xml is a report of pytest's --junitxml.
# A test's property `micropython` in it says which version that was; tests/conftest.py adds it.
# Where a step cannot run, build/matrix/TARGET.txt says why.

import collections
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "matrix"
# The oldest that is supported, and two on the way: without them the table is not complete
WANTED = ["1.21", "1.24", "1.26"]


################################################################################
# The table


def outcome(case):
    for child in case:
        if child.tag in ("failure", "error"):
            return "failed"
        if child.tag == "skipped":
            return "skipped"
    return "passed"


def row(report):
    """(target, version, passed, failed, skipped, {reason: count}) of a report."""
    counts = collections.Counter()
    reasons = collections.Counter()
    versions = set()
    for case in ElementTree.parse(report).iter("testcase"):
        counts[outcome(case)] += 1
        for node in case.iter("property"):
            if node.get("name") == "micropython":
                versions.add(node.get("value"))
        for node in case.iter("skipped"):
            reasons[node.get("message") or "no reason given"] += 1
    version = ", ".join(sorted(versions)) or "?"
    return report.stem, version, *(counts[k] for k in ("passed", "failed", "skipped")), reasons


def table(directory):
    """The lines of the table, in Markdown, and whether nothing has failed."""
    lines = [
        "| target | MicroPython | passed | failed | skipped | why skipped |",
        "|---|---|---:|---:|---:|---|",
    ]
    good = True
    seen = ""
    for path in sorted(Path(directory).glob("*.*")):
        if path.suffix == ".txt":
            lines.append(f"| {path.stem} | - | | | | not run: {path.read_text().strip()} |")
        elif path.suffix == ".xml":
            target, version, passed, failed, skipped, reasons = row(path)
            seen += f" {version}"
            why = "; ".join(f"{n} {reason}" for reason, n in reasons.most_common())
            lines.append(f"| {target} | {version} | {passed} | {failed} | {skipped} | {why} |")
            good = good and passed and not failed
    for version in WANTED:
        if f" {version}." not in seen:
            lines.append(
                f"| unix | {version} | | | | not run: VERSIONS_DIR has no such checkout |"
            )
    return lines, bool(good)


################################################################################
# Versions


def version_of(checkout):
    """The version of a checkout, such as 1.21.0, or None."""
    header = Path(checkout) / "py" / "mpconfig.h"
    if not header.is_file():
        return None
    text = header.read_text(encoding="utf-8")
    numbers = [
        re.search(rf"^#define MICROPY_VERSION_{part} +\(?(\d+)", text, re.MULTILINE)
        for part in ("MAJOR", "MINOR", "MICRO")
    ]
    if not all(numbers):
        return None
    version = ".".join(number.group(1) for number in numbers)
    if re.search(r"^#define MICROPY_VERSION_PRERELEASE +\(?1", text, re.MULTILINE):
        version += "-preview"
    return version


def checkouts(directory):
    """{version: path} of the checkouts in a folder, whatever their names."""
    found = {}
    for path in sorted(Path(directory).iterdir()) if directory else []:
        version = version_of(path)
        if version:
            found.setdefault(version, path)
    return found


def build(version, checkout):
    """Builds the unix port of a checkout (or of Debian's sources: None); returns its path."""
    out = ROOT / "build" / "versions" / version
    env = {**os.environ, "PORT": "unix", "FROZEN": "no", "OUT": str(out), "MPY_DIR": ""}
    env.pop("MPY_LIB_DIR", None)
    if checkout:
        env["MPY_DIR"] = str(checkout)
    else:
        # Where `make firmware` has them already
        env["OUT"] = str(ROOT / "build")
    done = subprocess.run(["bash", ROOT / "firmware" / "build.sh"], env=env, check=False)
    return Path(env["OUT"]) / "micropython-bare" if done.returncode == 0 else None


def run_tests(target, micropython):
    print(f"\n--- {target}: {micropython}", flush=True)
    command = [sys.executable, "-m", "pytest", "-n", "auto", "-q", "-p", "no:cacheprovider"]
    report = REPORTS / f"{target}.xml"
    return subprocess.run(
        [*command, f"--junitxml={report}", "tests/target"],
        cwd=ROOT,
        env={**os.environ, "MICROPYTHON": str(micropython), "TARGET": ""},
        check=False,
    ).returncode


def run_versions(directory):
    """Runs all there is, and returns whether all of it could be built."""
    found = checkouts(directory)
    REPORTS.mkdir(parents=True, exist_ok=True)
    for old in REPORTS.glob("unix-*"):
        old.unlink()
    good = True
    for name, checkout in {**found, "debian": None}.items():
        micropython = build(name, checkout)
        if micropython:
            run_tests(f"unix-{name}", micropython)
        else:
            good = False
            (REPORTS / f"unix-{name}.txt").write_text("it could not be built\n")
    run_tests("unix-newest", Path(sys.executable).parent / "micropython")
    return good


def main(arguments):
    good = True
    if arguments == ["versions"]:
        good = run_versions(os.environ.get("VERSIONS_DIR"))
    elif arguments:
        sys.exit(f"usage: {sys.argv[0]} [versions]")
    lines, passed = table(REPORTS)
    print("\n" + "\n".join(lines))
    return 0 if good and passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
