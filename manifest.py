# Freezes aioschedule into firmware.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
#   include("path/to/aioschedule/manifest.py", is_require=True, aiorepl=True)
# in a board's manifest, or
#   make FROZEN_MANIFEST=path/to/aioschedule/manifest.py.
#
# The scheduler itself is always frozen; each other part has an option, which leaves it out when it
# is False. logging and aiorepl live in micropython-lib: off unless asked for, so that a build
# without it works.
metadata(
    version="0.1.0",
    description="Starts named asyncio tasks at a time or an interval, restarts what fails.",
    license="MIT",
)

parts = {
    "aioctl": "aioctl.py",
    "aioctl_status": "aioctl_status.py",
    "aiolog": "aiolog.py",
    "crontab": "crontab.py",
    "posixtz": "posixtz.py",
    "suntimes": "suntimes.py",
    "status": "aioschedule_status.py",
    "upcoming": "aioschedule_upcoming.py",
    "state": "aioschedule_state.py",
    "power": "aioschedule_power.py",
    "irq": "aioschedule_irq.py",
    "watcher": "aioschedule_watcher.py",
}
defaults = dict.fromkeys(parts, True)
defaults.update(logging=False, aiorepl=False)
options.defaults(**defaults)

unknown = sorted(set(options._kwargs) - set(defaults))
if unknown:
    raise ValueError("no such option: %s; there are %s" % (unknown, sorted(defaults)))

module("aioschedule.py", opt=3)
module("aioschedule_adopt.py", base_path="lib", opt=3)
module("aioschedule_other.py", base_path="lib", opt=3)
module("aioschedule_runs.py", base_path="lib", opt=3)
module("aioschedule_wall.py", base_path="lib", opt=3)
module("aioschedule_zone.py", base_path="lib", opt=3)
for part in parts:
    if getattr(options, part):
        module(parts[part], base_path="lib", opt=3)

for library in "logging", "aiorepl":
    if getattr(options, library):
        require(library)
