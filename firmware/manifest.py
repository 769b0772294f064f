# What firmware/build.sh freezes; it sets the three variables read here.
# MIT license; Copyright (c) 2026 the aioschedule authors

import os

port = os.environ["PORT"]
have_lib = os.environ["HAVE_LIB"] == "yes"

if port == "qemu":
    # The stock firmware has no asyncio.
    freeze("qemu/modules")
    include("$(MPY_DIR)/extmod/asyncio")
    if os.environ["BOARD"] == "MPS2_AN385":
        # In the place of the C code, which this board has not
        package("asyncio", ("task.py",), base_path="$(MPY_DIR)/extmod", opt=3)
elif have_lib:
    # All that the stock firmware has.
    if port == "rp2":
        include("$(PORT_DIR)/boards/manifest.py")
    else:
        include("$(PORT_DIR)/variants/standard/manifest.py")
else:
    # The same, less what comes from micropython-lib (sensor drivers, the on-device mip).
    if port == "rp2":
        freeze("$(PORT_DIR)/modules")
    include("$(MPY_DIR)/extmod/asyncio")

if os.environ["FROZEN"] == "yes":
    # is_require keeps the version in our metadata() off the board's own modules.
    include("../manifest.py", is_require=True, logging=have_lib, aiorepl=have_lib)
