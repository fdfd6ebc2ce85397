# SPDX-License-Identifier: Apache-2.0
# libFuzzer entries; built in a tree of their own that configure made with --enable-fuzzing.

FUZZERS = \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_features \
	tests/fuzz/fuzz_process \
	tests/fuzz/fuzz_resources \
	tests/fuzz/fuzz_state

CONVERTER_FUZZERS = \
	tests/fuzz/fuzz_layer \
	tests/fuzz/fuzz_listing

if HAVE_CONVERTER
FUZZERS += $(CONVERTER_FUZZERS)
endif

EXTRA_PROGRAMS += $(FUZZERS)
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_config_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_features_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_features_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_layer_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_layer_LDADD = $(CONVERTER_LIBS)
tests_fuzz_fuzz_listing_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_listing_LDADD = $(CONVERTER_LIBS)
tests_fuzz_fuzz_process_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_process_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_resources_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_resources_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_state_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_state_LDADD = $(RUNTIME_LIBS)

if FUZZING
fuzzers: $(FUZZERS)
endif
.PHONY: fuzzers

EXTRA_DIST += \
	tests/fuzz/corpus/config/empty.json \
	tests/fuzz/corpus/config/full.json \
	tests/fuzz/corpus/config/odd.json \
	tests/fuzz/corpus/features/full.json \
	tests/fuzz/corpus/layer/all.tar \
	tests/fuzz/corpus/layer/all.tar.gz \
	tests/fuzz/corpus/layer/all.tar.zst \
	tests/fuzz/corpus/layer/gnu.tar \
	tests/fuzz/corpus/layer/sparse.tar \
	tests/fuzz/corpus/listing/all \
	tests/fuzz/corpus/process/full.json \
	tests/fuzz/corpus/resources/full.json \
	tests/fuzz/corpus/state/full.json \
	tests/fuzz/fuzz_config.dict \
	tests/fuzz/fuzz_features.dict \
	tests/fuzz/fuzz_process.dict \
	tests/fuzz/fuzz_resources.dict \
	tests/fuzz/fuzz_state.dict \
	tests/fuzz/ocispec-fuzz.h
