# SPDX-License-Identifier: Apache-2.0
# cartefile-to-oci. All of it but main.c is a convenience library, so that unit tests reach every function.

noinst_LIBRARIES += libcartefile.a
libcartefile_a_CPPFLAGS = $(AM_CPPFLAGS) $(CONVERTER_CFLAGS) \
	-DBINDIR='"$(bindir)"'
libcartefile_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
libcartefile_a_SOURCES = \
	cartefile-to-oci/base.h \
	cartefile-to-oci/build.h \
	cartefile-to-oci/bundle.h \
	cartefile-to-oci/cartefile.h \
	cartefile-to-oci/closure.c \
	cartefile-to-oci/closure.h \
	cartefile-to-oci/closure_search.c \
	cartefile-to-oci/cmds.h \
	cartefile-to-oci/digest.c \
	cartefile-to-oci/digest.h \
	cartefile-to-oci/elf-private.h \
	cartefile-to-oci/elf.c \
	cartefile-to-oci/elf.h \
	cartefile-to-oci/elf_machine.c \
	cartefile-to-oci/elf_note.c \
	cartefile-to-oci/elf_scan.c \
	cartefile-to-oci/explain.c \
	cartefile-to-oci/explain.h \
	cartefile-to-oci/explain_print.c \
	cartefile-to-oci/explain_print.h \
	cartefile-to-oci/keep.c \
	cartefile-to-oci/layer_read.h \
	cartefile-to-oci/layer_write.h \
	cartefile-to-oci/layout.h \
	cartefile-to-oci/ldconf.c \
	cartefile-to-oci/ldconf.h \
	cartefile-to-oci/packages.c \
	cartefile-to-oci/packages.h \
	cartefile-to-oci/prune.c \
	cartefile-to-oci/sbom.c \
	cartefile-to-oci/sbom.h \
	cartefile-to-oci/script.c \
	cartefile-to-oci/slim-private.h \
	cartefile-to-oci/slim.c \
	cartefile-to-oci/slim.h \
	cartefile-to-oci/slim_package.c \
	cartefile-to-oci/slim_take.c \
	cartefile-to-oci/source.h \
	cartefile-to-oci/store.h \
	cartefile-to-oci/trace.h \
	cartefile-to-oci/tree.c \
	cartefile-to-oci/tree.h \
	cartefile-to-oci/unpack.h \
	cartefile-to-oci/view.c \
	cartefile-to-oci/view.h

CONVERTER_LIBS = libcartefile.a libbase.a libocispec.a $(YAJL_PROGRAM_LIBS) $(CONVERTER_PROGRAM_LIBS)

EXTRA_DIST += cartefile-to-oci/main.c
