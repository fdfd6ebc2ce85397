# SPDX-License-Identifier: Apache-2.0
# libFuzzer entries; built in a tree of their own that configure made with --enable-fuzzing.

FUZZERS = \
	tests/fuzz/fuzz_annotations \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_features \
	tests/fuzz/fuzz_image_config \
	tests/fuzz/fuzz_index \
	tests/fuzz/fuzz_manifest \
	tests/fuzz/fuzz_process \
	tests/fuzz/fuzz_resources \
	tests/fuzz/fuzz_state \
	tests/fuzz/fuzz_subid

CONVERTER_FUZZERS = \
	tests/fuzz/fuzz_cartefile \
	tests/fuzz/fuzz_elf \
	tests/fuzz/fuzz_game \
	tests/fuzz/fuzz_ignore \
	tests/fuzz/fuzz_layer \
	tests/fuzz/fuzz_ldconf \
	tests/fuzz/fuzz_listing \
	tests/fuzz/fuzz_packages

if HAVE_CONVERTER
FUZZERS += $(CONVERTER_FUZZERS)
endif

SCALE_FUZZERS = \
	tests/fuzz/fuzz_compose \
	tests/fuzz/fuzz_http \
	tests/fuzz/fuzz_prometheus

if HAVE_SCALE
FUZZERS += $(SCALE_FUZZERS)
endif

EXTRA_PROGRAMS += $(FUZZERS)
tests_fuzz_fuzz_annotations_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_annotations_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_cartefile_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_cartefile_LDADD = $(CONVERTER_LIBS)
tests_fuzz_fuzz_compose_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_compose_LDADD = $(SCALE_LIBS)
tests_fuzz_fuzz_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_config_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_elf_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_elf_LDADD = $(CONVERTER_LIBS)
tests_fuzz_fuzz_features_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_features_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_game_SOURCES = tests/fuzz/fuzz_game.c examples/metaverse/game/bus_wire.c examples/metaverse/game/message.c \
	examples/metaverse/game/wire.c examples/metaverse/common/json.c examples/metaverse/common/token.c
tests_fuzz_fuzz_game_CPPFLAGS = $(AM_CPPFLAGS) $(YAJL_CFLAGS) -I$(top_srcdir)/examples/metaverse
tests_fuzz_fuzz_game_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_game_LDADD = $(CONVERTER_LIBS) -lm
tests_fuzz_fuzz_http_SOURCES = tests/fuzz/fuzz_http.c tests/unit/fake_supervisor.c tests/unit/fake_supervisor.h
tests_fuzz_fuzz_http_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS) $(YAJL_CFLAGS)
tests_fuzz_fuzz_http_LDFLAGS = $(AM_LDFLAGS) $(SCALE_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_http_LDADD = $(SCALE_LIBS)
tests_fuzz_fuzz_ignore_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_ignore_LDADD = $(CONVERTER_LIBS)
tests_fuzz_fuzz_image_config_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_image_config_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_index_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_index_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_layer_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_layer_LDADD = $(CONVERTER_LIBS)
tests_fuzz_fuzz_ldconf_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_ldconf_LDADD = $(CONVERTER_LIBS)
tests_fuzz_fuzz_listing_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_listing_LDADD = $(CONVERTER_LIBS)
tests_fuzz_fuzz_manifest_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_manifest_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_packages_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_packages_LDADD = $(CONVERTER_LIBS)
tests_fuzz_fuzz_process_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_process_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_prometheus_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_prometheus_LDADD = $(SCALE_LIBS)
tests_fuzz_fuzz_resources_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_resources_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_state_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_state_LDADD = $(RUNTIME_LIBS)
tests_fuzz_fuzz_subid_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_subid_LDADD = $(RUNTIME_LIBS)

if FUZZING
fuzzers: $(FUZZERS)
endif
.PHONY: fuzzers

EXTRA_DIST += \
	tests/fuzz/corpus/annotations/double.txt \
	tests/fuzz/corpus/annotations/numbers.txt \
	tests/fuzz/corpus/annotations/seconds.txt \
	tests/fuzz/corpus/annotations/strings.txt \
	tests/fuzz/corpus/annotations/unclosed.txt \
	tests/fuzz/corpus/cartefile/all.cartefile \
	tests/fuzz/corpus/cartefile/crlf.cartefile \
	tests/fuzz/corpus/cartefile/small.cartefile \
	tests/fuzz/corpus/compose/anchors.json \
	tests/fuzz/corpus/compose/full-new.yaml \
	tests/fuzz/corpus/compose/full.yaml \
	tests/fuzz/corpus/compose/small.yaml \
	tests/fuzz/corpus/config/empty.json \
	tests/fuzz/corpus/config/full.json \
	tests/fuzz/corpus/config/odd.json \
	tests/fuzz/corpus/elf/empty.elf \
	tests/fuzz/corpus/elf/full32.elf \
	tests/fuzz/corpus/elf/full32be.elf \
	tests/fuzz/corpus/elf/full64.elf \
	tests/fuzz/corpus/elf/full64be.elf \
	tests/fuzz/corpus/features/full.json \
	tests/fuzz/corpus/game/bus.bin \
	tests/fuzz/corpus/game/bye.bin \
	tests/fuzz/corpus/game/chat.json \
	tests/fuzz/corpus/game/hello.bin \
	tests/fuzz/corpus/game/ping.json \
	tests/fuzz/corpus/game/pos.bin \
	tests/fuzz/corpus/game/pos.json \
	tests/fuzz/corpus/http/auto.txt \
	tests/fuzz/corpus/http/cookie.txt \
	tests/fuzz/corpus/http/delete.txt \
	tests/fuzz/corpus/http/down.txt \
	tests/fuzz/corpus/http/events.txt \
	tests/fuzz/corpus/http/finished.txt \
	tests/fuzz/corpus/http/follow.txt \
	tests/fuzz/corpus/http/guard.txt \
	tests/fuzz/corpus/http/host.txt \
	tests/fuzz/corpus/http/kill.txt \
	tests/fuzz/corpus/http/logs.txt \
	tests/fuzz/corpus/http/other-name.txt \
	tests/fuzz/corpus/http/page.txt \
	tests/fuzz/corpus/http/rollback.txt \
	tests/fuzz/corpus/http/run.txt \
	tests/fuzz/corpus/http/scale.txt \
	tests/fuzz/corpus/http/stop.txt \
	tests/fuzz/corpus/http/up.txt \
	tests/fuzz/corpus/http/wait.txt \
	tests/fuzz/corpus/ignore/all \
	tests/fuzz/corpus/ignore/stars \
	tests/fuzz/corpus/image_config/full.json \
	tests/fuzz/corpus/index/full.json \
	tests/fuzz/corpus/layer/all.tar \
	tests/fuzz/corpus/layer/all.tar.gz \
	tests/fuzz/corpus/layer/all.tar.zst \
	tests/fuzz/corpus/layer/gnu.tar \
	tests/fuzz/corpus/layer/sparse.tar \
	tests/fuzz/corpus/ldconf/include.conf \
	tests/fuzz/corpus/ldconf/odd.conf \
	tests/fuzz/corpus/listing/all \
	tests/fuzz/corpus/manifest/docker.json \
	tests/fuzz/corpus/manifest/full.json \
	tests/fuzz/corpus/packages/installed \
	tests/fuzz/corpus/packages/status \
	tests/fuzz/corpus/process/full.json \
	tests/fuzz/corpus/prometheus/labels.txt \
	tests/fuzz/corpus/prometheus/plain.txt \
	tests/fuzz/corpus/resources/full.json \
	tests/fuzz/corpus/state/full.json \
	tests/fuzz/corpus/subid/overlap.txt \
	tests/fuzz/corpus/subid/passwd.txt \
	tests/fuzz/corpus/subid/two.txt \
	tests/fuzz/fuzz_config.dict \
	tests/fuzz/fuzz_features.dict \
	tests/fuzz/fuzz_process.dict \
	tests/fuzz/fuzz_resources.dict \
	tests/fuzz/fuzz_state.dict \
	tests/fuzz/ocispec-fuzz.h
