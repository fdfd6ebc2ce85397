# SPDX-License-Identifier: Apache-2.0
# What every program shares; knows nothing of containers.

noinst_LIBRARIES += libbase.a
libbase_a_CPPFLAGS = $(AM_CPPFLAGS) -DBINDIR='"$(bindir)"'
libbase_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
libbase_a_SOURCES = \
	src/base/caps.c \
	src/base/caps.h \
	src/base/cmd.c \
	src/base/cmd.h \
	src/base/error.c \
	src/base/error.h \
	src/base/folder.c \
	src/base/folder.h \
	src/base/fnv.h \
	src/base/hint.c \
	src/base/io.c \
	src/base/io.h \
	src/base/log.c \
	src/base/log.h \
	src/base/mem.h \
	src/base/opts.c \
	src/base/opts.h \
	src/base/parse.c \
	src/base/path.c \
	src/base/path.h \
	src/base/places.c \
	src/base/places.h \
	src/base/procfs.c \
	src/base/procfs.h \
	src/base/program.c \
	src/base/program.h \
	src/base/seal.c \
	src/base/seal.h \
	src/base/seal_move.c \
	src/base/subid.c \
	src/base/subid.h \
	src/base/sys.c \
	src/base/sys.h \
	src/base/sys_bpf.c \
	src/base/sys_bpf.h \
	src/base/sys_landlock.c \
	src/base/sys_landlock.h \
	src/base/sys_process.c \
	src/base/sys_process.h \
	src/base/utf8.c \
	src/base/utf8.h
