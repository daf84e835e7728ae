# Tenfold. One Makefile, no configure step. What a person types:
#
#   make demo         set up, then the main job on generated photographs      make            build bin/ and libtenfold.so
#   make test         set up, then the test suite                             make check-san  the suite under three sanitizers
#   make install PREFIX=/usr/local                                            make bench      speed, as ratios
#   make fuzz         hostile bytes, by libFuzzer                             make soak       daemons' memory over many clients
#
# Settings: CC=clang, SAN=address|undefined|thread (its own build folder), DEPS=no (say what is missing, install nothing).

CC ?= gcc
ifeq ($(CC),cc)
CC := gcc
endif
PREFIX ?= /usr/local
VERSION := 0.1.0
SAN ?=

BUILD := build/$(notdir $(CC))$(if $(SAN),-$(SAN))
BIN := $(if $(SAN),$(BUILD)/bin,bin)

FOLDERS := base augment loader model eval train
PROGRAMS := $(notdir $(basename $(wildcard $(addsuffix /nn*.c,$(FOLDERS)))))
SOURCES := $(filter-out $(addsuffix /nn%.c,$(FOLDERS)),$(wildcard $(addsuffix /*.c,$(FOLDERS))))
# Layers are written over `real`: compiled for float, and for double to check gradients.
DOUBLES := $(shell grep -lE '^(const struct layer_kind LAYER|POINTWISE|.*TWINS\[|int TRIAL_RUN)' model/*.c)
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(DOUBLES:%.c=$(BUILD)/%.double.o) $(BUILD)/train/board_assets.o
TESTS := $(notdir $(basename $(wildcard tests/test_*.c)))
HELPERS := $(filter-out tests/test_% ,$(wildcard tests/*.c))

PACKAGES := libjpeg libpng zlib yaml-0.1 jansson libcrypto libssl libxxhash openblas libmicrohttpd
# Recursive on purpose: pkg-config runs only once the packages are there.
PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES)) $(OPTIONAL_CFLAGS)
PKG_LIBS = $(shell pkg-config --libs $(PACKAGES) $(OPTIONAL_FOUND))
# Used where they are: a service manager's notifications, a cluster's credentials.
OPTIONAL_FOUND = $(shell for p in libsystemd munge; do pkg-config --exists $$p && echo $$p; done)
OPTIONAL_CFLAGS = $(if $(filter libsystemd,$(OPTIONAL_FOUND)),-DHAVE_LIBSYSTEMD) \
  $(if $(filter munge,$(OPTIONAL_FOUND)),-DHAVE_LIBMUNGE)
CHECK_LIBS = $(shell pkg-config --libs check)

# No contraction: a*b+c rounds the same on every processor (draws and pixels depend on it).
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes \
  -ffp-contract=off -fno-math-errno -fvisibility=hidden -fPIC -pthread -I. \
  -DTENFOLD_VERSION='"$(VERSION)"' $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer) \
  $(if $(filter undefined,$(SAN)),-fno-sanitize-recover=all) $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(if $(SAN),-fsanitize=$(SAN)) -pthread $(LDFLAGS)

.PHONY: FORCE all programs tests deps demo test test-data test-peers check-san soak fuzz bench install clean
.DEFAULT_GOAL := all

all: deps
	@$(MAKE) --no-print-directory programs

programs: $(PROGRAMS:%=$(BIN)/%) $(BUILD)/libtenfold.so

# uPlot is wanted, not needed: where it cannot be had only nnboard's pages are missing.
deps:
	@tests/deps.sh build
	@tests/uplot.sh || true

# What was found of them when this was compiled; compiled again when that changes.
$(BUILD)/optional: FORCE
	@mkdir -p $(@D)
	@echo '$(OPTIONAL_FOUND)' | cmp -s - $@ || echo '$(OPTIONAL_FOUND)' > $@
FORCE:
$(BUILD)/loader/notify.o $(BUILD)/loader/credential.o $(BUILD)/tests/test_daemon.o: $(BUILD)/optional

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/%.double.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DTENFOLD_DOUBLE -MMD -MP -c $< -o $@

# nnboard's page: the script's files in the order in which they build on each other; uPlot is there if tests/uplot.sh got it.
BOARD_FILES := dom format store filter color scale key chart chart_limits chart_marks overview panels seeds steps evidence parallel_draw parallel scatter table diff head toolbar main
BOARD_FILES := $(BOARD_FILES:%=train/board/%.js)
UPLOT := $(sort $(wildcard fetched/uplot/*))
$(BUILD)/uplot: FORCE
	@mkdir -p $(@D)
	@echo '$(UPLOT)' | cmp -s - $@ || echo '$(UPLOT)' > $@
$(BUILD)/train/board_assets.c: train/board/embed.sh train/board/style.css train/board/body.html $(BOARD_FILES) $(UPLOT) $(BUILD)/uplot
	@mkdir -p $(@D)
	@{ echo '#include "train/board_assets.h"' && \
	  $< board_style train/board/style.css && $< board_body train/board/body.html && $< board_script $(BOARD_FILES) && \
	  $< uplot_style $(filter %.css,$(UPLOT)) && $< uplot_script $(filter %.js,$(UPLOT)) && \
	  $< uplot_license $(filter %/LICENSE,$(UPLOT)); } > $@
$(BUILD)/train/board_assets.o: $(BUILD)/train/board_assets.c
	$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/libtenfold.a: $(OBJECTS)
	@rm -f $@
	@ar rcs $@ $^

# Only tenfold_ symbols leave the library: everything else is hidden by -fvisibility.
$(BUILD)/libtenfold.so: $(OBJECTS)
	$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,libtenfold.so.0 -o $@ $^ $(PKG_LIBS) -lm

# $(1) the program, $(2) its folder
define program
$(BIN)/$(1): $(BUILD)/$(2)/$(1).o $(BUILD)/libtenfold.a
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(PKG_LIBS) -lm
endef
$(foreach f,$(FOLDERS),$(foreach p,$(notdir $(basename $(wildcard $(f)/nn*.c))),$(eval $(call program,$(p),$(f)))))

$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(HELPERS:%.c=$(BUILD)/%.o) $(BUILD)/libtenfold.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CHECK_LIBS) $(PKG_LIBS) -lm
# test_waste counts what the loader itself allocates.
$(BUILD)/tests/test_waste: ALL_LDFLAGS += $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc aligned_alloc)
comma := ,
.SECONDARY:

# test_data_* read the real data that TENFOLD_DATA names.
DATA_TESTS := $(filter test_data_%,$(TESTS))
UNIT_TESTS := $(filter-out $(DATA_TESTS),$(TESTS))
tests: $(TESTS:%=$(BUILD)/tests/%)

demo: deps
	@$(MAKE) --no-print-directory programs
	@tests/demo.sh

test:
	@tests/deps.sh test
	@tests/uplot.sh || true
	@$(MAKE) --no-print-directory programs $(UNIT_TESTS:%=$(BUILD)/tests/%)
	@tests/layout.sh $(BUILD)/libtenfold.so
	@TENFOLD_BIN=$(BIN) tests/run.sh $(UNIT_TESTS:%=$(BUILD)/tests/%)

test-data:
	@test -d "$$TENFOLD_DATA" || { echo "make test-data: TENFOLD_DATA must name the folder of the real data" >&2; exit 1; }
	@tests/deps.sh test
	@$(MAKE) --no-print-directory programs $(DATA_TESTS:%=$(BUILD)/tests/%)
	@TENFOLD_BIN=$(BIN) tests/run.sh -j 1 $(DATA_TESTS:%=$(BUILD)/tests/%)

# Golden files made again by the software they come from; two daemons with MUNGE; the Python package, with PyTorch;
# job scripts on a real Slurm; the board's page in Chromium.
test-peers:
	@tests/deps.sh peers
	@tests/uplot.sh
	@$(MAKE) --no-print-directory programs $(BUILD)/tests/golden/run_network
	@tests/golden/check.sh $(BIN) $(BUILD)/tests/golden/run_network
	@tests/e2e/munge.sh $(BIN)
	@TENFOLD_BIN=$(BIN) TENFOLD_LIBRARY=$(BUILD)/libtenfold.so /usr/bin/python3 -m unittest discover -s python/tests
	@tests/slurm/array.sh $(BIN)
	@tests/slurm/tune.sh $(BIN)
	@tests/e2e/board.sh $(BIN)

$(BUILD)/tests/golden/run_network: $(BUILD)/tests/golden/run_network.o $(BUILD)/libtenfold.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

# Slow cases are scaled down by TENFOLD_TEST_SCALE.
check-san:
	@tests/deps.sh test
	@for san in address undefined thread; do \
	  $(MAKE) --no-print-directory SAN=$$san programs tests && echo "== $$san" && \
	  TENFOLD_TEST_SCALE=8 TENFOLD_BIN=build/$(notdir $(CC))-$$san/bin \
	  ASAN_OPTIONS=allocator_may_return_null=1 TSAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
	  tests/run.sh $(UNIT_TESTS:%=build/$(notdir $(CC))-$$san/tests/%) || exit 1; \
	done

# 10,000 clients that come and go: memory and descriptors stay what they were.
soak: programs $(BUILD)/tests/test_hub_limits
	TENFOLD_SOAK=10000 $(BUILD)/tests/test_hub_limits

# libFuzzer needs clang. FUZZ_SECONDS for each target.
FUZZ_SECONDS ?= 60
FUZZERS := $(notdir $(basename $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_BUILD := build/fuzz
fuzz:
	@tests/deps.sh fuzz
	@$(MAKE) --no-print-directory CC=clang SAN=address CFLAGS='-O1 -g -fsanitize=fuzzer-no-link' BUILD=$(FUZZ_BUILD) \
	  $(FUZZERS:%=$(FUZZ_BUILD)/tests/fuzz/%)
	@for f in $(FUZZERS); do mkdir -p $(FUZZ_BUILD)/corpus/$$f && \
	  $(FUZZ_BUILD)/tests/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 $(FUZZ_BUILD)/corpus/$$f || exit 1; done
build/fuzz/tests/fuzz/fuzz_%: build/fuzz/tests/fuzz/fuzz_%.o build/fuzz/libtenfold.a
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS) -lm

BENCHES := $(notdir $(basename $(wildcard tests/bench/*.c)))
$(BUILD)/tests/bench/bench_%: $(BUILD)/tests/bench/bench_%.o $(BUILD)/libtenfold.a
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PKG_LIBS) -lm
$(BUILD)/tests/bench/bench_board: $(BUILD)/tests/made_runs.o

bench: deps
	@$(MAKE) --no-print-directory programs $(BENCHES:%=$(BUILD)/tests/bench/%)
	@tests/bench/run.sh $(BUILD)/tests/bench $(BIN)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include
	install -m 755 $(PROGRAMS:%=$(BIN)/%) $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/libtenfold.so $(DESTDIR)$(PREFIX)/lib/libtenfold.so.$(VERSION)
	ln -sf libtenfold.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libtenfold.so.0
	ln -sf libtenfold.so.0 $(DESTDIR)$(PREFIX)/lib/libtenfold.so
	install -m 644 loader/tenfold.h $(DESTDIR)$(PREFIX)/include
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' loader/tenfold.pc.in > $(BUILD)/tenfold.pc
	install -m 644 $(BUILD)/tenfold.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/tenfold.pc

clean:
	rm -rf build bin

-include $(shell find build -name '*.d' 2>/dev/null)
