# SPDX-License-Identifier: Apache-2.0
# cartefile-to-oci. All of it but main.c is a convenience library, so that unit tests reach every function.

if HAVE_CONVERTER
noinst_LIBRARIES += libcartefile.a
endif
libcartefile_a_CPPFLAGS = $(AM_CPPFLAGS) $(CONVERTER_CFLAGS) $(YAJL_CFLAGS) \
	-DBINDIR='"$(bindir)"'
libcartefile_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
libcartefile_a_SOURCES = \
	cartefile-to-oci/archive_out.c \
	cartefile-to-oci/archive_out.h \
	cartefile-to-oci/base.c \
	cartefile-to-oci/base.h \
	cartefile-to-oci/base_tar.c \
	cartefile-to-oci/base_tar.h \
	cartefile-to-oci/blob.c \
	cartefile-to-oci/blob_mark.c \
	cartefile-to-oci/build-private.h \
	cartefile-to-oci/build.c \
	cartefile-to-oci/build.h \
	cartefile-to-oci/build_exe.c \
	cartefile-to-oci/build_explain.c \
	cartefile-to-oci/build_key.c \
	cartefile-to-oci/build_layers.c \
	cartefile-to-oci/build_open.c \
	cartefile-to-oci/build_publish.c \
	cartefile-to-oci/build_report.c \
	cartefile-to-oci/build_report.h \
	cartefile-to-oci/bundle.c \
	cartefile-to-oci/bundle.h \
	cartefile-to-oci/bundle_caps.c \
	cartefile-to-oci/bundle_config.c \
	cartefile-to-oci/bundle_config.h \
	cartefile-to-oci/bundle_flags.c \
	cartefile-to-oci/bundle_layers.c \
	cartefile-to-oci/bundle_linux.c \
	cartefile-to-oci/bundle_seccomp.c \
	cartefile-to-oci/bundle_seccomp.h \
	cartefile-to-oci/bundle_user.c \
	cartefile-to-oci/bundle_user.h \
	cartefile-to-oci/cartefile-private.h \
	cartefile-to-oci/cartefile.c \
	cartefile-to-oci/cartefile.h \
	cartefile-to-oci/cartefile_exe.c \
	cartefile-to-oci/cartefile_from.c \
	cartefile-to-oci/cartefile_lex.c \
	cartefile-to-oci/cartefile_name.c \
	cartefile-to-oci/cartefile_path.c \
	cartefile-to-oci/cartefile_words.c \
	cartefile-to-oci/closure.c \
	cartefile-to-oci/closure.h \
	cartefile-to-oci/closure_search.c \
	cartefile-to-oci/cmd_build.c \
	cartefile-to-oci/cmd_bundle.c \
	cartefile-to-oci/cmd_diff.c \
	cartefile-to-oci/cmd_explain.c \
	cartefile-to-oci/cmd_fsck.c \
	cartefile-to-oci/cmd_gc.c \
	cartefile-to-oci/cmd_images.c \
	cartefile-to-oci/cmd_rmi.c \
	cartefile-to-oci/cmd_unpack.c \
	cartefile-to-oci/cmds.h \
	cartefile-to-oci/compress.c \
	cartefile-to-oci/compress.h \
	cartefile-to-oci/diff.c \
	cartefile-to-oci/diff.h \
	cartefile-to-oci/diff_documents.c \
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
	cartefile-to-oci/ignore.c \
	cartefile-to-oci/ignore.h \
	cartefile-to-oci/image_archive.c \
	cartefile-to-oci/image_config.c \
	cartefile-to-oci/image_config.h \
	cartefile-to-oci/image_layer.c \
	cartefile-to-oci/image_layer.h \
	cartefile-to-oci/image_platform.c \
	cartefile-to-oci/image_skopeo.c \
	cartefile-to-oci/image_source-private.h \
	cartefile-to-oci/image_source.c \
	cartefile-to-oci/image_source.h \
	cartefile-to-oci/keep.c \
	cartefile-to-oci/layer_codecs.c \
	cartefile-to-oci/layer_gzip.c \
	cartefile-to-oci/layer_read.c \
	cartefile-to-oci/layer_read.h \
	cartefile-to-oci/layer_stream.c \
	cartefile-to-oci/layer_stream.h \
	cartefile-to-oci/layer_tree.c \
	cartefile-to-oci/layer_tree.h \
	cartefile-to-oci/layer_write.c \
	cartefile-to-oci/layer_write.h \
	cartefile-to-oci/layer_xattr.c \
	cartefile-to-oci/layer_xattr.h \
	cartefile-to-oci/layers_assign.c \
	cartefile-to-oci/layout-private.h \
	cartefile-to-oci/layout.c \
	cartefile-to-oci/layout.h \
	cartefile-to-oci/layout_index.c \
	cartefile-to-oci/layout_resolve.c \
	cartefile-to-oci/ldconf.c \
	cartefile-to-oci/ldconf.h \
	cartefile-to-oci/listing.c \
	cartefile-to-oci/listing.h \
	cartefile-to-oci/members.c \
	cartefile-to-oci/members.h \
	cartefile-to-oci/packages.c \
	cartefile-to-oci/packages.h \
	cartefile-to-oci/prune.c \
	cartefile-to-oci/rootless.c \
	cartefile-to-oci/rootless.h \
	cartefile-to-oci/sbom.c \
	cartefile-to-oci/sbom.h \
	cartefile-to-oci/script.c \
	cartefile-to-oci/size.c \
	cartefile-to-oci/size.h \
	cartefile-to-oci/slim-private.h \
	cartefile-to-oci/slim.c \
	cartefile-to-oci/slim.h \
	cartefile-to-oci/slim_package.c \
	cartefile-to-oci/slim_take.c \
	cartefile-to-oci/source-private.h \
	cartefile-to-oci/source.h \
	cartefile-to-oci/source_dir.c \
	cartefile-to-oci/source_path.c \
	cartefile-to-oci/source_route.c \
	cartefile-to-oci/source_walk.c \
	cartefile-to-oci/store-private.h \
	cartefile-to-oci/store.c \
	cartefile-to-oci/store.h \
	cartefile-to-oci/store_cache.c \
	cartefile-to-oci/store_fsck.c \
	cartefile-to-oci/store_gc.c \
	cartefile-to-oci/store_pin.c \
	cartefile-to-oci/store_tree.c \
	cartefile-to-oci/store_walk.c \
	cartefile-to-oci/tar.c \
	cartefile-to-oci/tar.h \
	cartefile-to-oci/temp.c \
	cartefile-to-oci/trace.c \
	cartefile-to-oci/trace.h \
	cartefile-to-oci/trace_calls.c \
	cartefile-to-oci/trace_calls.h \
	cartefile-to-oci/trace_loop.c \
	cartefile-to-oci/trace_loop.h \
	cartefile-to-oci/trace_notify.c \
	cartefile-to-oci/trace_notify.h \
	cartefile-to-oci/trace_run.c \
	cartefile-to-oci/trace_run.h \
	cartefile-to-oci/tree.c \
	cartefile-to-oci/tree.h \
	cartefile-to-oci/unpack-private.h \
	cartefile-to-oci/unpack.c \
	cartefile-to-oci/unpack.h \
	cartefile-to-oci/unpack_entry.c \
	cartefile-to-oci/unpack_folder.c \
	cartefile-to-oci/unpack_mark.c \
	cartefile-to-oci/verify.c \
	cartefile-to-oci/view.c \
	cartefile-to-oci/view.h \
	cartefile-to-oci/words.c \
	cartefile-to-oci/words.h

CONVERTER_LIBS = libcartefile.a libbase.a libocispec.a $(YAJL_PROGRAM_LIBS) $(CONVERTER_PROGRAM_LIBS)

if HAVE_CONVERTER
bin_PROGRAMS += cartefile-to-oci/cartefile-to-oci
endif
cartefile_to_oci_cartefile_to_oci_SOURCES = cartefile-to-oci/main.c
nodist_cartefile_to_oci_cartefile_to_oci_SOURCES = src/commit.h
cartefile_to_oci_cartefile_to_oci_CPPFLAGS = $(AM_CPPFLAGS) -include commit.h
cartefile_to_oci_cartefile_to_oci_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
cartefile_to_oci_cartefile_to_oci_LDFLAGS = $(AM_LDFLAGS) $(PROGRAM_LDFLAGS)
cartefile_to_oci_cartefile_to_oci_LDADD = $(CONVERTER_LIBS)
if SANITIZERS
cartefile_to_oci_cartefile_to_oci_SOURCES += tests/asan_options.c
endif
