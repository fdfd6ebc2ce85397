# SPDX-License-Identifier: Apache-2.0
# The yardstick and the stop-watch; `make bench` needs root.

BENCH_FILES = tests/bench/floor tests/bench/bench tests/bench/bench_parse tests/bench/noop \
	tests/bench/stopwatch
EXTRA_PROGRAMS += $(BENCH_FILES)
tests_bench_floor_SOURCES = tests/bench/floor.c
tests_bench_floor_CFLAGS = $(AM_CFLAGS)
tests_bench_floor_LDFLAGS = -all-static
tests_bench_floor_LDADD =
tests_bench_noop_SOURCES = tests/bench/noop.c
tests_bench_noop_LDFLAGS = -all-static
tests_bench_noop_LDADD =
tests_bench_stopwatch_SOURCES = tests/bench/stopwatch.c
tests_bench_stopwatch_LDFLAGS = -all-static
tests_bench_stopwatch_LDADD =
tests_bench_bench_SOURCES = \
	tests/bench/bench.c \
	tests/bench/measure.c \
	tests/bench/measure.h
tests_bench_bench_LDFLAGS = -all-static
tests_bench_bench_LDADD =
tests_bench_bench_parse_SOURCES = tests/bench/bench_parse.c
tests_bench_bench_parse_LDADD = $(RUNTIME_LIBS)
EXTRA_PROGRAMS += tests/bench/bench_devs
tests_bench_bench_devs_SOURCES = tests/bench/bench_devs.c
tests_bench_bench_devs_LDADD = $(DEVS_LIBS)
CLEANFILES += tests/bench/bench_devs
EXTRA_DIST += \
	tests/bench/images \
	tests/bench/run \
	tests/bench/scale \
	tests/bench/scale_reaction.py

# Built here, run there: make bench-programs, tests/vm/run -- tests/bench/run --builddir build
bench-programs: all $(BENCH_FILES)

# ARGS="-n 50" ...; tests/bench/run --help
bench: all $(BENCH_FILES)
	@$(top_srcdir)/tests/bench/run --builddir '$(abs_top_builddir)' $(ARGS)

# The same, and exit non-zero when a target is missed by more than the noise.
bench-check: all $(BENCH_FILES)
	@$(top_srcdir)/tests/bench/run --builddir '$(abs_top_builddir)' --check $(ARGS)

# Images: beside buildah and umoci; ARGS="-n 5"
bench-images: all tests/bench/stopwatch
	@$(top_srcdir)/tests/bench/images --builddir '$(abs_top_builddir)' $(ARGS)

.PHONY: bench bench-check bench-images bench-programs
CLEANFILES += $(BENCH_FILES)

# The simulator: transitions a second
bench-devs: tests/bench/bench_devs
	@tests/bench/bench_devs
.PHONY: bench-devs

# Services: beside docker-compose and dockerd; ARGS="-n 1 --replicas 20"
bench-scale: all
	@top_builddir='$(abs_top_builddir)' $(top_srcdir)/tests/bench/scale $(ARGS)
.PHONY: bench-scale
