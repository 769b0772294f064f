# What our two QEMU boards share; included by the mpconfigboard.mk of each.
# MIT license; Copyright (c) 2026 the aioschedule authors

AIOSCHEDULE_QEMU := $(abspath $(BOARD_DIR)/..)

# MicroPython's own board: processor, machine, memory
include boards/$(BOARD)/mpconfigboard.mk

# That of a Raspberry Pi Pico, 192 KB, and room for the tests, which are compiled on the board
MICROPY_HEAP_SIZE = 524288

MICROPY_VFS_FAT = 1
MICROPY_VFS_LFS2 = 1

CFLAGS += -DMP_CONFIGFILE='<mpconfigboard.h>' -I$(AIOSCHEDULE_QEMU)
SRC_C += $(AIOSCHEDULE_QEMU)/board.c shared/timeutils/timeutils.c
