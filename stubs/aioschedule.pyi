# What an editor knows of aioschedule.py: the options, and what is loaded at first use.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# It is read in the place of aioschedule.py, which takes its options as **options. The texts that
# an editor shows are the docstrings there. tests/test_editor.py compares the two.

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from aioschedule_adopt import reset as reset
from aioschedule_adopt import set_group as set_group
from aioschedule_irq import trigger as trigger
from aioschedule_irq import trigger_loop as trigger_loop
from aioschedule_power import idle_ms as idle_ms
from aioschedule_power import sleep_loop as sleep_loop
from aioschedule_power import slept as slept
from aioschedule_state import load as load
from aioschedule_state import save as save
from aioschedule_status import snapshot as snapshot
from aioschedule_status import status_sc as status_sc
from aioschedule_status import status_sc_all as status_sc_all
from aioschedule_upcoming import upcoming as upcoming
from aioschedule_watcher import watcher_loop as watcher_loop
from aioschedule_zone import localtime as localtime
from aioschedule_zone import mktime as mktime
from aioschedule_zone import set_zone as set_zone

__version__: str

# For an aioctl
_AIOCTL_SCHEDULE_GROUP: dict[str, dict[str, Any]]
_AIOCTL_SCHEDULE_T0: int

# Seconds, or a time tuple
_When = float | tuple[int, ...] | list[int]
# A period in seconds, a crontab string, or a callable: RTC seconds -> the next ones, or None
_Repeat = float | bool | str | Callable[[int], int | None]
# What aioctl.aiotask() makes
_Task = tuple[Callable[..., Coroutine[Any, Any, Any]], str]

class _Logger(Protocol):
    def error(self, text: str, /) -> object: ...

class _Stream(Protocol):
    def write(self, text: str, /) -> object: ...

_Log = _Logger | _Stream | None

def schedule(
    name: str,
    *,
    start_in: _When | None = None,
    repeat: _Repeat | None = None,
    times: int | None = None,
    until: _When | None = None,
    jitter: float | None = None,
    timeout: float | None = None,
) -> None: ...
def unschedule(name: str) -> bool: ...
def schedule_task(
    *,
    start_in: _When | None = None,
    repeat: _Repeat | None = None,
    times: int | None = None,
    until: _When | None = None,
    jitter: float | None = None,
    timeout: float | None = None,
) -> Callable[[_Task], _Task]: ...
def group() -> dict[str, dict[str, Any]]: ...
def set_log(log: _Log) -> None: ...
def wake() -> None: ...
def loop_runs() -> bool: ...
def schedule_loop(alog: _Log = None) -> Coroutine[Any, Any, None]: ...
def started(name: str) -> None: ...
def is_starting(name: str) -> bool: ...
