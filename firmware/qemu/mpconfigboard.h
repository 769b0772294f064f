// What our QEMU boards have beyond MicroPython's own: a clock, asyncio, a file system.
// MIT license; Copyright (c) 2026 the aioschedule authors

#include <mpconfigport.h>

// time, with a clock that nobody has set: it begins at the port's epoch
#undef MICROPY_PY_TIME
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (1)
#define MICROPY_PY_TIME_TIME_TIME_NS (1)
#define MICROPY_PY_TIME_INCLUDEFILE "board_time.h"

// asyncio's event loop waits with select. Its queue and its tasks are in C where the board's own
// file says so, else frozen Python.
#undef MICROPY_PY_SELECT
#define MICROPY_PY_SELECT (1)
#undef MICROPY_PY_ASYNCIO
#define MICROPY_PY_ASYNCIO (AIOSCHEDULE_ASYNCIO_IN_C)

// Files, on a disk in RAM
#define MICROPY_FATFS_ENABLE_LFN (1)
#define MICROPY_FATFS_LFN_CODE_PAGE 437
#define MICROPY_FATFS_RPATH (2)
#define MICROPY_FATFS_MAX_SS (512)

// Runs modules/_boot.py, at each soft reset too
void board_init(void);
#define MICROPY_PORT_INIT_FUNC board_init()
