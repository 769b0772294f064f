// The tab that tries a crontab string in a zone: the days on which it runs, and the list.
// MIT license; Copyright (c) 2026 the aioschedule authors

import { Machine } from "./machine.js";
import { ZONES, zoneHere } from "./zones.js";

const WAIT = 150; // ms after the last key
const DAY = 86400;
const DAYS = 7;
const DENSE = 3600; // seconds between two runs: closer ones are drawn as lines
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const $ = (id) => document.getElementById(id);
const two = (number) => String(number).padStart(2, "0");

function fieldsOf(seconds) {
  const date = new Date(seconds * 1000);
  return {
    weekday: WEEKDAYS[date.getUTCDay()],
    day: `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`,
    clock: `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`,
    second: two(date.getUTCSeconds()),
  };
}

function offsetText(offset) {
  const minutes = Math.abs(offset) / 60;
  return `${offset < 0 ? "−" : "+"}${two(Math.floor(minutes / 60))}:${two(Math.floor(minutes % 60))}`;
}

function ahead(seconds) {
  const minutes = Math.ceil(seconds / 60);
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor(minutes / 60) % 24;
  if (seconds <= 0) {
    return "past";
  }
  if (days >= 100) {
    return `${days} days`;
  }
  return days ? `${days} d ${hours} h` : hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

function element(kind, className, parent, text = "") {
  const made = document.createElement(kind);
  made.className = className;
  made.textContent = text;
  parent.append(made);
  return made;
}

/** Fills the tab in; MicroPython is started when the tab is first shown. */
export class Rules {
  constructor(onFailure) {
    this.onFailure = onFailure;
    this.asked = 0;
    for (const [name, place, zone] of ZONES) {
      const option = element("option", "", $("place"), name);
      option.value = zone;
      option.dataset.place = place;
    }
    element("option", "", $("place"), "Another zone").value = "";
    $("place").value = $("zone").value = zoneHere()[2];
    $("place").addEventListener("change", () => this.choosePlace());
    $("zone").addEventListener("input", () => this.matchPlace());
    $("rule-form").addEventListener("input", () => this.askSoon());
    $("rule-form").addEventListener("submit", (event) => event.preventDefault());
    for (const button of document.querySelectorAll("button.try")) {
      button.addEventListener("click", () => {
        $("text").value = button.textContent;
        this.ask();
      });
    }
  }

  show() {
    this.machine ??= new Machine({
      ready: () => this.ask(),
      failed: this.onFailure,
      died: this.onFailure,
      rule: (answer, { id }) => id === this.asked && this.draw(answer),
    });
  }

  choosePlace() {
    if ($("place").value) {
      $("zone").value = $("place").value;
    } else {
      $("zone").focus();
    }
    this.ask();
  }

  matchPlace() {
    const known = ZONES.find((zone) => zone[2] === $("zone").value);
    $("place").value = known ? known[2] : "";
  }

  askSoon() {
    $("rule").setAttribute("aria-busy", "true");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT);
  }

  ask() {
    $("rule").setAttribute("aria-busy", "true");
    clearTimeout(this.timer);
    const [text, zone, from] = ["text", "zone", "from"].map((id) => $(id).value);
    this.machine?.send({ rule: { text, zone, from, id: ++this.asked } });
  }

  draw(answer) {
    $("rule").setAttribute("aria-busy", "false");
    for (const id of ["text", "zone", "from"]) {
      $(id).toggleAttribute("aria-invalid", answer.field === id);
      if (answer.field === id) {
        $(id).setAttribute("aria-invalid", "true");
      }
    }
    $("rule-error").textContent = answer.error || "";
    $("rule").classList.toggle("has-error", Boolean(answer.error));
    if (answer.error) {
      return;
    }
    $("fixed").hidden = !answer.nights.length;
    $("fixed").textContent = answer.fixed
      ? "When clocks change, each time still comes once"
      : "When clocks change, it goes by what they show";
    this.drawNights(answer);
    this.drawDays(answer);
    this.drawList(answer);
    $("use").textContent =
      `aioschedule.set_zone("${$("zone").value}")\n` +
      `aioschedule.schedule("coffee", repeat="${$("text").value}")`;
  }

  // Buttons that go to the nights when the clocks change
  drawNights({ nights }) {
    const from = $("from").value;
    $("nights").hidden = !nights.length;
    $("nights").replaceChildren("Look at ");
    const choices = nights.slice(0, 2).map(([at, before, after]) => {
      const { day, weekday } = fieldsOf(at + before);
      return [`${weekday} ${day}, clocks go ${after > before ? "forward" : "back"}`, `${day}T00:00`];
    });
    for (const [words, value] of [["now", ""], ...choices]) {
      const button = element("button", "try", $("nights"), words);
      button.type = "button";
      button.setAttribute("aria-pressed", from === value);
      button.addEventListener("click", () => {
        $("from").value = value;
        this.ask();
        // The buttons are made anew: the focus stays where it was
        this.focusNight = value;
      });
      if (this.focusNight === value) {
        button.focus();
        this.focusNight = null;
      }
      $("nights").append(" ");
    }
  }

  drawDays({ runs, changes }) {
    const days = new Map();
    for (const [seconds, offset] of runs) {
      const day = Math.floor((seconds + offset) / DAY);
      days.set(day, [...(days.get(day) || []), [seconds, offset]]);
    }
    $("days").replaceChildren();
    for (const [day, found] of [...days].slice(0, DAYS)) {
      this.drawDay(day, found, changes);
    }
    const axis = element("div", "hours-axis", $("days"));
    axis.setAttribute("aria-hidden", "true");
    for (const hour of [0, 6, 12, 18, 24]) {
      element("span", "", axis, `${two(hour)}:00`).style.left = `${(hour / 24) * 100}%`;
    }
  }

  drawDay(day, runs, changes) {
    const { weekday, day: date } = fieldsOf(day * DAY);
    const row = element("div", "day", $("days"));
    const label = element("div", "label", row);
    element("b", "", label, `${weekday} ${date}`);
    const hours = element("div", "hours", row);
    const percent = (local) => `${((local - day * DAY) / DAY) * 100}%`;
    const change = changes.find(([at, before]) => Math.floor((at + before) / DAY) === day);
    element("span", "", label, `${runs.length} ${runs.length === 1 ? "run" : "runs"}`);
    if (change) {
      const [at, before, after] = change;
      const band = element("i", after > before ? "skipped" : "twice", hours);
      band.style.left = percent(at + Math.min(before, after));
      band.style.width = `${(Math.abs(after - before) / DAY) * 100}%`;
      const way = after > before ? "forward" : "back";
      element("span", "", label, `clocks go ${way} at ${fieldsOf(at + before).clock}`);
    }
    const close = runs.some(([seconds], at) => at && seconds - runs[at - 1][0] < DENSE);
    hours.classList.toggle("dense", close);
    for (const [seconds, offset] of runs) {
      const dot = element("i", "at", hours);
      dot.style.left = percent(seconds + offset);
      if (change && Math.abs(seconds - change[0] + 0.5) < change[1] - change[2]) {
        // The clock shows this time twice
        dot.classList.add(seconds < change[0] ? "first" : "again");
      }
      const { clock } = fieldsOf(seconds + offset);
      dot.title = `${clock} ${offsetText(offset)}`;
    }
  }

  drawList({ runs, listed, now }) {
    const body = $("runs").tBodies[0];
    body.replaceChildren();
    for (const [seconds, offset] of runs.slice(0, listed)) {
      const row = element("tr", "", body);
      const local = fieldsOf(seconds + offset);
      const utc = fieldsOf(seconds);
      const cell = element("td", "", row, `${local.weekday} ${local.day} ${local.clock} `);
      element("small", "", cell, offsetText(offset));
      element("td", "", row, utc.day === local.day ? utc.clock : `${utc.weekday} ${utc.clock}`);
      element("td", "", row, ahead(seconds - now));
    }
  }
}
