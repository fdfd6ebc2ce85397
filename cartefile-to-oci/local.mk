# SPDX-License-Identifier: Apache-2.0
# cartefile-to-oci. All of it but main.c is a convenience library, so that unit tests reach every function.

noinst_LIBRARIES += libcartefile.a
libcartefile_a_CPPFLAGS = $(AM_CPPFLAGS) $(CONVERTER_CFLAGS) $(YAJL_CFLAGS) \
	-DBINDIR='"$(bindir)"'
libcartefile_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
libcartefile_a_SOURCES = \
	cartefile-to-oci/base.c \
	cartefile-to-oci/base.h \
	cartefile-to-oci/base_tar.c \
	cartefile-to-oci/base_tar.h \
	cartefile-to-oci/blob.c \
	cartefile-to-oci/build.h \
	cartefile-to-oci/bundle.h \
	cartefile-to-oci/cartefile-private.h \
	cartefile-to-oci/cartefile.c \
	cartefile-to-oci/cartefile.h \
	cartefile-to-oci/cartefile_exe.c \
	cartefile-to-oci/cartefile_from.c \
	cartefile-to-oci/cartefile_lex.c \
	cartefile-to-oci/cartefile_name.c \
	cartefile-to-oci/cartefile_path.c \
	cartefile-to-oci/cartefile_words.c \
	cartefile-to-oci/cmd_diff.c \
	cartefile-to-oci/cmd_unpack.c \
	cartefile-to-oci/cmds.h \
	cartefile-to-oci/diff.c \
	cartefile-to-oci/diff.h \
	cartefile-to-oci/diff_documents.c \
	cartefile-to-oci/digest.c \
	cartefile-to-oci/digest.h \
	cartefile-to-oci/elf.h \
	cartefile-to-oci/ignore.c \
	cartefile-to-oci/ignore.h \
	cartefile-to-oci/image_archive.c \
	cartefile-to-oci/image_layer.c \
	cartefile-to-oci/image_layer.h \
	cartefile-to-oci/image_skopeo.c \
	cartefile-to-oci/image_source-private.h \
	cartefile-to-oci/image_source.c \
	cartefile-to-oci/image_source.h \
	cartefile-to-oci/layer_codecs.c \
	cartefile-to-oci/layer_gzip.c \
	cartefile-to-oci/layer_read.c \
	cartefile-to-oci/layer_read.h \
	cartefile-to-oci/layer_stream.c \
	cartefile-to-oci/layer_stream.h \
	cartefile-to-oci/layer_tree.c \
	cartefile-to-oci/layer_tree.h \
	cartefile-to-oci/layer_write.h \
	cartefile-to-oci/layer_xattr.c \
	cartefile-to-oci/layer_xattr.h \
	cartefile-to-oci/layout-private.h \
	cartefile-to-oci/layout.c \
	cartefile-to-oci/layout.h \
	cartefile-to-oci/layout_index.c \
	cartefile-to-oci/layout_resolve.c \
	cartefile-to-oci/listing.c \
	cartefile-to-oci/listing.h \
	cartefile-to-oci/slim.h \
	cartefile-to-oci/source-private.h \
	cartefile-to-oci/source.h \
	cartefile-to-oci/source_dir.c \
	cartefile-to-oci/source_path.c \
	cartefile-to-oci/source_walk.c \
	cartefile-to-oci/store-private.h \
	cartefile-to-oci/store.c \
	cartefile-to-oci/store.h \
	cartefile-to-oci/store_cache.c \
	cartefile-to-oci/store_fsck.c \
	cartefile-to-oci/store_gc.c \
	cartefile-to-oci/store_tree.c \
	cartefile-to-oci/store_walk.c \
	cartefile-to-oci/temp.c \
	cartefile-to-oci/trace.h \
	cartefile-to-oci/tree.c \
	cartefile-to-oci/tree.h \
	cartefile-to-oci/unpack-private.h \
	cartefile-to-oci/unpack.c \
	cartefile-to-oci/unpack.h \
	cartefile-to-oci/unpack_entry.c \
	cartefile-to-oci/unpack_folder.c \
	cartefile-to-oci/unpack_mark.c

CONVERTER_LIBS = libcartefile.a libbase.a libocispec.a $(YAJL_PROGRAM_LIBS) $(CONVERTER_PROGRAM_LIBS)

EXTRA_DIST += cartefile-to-oci/main.c
