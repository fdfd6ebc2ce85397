# SPDX-License-Identifier: Apache-2.0
# carte-runtime. All of it but main.c is a convenience library, so that unit tests reach every function.

noinst_LIBRARIES += libcarte_runtime.a
libcarte_runtime_a_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCAP_CFLAGS) $(LIBSECCOMP_CFLAGS)
libcarte_runtime_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
libcarte_runtime_a_SOURCES = \
	src/runtime/bundle.h \
	src/runtime/cgroup/cgroup.c \
	src/runtime/cgroup/cgroup.h \
	src/runtime/cgroup/discover.c \
	src/runtime/cgroup/internal.h \
	src/runtime/cgroup/lists.c \
	src/runtime/cgroup/resources.c \
	src/runtime/cgroup/tree.c \
	src/runtime/cgroup/v1.c \
	src/runtime/cmd_features.c \
	src/runtime/cmd_spec.c \
	src/runtime/cmds.h \
	src/runtime/devices.h \
	src/runtime/hooks.c \
	src/runtime/hooks.h \
	src/runtime/idmap.h \
	src/runtime/mount_options.c \
	src/runtime/mount_options.h \
	src/runtime/netdev.h \
	src/runtime/process-private.h \
	src/runtime/process.c \
	src/runtime/process.h \
	src/runtime/process_caps.c \
	src/runtime/process_exec.c \
	src/runtime/process_sched.c \
	src/runtime/process_set.c \
	src/runtime/rdt.h \
	src/runtime/rootfs-private.h \
	src/runtime/rootfs.h \
	src/runtime/seccomp-private.h \
	src/runtime/seccomp.c \
	src/runtime/seccomp.h \
	src/runtime/seccomp_cache.c \
	src/runtime/seccomp_compile.c \
	src/runtime/seccomp_enosys.c \
	src/runtime/seccomp_features.c \
	src/runtime/seccomp_notify.c \
	src/runtime/state.c \
	src/runtime/state.h \
	src/runtime/terminal.h

RUNTIME_LIBS = libcarte_runtime.a libbase.a libocispec.a \
	$(LIBSECCOMP_PROGRAM_LIBS) $(LIBCAP_PROGRAM_LIBS) $(YAJL_PROGRAM_LIBS)
