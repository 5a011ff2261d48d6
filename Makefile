# SPDX-License-Identifier: Apache-2.0
# The front door. Everything is built by meson and ninja; what a target needs is installed first, by
# tools/need, from Debian's packages.

BUILD := build
ASAN := build-asan
FUZZ := build-fuzz
FILE ?=

.PHONY: help build asan run check soak bench fuzz format lint docs clean

help:
	@echo 'make run            build, capture a little real traffic and show it'
	@echo 'make run FILE=x     show a capture file'
	@echo 'make build asan     build in build/, and under sanitizers in build-asan/'
	@echo 'make check          build both and run all tests in both'
	@echo 'make bench          measure speed and memory beside other tools'
	@echo 'make soak           the long form of the tests and fuzzers'
	@echo 'make fuzz           run every fuzzer for a while (SECONDS_EACH=60)'
	@echo 'make format lint    format the sources; run clang-tidy'
	@echo 'make docs           write the pages that are made from tables'
	@echo 'make clean          remove what was built'

build:
	@tools/need build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log
	@ninja -C $(BUILD) -n | grep -q 'no work to do' || ninja -C $(BUILD) --quiet

asan:
	@tools/need build
	@test -f $(ASAN)/build.ninja || meson setup $(ASAN) -Db_sanitize=address,undefined >$(ASAN).log 2>&1 || { cat $(ASAN).log; exit 1; }
	@rm -f $(ASAN).log
	@ninja -C $(ASAN) -n | grep -q 'no work to do' || ninja -C $(ASAN) --quiet

run: build
	@tools/run $(BUILD) "$(FILE)"

check:
	@tools/check

soak:
	@tools/check soak

bench: build
	@tools/need bench
	@bench/run $(BUILD)

fuzz:
	@tools/need fuzz
	@tools/fuzz $(FUZZ) $${SECONDS_EACH:-60}

format:
	@tools/need format
	@git ls-files '*.c' '*.h' '*.cc' | xargs clang-format-14 -i

lint: build
	@tools/need format
	@tools/lint $(BUILD)

# The lock of the schema only ever gets new lines.
docs:
	@tools/need build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log
	@ninja -C $(BUILD) --quiet record-schema-test tools/make-docs
	@UPDATE_DOCS=1 $(BUILD)/record-schema-test >$(BUILD)/schema.log 2>&1 || { cat $(BUILD)/schema.log; exit 1; }
	@tools/docs $(BUILD)/tools/make-docs

clean:
	@rm -rf $(BUILD) $(ASAN) $(FUZZ) run
