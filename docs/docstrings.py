# Prepares docstrings for the site: `name: what it is` at the start of a line becomes a list, and
# calls are set as code.
# MIT license; Copyright (c) 2026 the aioschedule authors

import re

import griffe

ITEM = re.compile(r"(\*{0,2}\w+(?:, \w+)*): (.*)")
CODE = re.compile(r"(?<![`\w.])(@?[\w.]+\([\w=,. ]*\)|@[\w.]+\w)(?![`\w])")


def as_markdown(text):
    """A docstring as Markdown: its paragraphs, and lists of what begins with a name."""
    lines = []
    in_item = False
    before = "the first line is no item"
    for line in text.split("\n"):
        # An item goes on in lines that are indented
        goes_on = in_item and line.startswith(" ")
        item = ITEM.fullmatch(line) if in_item or not before else None
        if item:
            line = f"- `{item[1]}`: " + CODE.sub(r"`\1`", item[2])
        elif goes_on or not line.startswith("    "):
            line = CODE.sub(r"`\1`", line)
        if in_item and line and not item and not goes_on:
            lines.append("")
        in_item = bool(item) or goes_on
        before = line
        lines.append(line)
    return "\n".join(lines)


class Parameters(griffe.Extension):
    def on_object(self, *, obj, **_):
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)
