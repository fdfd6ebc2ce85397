# SPDX-License-Identifier: Apache-2.0
# Unit tests: one program per module, each with its own main.

UNIT_TESTS =

LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
AM_CPPFLAGS += $(CMOCKA_CFLAGS) -I$(top_srcdir)/tests

if HAVE_CMOCKA
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif

EXTRA_DIST += \
	tests/unit/seccomp-profile.h
