# A machine of QEMU that runs our firmware for it: see firmware/qemu.
# MIT license; Copyright (c) 2026 the aioschedule authors

from pathlib import Path

from device_board import BoardError, Emulator, tool

BUILD = Path(__file__).resolve().parent.parent / "build"

# What QEMU is started with for each of the boards
MACHINES = {
    "qemu-MPS2_AN385": ["qemu-system-arm", "-machine", "mps2-an385"],
    "qemu-VIRT_RV32": ["qemu-system-riscv32", "-machine", "virt", "-bios", "none"],
}


class Qemu(Emulator):
    """One machine on a pty; `device` is the path of the pty."""

    LISTENS = r"redirected to (/\S+)"

    @staticmethod
    def command(target):
        if target not in MACHINES:
            raise BoardError(f"there is no {target}: take one of {', '.join(MACHINES)}")
        image = BUILD / f"{target}.elf"
        if not image.is_file():
            raise BoardError(f"{image} is missing: make firmware-qemu")
        program, *machine = MACHINES[target]
        # Semihosting: the board's clock is QEMU's
        console = ["-nographic", "-monitor", "null", "-semihosting", "-serial", "pty"]
        return [tool(program), *machine, *console, "-kernel", str(image)]
