// The clock and the disk in RAM of our QEMU boards.
// MIT license; Copyright (c) 2026 the aioschedule authors

#include <stdint.h>

#include "py/mphal.h"
#include "py/objarray.h"
#include "py/runtime.h"
#include "shared/runtime/pyexec.h"

// --- the clock ---------------------------------------------------------------------------------

// Semihosting, the call of a program to the debugger or emulator that it runs in. It is the same
// on ARM and RISC-V, and spares us a driver for the timer of each machine.
#define SYS_ELAPSED (0x30)

static int32_t semihosting_call(int32_t operation, void *arguments) {
    #if defined(__riscv)
    register int32_t a0 __asm__ ("a0") = operation;
    register void *a1 __asm__ ("a1") = arguments;
    // The two that do nothing tell an ebreak for semihosting from any other
    __asm__ volatile (
        ".option push            \n"
        ".option norvc           \n"
        ".balign 16              \n"
        "slli   zero, zero, 0x1F \n"
        "ebreak                  \n"
        "srai   zero, zero, 7    \n"
        ".option pop             \n"
        : "+r" (a0)
        : "r" (a1)
        : "memory"
        );
    return a0;
    #else
    register int32_t r0 __asm__ ("r0") = operation;
    register void *r1 __asm__ ("r1") = arguments;
    __asm__ volatile ("bkpt 0xAB" : "+r" (r0) : "r" (r1) : "memory");
    return r0;
    #endif
}

// QEMU counts nanoseconds of the computer it runs on, from its start.
static uint64_t elapsed_ns(void) {
    uint32_t words[2] = {0, 0};
    semihosting_call(SYS_ELAPSED, words);
    return (uint64_t)words[1] << 32 | words[0];
}

mp_uint_t mp_hal_ticks_ms(void) {
    return elapsed_ns() / 1000000;
}

mp_uint_t mp_hal_ticks_us(void) {
    return elapsed_ns() / 1000;
}

mp_uint_t mp_hal_ticks_cpu(void) {
    return elapsed_ns();
}

uint64_t mp_hal_time_ns(void) {
    return elapsed_ns();
}

void mp_hal_delay_us(mp_uint_t us) {
    uint64_t end = elapsed_ns() + (uint64_t)us * 1000;
    while (elapsed_ns() < end) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end = elapsed_ns() + (uint64_t)ms * 1000000;
    while (elapsed_ns() < end) {
        mp_event_handle_nowait();
    }
}

// --- the disk ----------------------------------------------------------------------------------

// It is not part of the heap, so that files are still there after a soft reset.
#define DISK_BYTES (1024 * 1024)
static uint8_t disk[DISK_BYTES];

// The time of a file on FAT: 1 January 1980
uint32_t get_fattime(void) {
    return 1 << 21 | 1 << 16;
}

static mp_obj_t ramdisk_memory(void) {
    return mp_obj_new_bytearray_by_ref(sizeof(disk), disk);
}
static MP_DEFINE_CONST_FUN_OBJ_0(ramdisk_memory_obj, ramdisk_memory);

static const mp_rom_map_elem_t ramdisk_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_ramdisk) },
    { MP_ROM_QSTR(MP_QSTR_memory), MP_ROM_PTR(&ramdisk_memory_obj) },
};
static MP_DEFINE_CONST_DICT(ramdisk_globals, ramdisk_globals_table);

const mp_obj_module_t ramdisk_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&ramdisk_globals,
};
MP_REGISTER_MODULE(MP_QSTR_ramdisk, ramdisk_module);

// --- the start ---------------------------------------------------------------------------------

void board_init(void) {
    pyexec_frozen_module("_boot.py", false);
}
