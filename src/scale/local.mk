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
	src/scale/cmd_config.c \
	src/scale/cmds.h \
	src/scale/compose.h \
	src/scale/fetch.c \
	src/scale/fetch.h \
	src/scale/http.h \
	src/scale/image-private.h \
	src/scale/image.c \
	src/scale/image.h \
	src/scale/image_load.c \
	src/scale/image_names.c \
	src/scale/job.c \
	src/scale/job.h \
	src/scale/logs.c \
	src/scale/logs.h \
	src/scale/loop.c \
	src/scale/loop.h \
	src/scale/model.c \
	src/scale/model.h \
	src/scale/net.h \
	src/scale/pool.h \
	src/scale/probe.c \
	src/scale/probe.h \
	src/scale/replica_caps.c \
	src/scale/replica_config-private.h \
	src/scale/replica_config.c \
	src/scale/replica_config.h \
	src/scale/replica_devices.c \
	src/scale/replica_files.c \
	src/scale/replica_linux.c \
	src/scale/replica_mounts.c \
	src/scale/replica_process.c \
	src/scale/replica_profile.c \
	src/scale/replica_user.c \
	src/scale/replica_volume.c \
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
