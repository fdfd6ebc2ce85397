# SPDX-License-Identifier: Apache-2.0
# The documents library. The programs link its objects directly (no position-independent code, one
# file less to map); what is installed is the libtool library.

OCISPEC_SOURCES = \
	libocispec-lite/arena.c \
	libocispec-lite/config.c \
	libocispec-lite/emit.c \
	libocispec-lite/error.c \
	libocispec-lite/features.c \
	libocispec-lite/image.c \
	libocispec-lite/image_config.c \
	libocispec-lite/linux.c \
	libocispec-lite/number.c \
	libocispec-lite/parse.c \
	libocispec-lite/process.c \
	libocispec-lite/resources.c \
	libocispec-lite/scratch.c \
	libocispec-lite/seccomp.c \
	libocispec-lite/state.c \
	libocispec-lite/text.c \
	libocispec-lite/image-rules.h \
	libocispec-lite/number.h \
	libocispec-lite/scratch.h \
	libocispec-lite/tables.h \
	libocispec-lite/text.h

noinst_LIBRARIES += libocispec.a
libocispec_a_SOURCES = $(OCISPEC_SOURCES)
libocispec_a_CPPFLAGS = $(AM_CPPFLAGS) $(YAJL_CFLAGS)
libocispec_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)

lib_LTLIBRARIES += libocispec-lite.la
libocispec_lite_la_SOURCES = $(OCISPEC_SOURCES)
libocispec_lite_la_CPPFLAGS = $(AM_CPPFLAGS) $(YAJL_CFLAGS)
libocispec_lite_la_CFLAGS = $(AM_CFLAGS)
libocispec_lite_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -export-symbols-regex '^oci_'
libocispec_lite_la_LIBADD = $(YAJL_LIBS)

ocispecincludedir = $(includedir)/ocispec-lite
ocispecinclude_HEADERS = \
	libocispec-lite/ocispec-lite/arena.h \
	libocispec-lite/ocispec-lite/error.h \
	libocispec-lite/ocispec-lite/image.h \
	libocispec-lite/ocispec-lite/runtime.h \
	libocispec-lite/ocispec-lite/table.h

pkgconfig_DATA = libocispec-lite/ocispec-lite.pc
