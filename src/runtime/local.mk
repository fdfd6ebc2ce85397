# SPDX-License-Identifier: Apache-2.0
# carte-runtime. All of it but main.c is a convenience library, so that unit tests reach every function.

noinst_LIBRARIES += libcarte_runtime.a
libcarte_runtime_a_CPPFLAGS = $(AM_CPPFLAGS) $(LIBCAP_CFLAGS) $(LIBSECCOMP_CFLAGS) $(LIBCRIU_CFLAGS) \
	-DBINDIR='"$(bindir)"' -DPKGLIBEXECDIR='"$(pkglibexecdir)"'
libcarte_runtime_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
libcarte_runtime_a_SOURCES = \
	src/runtime/bundle.c \
	src/runtime/bundle.h \
	src/runtime/cgroup/cgroup.c \
	src/runtime/cgroup/cgroup.h \
	src/runtime/cgroup/destroy.c \
	src/runtime/cgroup/device_bpf.c \
	src/runtime/cgroup/device_bpf_attach.c \
	src/runtime/cgroup/device_rules.c \
	src/runtime/cgroup/discover.c \
	src/runtime/cgroup/freeze.c \
	src/runtime/cgroup/internal.h \
	src/runtime/cgroup/json_text.c \
	src/runtime/cgroup/json_text.h \
	src/runtime/cgroup/kill.c \
	src/runtime/cgroup/lists.c \
	src/runtime/cgroup/oom.c \
	src/runtime/cgroup/overlap.c \
	src/runtime/cgroup/resources.c \
	src/runtime/cgroup/rootless.c \
	src/runtime/cgroup/stats-private.h \
	src/runtime/cgroup/stats.c \
	src/runtime/cgroup/stats_brief.c \
	src/runtime/cgroup/stats_v1.c \
	src/runtime/cgroup/stats_v2.c \
	src/runtime/cgroup/systemd.c \
	src/runtime/cgroup/systemd.h \
	src/runtime/cgroup/systemd_annotations.c \
	src/runtime/cgroup/systemd_call.c \
	src/runtime/cgroup/systemd_gone.c \
	src/runtime/cgroup/systemd_plan.c \
	src/runtime/cgroup/systemd_properties.c \
	src/runtime/cgroup/systemd_wire.h \
	src/runtime/cgroup/tree.c \
	src/runtime/cgroup/undo.c \
	src/runtime/cgroup/v1.c \
	src/runtime/cgroup/v2.c \
	src/runtime/cgroup/v2_control.c \
	src/runtime/cgroup/v2_convert.c \
	src/runtime/cgroup_mount.c \
	src/runtime/checkpoint/criu.h \
	src/runtime/checkpoint/criu_log.c \
	src/runtime/checkpoint/criu_log.h \
	src/runtime/checkpoint/descriptors.c \
	src/runtime/checkpoint/descriptors.h \
	src/runtime/checkpoint/dump.c \
	src/runtime/checkpoint/dump.h \
	src/runtime/checkpoint/externals.c \
	src/runtime/checkpoint/images.c \
	src/runtime/checkpoint/images.h \
	src/runtime/checkpoint/options.c \
	src/runtime/checkpoint/options.h \
	src/runtime/checkpoint/plan.c \
	src/runtime/checkpoint/plan.h \
	src/runtime/checkpoint/restore.c \
	src/runtime/checkpoint/restore.h \
	src/runtime/checkpoint/restore_root.c \
	src/runtime/child.c \
	src/runtime/child.h \
	src/runtime/child_init.c \
	src/runtime/child_join.c \
	src/runtime/cmd_checkpoint.c \
	src/runtime/cmd_create.c \
	src/runtime/cmd_delete.c \
	src/runtime/cmd_events.c \
	src/runtime/cmd_exec.c \
	src/runtime/cmd_features.c \
	src/runtime/cmd_kill.c \
	src/runtime/cmd_list.c \
	src/runtime/cmd_mounts.c \
	src/runtime/cmd_pause.c \
	src/runtime/cmd_ps.c \
	src/runtime/cmd_restore.c \
	src/runtime/cmd_run.c \
	src/runtime/cmd_spec.c \
	src/runtime/cmd_start.c \
	src/runtime/cmd_state.c \
	src/runtime/cmd_stats.c \
	src/runtime/cmd_update.c \
	src/runtime/cmds.h \
	src/runtime/container.c \
	src/runtime/container.h \
	src/runtime/core_sched.c \
	src/runtime/core_sched.h \
	src/runtime/create-private.h \
	src/runtime/create.c \
	src/runtime/create.h \
	src/runtime/create_opts.h \
	src/runtime/create_plan.c \
	src/runtime/devices.c \
	src/runtime/devices.h \
	src/runtime/duration.c \
	src/runtime/duration.h \
	src/runtime/events.c \
	src/runtime/events.h \
	src/runtime/exec.c \
	src/runtime/exec.h \
	src/runtime/exec_plan.c \
	src/runtime/foreground.c \
	src/runtime/hooks.c \
	src/runtime/hooks.h \
	src/runtime/idmap.c \
	src/runtime/idmap.h \
	src/runtime/idmount.c \
	src/runtime/inherit_fds.c \
	src/runtime/inherit_fds.h \
	src/runtime/landlock.c \
	src/runtime/landlock.h \
	src/runtime/launch.c \
	src/runtime/launch.h \
	src/runtime/masks.c \
	src/runtime/live_mounts.c \
	src/runtime/live_mounts.h \
	src/runtime/match.c \
	src/runtime/match.h \
	src/runtime/mount_do.c \
	src/runtime/mount_fallback.c \
	src/runtime/mount_fs.c \
	src/runtime/mount_options.c \
	src/runtime/mount_options.h \
	src/runtime/mount_target.c \
	src/runtime/mount_userns.c \
	src/runtime/mounts.c \
	src/runtime/namespaces.c \
	src/runtime/namespaces.h \
	src/runtime/netdev.c \
	src/runtime/netdev.h \
	src/runtime/notify_socket.c \
	src/runtime/notify_socket.h \
	src/runtime/overlay.c \
	src/runtime/pivot.c \
	src/runtime/process-private.h \
	src/runtime/process.c \
	src/runtime/process.h \
	src/runtime/process_caps.c \
	src/runtime/process_exec.c \
	src/runtime/process_sched.c \
	src/runtime/process_set.c \
	src/runtime/rdt.c \
	src/runtime/rdt.h \
	src/runtime/rootfs-private.h \
	src/runtime/rootfs.c \
	src/runtime/rootfs.h \
	src/runtime/seccomp-private.h \
	src/runtime/seccomp.c \
	src/runtime/seccomp.h \
	src/runtime/seccomp_cache.c \
	src/runtime/seccomp_compile.c \
	src/runtime/seccomp_enosys.c \
	src/runtime/seccomp_features.c \
	src/runtime/seccomp_notify.c \
	src/runtime/seccomp_shrink.c \
	src/runtime/signals.c \
	src/runtime/signals.h \
	src/runtime/spawn.c \
	src/runtime/spawn.h \
	src/runtime/state.c \
	src/runtime/state.h \
	src/runtime/state_dir.c \
	src/runtime/stay.c \
	src/runtime/stay.h \
	src/runtime/sync.c \
	src/runtime/sync.h \
	src/runtime/sysctl.c \
	src/runtime/terminal.c \
	src/runtime/terminal.h \
	src/runtime/tmpcopyup.c

CRIU_SOURCES = \
	src/runtime/checkpoint/criu_request.c \
	src/runtime/checkpoint/criu_request.h \
	src/runtime/checkpoint/criu_service.c
if HAVE_CRIU
libcarte_runtime_a_SOURCES += $(CRIU_SOURCES)
else
libcarte_runtime_a_SOURCES += src/runtime/checkpoint/criu_missing.c
endif
EXTRA_DIST += $(CRIU_SOURCES) src/runtime/checkpoint/criu_missing.c

RUNTIME_LIBS = libcarte_runtime.a libbase.a libocispec.a \
	$(LIBCRIU_PROGRAM_LIBS) $(LIBSECCOMP_PROGRAM_LIBS) $(LIBCAP_PROGRAM_LIBS) $(YAJL_PROGRAM_LIBS)

bin_PROGRAMS += carte-runtime
carte_runtime_SOURCES = src/runtime/main.c
nodist_carte_runtime_SOURCES = src/commit.h
carte_runtime_CPPFLAGS = $(AM_CPPFLAGS) -include commit.h
carte_runtime_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
carte_runtime_LDFLAGS = $(AM_LDFLAGS) $(PROGRAM_LDFLAGS)
carte_runtime_LDADD = $(RUNTIME_LIBS)
if SANITIZERS
carte_runtime_SOURCES += tests/asan_options.c
endif

# The one that speaks D-Bus; the runtime runs it for the systemd cgroup manager.
SYSTEMD_HELPER_SOURCES = \
	src/runtime/systemd_helper/bus.c \
	src/runtime/systemd_helper/call.c \
	src/runtime/systemd_helper/client.c \
	src/runtime/systemd_helper/helper.h \
	src/runtime/systemd_helper/operate.c \
	src/runtime/systemd_helper/request.c
SYSTEMD_HELPER_LIBS = libcarte_systemd.a libbase.a libocispec.a $(LIBDBUS_PROGRAM_LIBS)
if HAVE_LIBDBUS
noinst_LIBRARIES += libcarte_systemd.a
libcarte_systemd_a_CPPFLAGS = $(AM_CPPFLAGS) $(LIBDBUS_CFLAGS)
libcarte_systemd_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
libcarte_systemd_a_SOURCES = $(SYSTEMD_HELPER_SOURCES)
pkglibexec_PROGRAMS += carte-systemd
carte_systemd_SOURCES = src/runtime/systemd_helper/main.c
carte_systemd_CPPFLAGS = $(AM_CPPFLAGS) $(LIBDBUS_CFLAGS)
carte_systemd_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
carte_systemd_LDFLAGS = $(AM_LDFLAGS) $(SYSTEMD_LDFLAGS)
carte_systemd_LDADD = $(SYSTEMD_HELPER_LIBS)
endif
EXTRA_DIST += $(SYSTEMD_HELPER_SOURCES) src/runtime/systemd_helper/main.c
