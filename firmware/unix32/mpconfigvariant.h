// A variant of MicroPython's unix port with objects of 32 bits, ints of 31 and single floats, as on
// an ESP8266: PORT=unix32 of ../build.sh.
// MIT license; Copyright (c) 2026 the aioschedule authors

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_FLOAT)
#define MICROPY_OBJ_REPR (MICROPY_OBJ_REPR_C)

// The port wants these from whoever chooses how objects are represented
typedef int mp_int_t;
typedef unsigned int mp_uint_t;

#include "variants/mpconfigvariant_common.h"
