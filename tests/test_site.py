# Builds the site as `make docs` does, and looks at what came out.
# MIT license; Copyright (c) 2026 the aioschedule authors

import ast
import html.parser
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if not importlib.util.find_spec("mkdocs") or not importlib.util.find_spec("mkdocstrings"):
        pytest.skip("MkDocs is not installed: run `make docs`")
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", out],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    # Strict: a dead link or a page outside of the navigation ends it
    assert done.returncode == 0, done.stdout
    return out


class Resources(html.parser.HTMLParser):
    """What a page loads by itself: not what a reader may click."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "link" and attrs.get("rel") in ("canonical", "next", "prev"):
            return
        if tag not in ("a", "form"):
            self.found += [attrs[key] for key in ("src", "href", "data", "poster") if key in attrs]


def test_nothing_is_loaded_from_the_network(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        resources = Resources()
        resources.feed(page.read_text(encoding="utf-8"))
        for url in resources.found:
            assert not re.match("(https?:)?//", url), f"{page.relative_to(site)} loads {url}"
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", text), sheet


def test_files_of_the_project_are_pages(site):
    """Links out of docs/ lead somewhere on the site, too."""
    page = (site / "power" / "index.html").read_text(encoding="utf-8")
    assert 'href="../project/examples/lightsleep.py/"' in page
    assert "sleep_loop" in (site / "project/examples/lightsleep.py/index.html").read_text()
    # The helpers of the site are no part of it
    assert not list(site.glob("*.py"))


def public_names(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {n.name for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")}


# For the modules of the project among themselves
INTERNAL = {"aioschedule": {"is_starting", "started"}, "aioctl": set()}


def test_the_reference_is_complete(site):
    """Every public function of the modules that a program imports is in the reference."""
    pages = "".join(p.read_text(encoding="utf-8") for p in site.glob("reference/*/index.html"))
    shown = set(re.findall(r'id="([\w.]+)"', pages))
    for name in ("aioctl", "aioctl_status", "aiolog", "aioschedule", "posixtz", "suntimes"):
        path = ROOT / f"{name}.py" if name == "aioschedule" else ROOT / "lib" / f"{name}.py"
        expected = public_names(path) - INTERNAL.get(name, set())
        assert {f"{name}.{function}" for function in expected} <= shown
    # What is loaded at first use
    for name, part in parts_of(ROOT / "aioschedule.py").items():
        assert f"aioschedule_{part}.{name}" in shown


def parts_of(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "_PARTS":
            return ast.literal_eval(node.value)
    raise AssertionError("no _PARTS")
