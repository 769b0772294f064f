// A variant of MicroPython's unix port without floats: PORT=unixint of ../build.sh.
// MIT license; Copyright (c) 2026 the aioschedule authors

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)
#define MICROPY_FLOAT_IMPL (MICROPY_FLOAT_IMPL_NONE)

#include "variants/mpconfigvariant_common.h"
