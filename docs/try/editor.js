// The editor: a text area, and a coloured copy of its text behind it.
// MIT license; Copyright (c) 2026 the aioschedule authors

const KEYWORDS =
  "False None True and as assert async await break class continue def del elif else except finally " +
  "for from global if import in is lambda nonlocal not or pass raise return try while with yield";

// One that is not closed yet ends with the line, or with the text
const STRINGS = [
  '"""[^]*?(?:"""|$)',
  "'''[^]*?(?:'''|$)",
  '"(?:\\\\.|[^"\\\\\\n])*"?',
  "'(?:\\\\.|[^'\\\\\\n])*'?",
].join("|");

const TOKEN = new RegExp(
  [
    "(?<comment>#[^\\n]*)",
    `(?<string>(?:\\b[rbf]{1,2})?(?:${STRINGS}))`,
    "(?<decorator>@[\\w.]+)",
    `(?<keyword>\\b(?:${KEYWORDS.replaceAll(" ", "|")})\\b)`,
    "(?<number>\\b\\d[\\w.]*)",
  ].join("|"),
  "g",
);

/** The text as a list of nodes: spans with the class of their token, and plain text. */
function coloured(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const kind = Object.entries(match.groups).find(([, found]) => found !== undefined)[0];
    const span = document.createElement("span");
    span.className = kind;
    span.textContent = match[0];
    nodes.push(text.slice(end, match.index), span);
    end = match.index + match[0].length;
  }
  nodes.push(text.slice(end) + "\n");
  return nodes;
}

export class Editor {
  constructor(area, behind, onRun) {
    this.area = area;
    this.behind = behind;
    area.addEventListener("input", () => this.paint());
    area.addEventListener("scroll", () => this.follow());
    area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        onRun();
      } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.newLine();
      }
    });
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.area.scrollTop = this.area.scrollLeft = 0;
    this.paint();
  }

  paint() {
    this.behind.replaceChildren(...coloured(this.area.value));
    this.follow();
  }

  follow() {
    this.behind.scrollTop = this.area.scrollTop;
    this.behind.scrollLeft = this.area.scrollLeft;
  }

  // A new line begins below the one before it, and further in after a colon
  newLine() {
    const before = this.area.value.slice(0, this.area.selectionStart);
    const line = before.slice(before.lastIndexOf("\n") + 1);
    const indent = line.match(/^ */)[0] + (/:\s*$/.test(line) ? "    " : "");
    // The old command, because with it undo works
    document.execCommand("insertText", false, "\n" + indent);
  }
}
