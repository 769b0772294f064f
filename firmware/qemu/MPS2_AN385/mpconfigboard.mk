# ARM Cortex-M3: asyncio all in Python, a clock that begins in 2000.
# MIT license; Copyright (c) 2026 the aioschedule authors

include $(BOARD_DIR)/../board.mk

CFLAGS += -DAIOSCHEDULE_ASYNCIO_IN_C=0

# Dividing 64 bits brings the compiler's tables for unwinding, for which the linker's script has no
# place. Nothing here unwinds.
LDFLAGS += -Wl,--orphan-handling=discard
