# All there is to run here: `make` lists it.
# MIT license; Copyright (c) 2026 the aioschedule authors

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.requirements-installed
DOCS_STAMP := $(VENV)/.docs-installed

# A MicroPython of your own: make test MICROPYTHON=path
MICROPYTHON ?= $(CURDIR)/$(BIN)/micropython
# A board: make test TARGET=/dev/ttyACM0; without one: the unix port, and the emulated Pico
TARGET ?=
# For `make test-device`: which files, all of them without it
DEVICE_TESTS ?=
# For `make firmware`: MicroPython's sources (fetched if empty), and which port to build
MPY_DIR ?=
PORT ?= rp2
# For `make test-versions`: a folder of MicroPython checkouts, whatever their names
VERSIONS_DIR ?=
# For `make test-qemu` and `make test-wasm`: which files of tests/target, all of them without it
TARGET_TESTS ?= tests/target
# MicroPython's boards for QEMU that we build: see firmware/qemu
QEMU_BOARDS := MPS2_AN385 VIRT_RV32
QEMU_TESTS := $(QEMU_BOARDS:%=test-qemu-%)
# What `make test-wasm` runs in Node
WASM := @micropython/micropython-webassembly-pyscript@$(shell sed -n 's/^VERSION = "\(.*\)"/\1/p' docs/try_page.py)
# For `make bench`: which rows, on which target (see bench/run.py)
ROWS ?=

export MICROPYTHON TARGET MPY_DIR PORT VERSIONS_DIR

# MicroPython finds this project's modules first, then what the user has installed.
MPY_PATH := .frozen:$(CURDIR):$(CURDIR)/lib:$(HOME)/.micropython/lib:/usr/lib/micropython

# A board runs one test at a time.
PYTEST := $(BIN)/python -m pytest
PARALLEL = $(if $(TARGET),,-n auto)

.DEFAULT_GOAL := help
.PHONY: help demo test test-32bit test-versions lint format bench dist version release serve docs firmware firmware-bare test-device try picture firmware-qemu test-qemu test-wasm clean
.PHONY: $(QEMU_TESTS)

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP) ## run examples/quickstart.py on MicroPython's unix port
	@MICROPYPATH="$(MPY_PATH)" "$(MICROPYTHON)" examples/quickstart.py

test: $(STAMP) ## run the tests (on a board: TARGET=/dev/ttyACM0)
	$(PYTEST) $(PARALLEL) --ignore=tests/device tests

test-32bit: $(STAMP) ## run the tests on a unix port with 31-bit ints and single floats
	PORT=unix32 FROZEN=no bash firmware/build.sh
	PORT=unixint FROZEN=no bash firmware/build.sh
	MICROPYTHON=$(CURDIR)/build/micropython32-bare $(PYTEST) -n auto --ignore=tests/device \
		$(or $(TESTS_32BIT),tests)

test-versions: $(STAMP) ## run tests/target on older versions (VERSIONS_DIR=folder of checkouts)
	$(BIN)/python tests/matrix.py versions

lint: $(STAMP) ## check style and formatting
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(STAMP) ## fix formatting
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The emulated Pico needs firmware; a board has its own.
EMULATED = $(if $(TARGET),,firmware firmware-bare)

bench: $(STAMP) $(EMULATED) ## measure what it costs: bytes, milliseconds, wake-ups
	$(BIN)/python bench/run.py $(if $(ROWS),--rows $(ROWS)) $(BENCH_OPTIONS)

dist: $(STAMP) ## compile and pack what a release offers
	$(BIN)/python firmware/dist.py

version: $(STAMP) ## write the version everywhere, date the changelog (VERSION=0.2.0)
	@$(BIN)/python firmware/release.py bump "$(VERSION)"

release: $(STAMP) ## check all that a release needs, and say what to push
	@$(BIN)/python firmware/release.py check
	$(MAKE) lint test dist
	@$(BIN)/python firmware/release.py check
	@$(BIN)/python firmware/release.py push

serve: ## offer the modules to mip, and print the command that installs them
	@$(PYTHON) firmware/serve.py

docs: $(STAMP) $(DOCS_STAMP) try ## build the documentation site: build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "build/site/index.html is there; a live view: $(BIN)/mkdocs serve"

firmware: $(STAMP) ## build Raspberry Pi Pico firmware with the modules frozen in
	bash firmware/build.sh

firmware-bare: $(STAMP) ## the same without them: for what is installed by mip
	FROZEN=no bash firmware/build.sh

test-device: $(STAMP) $(EMULATED) ## test on the emulated Pico (on a board: TARGET=/dev/ttyACM0)
	TARGET=$(or $(TARGET),emulator) $(PYTEST) $(if $(TARGET),,-n auto --dist loadfile) \
		$(or $(DEVICE_TESTS),tests/target tests/device)

# The page has its own files in docs/try; this adds MicroPython for the browser, and the modules.
try: ## make the page that runs it in the browser complete, in docs/try
	@$(PYTHON) docs/try_page.py

picture: $(STAMP) ## take the picture of that page again: docs/try.png
	$(BIN)/python docs/try_picture.py

firmware-qemu: ## build firmware for ARM and RISC-V machines of QEMU
	for board in $(QEMU_BOARDS); do PORT=qemu BOARD=$$board bash firmware/build.sh || exit; done

test-qemu: $(QEMU_TESTS) ## test on these machines; TARGET_TESTS= chooses

$(QEMU_TESTS): test-qemu-%: $(STAMP) firmware-qemu
	@mkdir -p build/matrix
	TARGET=qemu-$* $(PYTEST) -n auto --dist loadfile --junitxml=build/matrix/qemu-$*.xml $(TARGET_TESTS)

build/wasm/$(WASM):
	@command -v npm >/dev/null || { echo "npm and node are needed (Debian, Ubuntu: apt install npm)" >&2; exit 1; }
	npm install --silent --no-save --no-package-lock --prefix build/wasm $(WASM)
	@mkdir -p $(@D) && touch $@

test-wasm: $(STAMP) build/wasm/$(WASM) ## test on WebAssembly in Node; TARGET_TESTS= chooses
	@mkdir -p build/matrix
	TARGET=wasm $(PYTEST) -n auto --dist loadfile --junitxml=build/matrix/wasm.xml tests/test_wasm.py $(TARGET_TESTS)

clean: ## remove what was built (.venv stays)
	rm -rf build dist firmware/build docs/try/vendor .hypothesis .pytest_cache .ruff_cache
	find . -path ./$(VENV) -prune -o -name __pycache__ -exec rm -rf {} +

$(STAMP): requirements-dev.txt requirements-micropython.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed" \
		if sys.version_info < (3, 11) else 0)'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot make a virtual environment: install your system's package for it" \
			"(Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
		--upgrade --target $(VENV)/micropython -r requirements-micropython.txt
	@touch $@

$(DOCS_STAMP): requirements-docs.txt $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
