// The time line: a lane for each task, with its runs so far and its due times ahead.
// MIT license; Copyright (c) 2026 the aioschedule authors
//
// A mark keeps its time, in seconds since the program began, in the property --t. The style sheet
// turns that into a place, with --scale, pixels per second. Lanes are moved to the left as time goes by.

const PAST = 2 / 3; // of the width
const MOST_MARKS = 400; // in a lane
const LATE = 250; // ms

const STEPS = { 30: 5, 120: 20, 600: 100 };

export function duration(seconds) {
  if (seconds < 10) {
    return `${Math.max(0, seconds).toFixed(1)} s`;
  }
  for (const [limit, unit, name] of [[100, 1, "s"], [5400, 60, "min"], [129600, 3600, "h"]]) {
    if (seconds < limit) {
      return `${Math.round(seconds / unit)} ${name}`;
    }
  }
  return `${Math.round(seconds / 86400)} days`;
}

function clock(ms, offset) {
  return new Date(ms + offset * 1000).toISOString().slice(11, 19);
}

function element(kind, className, parent) {
  const made = document.createElement(kind);
  made.className = className;
  parent.append(made);
  return made;
}

class Lane {
  constructor(name, list, began) {
    this.began = began;
    this.runs = this.missed = this.restarts = 0;
    this.ahead = [];
    this.lastLook = 0;
    this.open = null;
    this.item = element("li", "lane", list);
    this.item.dataset.task = name;
    const label = element("div", "label", this.item);
    element("b", "", label).textContent = name;
    this.text = element("span", "", label);
    this.track = element("div", "track", this.item);
    this.track.setAttribute("aria-hidden", "true");
    this.moving = element("div", "moving", this.track);
    this.past = element("div", "", this.moving);
    this.future = element("div", "", this.moving);
  }

  mark(className, at, parent) {
    const made = element("i", className, parent);
    made.style.setProperty("--t", ((at - this.began) / 1000).toFixed(3));
    return made;
  }

  update(row, now) {
    const passed = this.ahead.filter((due) => due <= now);
    for (; this.missed < row.missed; this.missed++) {
      this.mark("missed", passed.shift() ?? now, this.past).title = "missed";
    }
    this.addRuns(row, now, passed.slice(this.runs - row.runs));
    this.follow(row, now);
    this.ahead = row.ahead.map((ms) => now + ms);
    this.drawAhead();
    this.text.textContent = this.words(row);
    this.item.dataset.state = row.error && row.state !== "running" ? "failed" : row.state;
    this.item.title = row.error || "";
    this.lastLook = now;
    this.restarts = row.restarts;
    while (this.past.childElementCount > MOST_MARKS) {
      this.past.firstChild.remove();
    }
  }

  // The runs that began since the last look, at the times that were due
  addRuns(row, now, passed) {
    for (; this.runs < row.runs; this.runs++) {
      this.finish(row, now, false);
      const due = passed.shift() ?? now;
      const start = now - due > LATE ? Math.max(due, this.lastLook) : due;
      this.open = { start, mark: this.mark("run", start, this.past) };
    }
  }

  follow(row, now) {
    if (row.state === "running") {
      this.stretch(now);
    } else {
      this.finish(row, now, true);
    }
  }

  stretch(end) {
    if (this.open) {
      this.open.mark.style.setProperty("--d", ((end - this.open.start) / 1000).toFixed(3));
      this.open.seen = true;
    }
  }

  finish(row, now, isLast) {
    if (!this.open) {
      return;
    }
    if (isLast && row.last_ms !== null) {
      this.stretch(this.open.start + row.last_ms);
    } else if (this.open.seen) {
      this.stretch(now);
    }
    // Of an earlier run only its restart tells that it has failed
    const failed = isLast ? row.error !== null : row.restarts > this.restarts;
    this.open.mark.classList.toggle("failed", failed);
    const told = (isLast && (row.error || row.result)) || (failed ? "failed" : "");
    this.open.mark.title = `${clock(this.open.start, row.offset)} ${told}`;
    this.open = null;
  }

  drawAhead() {
    while (this.future.childElementCount > this.ahead.length) {
      this.future.lastChild.remove();
    }
    for (const [at, due] of this.ahead.entries()) {
      const mark = this.future.children[at] || this.mark("due", due, this.future);
      mark.style.setProperty("--t", ((due - this.began) / 1000).toFixed(3));
    }
  }

  words(row) {
    const words = [];
    if (row.state === "running") {
      words.push("running");
    } else if (row.next_ms !== null) {
      const isEarliest = row.state === "earliest";
      words.push(`${isEarliest ? "not before" : "next in"} ${duration(row.next_ms / 1000)}`);
    } else {
      words.push(row.state);
    }
    words.push(row.runs === 1 ? "1 run" : `${row.runs} runs`);
    if (row.missed) {
      words.push(`${row.missed} missed`);
    }
    if (row.error && row.state !== "running") {
      words.push("failed");
    }
    return words.join(" · ");
  }
}

export class TimeLine {
  constructor(root) {
    this.root = root;
    this.list = root.querySelector(".lanes");
    this.axis = root.querySelector(".axis");
    this.empty = root.querySelector(".empty");
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.span = 30;
    this.clear();
    new ResizeObserver(() => this.measure()).observe(root);
  }

  /** Forgets all; `began` is when the program began, in ms. */
  clear(began = Date.now()) {
    this.began = began;
    this.lanes = new Map();
    this.list.replaceChildren();
    this.root.classList.add("is-empty");
    this.running = false;
  }

  setSpan(seconds) {
    this.span = seconds;
    const step = STEPS[seconds];
    this.axis.replaceChildren();
    for (let at = -Math.floor((seconds * PAST) / step) * step; at <= seconds * (1 - PAST); at += step) {
      const label = element("span", at ? "" : "now", this.axis);
      label.style.left = `${(at / seconds + PAST) * 100}%`;
      label.textContent = at ? `${at > 0 ? "+" : "−"}${Math.abs(at)} s` : "now";
    }
    this.root.style.setProperty("--step", `${(step / seconds) * 100}%`);
    this.measure();
  }

  measure() {
    const track = this.list.querySelector(".track") || this.axis;
    this.root.style.setProperty("--scale", track.clientWidth / this.span);
    this.scale = track.clientWidth / this.span;
    this.move(this.shown || this.began);
  }

  update({ now, rows }) {
    for (const row of rows) {
      let lane = this.lanes.get(row.name);
      if (!lane) {
        lane = new Lane(row.name, this.list, this.began);
        this.lanes.set(row.name, lane);
        this.root.classList.remove("is-empty");
        this.measure();
      }
      lane.update(row, now);
    }
    for (const [name, lane] of this.lanes) {
      if (!rows.some((row) => row.name === name)) {
        lane.ahead = [];
        lane.drawAhead();
        lane.text.textContent = "not scheduled any more";
        lane.item.dataset.state = "gone";
      }
    }
  }

  start() {
    this.running = true;
    const frame = () => {
      if (!this.running) {
        return;
      }
      const now = Date.now();
      if (!this.calm.matches || now - this.shown > 1000) {
        this.move(now);
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  stop() {
    this.running = false;
  }

  move(now) {
    this.shown = now;
    const shift = PAST * this.span - (now - this.began) / 1000;
    for (const lane of this.lanes.values()) {
      lane.moving.style.transform = `translateX(${(shift * this.scale).toFixed(2)}px)`;
    }
  }
}
