# What an editor knows of lib/aioctl.py: what add() takes, and what is loaded at first use.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
# It is read in the place of lib/aioctl.py. The texts that an editor shows are the docstrings
# there. tests/test_editor.py compares the two.

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from aioctl_status import debug as debug
from aioctl_status import delete as delete
from aioctl_status import follow as follow
from aioctl_status import get_datetime as get_datetime
from aioctl_status import log as log
from aioctl_status import reset as reset
from aioctl_status import result as result
from aioctl_status import result_all as result_all
from aioctl_status import set_group as set_group
from aioctl_status import set_log as set_log
from aioctl_status import status as status
from aioctl_status import tmdelta_fmt as tmdelta_fmt
from aioctl_status import traceback as traceback

__version__: str

# Whether aioschedule is there, and the log that set_log() has set
_SCHEDULE: bool
_AIOCTL_LOG: Any

_CoroutineFunction = Callable[..., Coroutine[Any, Any, Any]]

class _Logger(Protocol):
    def error(self, text: str, /) -> object: ...

class Task:
    coro: _CoroutineFunction
    name: str
    args: tuple
    kwargs: dict[str, Any]
    task: asyncio.Task
    since: int
    done_at: int | None
    cancelled: bool
    entered: bool
    result: Any
    error: BaseException | None
    schedule: dict[str, Any] | None
    def __init__(
        self, coro: _CoroutineFunction, name: str, args: tuple, kwargs: dict[str, Any]
    ) -> None: ...
    def is_fresh(self) -> bool: ...
    def expire(self, error: BaseException | str) -> bool: ...

class TaskGroup:
    tasks: dict[str, Task]
    def __init__(self) -> None: ...
    @property
    def results(self) -> dict[str, Any]: ...

def aiotask(coro: _CoroutineFunction) -> tuple[_CoroutineFunction, str]: ...
def add(
    task: tuple[_CoroutineFunction, str] | _CoroutineFunction,
    *args: Any,
    name: str | None = None,
    _id: str | None = None,
    on_stop: Callable[..., object] | None = None,
    on_error: Callable[..., object] | None = None,
    log: _Logger | None = None,
    **kwargs: Any,
) -> Task: ...
def group() -> TaskGroup: ...
def tasks() -> list[asyncio.Task]: ...
def tasks_match(pattern: str) -> list[str]: ...
def run() -> None: ...
def start(name: str | None = None) -> bool: ...
def stop(name: str | None = None, stop_sch: bool = True) -> bool: ...
