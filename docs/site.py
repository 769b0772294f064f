# Makes a site of docs/: pages for the files of the project that it links.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# The documents are read in the checkout too, where `../examples/full.py` is the way to a file.
# On the site such a file becomes a page below project/, and each link to it leads there.

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "project/"
LINK = re.compile(r"(\]\()(?![a-z]+:|#)([^)#\s]+)")


def source_of(page):
    """The path in the checkout of what a page is made of."""
    if not page.startswith(PROJECT):
        return f"docs/{page}"
    path = page.removeprefix(PROJECT)
    return path if (ROOT / path).is_file() else path.removesuffix(".md")


def page_of(source):
    """The page, or other file of the site, that a path in the checkout becomes."""
    if (ROOT / source).is_dir():
        source = f"{source.rstrip('/')}/README.md"
    if source.startswith("docs/"):
        return source.removeprefix("docs/")
    return PROJECT + source + ("" if source.endswith(".md") else ".md")


def targets(page, text):
    """The paths in the checkout that a page links."""
    folder = posixpath.dirname(source_of(page))
    for match in LINK.finditer(text):
        source = posixpath.normpath(posixpath.join(folder, match[2]))
        if not source.startswith("..") and (ROOT / source).exists():
            yield source


def on_files(files, config):
    left = [file for file in files if file.is_documentation_page()]
    while left:
        page = left.pop()
        for source in targets(page.src_uri, page.content_string):
            uri = page_of(source)
            if uri.startswith(PROJECT) and not files.get_file_from_path(uri):
                made = File.generated(config, uri, content=content_of(source_of(uri)))
                files.append(made)
                left.append(made)
    return files


def content_of(source):
    text = (ROOT / source).read_text(encoding="utf-8")
    if source.endswith(".md"):
        return text
    kind = "python" if source.endswith(".py") else "text"
    # Lines of code are long: without a table of contents there is room for them
    return f"---\nhide: [toc]\n---\n# {source}\n\n```{kind}\n{text}```\n"


def on_page_markdown(markdown, page, **_):
    uri = page.file.src_uri
    folder = posixpath.dirname(uri)

    def relink(match):
        source = posixpath.normpath(posixpath.join(posixpath.dirname(source_of(uri)), match[2]))
        if source.startswith("..") or not (ROOT / source).exists():
            return match[0]
        return match[1] + posixpath.relpath(page_of(source), folder)

    return LINK.sub(relink, markdown)
