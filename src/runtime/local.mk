# SPDX-License-Identifier: Apache-2.0
# carte-runtime. All of it but main.c is a convenience library, so that unit tests reach every function.

noinst_LIBRARIES += libcarte_runtime.a
libcarte_runtime_a_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCAP_CFLAGS) $(LIBSECCOMP_CFLAGS)
libcarte_runtime_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
libcarte_runtime_a_SOURCES = \
	src/runtime/bundle.h \
	src/runtime/cgroup/cgroup.h \
	src/runtime/cmds.h \
	src/runtime/hooks.h \
	src/runtime/idmap.h \
	src/runtime/netdev.h \
	src/runtime/process.h \
	src/runtime/rdt.h \
	src/runtime/rootfs.h \
	src/runtime/seccomp.h \
	src/runtime/state.h \
	src/runtime/terminal.h

RUNTIME_LIBS = libcarte_runtime.a libbase.a libocispec.a \
	$(LIBSECCOMP_PROGRAM_LIBS) $(LIBCAP_PROGRAM_LIBS) $(YAJL_PROGRAM_LIBS)
