# SPDX-License-Identifier: Apache-2.0
# The verbs for people and CI: check, check-asan, check-style, check-layers, check-analysis, check-install, check-variants,
# fuzz-smoke, bench, fmt, fmt-check. tests/run does all of them from a clean clone.

include $(top_srcdir)/tests/folders.mk
include $(top_srcdir)/tests/unit/local.mk
include $(top_srcdir)/tests/cli/local.mk
include $(top_srcdir)/tests/fuzz/local.mk
include $(top_srcdir)/tests/bench/local.mk
include $(top_srcdir)/tests/web/local.mk

EXTRA_DIST += $(TEST_FOLDERS) \
	.ci/run \
	.clang-tidy \
	tests/analysis/suppressions \
	tests/check-analysis \
	tests/check-asan \
	tests/check-hardening \
	tests/check-install \
	tests/check-layers \
	tests/check-style \
	tests/check-variants \
	tests/fuzz-smoke \
	tests/packages \
	tests/packages.sh \
	tests/run \
	tests/tap

# ---- check: unit and command tests, each case counted ----------------------------------------------------------
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
LOG_COMPILER = $(top_srcdir)/tests/tap
TEST_EXTENSIONS = .bats
BATS_LOG_DRIVER = $(TAP_DRIVER)
BATS_LOG_COMPILER = $(top_srcdir)/tests/tap

RUNTIME = $(abs_top_builddir)/carte-runtime$(EXEEXT)
AM_TESTS_ENVIRONMENT = \
	RUNTIME='$(RUNTIME)'; export RUNTIME; \
	BATS='$(BATS)'; export BATS; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	CC='$(CC)'; export CC;

# What the command tests need beside the programs that `make` builds.
check_SCRIPTS += $(bin_PROGRAMS)

# ---- the other verbs ---------------------------------------------------------------------------------------------
check-asan:
	@$(top_srcdir)/tests/check-asan '$(abs_top_srcdir)' '$(abs_top_builddir)'

check-style: check-layers fmt-check
	@$(top_srcdir)/tests/check-style '$(top_srcdir)'

check-layers:
	@$(top_srcdir)/tests/check-layers '$(top_srcdir)'

# What the compiler is given for all of the files; a library that is missing gives nothing.
check-analysis: $(BUILT_SOURCES)
	@ANALYSIS_CFLAGS='$(DEFS) $(CONVERTER_CFLAGS) $(YAJL_CFLAGS) $(LIBCAP_CFLAGS) $(LIBSECCOMP_CFLAGS) $(LIBCRIU_CFLAGS) $(LIBDBUS_CFLAGS) $(LIBMOUNT_CFLAGS) $(SCALE_CFLAGS)' \
		$(top_srcdir)/tests/check-analysis '$(abs_top_srcdir)' '$(abs_top_builddir)'

check-hardening: all
	@$(top_srcdir)/tests/check-hardening $(bin_PROGRAMS) $(libexec_PROGRAMS) $(pkglibexec_PROGRAMS)

check-install: all
	@MAKE='$(MAKE)' $(top_srcdir)/tests/check-install '$(abs_top_builddir)'

check-variants:
	@$(top_srcdir)/tests/check-variants '$(abs_top_srcdir)' '$(abs_top_builddir)'

# FUZZ_SECONDS=N for each entry (default 4).
fuzz-smoke:
	@CLANG='$(CLANG)' $(top_srcdir)/tests/fuzz-smoke '$(abs_top_srcdir)' '$(abs_top_builddir)'

# Of what `check` has run already a tree that comes from the archive runs what reads the files of the source tree: all of the unit tests, and the
# command tests with the most helpers. `make distcheck` runs everything.
DISTCHECK_TESTS = $(UNIT_TESTS) tests/cli/build.bats tests/cli/checkpoint.bats tests/cli/man.bats tests/cli/process.bats tests/cli/readme.bats \
	tests/cli/trace.bats tests/lib/bats-lite.bats
distcheck-quick:
	$(MAKE) $(AM_MAKEFLAGS) distcheck TESTS='$(DISTCHECK_TESTS)'

# A whole folder is taken from the build folder too, where there are objects and results of tests; and whoever did as the README of
# examples/metaverse says has the key of the tokens in it.
dist-folders:
	find $(distdir)/tests $(distdir)/examples/metaverse \( -name .deps -o -name .dirstamp -o -name '*.o' -o -name '*.log' -o -name '*.trs' \
		-o -name token_key -o -name __pycache__ \) -prune -exec rm -rf {} +
.PHONY: dist-folders

# ARGS="--seconds 60 walk" ...; tests/race/run --help
race: all
	@RUNTIME='$(RUNTIME)' $(top_srcdir)/tests/race/run $(ARGS)

FORMAT_FILES = find $(top_srcdir)/libocispec-lite $(top_srcdir)/src $(top_srcdir)/cartefile-to-oci $(top_srcdir)/examples/metaverse $(top_srcdir)/tests -name '*.[ch]'
fmt:
	$(FORMAT_FILES) -exec $(CLANG_FORMAT) -i --style=file {} +

fmt-check:
	@test -n '$(CLANG_FORMAT)' || { echo 'fmt-check: clang-format 14 is not installed'; exit 1; }
	@$(FORMAT_FILES) -exec $(CLANG_FORMAT) --dry-run -Werror --style=file {} + && echo 'fmt-check: good'

.PHONY: check-asan check-style check-layers check-analysis check-hardening check-install check-variants distcheck-quick fuzz-smoke race fmt fmt-check

# Trees of their own that the verbs above configure.
clean-local:
	rm -rf asan-build fuzz-build variants-build
