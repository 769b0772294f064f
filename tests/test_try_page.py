# Tests the page that runs aioschedule in the browser, docs/try/, in headless Chromium.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# Needs Debian's Chromium, and npm for MicroPython's build for the browser; without them each test
# is skipped, and says what is missing.

import importlib.util
import os
import re
import shutil
import statistics
import time
from datetime import datetime, timezone
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ["chromium", "chromium-browser", "google-chrome"]
LOAD = 30_000  # ms that a busy machine may take to load MicroPython
WIDE = {"width": 1280, "height": 860}
NARROW = {"width": 390, "height": 844}

ONE_TASK = """
import aioctl, aioschedule

@aioschedule.schedule_task(start_in={start_in}, repeat={repeat})
@aioctl.aiotask
async def blink():
    {body}

aioctl.add(blink)
aioctl.add(aioschedule.schedule_loop)
aioctl.run()
"""

ERROR_OF = """
import crontab, posixtz
try:
    {}
except ValueError as error:
    print(error)
"""


def load_try_page():
    spec = importlib.util.spec_from_file_location("try_page", ROOT / "docs" / "try_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


try_page = load_try_page()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    try:
        return try_page.make(tmp_path_factory.mktemp("try"))
    except try_page.NotToBeHad as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip("needs Chromium (Debian: apt install chromium), or CHROMIUM=path")
    with api.sync_playwright() as playwright:
        # There is no sandbox for root
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=found, args=sandbox)
        yield browser
        browser.close()


@pytest.fixture
def open_page(folder, browser, serve):
    """Opens the page; what it asks for is in page.asked, what goes wrong in page.wrong."""
    contexts = []
    url, _ = serve(folder)

    def start(viewport=WIDE, tab="", **options):
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(LOAD)
        page.asked, page.wrong = [], []
        context.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("requestfailed", lambda request: page.wrong.append(request.url))
        page.on("console", lambda m: m.type == "error" and page.wrong.append(m.text))
        page.url_of_server = url
        page.goto(f"{url}/index.html{tab}")
        page.wait_for_selector("#runs td" if tab else "#run:enabled")
        return page

    yield start
    for context in contexts:
        context.close()


def output(page):
    return page.locator("#output").text_content()


def wait_until(check):
    """Waits until `check()` is true. The page's policy does not let Playwright wait in it."""
    end = time.monotonic() + LOAD / 1000
    while not check():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def wait_for_output(page, pattern):
    wait_until(lambda: re.search(pattern, output(page)))
    return output(page)


def wait_for_count(page, selector, count):
    wait_until(lambda: page.locator(selector).count() >= count)


def run(page, **program):
    page.fill("#source", ONE_TASK.format(**program))
    page.click("#run")


def try_rule(page, text, zone=None):
    """Types a rule; returns what the page says is wrong with it."""
    page.fill("#text", text)
    if zone is not None:
        page.fill("#zone", zone)
    page.wait_for_selector("#rule[aria-busy=false]")
    return page.locator("#rule-error").text_content()


def listed(page):
    return page.locator("#runs tbody tr td:first-child").all_text_contents()


################################################################################
# A program


def test_page_begins_with_the_readme_program_and_prints_what_the_readme_says(open_page):
    page = open_page()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert page.input_value("#source") == try_page.first_program(readme)
    page.click("#run")
    text = wait_for_output(page, r"hello world\nhello world\n")
    # aioctl.run() returns here, and says so
    assert text.startswith("aioctl.run(): the event loop runs already"), text
    assert page.locator("#state").text_content() == "running"
    assert not page.wrong


def test_each_task_has_a_lane_with_its_runs_and_due_times(open_page):
    page = open_page()
    run(page, start_in=0.3, repeat=0.5, body="pass")
    lane = page.locator(".lane[data-task=blink]")
    wait_for_count(page, ".lane .run", 6)
    assert page.locator(".lane").count() == 1
    assert re.search(r"next in 0\.\d s · \d+ runs?$", lane.locator("span").text_content())
    times = "(marks) => marks.map((mark) => Number(mark.style.getPropertyValue('--t')))"
    ran = page.eval_on_selector_all(".lane .run", times)
    steps = [after - before for before, after in zip(ran, ran[1:], strict=False)]
    # On a busy machine one of them is late or missed
    assert abs(statistics.median(steps) - 0.5) < 0.1, ran
    due = page.eval_on_selector_all(".lane .due", times)
    assert len(due) > 10 and abs(due[1] - due[0] - 0.5) < 0.01, due
    # They stand left and right of "now"
    now = page.locator(".axis .now").bounding_box()["x"]
    assert page.locator(".lane .run").first.bounding_box()["x"] < now
    assert page.locator(".lane .due").nth(5).bounding_box()["x"] > now


def test_marks_move_to_the_left_as_time_goes_by(open_page):
    page = open_page()
    run(page, start_in=0, repeat=60, body="pass")
    mark = page.locator(".lane .run").first
    before = mark.bounding_box()["x"]
    wait_until(lambda: mark.bounding_box()["x"] < before - 20)


def test_longer_span_shows_the_due_times_of_a_rule(open_page):
    page = open_page()
    run(page, start_in=0, repeat="'* * * * *'", body="pass")
    wait_for_count(page, ".lane .due", 3)
    page.select_option("#span", "600")
    # The time line is ten minutes wide: 300 seconds are half of it
    first, sixth = (page.locator(".lane .due").nth(at).bounding_box()["x"] for at in (0, 5))
    assert abs((sixth - first) / page.locator(".track").bounding_box()["width"] - 0.5) < 0.01
    labels = page.locator(".axis span").all_text_contents()
    assert labels[0] == "−400 s" and labels[-1] == "+200 s"


def test_run_is_as_long_as_it_takes_and_a_due_time_meanwhile_is_missed(open_page):
    page = open_page()
    run(page, start_in=0, repeat=1, body="import asyncio; await asyncio.sleep(1.5)")
    page.wait_for_selector(".lane .missed")
    wait_for_count(page, ".lane .run", 2)
    length = "(mark) => Number(mark.style.getPropertyValue('--d'))"
    took = page.eval_on_selector(".lane .run", length)
    assert took > 1.4
    # It does not grow any more
    page.wait_for_timeout(300)
    assert page.eval_on_selector(".lane .run", length) == took
    assert "missed" in page.locator(".lane span").text_content()


def test_failed_run_is_marked_and_told(open_page):
    page = open_page()
    run(page, start_in=0, repeat=60, body="1 / 0")
    page.wait_for_selector(".lane .run.failed")
    text = wait_for_output(page, "ZeroDivisionError")
    assert "[blink] ZeroDivisionError: divide by zero" in text
    assert "divide by zero" in page.get_attribute(".lane .run", "title")


def test_exception_in_the_program_is_shown_with_its_line(open_page):
    page = open_page()
    page.fill("#source", "print('before')\nnonsense\n")
    page.click("#run")
    text = wait_for_output(page, "NameError")
    assert 'File "main.py", line 2' in text
    assert "NameError: name 'nonsense' isn't defined" in text
    assert "driver.py" not in text
    assert "NameError" in page.locator("#output .red").last.text_content()


def test_bad_option_is_told_as_the_library_words_it(open_page, run_mpy):
    page = open_page()
    run(page, start_in=-1, repeat=2, body="pass")
    text = wait_for_output(page, "(Value|Type)Error")
    told = run_mpy(ONE_TASK.format(start_in=-1, repeat=2, body="pass")).stdout
    assert told.splitlines()[-1] in text


def test_buttons_show_the_status_in_colours(open_page):
    page = open_page()
    run(page, start_in=5, repeat=60, body="pass")
    page.click("text=aioctl.status()")
    text = wait_for_output(page, "schedule_loop: status: running")
    assert ">>> aioctl.status()" in text and "● blink: status: scheduled" in text
    assert "\x1b" not in text
    assert page.locator("#output .cyan").first.text_content() == "●"
    page.click("text=status_sc()")
    assert "RUNS MISSED RESTARTS TASK" in wait_for_output(page, "NEXT +LEFT")


def test_prompt_takes_a_line_and_knows_the_ones_before(open_page):
    page = open_page()
    run(page, start_in=50, repeat=60, body="print('ran')")
    page.fill("#command", "aioctl.start('blink')")
    page.press("#command", "Enter")
    wait_for_output(page, "ran\n")
    page.fill("#command", "1 +")
    page.press("#command", "Enter")
    wait_for_output(page, "SyntaxError")
    page.press("#command", "ArrowUp")
    page.press("#command", "ArrowUp")
    assert page.input_value("#command") == "aioctl.start('blink')"


def test_program_that_lacks_a_schedule_loop_is_told(open_page):
    page = open_page()
    program = ONE_TASK.format(start_in=0, repeat=1, body="pass")
    page.fill("#source", program.replace("aioctl.add(aioschedule.schedule_loop)", ""))
    page.click("#run")
    text = wait_for_output(page, "Nothing runs")
    assert "Nothing runs what is scheduled: aioctl.add(aioschedule.schedule_loop)" in text


def test_stop_ends_the_program_and_run_begins_anew(open_page):
    page = open_page()
    run(page, start_in=0, repeat=0.3, body="print('tick')")
    wait_for_output(page, "tick")
    page.click("#stop")
    wait_for_output(page, "-- stopped")
    text = output(page)
    page.wait_for_timeout(1000)
    assert output(page) == text
    assert page.locator("#command").is_disabled()
    page.click("#run:enabled")
    wait_for_output(page, "tick")
    assert "-- stopped" not in output(page)


def test_program_that_never_yields_is_named_and_can_be_stopped(open_page):
    page = open_page()
    page.fill("#source", "print('begins')\nwhile True:\n    pass\n")
    page.click("#run")
    page.wait_for_selector("#state[data-state=busy]")
    page.click("#stop")
    page.wait_for_selector("#state[data-state=stopped], #state[data-state=ready]")
    page.fill("#source", "print('again')\n")
    page.click("#run:enabled")
    wait_for_output(page, "again")


def test_program_without_tasks_ends(open_page):
    page = open_page()
    page.fill("#source", "print('that is all')\n")
    page.click("#run")
    page.wait_for_selector("#state[data-state=ended]")


def test_program_that_exits_or_fails_starts_no_task(open_page):
    page = open_page()
    program = ONE_TASK.format(start_in=0, repeat=1, body="print('ran')")
    for last, told in (("import sys; sys.exit()", ""), ("nonsense", "isn't defined\n")):
        page.fill("#source", f"{program}\n{last}\n")
        page.click("#run:enabled")
        text = wait_for_output(page, "-- the program has ended")
        assert text.endswith(f"{told}-- the program has ended\n")
        assert "Traceback" in text or not told
        page.wait_for_timeout(500)
        assert "ran" not in output(page)
        assert page.locator("#state").text_content() in ("the program has ended", "ready")


def test_sys_exit_in_a_task_ends_the_program(open_page):
    page = open_page()
    run(page, start_in=0, repeat=1, body="import sys; sys.exit()")
    text = wait_for_output(page, "-- the program has ended")
    assert "Error" not in text and "Traceback" not in text


def test_asyncio_run_is_explained(open_page):
    page = open_page()
    page.fill("#source", "import asyncio\nasync def main():\n    pass\nasyncio.run(main())\n")
    page.click("#run")
    assert "asyncio.create_task(...)" in wait_for_output(page, "by itself")


@pytest.mark.parametrize("example", ["garden", "failures"])
def test_other_examples_run(open_page, example):
    page = open_page()
    page.select_option("#example", f"programs/{example}.py")
    source = (try_page.PAGE / "programs" / f"{example}.py").read_text(encoding="utf-8")
    wait_until(lambda: page.input_value("#source") == source)
    page.click("#run")
    lanes = {"garden": 5, "failures": 3}[example]
    wait_for_count(page, ".lane", lanes)
    page.wait_for_selector(".lane .run.failed" if example == "failures" else ".lane .missed")
    assert "Traceback" not in output(page)
    assert not page.wrong


################################################################################
# A rule


def test_rule_is_listed_and_drawn_in_its_zone(open_page):
    page = open_page(tab="#rule", timezone_id="Europe/Berlin")
    assert page.input_value("#zone") == "CET-1CEST,M3.5.0,M10.5.0/3"
    assert try_rule(page, "30 6 * * mon-fri") == ""
    runs = listed(page)
    assert len(runs) == 20
    assert all(re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri) \S+ 06:30 \+0[12]:00", run) for run in runs)
    assert page.locator(".day").count() == 7
    # A dot for each, at half past six
    assert page.locator(".hours .at").count() == 7
    hours, dot = (page.locator(name).first.bounding_box() for name in (".hours", ".hours .at"))
    middle = dot["x"] + dot["width"] / 2 - hours["x"]
    assert abs(middle / hours["width"] - 6.5 / 24) < 0.01
    assert 'repeat="30 6 * * mon-fri"' in page.locator("#use").text_content()


def test_nights_when_the_clocks_change_can_be_looked_at(open_page):
    page = open_page(tab="#rule", timezone_id="America/New_York")
    try_rule(page, "*/30 1-3 * * *")
    for change, first_day, drawn in (
        ("forward", ["01:00 −05:00", "01:30 −05:00", "03:00 −04:00", "03:30 −04:00"], ".skipped"),
        ("back", ["01:00 −04:00", "01:30 −04:00", "01:00 −05:00", "01:30 −05:00"], ".twice"),
    ):
        page.click(f"#nights >> text=clocks go {change}")
        page.wait_for_selector(f".hours {drawn}")
        assert [run.split(" ", 2)[2] for run in listed(page)[:4]] == first_day
        assert f"clocks go {change} at" in page.locator(".day").first.text_content()
    assert page.locator(".hours .again").count() == 2


@pytest.mark.parametrize(
    "text", ["30 25 * * *", "0 6 * *", "0 0 30 2 *", "5 6 * * mun", "@reboot", ""]
)
def test_mistake_in_a_rule_is_told_as_the_library_words_it(open_page, run_mpy, text):
    page = open_page(tab="#rule")
    code = (
        f"import crontab\ntry:\n    crontab.Rule({text!r})\nexcept ValueError as e:\n    print(e)"
    )
    told = run_mpy(code).stdout.strip()
    assert told and try_rule(page, text) == told
    assert page.get_attribute("#text", "aria-invalid") == "true"
    assert try_rule(page, "0 6 * * *") == ""
    assert page.get_attribute("#text", "aria-invalid") is None


def test_mistake_in_a_zone_is_told_as_the_library_words_it(open_page, run_mpy):
    page = open_page(tab="#rule")
    told = run_mpy(ERROR_OF.format("posixtz.Zone('CET-1CEST,M13')")).stdout.strip()
    assert told and try_rule(page, "0 6 * * *", "CET-1CEST,M13") == told
    assert page.get_attribute("#zone", "aria-invalid") == "true"
    assert page.locator("#place option:checked").text_content() == "Another zone"


def test_zones_to_choose_are_those_of_the_tz_database(open_page):
    page = open_page(tab="#rule")
    zones = page.evaluate("import('./zones.js').then((module) => module.ZONES)")
    assert len(zones) > 20
    for _, name, text in zones:
        # A TZif file ends with the string for the years to come
        data = (files("tzdata") / "zoneinfo" / name).read_bytes()
        assert text == data.rsplit(b"\n", 2)[1].decode(), name
    page.select_option("#place", label="Tokyo")
    wait_until(lambda: "+09:00" in listed(page)[0])
    assert page.input_value("#zone") == "JST-9"


def test_rule_for_every_minute_is_drawn_in_whole_days(open_page):
    page = open_page(tab="#rule")
    page.fill("#from", datetime.now(timezone.utc).strftime("2027-01-01T00:00"))
    try_rule(page, "* * * * *", "UTC0")
    assert "1440 runs" in page.locator(".day").last.text_content()


################################################################################
# The page


def test_nothing_is_asked_for_elsewhere(open_page):
    page = open_page()
    page.click("#run")
    wait_for_output(page, "hello world")
    page.click("#tab-rule")
    page.wait_for_selector("#runs td")
    assert any(url.endswith("micropython.wasm") for url in page.asked), page.asked
    here = page.url_of_server, "data:"
    assert [url for url in page.asked if not url.startswith(here)] == []
    # The browser would not let it
    blocked = "fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.message)"
    assert page.evaluate(blocked) == "Failed to fetch"
    assert any("Content Security Policy" in text for text in page.wrong), page.wrong


FOCUSED = "document.activeElement.id || document.activeElement.textContent.trim()"


def test_tab_goes_through_the_controls_and_the_focus_is_seen(open_page):
    page = open_page()
    seen = []
    for _ in range(7):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    # Stop, and what else needs a program that runs, are passed over
    in_order = ["Back to the documents", "tab-program", "example", "run", "source", "output"]
    assert seen == [*in_order, "span"]


def test_program_is_run_and_stopped_with_the_keyboard(open_page):
    page = open_page()
    page.focus("#source")
    page.keyboard.press("Control+Enter")
    wait_for_output(page, "hello world")
    page.focus("#stop")
    page.keyboard.press("Enter")
    wait_for_output(page, "-- stopped")
    # The button that was pressed cannot have the focus any more
    assert page.evaluate(FOCUSED) == "run"


def test_tabs_are_chosen_with_the_keyboard(open_page):
    page = open_page()
    page.focus("#tab-program")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(FOCUSED) == "tab-rule"
    assert page.get_attribute("#tab-rule", "aria-selected") == "true"
    assert page.locator("#rule").is_visible() and page.locator("#program").is_hidden()
    page.keyboard.press("Tab")
    page.keyboard.type("0 ")
    assert page.input_value("#text").startswith("0 ")
    page.focus("#tab-rule")
    page.keyboard.press("Home")
    assert page.locator("#program").is_visible()


def test_enter_in_the_editor_goes_on_below_the_line(open_page):
    page = open_page()
    page.fill("#source", "")
    page.focus("#source")
    page.keyboard.type("def f():\nreturn 1")
    assert page.input_value("#source") == "def f():\n    return 1"
    assert page.locator("#colours .keyword").all_text_contents() == ["def", "return"]


def test_colours_stay_behind_the_text(open_page):
    page = open_page(NARROW)
    page.fill("#source", "\n".join(f"x = {n}  # {'long ' * 30}{n}" for n in range(99)))

    def place(selector):
        return page.eval_on_selector(selector, "(each) => [each.scrollTop, each.scrollLeft]")

    page.eval_on_selector("#source", "(each) => each.scrollTo(1e6, 1e6)")
    assert min(place("#source")) > 500
    # They follow with the next picture
    wait_until(lambda: place("#colours") == place("#source"))


def test_every_control_has_a_name(open_page):
    page = open_page()
    controls = page.locator("button, select, input, textarea")
    named = "(each) => each.labels?.length || each.ariaLabel || each.textContent.trim()"
    nameless = [each.get_attribute("id") for each in controls.all() if not each.evaluate(named)]
    assert controls.count() > 15 and nameless == []


def luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_can_be_read(open_page, scheme):
    page = open_page(color_scheme=scheme)
    run(page, start_in=0, repeat=2, body="import asyncio; await asyncio.sleep(1); 1 / 0")
    page.click("text=aioctl.status()")
    wait_for_output(page, "●")
    page.wait_for_selector(".lane[data-state=failed]")
    check_contrast(page)
    page.wait_for_selector(".lane[data-state=running]")
    check_contrast(page)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (luminance(ground) > 0.5) == (scheme == "light")
    page.click("#tab-rule")
    try_rule(page, "0 6 * * mun")
    check_contrast(page)


def check_contrast(page):
    # With the nearest background that is not transparent
    colours = page.evaluate(
        """[...document.querySelectorAll("body *")].filter((each) => each.checkVisibility() &&
        !each.closest(":disabled, svg, textarea") &&
        [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
        ).map((each) => {
            let behind = each;
            while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") {
                behind = behind.parentElement;
            }
            return [each.outerHTML.slice(0, 60), getComputedStyle(each).color,
                getComputedStyle(behind).backgroundColor];
        })"""
    )
    assert len(colours) > 20
    for what, colour, background in colours:
        low, high = sorted([luminance(colour), luminance(background)])
        assert (high + 0.05) / (low + 0.05) >= 4.5, (what, colour, background)


@pytest.mark.parametrize("viewport", [NARROW, WIDE], ids=["narrow", "wide"])
def test_page_is_no_wider_than_the_window(open_page, viewport):
    page = open_page(viewport)
    page.click("#run")
    page.wait_for_selector(".lane .run")
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) == viewport["width"]
    page.click("#tab-rule")
    page.wait_for_selector("#runs td")
    assert page.evaluate(width) == viewport["width"]


def test_page_without_its_files_says_what_to_do(folder, browser, serve, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "vendor" / "micropython.mjs").unlink()
    url, _ = serve(tmp_path)
    page = browser.new_page()
    try:
        page.goto(url)
        page.wait_for_selector("#notice:visible")
        assert "make try" in page.locator("#notice").text_content()
    finally:
        page.close()
