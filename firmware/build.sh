#!/bin/bash
# Builds MicroPython with aioschedule frozen in: see README.md beside this file.
# MIT license; Copyright (c) 2026 the aioschedule authors
set -euo pipefail

die() {
    echo "firmware: $*" >&2
    exit 1
}

# Else what `make VAR=value` was given overrides the same names in MicroPython's makefiles.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

PORT=${PORT:-rp2}
FROZEN=${FROZEN:-yes}
# For qemu: which of the boards in firmware/qemu
BOARD=${BOARD:-MPS2_AN385}
MPY_DIR=${MPY_DIR:+$(realpath -e "$MPY_DIR")}
MPY_LIB_DIR=${MPY_LIB_DIR:+$(realpath -e "$MPY_LIB_DIR")}
here=$(dirname "$(realpath "$0")")
MANIFEST=$(realpath -e "${MANIFEST:-$here/manifest.py}")
out=$(realpath -m "${OUT:-$here/../build}")

case $PORT in rp2 | unix | unix32 | unixint | qemu) ;; *)
    die "PORT is rp2, unix, unix32, unixint or qemu, not '$PORT'" ;;
esac
case $FROZEN in yes | no) ;; *) die "FROZEN is yes or no, not '$FROZEN'" ;; esac

# Two builds at once would write the same files.
mkdir -p "$out"
exec 9>"$out/firmware.lock"
flock 9

# Keeps the output of a command, and shows its end when it fails.
log=$out/firmware.log
run() {
    "$@" >"$log" 2>&1 && return
    tail -n 40 "$log" >&2
    die "failed; all of the output is in $log"
}

# --- tools -------------------------------------------------------------------------------------

missing=()
need() { # need <package> <command that works once it is installed>
    "${@:2}" >/dev/null 2>&1 </dev/null || missing+=("$1")
}
need gcc gcc --version
need make make --version
need python3 python3 --version
if [ "$PORT" = rp2 ]; then
    need cmake cmake --version
    # The SDK's cmake project is C and C++; both compilers come in the one package.
    need gcc-arm-none-eabi arm-none-eabi-g++ --version
    need libnewlib-arm-none-eabi arm-none-eabi-gcc -include stdio.h -E -x c -
    need libstdc++-arm-none-eabi-newlib arm-none-eabi-g++ -include new -E -x c++ -
fi
if [ "$PORT" = unix32 ]; then
    need gcc-multilib gcc -m32 -include stdio.h -E -x c -
fi
if [ "$PORT" = qemu ]; then
    [ -d "$here/qemu/$BOARD" ] || die "there is no board $BOARD in firmware/qemu"
    if [ "$BOARD" = VIRT_RV32 ]; then
        need gcc-riscv64-unknown-elf riscv64-unknown-elf-gcc --version
        need picolibc-riscv64-unknown-elf riscv64-unknown-elf-gcc --specs=picolibc.specs \
            -include stdio.h -E -x c -
    else
        need gcc-arm-none-eabi arm-none-eabi-gcc --version
        need libnewlib-arm-none-eabi arm-none-eabi-gcc -include stdio.h -E -x c -
    fi
fi
if [ -z "$MPY_DIR" ]; then
    command -v apt-get >/dev/null || die "without apt-get give MPY_DIR=, a MicroPython checkout"
    need dpkg-dev dpkg-source --version
    need debian-archive-keyring test -e /usr/share/keyrings/debian-archive-keyring.gpg
fi
[ ${#missing[@]} = 0 ] || die "missing packages. On Debian: apt-get install ${missing[*]}"

# --- source ------------------------------------------------------------------------------------

# The suite and the versions that are known to build together. A package is wanted when its version
# starts as given here.
suite=trixie
source_packages=("micropython 1.25.0+ds-" "mbedtls 3.6.")
binary_packages=("pico-sdk-source 2.1.1-" "tinyusb-source 0.18.0+")

# apt-get and apt-cache with a state of their own: the system's is neither used nor changed.
private() {
    local tool=$1
    shift
    "$tool" -q -o Dir::State="$src/apt" -o Dir::State::lists=lists -o Dir::State::status=/dev/null \
        -o Dir::Cache="$src/apt/cache" -o Dir::Etc::sourcelist="$src/apt/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Update::Error-Mode=any \
        -o APT::Sandbox::User="$(id -un)" "$@"
}

# The mirror this system's own Debian packages come from.
find_mirror() {
    local release
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && [ "$ID" = debian ] && echo "${VERSION_CODENAME:-sid}") || return
    # shellcheck disable=SC2016 # apt-get expands these
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v suites="^($release|stable|testing|unstable|sid)$" \
            '$1 ~ suites && $2 == "main" {print $3; exit}'
}

# Prints name=version; stops when the archive has another version than the wanted one.
pin() { # pin <show command> <name> <wanted prefix>
    local version
    version=$(private apt-cache "$1" "$2" | awk '$1 == "Version:" {print $2}' | sort -V | tail -1)
    case $version in
    "$3"*) echo "$2=$version" ;;
    *) die "$2 in $suite is ${version:-absent}, but $3* is needed; or give MPY_DIR=" ;;
    esac
}

fetch_debian() {
    local mirror signed p sources=() binaries=()
    mirror=${DEBIAN_MIRROR:-$(find_mirror)}
    [ -n "$mirror" ] || die "apt has no Debian mirror configured; give DEBIAN_MIRROR= or MPY_DIR="
    echo "firmware: getting the sources of Debian $suite from $mirror"

    rm -rf "$src"
    mkdir -p "$src"/apt/{lists,cache/archives}/partial "$src/packages"
    signed='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
    printf '%s\n' "deb $signed $mirror $suite main" "deb-src $signed $mirror $suite main" \
        >"$src/apt/sources.list"
    run private apt-get update

    # Each by itself: a failure inside the arguments of another command would go unseen.
    for p in "${source_packages[@]}"; do
        p=$(pin showsrc "${p% *}" "${p#* }")
        sources+=("$p")
    done
    for p in "${binary_packages[@]}"; do
        p=$(pin show "${p% *}" "${p#* }")
        binaries+=("$p")
    done
    (
        cd "$src/packages"
        run private apt-get source --download-only "${sources[@]}"
        run private apt-get download "${binaries[@]}"
    )

    # apt has checked the hashes against the signed release, so dpkg-source need not ask for the
    # maintainers' keys. Debian's patches to MicroPython are for a distribution's unix port.
    run dpkg-source --no-check --skip-patches \
        -x "$src"/packages/micropython_*.dsc "$src/micropython"
    run dpkg-source --no-check -x "$src"/packages/mbedtls_*.dsc "$src/mbedtls"
    for p in "$src"/packages/*.deb; do
        dpkg-deb -x "$p" "$src/deb"
    done

    # Where MicroPython expects its submodules.
    rmdir "$src"/micropython/lib/{mbedtls,tinyusb}
    ln -s ../../mbedtls "$src/micropython/lib/mbedtls"
    ln -s ../../deb/usr/src/tinyusb "$src/micropython/lib/tinyusb"
    mkdir -p "$src/micropython/lib/micropython-lib"
    touch "$src/micropython/lib/micropython-lib/README.md" # its absence stops the build
    echo "$wanted" >"$src/complete"
}

sdk_args=()
if [ -n "$MPY_DIR" ]; then
    [ -e "$MPY_DIR/py/mpconfig.h" ] || die "MPY_DIR=$MPY_DIR is not a MicroPython checkout"
    submodules=("${MPY_LIB_DIR:-$MPY_DIR/lib/micropython-lib}/README.md")
    submodules+=("$MPY_DIR"/lib/{pico-sdk/src,tinyusb/src,mbedtls/library})
    # The others, as they are built here, need none
    [ "$PORT" = rp2 ] || submodules=()
    for s in "${submodules[@]}"; do
        [ -e "$s" ] || die "$s is missing: make -C $MPY_DIR/ports/$PORT submodules"
    done
    build=$out/firmware-checkout
else
    src=$out/debian-source
    wanted="$suite ${source_packages[*]} ${binary_packages[*]}"
    # The last thing fetch_debian writes, so that one that was interrupted is done again.
    [ "$(cat "$src/complete" 2>/dev/null)" = "$wanted" ] || fetch_debian
    MPY_DIR=$src/micropython
    sdk_args=("-DPICO_SDK_PATH_OVERRIDE=$src/deb/usr/src/pico-sdk")
    build=$out/firmware-debian
    # Without this the version is asked of git, which would describe the repository around it.
    MICROPY_GIT_TAG=v$(sed -n 's/^Version: *\([0-9.]*\).*/\1/p' "$src"/packages/micropython_*.dsc)
    export MICROPY_GIT_TAG
fi

# The oldest MicroPython that aioschedule supports.
version=$(awk '/^#define MICROPY_VERSION_(MAJOR|MINOR) / {v = v "." $3} END {print substr(v, 2)}' \
    "$MPY_DIR/py/mpconfig.h")
case $version in
1.2[1-9] | 1.[3-9]? | 1.[1-9]?? | [2-9].*) ;;
*) die "$MPY_DIR is MicroPython ${version:-of an unknown version}; 1.21 or later is needed" ;;
esac

lib=${MPY_LIB_DIR:-$MPY_DIR/lib/micropython-lib}
HAVE_LIB=no
[ ! -d "$lib/python-stdlib" ] || HAVE_LIB=yes
if [ -n "$MPY_LIB_DIR" ] && [ $HAVE_LIB = no ]; then
    die "MPY_LIB_DIR=$lib is not a micropython-lib checkout"
fi
export PORT FROZEN HAVE_LIB BOARD # for manifest.py

# --- build -------------------------------------------------------------------------------------

if [ "$(cat "$build/source" 2>/dev/null)" != "$MPY_DIR" ]; then
    rm -rf "$build"
    mkdir -p "$build"
    echo "$MPY_DIR" >"$build/source"
fi

if [ ! -e "$lib/README.md" ]; then
    # The makefile looks for this file of a submodule, and takes nothing from there
    lib=$build/no-lib
    mkdir -p "$lib"
    touch "$lib/README.md"
fi

jobs=$(nproc)
run make -j"$jobs" -C "$MPY_DIR/mpy-cross" BUILD="$build/mpy-cross" USER_C_MODULES=
export MICROPY_MPYCROSS=$build/mpy-cross/mpy-cross

suffix=
[ "$PORT" != qemu ] || suffix=-$BOARD
[ "$FROZEN" = yes ] || suffix=$suffix-bare
dir=$build/$PORT$suffix
mkdir -p "$dir"

# MicroPython freezes a module again when its file is newer, but does not see that a manifest now
# names others.
frozen="$lib $HAVE_LIB $(cat "$MANIFEST" "$here/../manifest.py" | cksum)"
if [ "$(cat "$dir/frozen" 2>/dev/null)" != "$frozen" ]; then
    rm -rf "$dir/frozen_mpy" "$dir/frozen_content.c"
    echo "$frozen" >"$dir/frozen"
fi

if [ "$PORT" = rp2 ]; then
    run cmake -S "$MPY_DIR/ports/rp2" -B "$dir" -DMICROPY_BOARD=RPI_PICO "${sdk_args[@]}" \
        -DPICO_NO_PICOTOOL=1 -DPICO_BUILD_DOCS=0 -DMICROPY_FROZEN_MANIFEST="$MANIFEST" \
        -DMICROPY_LIB_DIR="$lib"
    run make -j"$jobs" -C "$dir"
    result=$out/firmware$suffix.uf2
    # 0xe48bff56 is the RP2040's family, 0x10000000 where its flash is mapped.
    run python3 "$MPY_DIR/tools/uf2conv.py" -f 0xe48bff56 -b 0x10000000 -c -o "$dir/firmware.uf2" \
        "$dir/firmware.bin"
    built=$dir/firmware.uf2
elif [ "$PORT" = qemu ]; then
    run make -j"$jobs" -C "$MPY_DIR/ports/qemu" BOARD="$BOARD" BOARD_DIR="$here/qemu/$BOARD" \
        BUILD="$dir" FROZEN_MANIFEST="$MANIFEST" MPY_LIB_DIR="$lib"
    result=$out/qemu$suffix.elf
    built=$dir/firmware.elf
else
    # Left out is what needs libraries that a test of a scheduler does not.
    variant=(VARIANT=standard)
    [ "$PORT" = unix ] || variant=("VARIANT_DIR=$here/$PORT")
    run make -j"$jobs" -C "$MPY_DIR/ports/unix" "${variant[@]}" BUILD="$dir" \
        FROZEN_MANIFEST="$MANIFEST" MPY_LIB_DIR="$lib" \
        MICROPY_PY_FFI=0 MICROPY_PY_BTREE=0 MICROPY_PY_SSL=0
    result=$out/micropython${PORT#unix}$suffix
    built=$dir/micropython
fi
# Renamed into place, so that a program that runs the old one is not disturbed.
cp "$built" "$result.new"
mv "$result.new" "$result"
echo "firmware: $result"
