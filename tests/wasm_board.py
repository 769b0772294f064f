# MicroPython's WebAssembly port in Node, as a board for the target tests: TARGET=wasm.
# MIT license; Copyright (c) 2026 the aioschedule authors

import json
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "@micropython/micropython-webassembly-pyscript"
INTERPRETER = ROOT / "build" / "wasm" / "node_modules" / PACKAGE / "micropython.mjs"
MODULES = [ROOT / "aioschedule.py", *sorted((ROOT / "lib").glob("*.py"))]

NO_RUN = "the event loop is JavaScript's: there is no asyncio.run()"
NO_FLAG = "no asyncio.ThreadSafeFlag, which trigger() needs"
NO_COLLECTION = "memory is collected only when Python has returned to JavaScript"
NO_SLEEP = "there is no chip that could sleep"
REAL_TIME = "waits in real time, while JavaScript's event loop waits for it"
NO_2100 = "its time module takes 2100 for a leap year"

# What cannot run there, and why: by file, or by test
SKIPPED = {
    "test_aioctl": {"test_run": NO_RUN, "test_a_new_event_loop_of_the_users": NO_RUN},
    "test_aioctl_failures": {
        "test_a_failure_without_memory": "the event loop takes memory",
        "test_ctrl_c_and_exit_are_no_failures": NO_RUN,
        "test_run_says_that_no_schedule_loop_runs": NO_RUN,
        "test_a_function_that_returns_a_coroutine": NO_RUN,
    },
    "test_aioctl_restart": NO_RUN,
    "test_aioctl_status": {
        "test_of_a_replaced_event_loop": NO_RUN,
        "test_debug": REAL_TIME,
        "test_log": REAL_TIME,
    },
    "test_aiolog": {"test_follow_allocates_nothing_when_idle": NO_COLLECTION},
    "test_crontab": {"test_no_memory": NO_COLLECTION},
    "test_fieldaioctl": {"test_9_run": NO_RUN},
    "test_irq_stress": {"test_from_everywhere": NO_RUN},
    "test_memory": NO_COLLECTION,
    "test_posixtz": {"test_changes": NO_2100},
    "test_power": NO_SLEEP,
    "test_saved": {
        "test_which_file_counts": "a missing file is error 44 there, not 2",
        "test_memory_for_a_hundred_entries": NO_COLLECTION,
    },
    "test_sched_field": {"test_limit_run_starts_everything": NO_RUN},
    "test_sched_sleep": {
        "test_heap_of_an_idle_second": NO_COLLECTION,
        "test_rescheduling_leaves_no_litter": NO_COLLECTION,
        "test_stopping_and_starting_leaves_no_litter": NO_COLLECTION,
    },
    "test_sched_status": {"test_dates_beyond_2038": NO_2100},
    "test_sched_watcher": {"test_names_that_come_and_go": NO_COLLECTION},
    "test_table": {"test_heap_of_a_hundred": NO_COLLECTION},
    "test_timeout": {"test_no_litter": NO_COLLECTION},
    "test_trigger": NO_FLAG,
    "test_vclock": "of virtual time itself, which has another event loop there: see wasm/loop.py",
}


def missing():
    """What is missing to run it, or None."""
    if not shutil.which("node"):
        return "no node"
    if not INTERPRETER.exists():
        return f"no {PACKAGE}: make test-wasm installs it"
    return None


def version():
    """Of MicroPython: its package has the same."""
    return json.loads((INTERPRETER.parent / "package.json").read_text("utf-8"))["version"]


def run_node(script, *args, timeout=60):
    """Runs a script of tests/wasm with the interpreter; the finished process."""
    return subprocess.run(
        ["node", str(ROOT / "tests" / "wasm" / script), str(INTERPRETER), *map(str, args)],
        check=False,
        env={**os.environ, "TZ": "UTC"},
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )


def run_items(path, items):
    """What the runner printed for the tests of a file, and what went wrong with it, or None."""
    reasons = SKIPPED.get(path.stem, {})
    if isinstance(reasons, str):
        reasons = {item.test: reasons for item in items}
    skipped = "".join(f"ok 0 - {name} # SKIP {reasons[name]}\n" for name in reasons)
    items = [item for item in items if item.test not in reasons]
    if not items:
        return skipped, None
    text, why = run_tests(path, [item.test for item in items], sum(i.timeout for i in items))
    return text + "\n" + skipped, why


def run_tests(path, names, timeout):
    """As run_items(), with the names of the tests."""
    helpers = [p for p in path.parent.glob("*.py") if not p.stem.startswith("test_")]
    files = [ROOT / "tests" / "wasm" / "loop.py", path, *helpers, *MODULES]
    try:
        done = run_node("run_target.mjs", path.stem, json.dumps(names), *files, timeout=timeout)
    except subprocess.TimeoutExpired as exc:
        return (exc.stdout or b"").decode("utf-8", "replace"), f"timed out after {timeout} s"
    return done.stdout, f"exit code {done.returncode}" if done.returncode else None
