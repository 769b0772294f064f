// The page: its tabs, the program that runs, and what it prints.
// MIT license; Copyright (c) 2026 the aioschedule authors
//
// The way of a program: run() hands it to a Machine (machine.js), whose worker (worker.js) has
// MicroPython, the modules and driver.py. The worker sends what is printed, and ten times a second
// what is scheduled, which the TimeLine draws. Stop ends the worker. The next machine is loaded as
// soon as the last one is used: Run is at once. The other tab is in rules.js.

import { Editor } from "./editor.js";
import { Machine } from "./machine.js";
import { Rules } from "./rules.js";
import { TimeLine } from "./timeline.js";

const MOST_LINES = 1000;
const QUIET = 2000; // ms without a word from the worker

const $ = (id) => document.getElementById(id);
const commands = document.querySelectorAll("[data-command]");

const timeline = new TimeLine($("timeline"));
const editor = new Editor($("source"), $("colours"), run);
const rules = new Rules(fail);

// The machine that is loaded for the next program, and the one that runs one
let next = null;
let running = null;
let lastWord = 0;
let colour = "";
const typed = [];
let recalled = 0;

function fail(reason) {
  $("notice").hidden = false;
  $("notice").textContent =
    `MicroPython could not be loaded (${reason}). This page has to be served with all its files: ` +
    "make try fetches them, and python3 -m http.server serves them.";
  show("failed", "not loaded");
}

function show(state, words) {
  $("state").dataset.state = state;
  if ($("state").textContent !== words) {
    $("state").textContent = words;
  }
}

////////////////////////////////////////////////////////////////////////////////
// Output

const COLOURS = { 91: "red", 92: "green", 93: "yellow", 96: "cyan" };

function print(text) {
  const output = $("output");
  const atEnd = output.scrollHeight - output.scrollTop - output.clientHeight < 40;
  for (const part of text.split(/(\x1b\[[\d;]*m)/)) {
    const code = part.match(/^\x1b\[([\d;]*)m$/);
    if (code) {
      colour = COLOURS[code[1]] || "";
    } else if (part) {
      const span = document.createElement("span");
      span.className = colour;
      span.textContent = part;
      output.append(span);
    }
  }
  while (output.childElementCount > MOST_LINES) {
    output.firstChild.remove();
  }
  if (atEnd) {
    output.scrollTop = output.scrollHeight;
  }
}

function note(text) {
  const output = $("output");
  colour = "";
  if (output.textContent && !output.textContent.endsWith("\n")) {
    print("\n");
  }
  colour = "note";
  print(text + "\n");
  colour = "";
}

////////////////////////////////////////////////////////////////////////////////
// Run and Stop

function loadNext() {
  const machine = new Machine({
    ready: () => {
      machine.ready = true;
      $("run").disabled = false;
      if (!running) {
        show("ready", "ready");
      }
    },
    failed: fail,
    died: (reason) => (machine === running ? died(reason) : fail(reason)),
    ended: () => ended(),
    output: print,
    look: (look) => {
      lastWord = Date.now();
      timeline.update(look);
      show(look.alive ? "running" : "ended", look.alive ? "running" : "the program has ended");
    },
  });
  next = machine;
}

function died(reason) {
  // SystemExit in a task ends the event loop, and is no failure
  if (!reason.includes("SystemExit")) {
    note(reason);
  }
  ended();
}

function ended() {
  note("-- the program has ended");
  end("ended", "the program has ended");
}

function end(state, words) {
  running.end();
  running = null;
  timeline.stop();
  for (const control of [$("stop"), $("command"), ...commands]) {
    control.disabled = true;
  }
  $("run").textContent = "Run";
  show(state, words);
}

function run() {
  if (!next?.ready) {
    return;
  }
  running?.end();
  running = next;
  lastWord = Date.now();
  $("run").disabled = true;
  $("run").textContent = "Run again";
  $("output").replaceChildren();
  colour = "";
  timeline.clear();
  timeline.start();
  running.send({ run: editor.text });
  show("running", "running");
  for (const control of [$("stop"), $("command"), ...commands]) {
    control.disabled = false;
  }
  loadNext();
}

function stop() {
  if (running) {
    end("stopped", "stopped");
    note("-- stopped");
    $("run").focus();
  }
}

function command(text) {
  running?.send({ command: text });
}

$("run").addEventListener("click", run);
$("stop").addEventListener("click", stop);
for (const button of commands) {
  button.addEventListener("click", () => command(button.dataset.command));
}

setInterval(() => {
  if (running && Date.now() - lastWord > QUIET && !document.hidden) {
    show("busy", "the program does not let other tasks run");
  }
}, 500);

////////////////////////////////////////////////////////////////////////////////
// The prompt

$("prompt").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("command").value.trim();
  if (text && running) {
    command(text);
    typed.push(text);
    recalled = typed.length;
    $("command").value = "";
  }
});

$("command").addEventListener("keydown", (event) => {
  const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (way && typed.length) {
    event.preventDefault();
    recalled = Math.min(typed.length, Math.max(0, recalled + way));
    $("command").value = typed[recalled] || "";
  }
});

////////////////////////////////////////////////////////////////////////////////
// Programs to begin with

async function chooseExample() {
  const response = await fetch($("example").value);
  if (response.ok) {
    editor.text = await response.text();
  }
}

$("example").addEventListener("change", chooseExample);
$("span").addEventListener("change", () => timeline.setSpan(Number($("span").value)));

////////////////////////////////////////////////////////////////////////////////
// Tabs

const tabs = [...document.querySelectorAll("[role=tab]")];

function choose(tab, focus) {
  for (const each of tabs) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", chosen);
    each.tabIndex = chosen ? 0 : -1;
    $(each.getAttribute("aria-controls")).hidden = !chosen;
  }
  if (focus) {
    tab.focus();
  }
  history.replaceState(null, "", tab === tabs[0] ? location.pathname : "#rule");
  if (tab === tabs[1]) {
    rules.show();
  }
}

for (const [at, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const to = {
      ArrowRight: (at + 1) % tabs.length,
      ArrowLeft: (at + tabs.length - 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      choose(tabs[to], true);
    }
  });
}

timeline.setSpan(30);
loadNext();
chooseExample();
if (location.hash === "#rule") {
  choose(tabs[1]);
}
