# RISC-V, 32 bit: asyncio's queue in C, a clock that begins in 1970.
# MIT license; Copyright (c) 2026 the aioschedule authors

include $(BOARD_DIR)/../board.mk

CFLAGS += -DAIOSCHEDULE_ASYNCIO_IN_C=1 -DMICROPY_EPOCH_IS_1970=1

# Debian's compiler finds its libraries by this name only, in which the older specification has the
# instructions that the newer one calls zicsr.
RV32_ARCH = rv32imac
AFLAGS += -misa-spec=2.2
