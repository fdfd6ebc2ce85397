# SPDX-License-Identifier: Apache-2.0
# carte-scale. All of it but main.c is a convenience library, so that unit tests reach every function.

if HAVE_SCALE
noinst_LIBRARIES += libcarte_scale.a
endif
libcarte_scale_a_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS) $(YAJL_CFLAGS) -DBINDIR='"$(bindir)"'
libcarte_scale_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
libcarte_scale_a_SOURCES = \
	src/scale/autoscale.h \
	src/scale/balance.h \
	src/scale/calendar.c \
	src/scale/cmd_config.c \
	src/scale/cmds.h \
	src/scale/compose-private.h \
	src/scale/compose.h \
	src/scale/compose_check.c \
	src/scale/compose_deploy.c \
	src/scale/compose_emit.c \
	src/scale/compose_emit_deploy.c \
	src/scale/compose_emit_service.c \
	src/scale/compose_env_file.c \
	src/scale/compose_fail.c \
	src/scale/compose_files.c \
	src/scale/compose_health.c \
	src/scale/compose_list.c \
	src/scale/compose_make.c \
	src/scale/compose_merge.c \
	src/scale/compose_mounts.c \
	src/scale/compose_network.c \
	src/scale/compose_node.c \
	src/scale/compose_ports.c \
	src/scale/compose_project.c \
	src/scale/compose_run.c \
	src/scale/compose_scale.c \
	src/scale/compose_service.c \
	src/scale/compose_substitute.c \
	src/scale/compose_value.c \
	src/scale/compose_write.c \
	src/scale/compose_yaml.c \
	src/scale/http.h \
	src/scale/image.h \
	src/scale/job.c \
	src/scale/job.h \
	src/scale/logs.h \
	src/scale/loop.c \
	src/scale/loop.h \
	src/scale/model.c \
	src/scale/model.h \
	src/scale/net.h \
	src/scale/pool.h \
	src/scale/probe.h \
	src/scale/replica_config.h \
	src/scale/sampler.h \
	src/scale/spec.c \
	src/scale/spec.h \
	src/scale/supervisor.h

SCALE_LIBS = libcarte_scale.a libbase.a libocispec.a $(YAJL_PROGRAM_LIBS) $(SCALE_PROGRAM_LIBS)

if HAVE_SCALE
bin_PROGRAMS += carte-scale
endif
carte_scale_SOURCES = src/scale/main.c
nodist_carte_scale_SOURCES = src/commit.h
carte_scale_CPPFLAGS = $(AM_CPPFLAGS) -include commit.h
carte_scale_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
carte_scale_LDFLAGS = $(AM_LDFLAGS) $(SCALE_LDFLAGS)
carte_scale_LDADD = $(SCALE_LIBS)
if SANITIZERS
carte_scale_SOURCES += tests/asan_options.c
endif
