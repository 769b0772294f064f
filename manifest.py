# Freezes aioschedule into firmware.
# MIT license; Copyright (c) 2026 the aioschedule authors
#
#   include("path/to/aioschedule/manifest.py", is_require=True, aiorepl=True)
# in a board's manifest, or
#   make FROZEN_MANIFEST=path/to/aioschedule/manifest.py.
metadata(
    version="0.1.0",
    description="Starts named asyncio tasks at a time or an interval, restarts what fails.",
    license="MIT",
)

options.defaults(aioctl=True, aiolog=True, logging=False, aiorepl=False)

module("aioschedule.py", opt=3)
if options.aioctl:
    module("aioctl.py", base_path="lib", opt=3)
if options.aiolog:
    module("aiolog.py", base_path="lib", opt=3)

# These two live in micropython-lib: off unless asked for, so that a build without it works.
if options.logging:
    require("logging")
if options.aiorepl:
    require("aiorepl")
