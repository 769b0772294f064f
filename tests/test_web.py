# Proves that the page of examples/web.py shows the schedule and steers it, and whom it lets in.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# The board is MicroPython's unix port, with microdot from PyPI; the browser is Chromium.

import base64
import http.client
import json
import shutil
import ssl
import time

import pytest
from playwright.sync_api import expect, sync_playwright
from steering import PATIENCE, ROOT, Program, free_port, make_certificate, wait_for

EXAMPLE = ROOT / "examples" / "web.py"
CHROMIUM = shutil.which("chromium")

# A name and an error that a careless page would take for HTML
HOSTILE = "<img src=x onerror=document.title='taken'>"

BOARD = """
import asyncio
import aioctl
import aioschedule
import web

async def pump():
    return "pumped <b>7</b> l"

async def bad():
    raise OSError(HOSTILE)

async def busy():
    await asyncio.Event().wait()

async def restart():
    await asyncio.sleep(1)
    print("page:", aioctl.stop("serve"))
    await asyncio.sleep(1)
    print("page:", aioctl.start("serve"))

options = OPTIONS
if "tls" in options:
    import ssl
    name = options.pop("tls")
    options["ssl"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files = [open(name + end, "rb").read() for end in (".crt.der", ".key.der")]
    options["ssl"].load_cert_chain(*files)

for task in pump, bad, busy, aioschedule.schedule_loop:
    aioctl.add(task)
aioctl.add(pump, name="tick")
aioctl.add(pump, name=HOSTILE)
aioschedule.schedule("pump", repeat=3600)
aioschedule.schedule("tick", start_in=1, repeat=1)
aioschedule.schedule("bad", repeat="0 6 * * mon")
aioschedule.schedule(HOSTILE, repeat="30 6 * * *")
aioctl.add(web.serve, port=PORT, **options)
if RESTARTS:
    aioctl.add(restart)

async def say():
    await asyncio.sleep(0.1)
    print("ready")

if options.get("ssl"):
    aioctl.add(say)
aioctl.run()
"""


class Board(Program):
    """A program that serves the page."""

    def __init__(self, micropython, folder, restarts, options):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        values = {
            "PORT": str(self.port),
            "OPTIONS": repr(options),
            "HOSTILE": repr(HOSTILE),
            "RESTARTS": str(restarts),
        }
        code = BOARD
        for name, value in values.items():
            code = code.replace(name, value)
        super().__init__(micropython, folder, "board", code)

    def ask(self, path, body=None, method=None, **headers):
        """Status and text of the answer; headers that are None are left out."""
        headers = {"Host": f"127.0.0.1:{self.port}", **headers}
        if isinstance(body, dict):
            body = json.dumps(body)
            headers = {"Content-Type": "application/json", **headers}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        method = method or ("POST" if body else "GET")
        headers = {key.replace("_", "-"): value for key, value in headers.items() if value}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def act(self, action, name, **options):
        return self.ask("/act", {"action": action, "name": name, "options": options})

    def tasks(self):
        """name -> row"""
        status, text = self.ask("/tasks")
        assert status == 200, text
        return {row["name"]: row for row in json.loads(text)["tasks"]}

    def wait_for_page(self):
        wait_for(self.answers, self.printed)

    def answers(self):
        assert self.process.poll() is None, self.printed()
        try:
            return self.ask("/")
        except OSError:
            return False


@pytest.fixture
def start(micropython, tmp_path):
    """Starts a board; its keyword arguments are those of web.serve()."""
    boards = []

    def start_one(restarts=False, **options):
        boards.append(Board(micropython, tmp_path, restarts, options))
        return boards[-1]

    yield start_one
    for board in boards:
        board.end()


@pytest.fixture
def board(start):
    board = start()
    board.wait_for_page()
    return board


def test_it_is_short():
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 150
    assert max(map(len, lines)) < 100


################################################################################
# What it answers


def test_tasks(board):
    """All that can be steered is there, also what has no schedule; not the scheduler itself."""
    tasks = board.tasks()
    assert set(tasks) == {"pump", "tick", "bad", "busy", HOSTILE}
    assert (tasks["pump"]["state"], tasks["pump"]["repeat"]) == ("scheduled", 3600)
    assert tasks["bad"]["repeat"] == "0 6 * * mon"
    assert tasks["busy"]["state"] == "running"


def test_stop_and_start(board):
    """What is stopped is still there, and gets its schedule back, with the same due time."""
    before = board.tasks()["pump"]["next"]
    assert board.act("stop", "pump") == (200, "{}")
    assert board.tasks()["pump"]["state"] == "stopped"
    assert board.act("start", "pump") == (200, "{}")
    assert board.tasks()["pump"]["state"] == "scheduled"
    assert abs(board.tasks()["pump"]["next"] - before) <= 1
    assert board.tasks()["pump"]["runs"] == 0


def test_run_now(board):
    assert board.act("start", "pump") == (200, "{}")
    row = board.tasks()["pump"]
    assert (row["runs"], row["result"]) == (1, "pumped <b>7</b> l")
    assert isinstance(row["last_ms"], int)
    assert row["next_ms"] > 3_500_000


def test_change(board):
    assert board.act("schedule", "pump", repeat="0 7 * * *", times=2) == (200, "{}")
    assert board.tasks()["pump"]["repeat"] == "0 7 * * *"


@pytest.mark.parametrize(
    "name, options, error",
    [
        (
            "pump",
            {"repeat": "0 25 * * *"},
            "pump: repeat='0 25 * * *': hour: 25 is not in 0-23",
        ),
        (
            "pump",
            {"repeat": -1},
            "pump: repeat=-1: accepted: seconds from 0.001 on, True (with start_in in seconds), "
            "a crontab string, a rule",
        ),
        ("pump", {}, "pump: start_in or repeat is needed"),
    ],
)
def test_errors_are_those_of_the_library(board, name, options, error):
    assert board.act("schedule", name, **options) == (400, error)
    assert board.tasks()["pump"]["repeat"] == 3600


def test_other_errors(board):
    """Nothing that is asked for ends the page, or gives a traceback to whoever asks."""
    status, text = board.act("stop", "nobody")
    assert status == 400 and text.startswith("Task nobody not found in ["), text
    assert board.act("stop", "*")[0] == 400
    assert board.act("start", "busy") == (400, "busy: there is nothing to start")
    for body in ({}, {"action": 1, "name": [], "options": 5}, {"action": "x", "name": "pump"}):
        status, text = board.ask("/act", body)
        assert status == 400 and "Traceback" not in text
    assert board.ask("/act", "{", Content_Type="application/json")[0] == 400
    assert board.tasks()["busy"]["state"] == "running"


def test_it_can_be_stopped_and_started(start):
    """It gives its port back: started again it is there again."""
    board = start(restarts=True)
    wait_for(lambda: board.printed() == "page: True\npage: True\n", board.printed)
    board.wait_for_page()
    assert board.ask("/tasks")[0] == 200
    assert "Error" not in board.printed()


################################################################################
# Whom it lets in


def test_without_a_password_it_stays_at_home(start):
    board = start(host="0.0.0.0")
    wait_for(lambda: "[serve]" in board.printed(), board.printed)
    error = "ValueError: host='0.0.0.0': accepted without a password: ('127.0.0.1', 'localhost')"
    assert error in board.printed()
    with pytest.raises(OSError):
        board.ask("/")


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_password(start):
    """Elsewhere every path asks for it, and guessing takes a second each."""
    board = start(host="0.0.0.0", password="pass:word", user="me")
    board.wait_for_page()
    right = basic("me", "pass:word")
    assert board.ask("/", Authorization=right, Host="board.example")[0] == 200
    begun = time.monotonic()
    for path, body in (("/", None), ("/tasks", None), ("/act", {"action": "stop"})):
        assert board.ask(path, body) == (401, "")
        for wrong in (basic("me", "password"), basic("admin", "pass:word"), basic("me", "")):
            assert board.ask(path, body, Authorization=wrong)[0] == 401
    assert time.monotonic() - begun > 8
    command = {"action": "stop", "name": "pump", "options": {}}
    assert board.ask("/act", command, Authorization=right) == (200, "{}")
    # A browser that knows the password sends it along with what other pages ask for
    for origin in ("http://evil.example", "null"):
        answer = board.ask("/act", command, Authorization=right, Origin=origin)
        assert answer == (403, "a request from another site")


def test_encrypted(micropython, start, tmp_path):
    """With a certificate nobody on the way reads the password."""
    make_certificate(micropython, tmp_path)
    board = start(password="secret", tls="board")
    trust = ssl.create_default_context(cafile=tmp_path / "board.crt")
    headers = {"Authorization": basic("admin", "secret")}
    wait_for(lambda: "ready" in board.printed(), board.printed)
    for _ in range(2):
        connection = http.client.HTTPSConnection(
            "localhost", board.port, context=trust, timeout=PATIENCE
        )
        connection.request("GET", "/tasks", headers=headers)
        assert "pump" in connection.getresponse().read().decode()
    # Whoever asks without encryption gets nothing
    with pytest.raises((OSError, http.client.HTTPException)):
        board.ask("/tasks", **headers)


def test_other_sites(board):
    """A name that somebody else has given the board is refused; so is a form of another site."""
    for host in ("evil.example", f"evil.example:{board.port}", "127.0.0.1.evil.example"):
        for path in "/", "/tasks":
            assert board.ask(path, Host=host)[0] == 403
    assert board.ask("/", Host=f"localhost:{board.port}")[0] == 200
    command = json.dumps({"action": "stop", "name": "pump", "options": {}})
    for kind in ("text/plain", "application/x-www-form-urlencoded", None):
        assert board.ask("/act", command, Content_Type=kind)[0] == 400
    assert board.ask("/act", method="GET")[0] == 405
    assert board.tasks()["pump"]["state"] == "scheduled"


################################################################################
# The page


@pytest.fixture(scope="module")
def chromium():
    if not CHROMIUM:
        pytest.skip("no chromium: on Debian, apt install chromium")
    with sync_playwright() as playwright:
        # As root it starts only without its sandbox
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, board):
    expect.set_options(timeout=PATIENCE * 1000)
    page = chromium.new_page()
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.asked.append(f"error: {error}"))
    page.goto(board.url)
    yield page
    page.close()


def row_of(page, name):
    return page.locator("tbody tr").filter(
        has=page.locator("td:first-child").get_by_text(name, exact=True)
    )


def cell(page, name, title):
    return row_of(page, name).locator(f"td[title='{title}']")


def test_page_shows_the_table_live(page, board):
    expect(cell(page, "pump", "State")).to_have_text("scheduled")
    expect(cell(page, "pump", "Runs")).to_have_text("0")
    expect(page.get_by_label("Repeat").nth(0)).to_be_visible()
    expect(cell(page, "pump", "Next run")).to_contain_text("in 0:5")
    # Soonest first
    expect(page.locator("tbody td:first-child").nth(0)).to_have_text("tick")
    runs = int(cell(page, "tick", "Runs").inner_text())
    expect(cell(page, "tick", "Runs")).not_to_have_text(str(runs))
    assert int(cell(page, "tick", "Runs").inner_text()) > runs
    # Nothing is fetched from anywhere else, and nothing went wrong
    assert {url for url in page.asked if not url.startswith(board.url)} <= {"data:,"}


def test_page_shows_text_as_text(page, board):
    board.act("start", "bad")
    expect(cell(page, "bad", "Last run")).to_contain_text(HOSTILE)
    expect(row_of(page, HOSTILE)).to_have_count(1)
    expect(page.locator("tr.failed td:first-child")).to_have_text(["bad"])
    board.act("start", "pump")
    expect(cell(page, "pump", "Last run")).to_contain_text("pumped <b>7</b> l")
    assert page.locator("img, td b").count() == 0
    assert page.title() == "Schedule"


def test_page_steers(page, board):
    row = row_of(page, "pump")
    row.get_by_role("button", name="Run now").click()
    expect(cell(page, "pump", "Runs")).to_have_text("1")
    expect(cell(page, "pump", "Last run")).to_contain_text("took")
    row.get_by_role("button", name="Stop").click()
    expect(cell(page, "pump", "State")).to_have_text("stopped")
    assert board.tasks()["pump"]["state"] == "stopped"
    expect(row.get_by_role("button", name="Stop")).to_be_hidden()
    row.get_by_role("button", name="Start").click()
    expect(cell(page, "pump", "State")).to_have_text("scheduled")


def test_page_changes_a_rule(page, board):
    """With the keyboard alone; a wrong rule stays in its field, beside what is wrong with it."""
    field = row_of(page, "pump").get_by_label("Repeat")
    field.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("0 25 * * *")
    page.keyboard.press("Enter")
    error = page.get_by_role("alert")
    expect(error).to_have_text("pump: repeat='0 25 * * *': hour: 25 is not in 0-23")
    page.wait_for_timeout(2500)
    expect(field).to_have_value("0 25 * * *")
    page.keyboard.press("Control+A")
    page.keyboard.type("0 6 * * *")
    page.keyboard.press("Enter")
    expect(error).to_have_text("")
    expect(cell(page, "pump", "Next run")).to_contain_text(" 06:00:00")
    page.keyboard.press("Control+A")
    page.keyboard.type("7200")
    page.keyboard.press("Enter")
    expect(cell(page, "pump", "Next run")).to_contain_text("in 1:5")
    assert board.tasks()["pump"]["repeat"] == 7200
    page.keyboard.press("Tab")
    expect(row_of(page, "pump").get_by_role("button", name="Run now")).to_be_focused()
    # The look every two seconds leaves the focus where it is
    page.wait_for_timeout(2500)
    page.keyboard.press("Enter")
    expect(cell(page, "pump", "Runs")).to_have_text("1")


def test_page_leaves_a_row_in_use_where_it_is(page, board):
    """When the order changes, what is typed and the focus stay; nothing half typed is sent."""
    field = row_of(page, "pump").get_by_label("Repeat")
    button = row_of(page, "busy").get_by_role("button", name="Stop")
    expect(page.locator("tbody td:first-child").nth(1)).to_have_text("pump")
    field.focus()
    page.keyboard.type("9")
    # The last one that has a schedule, then the first of all
    for place, start_in in (3, 40_000_000), (0, 500):
        options = {"start_in": start_in, "repeat": start_in}
        assert board.act("schedule", "pump", **options) == (200, "{}")
        assert board.act("schedule", "tick", start_in=1000, repeat=1000) == (200, "{}")
        expect(page.locator("tbody td:first-child").nth(place)).to_have_text("pump")
        expect(field).to_be_focused()
        expect(field).to_have_value("36009")
        assert board.tasks()["pump"]["repeat"] == start_in
    button.focus()
    assert board.act("schedule", "busy", start_in=400) == (200, "{}")
    expect(page.locator("tbody td:first-child").nth(0)).to_have_text("busy")
    expect(button).to_be_focused()


def test_page_says_that_the_board_is_gone(page, board):
    expect(cell(page, "pump", "State")).to_have_text("scheduled")
    board.process.kill()
    expect(page.locator("#clock")).to_contain_text("No answer from the board: ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_page_fits(page, board, width, scheme, tmp_path):
    """Nothing is cut off or overlaps, and light and dark look different. The pictures are kept."""
    board.act("start", "bad")
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    expect(cell(page, "bad", "Last run")).to_contain_text(HOSTILE)
    page.screenshot(path=tmp_path / f"web-{width}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for button in page.locator("tbody button:visible").all():
        box = button.bounding_box()
        assert 0 <= box["x"] and box["x"] + box["width"] <= width
    brightness = "[...getComputedStyle(document.body).color.matchAll(/[\\d.]+/g)][0][0] > 128"
    assert page.evaluate(brightness) == (scheme == "dark")


def test_page_of_another_site(page, board, chromium, serve, tmp_path):
    """What a page of another site can make a browser send does nothing here."""
    (tmp_path / "index.html").write_text("<title>evil</title>")
    url, _ = serve(tmp_path)
    evil = chromium.new_page()
    evil.goto(url)
    evil.evaluate(
        """async board => {
            const body = JSON.stringify({ action: "stop", name: "pump", options: {} })
            for (const type of ["text/plain", "application/json"])
                for (const mode of ["no-cors", "cors"])
                    await fetch(board + "act", { method: "POST", mode, body,
                        headers: { "Content-Type": type } }).catch(() => 0)
            navigator.sendBeacon(board + "act", new Blob([body], { type: "application/json" }))
        }""",
        board.url,
    )
    text = evil.evaluate("board => fetch(board + 'tasks').then(a => a.text(), () => 0)", board.url)
    assert text == 0
    evil.evaluate(
        "board => { const frame = document.createElement('iframe'); frame.src = board;"
        "document.body.append(frame) }",
        board.url,
    )
    evil.wait_for_timeout(1000)
    assert "pump" not in (evil.frames[1].content() if len(evil.frames) > 1 else "")
    evil.close()
    assert board.tasks()["pump"]["state"] == "scheduled"


def test_page_with_a_password(chromium, start):
    board = start(password="secret")
    board.wait_for_page()
    for given, title in (({"username": "admin", "password": "secret"}, "Schedule"), (None, "")):
        context = chromium.new_context(http_credentials=given)
        page = context.new_page()
        try:
            page.goto(board.url)
        except Exception as error:
            assert given is None and "INVALID_AUTH" in str(error), error
        if given:
            expect(cell(page, "pump", "State")).to_have_text("scheduled")
        assert page.title() == title
        context.close()
