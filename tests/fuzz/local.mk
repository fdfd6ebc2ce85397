# SPDX-License-Identifier: Apache-2.0
# libFuzzer entries; built in a tree of their own that configure made with --enable-fuzzing.

FUZZERS =

EXTRA_PROGRAMS += $(FUZZERS)

if FUZZING
fuzzers: $(FUZZERS)
endif
.PHONY: fuzzers
