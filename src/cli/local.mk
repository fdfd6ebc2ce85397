# SPDX-License-Identifier: Apache-2.0
# carte, what people type: over the other programs and the supervisor's socket.

if HAVE_SCALE
noinst_LIBRARIES += libcarte_cli.a
endif
libcarte_cli_a_CPPFLAGS = $(AM_CPPFLAGS) $(YAJL_CFLAGS) -DBINDIR='"$(bindir)"'
libcarte_cli_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
libcarte_cli_a_SOURCES = \
	src/cli/build.c \
	src/cli/build.h \
	src/cli/client.c \
	src/cli/client.h \
	src/cli/cmd_archive.c \
	src/cli/cmd_build.c \
	src/cli/cmd_config.c \
	src/cli/cmd_cp.c \
	src/cli/cmd_events.c \
	src/cli/cmd_exec.c \
	src/cli/cmd_forward.c \
	src/cli/cmd_help.c \
	src/cli/cmd_inspect.c \
	src/cli/cmd_lifecycle.c \
	src/cli/cmd_logs.c \
	src/cli/cmd_ps.c \
	src/cli/cmd_run.c \
	src/cli/cmd_scale.c \
	src/cli/cmd_services.c \
	src/cli/cmd_stats.c \
	src/cli/cmd_system.c \
	src/cli/cmd_up.c \
	src/cli/cmd_version.c \
	src/cli/cmds.h \
	src/cli/common.c \
	src/cli/common.h \
	src/cli/copy.c \
	src/cli/copy.h \
	src/cli/doctor.c \
	src/cli/doctor.h \
	src/cli/doctor_kernel.c \
	src/cli/doctor_network.c \
	src/cli/doctor_programs.c \
	src/cli/foreground.c \
	src/cli/foreground.h \
	src/cli/json.c \
	src/cli/json.h \
	src/cli/log_show.c \
	src/cli/log_source.c \
	src/cli/logs.h \
	src/cli/project.c \
	src/cli/project.h \
	src/cli/ref.c \
	src/cli/run.h \
	src/cli/run_document.c \
	src/cli/run_mounts.c \
	src/cli/run_ports.c \
	src/cli/screen.c \
	src/cli/screen.h \
	src/cli/start.c \
	src/cli/start.h \
	src/cli/store.c \
	src/cli/store.h \
	src/cli/term.c \
	src/cli/term.h \
	src/cli/user.c \
	src/cli/user.h

# What `carte completion` prints: the file's lines as strings.
BUILT_SOURCES += src/completion.inc
CLEANFILES += src/completion.inc
src/completion.inc: completion/carte
	$(AM_V_GEN)$(MKDIR_P) src && $(SED) -e 's/[\"]/\\&/g' -e 's/.*/"&",/' $(top_srcdir)/completion/carte >$@.tmp && mv -f $@.tmp $@

CLI_LIBS = libcarte_cli.a libbase.a libocispec.a $(YAJL_PROGRAM_LIBS)

if HAVE_SCALE
bin_PROGRAMS += carte
endif
carte_SOURCES = src/cli/main.c
nodist_carte_SOURCES = src/commit.h
carte_CPPFLAGS = $(AM_CPPFLAGS) -include commit.h
carte_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
carte_LDFLAGS = $(AM_LDFLAGS) $(PROGRAM_LDFLAGS)
carte_LDADD = $(CLI_LIBS)
if SANITIZERS
carte_SOURCES += tests/asan_options.c
endif
