# A page that shows the schedule and steers it, served by the board itself. Unix port or board.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# Needs microdot. docs/steer.md tells about that, and how to have the page in a program of yours.

import asyncio
import time

import aioctl
from microdot import Microdot
from microdot.auth import BasicAuth

import aioschedule

LOOPBACK = ("127.0.0.1", "localhost")
HEADERS = {"Content-Type": "text/html", "Content-Security-Policy": "frame-ancestors 'none'"}
# Bytes, so that no request copies it. What the board tells becomes text of the page, never HTML.
PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Schedule</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>
:root { color-scheme: light dark } * { box-sizing: border-box; font: inherit }
body { margin: auto; max-width: 76rem; padding: 1rem; font: 16px/1.4 system-ui, sans-serif }
h1 { font-size: 1.6rem; margin: 0 } h1, td:first-child { font-weight: 650 } th { opacity: .75 }
#error, .failed td:nth-child(4) { color: light-dark(#b3261e, #ff8a80) } input { width: 100% }
table { width: 100%; border-collapse: collapse } tr { border: 1px solid #8886; background: #8881 }
th, td { padding: .6rem; text-align: left; vertical-align: top; white-space: pre-line }
td:nth-child(3n + 1) { overflow-wrap: anywhere } td:last-child { white-space: nowrap }
button, input { padding: .35rem .7rem; border: 1px solid #888; border-radius: .4rem }
@media (max-width: 800px) { thead, td:empty { display: none } td { display: flex; padding: .2rem }
  td:last-child { display: block } tr { display: block; margin-bottom: .8rem; padding: .4rem }
  [title]::before { flex: 0 0 6rem; opacity: .75; content: attr(title) } }</style>
<h1>Schedule</h1><p id="clock"></p><p id="error" role="alert"></p>
<table><thead><tr><th>Task<th>State<th>Next run<th>Last run<th>Runs<th>Repeat<th></thead><tbody>
</table><template><tr><td><td title="State"><td title="Next run"><td title="Last run"><td
title="Runs"><td title="Repeat"><input aria-label="Repeat: seconds, or a crontab string"><td>
<button value="start"></button> <button value="stop">Stop</button></template><script>
const find = (query, where = document) => where.querySelector(query), body = find("tbody")
const span = (ms = 0) => Math.floor(ms / 36e5) + new Date(ms % 36e5).toISOString().slice(13, 19)
async function ask(path, how) {
  const answer = await fetch(path, how)
  if (!answer.ok) throw Error(await answer.text() || "HTTP status " + answer.status)
  return answer.json()
}
async function act(action, target, options = {}) {
  const body = JSON.stringify({ action, options, name: target.closest("tr").dataset.name })
  const how = { method: "POST", headers: { "Content-Type": "application/json" }, body }
  find("#error").textContent = ""
  await ask("act", how).catch(e => { find("#error").textContent = e.message })
  look()
}
function show({ name, state, error, ...task }, place, epoch) {
  const row = [...body.rows].find(row => row.dataset.name === name)
    || find("tr", find("template").content).cloneNode(true)
  const at = (time, more) => time == null ? "" : new Date(epoch + (time + task.offset) * 1e3)
    .toISOString().slice(0, 19).replace("T", " ") + more
  const took = task.last_ms == null ? "" : `took ${task.last_ms} ms\\n`
  const counts = ["missed", "restarts"].map(key => task[key] ? task[key] + " " + key : "")
  const cells = [name, state, at(task.next, "\\nin " + span(task.next_ms)),
    at(task.last, "\\n") + took + (error ?? task.result ?? ""), [task.runs, ...counts].join("\\n")]
  cells.forEach((text, i) => { row.cells[i].textContent = text.trim() })
  // A row that moves loses the focus, and sends what is half typed: the others move around it
  const held = row.contains(document.activeElement)
  while (held && body.rows[place] !== row) body.append(body.rows[place])
  if (body.rows[place] !== row) body.insertBefore(row, body.rows[place] || null)
  row.dataset.name = name; row.classList.toggle("failed", error != null)
  if (find("input", row) !== document.activeElement) find("input", row).value = task.repeat
  find("[value=stop]", row).hidden = state === "stopped"
  find("[value=start]", row).textContent = state === "stopped" ? "Start" : "Run now"
}
async function look() {
  try {
    const answer = await ask("tasks")
    answer.tasks.forEach((task, place) => show(task, place, Date.UTC(answer.year)))
    while (body.rows[answer.tasks.length]) body.lastElementChild.remove()
    find("#clock").textContent = answer.now
  } catch (e) { find("#clock").textContent = "No answer from the board: " + e.message }
}
body.onclick = ({ target: t }) => t.tagName === "BUTTON" && act(t.value, t)
body.onchange = ({ target: t }) => act("schedule", t, { repeat: Number(t.value) || t.value })
setInterval(() => document.hidden || look(), 2000); look()</script></html>"""


def tasks(request):
    """The rows of snapshot() with their `repeat`, and a row for each task without a schedule."""
    rows = aioschedule.snapshot()
    for row in rows:
        repeat = aioschedule.group()[row["name"]].get("repeat")
        row["repeat"] = repeat if isinstance(repeat, (int, float, str)) else ""
    for name, task in aioctl.group().tasks.items():
        if name not in aioschedule.group() and task.coro not in (serve, aioschedule.schedule_loop):
            state = "stopped" if task.task.done() else "running"
            rows.append({"name": name, "state": state, "repeat": ""})
    now = aioctl.get_datetime(aioschedule.localtime())
    return {"tasks": rows, "now": now, "year": time.gmtime(0)[0]}


def act(request):
    """Does what a button asks for. An error is answered in the words of the library."""
    try:
        action, name, options = [request.json[key] for key in ("action", "name", "options")]
        if name not in aioctl.group().tasks:
            raise ValueError("Task %s not found in %s" % (name, sorted(aioctl.group().tasks)))
        if action == "schedule":
            aioschedule.schedule(name, **options)
        elif not {"start": aioctl.start, "stop": aioctl.stop}[action](name):
            raise ValueError("%s: there is nothing to %s" % (name, action))
        return {}
    except Exception as error:
        return str(error), 400


async def serve(host=LOOPBACK[0], port=8080, user="admin", password=None, ssl=None):
    """Serves the page. Raises ValueError if others could reach it without a password.

    ssl: an ssl.SSLContext with a certificate"""
    if host not in LOOPBACK and not password:
        raise ValueError("host=%r: accepted without a password: %s" % (host, LOOPBACK))
    app = Microdot()
    auth = BasicAuth("aioschedule")
    guard = auth if password else lambda handler: handler

    @auth.authenticate
    async def check(request, *given):
        # Who guesses has to wait
        return given == (user, password) or await asyncio.sleep(1)

    @app.before_request
    def refuse(request):
        # Other sites may give the board a name of theirs, or send requests that tell their origin
        host = request.headers.get("Host", "")
        if not password and host.split(":")[0] not in LOOPBACK:
            return "Host: accepted without a password: %s" % (LOOPBACK,), 403
        if request.headers.get("Origin", "//" + host).split("//")[-1] != host:
            return "a request from another site", 403

    app.get("/")(guard(lambda request: (PAGE, HEADERS)))
    app.get("/tasks")(guard(tasks))
    app.post("/act")(guard(act))
    await app.start_server(host, port, ssl=ssl)


async def pump():
    await asyncio.sleep(3)


if __name__ == "__main__":
    for task in pump, aioschedule.schedule_loop, serve:
        aioctl.add(task)
    aioschedule.schedule("pump", start_in=5, repeat=60)
    aioctl.run()
