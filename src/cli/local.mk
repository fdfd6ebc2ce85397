# SPDX-License-Identifier: Apache-2.0
# carte, what people type: over the other programs and the supervisor's socket.

if HAVE_SCALE
noinst_LIBRARIES += libcarte_cli.a
endif
libcarte_cli_a_CPPFLAGS = $(AM_CPPFLAGS) $(YAJL_CFLAGS) -DBINDIR='"$(bindir)"'
libcarte_cli_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
libcarte_cli_a_SOURCES = \
	src/cli/cmd_version.c \
	src/cli/cmds.h

CLI_LIBS = libcarte_cli.a libbase.a libocispec.a $(YAJL_PROGRAM_LIBS)

if HAVE_SCALE
bin_PROGRAMS += carte
endif
carte_SOURCES = src/cli/main.c
nodist_carte_SOURCES = src/commit.h
carte_CPPFLAGS = $(AM_CPPFLAGS) -include commit.h
carte_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
carte_LDFLAGS = $(AM_LDFLAGS) $(PROGRAM_LDFLAGS)
carte_LDADD = $(CLI_LIBS)
if SANITIZERS
carte_SOURCES += tests/asan_options.c
endif
