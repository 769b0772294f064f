# Makes docs/try.png, the picture in the README: the page in docs/try/ while a program runs in it.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# python3 docs/try_picture.py [light|dark]; needs Chromium and npm, and takes up to 90 seconds.

import functools
import http.server
import os
import shutil
import sys
import tempfile
import threading
import time

from playwright.sync_api import sync_playwright
from try_page import ROOT, make

PICTURE = ROOT / "docs" / "try.png"
VIEWPORT = {"width": 1240, "height": 900}
# The program runs for so long, and its rule for each minute so many seconds before the end
SECONDS, MINUTE_BEFORE_END = 21, 9
LIMIT = 150_000  # bytes


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def serve(folder):
    handler = functools.partial(Handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def take(url, scheme):
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=sandbox)
        page = browser.new_page(viewport=VIEWPORT, color_scheme=scheme)
        page.goto(url)
        page.select_option("#example", "programs/garden.py")
        page.wait_for_selector("#run:enabled")
        time.sleep((MINUTE_BEFORE_END - SECONDS - time.time()) % 60)
        page.click("#run")
        time.sleep(SECONDS)
        page.click("text=status_sc()")
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement.blur()")
        time.sleep(0.4)
        page.screenshot(path=PICTURE, full_page=True)
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        take(serve(make(folder)), (sys.argv[1:] or ["light"])[0])
    size = PICTURE.stat().st_size
    print(f"{PICTURE}: {size} bytes")
    if size > LIMIT:
        sys.exit(f"more than {LIMIT} bytes")
