# SPDX-License-Identifier: Apache-2.0
# The yardstick and the stop-watch; `make bench` needs root.

EXTRA_PROGRAMS += tests/bench/floor tests/bench/bench tests/bench/bench_parse
tests_bench_floor_SOURCES = tests/bench/floor.c
tests_bench_floor_CFLAGS = $(AM_CFLAGS)
tests_bench_floor_LDFLAGS = -all-static
tests_bench_floor_LDADD =
tests_bench_bench_SOURCES = \
	tests/bench/bench.c \
	tests/bench/measure.c \
	tests/bench/measure.h
tests_bench_bench_LDFLAGS = -all-static
tests_bench_bench_LDADD =
tests_bench_bench_parse_SOURCES = tests/bench/bench_parse.c
tests_bench_bench_parse_LDADD = $(RUNTIME_LIBS)
EXTRA_DIST += tests/bench/run

# ARGS="-n 50" ...; tests/bench/run --help
bench: all tests/bench/floor tests/bench/bench tests/bench/bench_parse
	@$(top_srcdir)/tests/bench/run --builddir '$(abs_top_builddir)' $(ARGS)

# The same, and exit non-zero when a target is missed by more than the noise.
bench-check: all tests/bench/floor tests/bench/bench tests/bench/bench_parse
	@$(top_srcdir)/tests/bench/run --builddir '$(abs_top_builddir)' --check $(ARGS)

.PHONY: bench bench-check
CLEANFILES += tests/bench/floor tests/bench/bench tests/bench/bench_parse
