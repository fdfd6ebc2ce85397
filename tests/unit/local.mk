# SPDX-License-Identifier: Apache-2.0
# Unit tests: one program per module, each with its own main.

UNIT_TESTS = \
	tests/unit/test_arena \
	tests/unit/test_cgroup \
	tests/unit/test_cgroup_live \
	tests/unit/test_cgroup_mount \
	tests/unit/test_cgroup_v2 \
	tests/unit/test_checkpoint \
	tests/unit/test_device_bpf \
	tests/unit/test_devices \
	tests/unit/test_duration \
	tests/unit/test_hooks \
	tests/unit/test_idmap \
	tests/unit/test_inherit \
	tests/unit/test_io \
	tests/unit/test_log \
	tests/unit/test_mount_options \
	tests/unit/test_namespaces \
	tests/unit/test_netdev \
	tests/unit/test_ocispec \
	tests/unit/test_ocispec_bad \
	tests/unit/test_ocispec_image \
	tests/unit/test_ocispec_roundtrip \
	tests/unit/test_ocispec_rows \
	tests/unit/test_opts \
	tests/unit/test_overlay \
	tests/unit/test_path \
	tests/unit/test_process \
	tests/unit/test_procfs \
	tests/unit/test_rdt \
	tests/unit/test_rootfs \
	tests/unit/test_seal \
	tests/unit/test_seccomp \
	tests/unit/test_signals \
	tests/unit/test_state \
	tests/unit/test_stats \
	tests/unit/test_subid \
	tests/unit/test_sync \
	tests/unit/test_sys \
	tests/unit/test_sysctl \
	tests/unit/test_systemd \
	tests/unit/test_terminal

LDADD = $(RUNTIME_LIBS) $(CMOCKA_LIBS)
AM_CPPFLAGS += $(CMOCKA_CFLAGS) -I$(top_srcdir)/tests

if HAVE_LIBDBUS
UNIT_TESTS += tests/unit/test_systemd_helper
tests_unit_test_systemd_helper_CPPFLAGS = $(AM_CPPFLAGS) $(LIBDBUS_CFLAGS)
tests_unit_test_systemd_helper_LDADD = $(SYSTEMD_HELPER_LIBS) $(CMOCKA_LIBS)
endif

UNIT_TESTS += \
	tests/unit/test_backtest \
	tests/unit/test_devs \
	tests/unit/test_forecast \
	tests/unit/test_service_sim \
	tests/unit/test_sim_replica
tests_unit_test_backtest_LDADD = $(DEVS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_devs_LDADD = $(DEVS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_forecast_LDADD = $(DEVS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_service_sim_LDADD = $(DEVS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_sim_replica_LDADD = $(DEVS_LIBS) $(CMOCKA_LIBS)

CONVERTER_TESTS = \
	tests/unit/test_archive_out \
	tests/unit/test_base \
	tests/unit/test_bundle \
	tests/unit/test_cartefile \
	tests/unit/test_cartefile_bad \
	tests/unit/test_diff \
	tests/unit/test_elf \
	tests/unit/test_explain \
	tests/unit/test_ignore \
	tests/unit/test_image_config \
	tests/unit/test_layer_read \
	tests/unit/test_layer_write \
	tests/unit/test_layout \
	tests/unit/test_slim \
	tests/unit/test_source \
	tests/unit/test_store \
	tests/unit/test_tar \
	tests/unit/test_trace \
	tests/unit/test_unpack

tests_unit_test_archive_out_CPPFLAGS = $(AM_CPPFLAGS) $(CONVERTER_CFLAGS)
tests_unit_test_archive_out_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_base_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_bundle_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_cartefile_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_cartefile_bad_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_diff_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_elf_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_explain_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_ignore_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_image_config_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_layer_read_CPPFLAGS = $(AM_CPPFLAGS) $(CONVERTER_CFLAGS)
tests_unit_test_layer_read_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_layer_write_CPPFLAGS = $(AM_CPPFLAGS) $(CONVERTER_CFLAGS)
tests_unit_test_layer_write_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_layout_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_slim_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_source_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_store_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_tar_CPPFLAGS = $(AM_CPPFLAGS) $(CONVERTER_CFLAGS)
tests_unit_test_tar_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_trace_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_unpack_LDADD = $(CONVERTER_LIBS) $(CMOCKA_LIBS)

if HAVE_CONVERTER
UNIT_TESTS += $(CONVERTER_TESTS)
endif

SCALE_TESTS = \
	tests/unit/test_autoscale \
	tests/unit/test_balance \
	tests/unit/test_calendar \
	tests/unit/test_compose \
	tests/unit/test_decide \
	tests/unit/test_http \
	tests/unit/test_http_guard \
	tests/unit/test_http_stream \
	tests/unit/test_job \
	tests/unit/test_logs \
	tests/unit/test_loop \
	tests/unit/test_net \
	tests/unit/test_net_after \
	tests/unit/test_net_hosts \
	tests/unit/test_net_reach \
	tests/unit/test_oom \
	tests/unit/test_pool \
	tests/unit/test_predict \
	tests/unit/test_probe \
	tests/unit/test_replica_config \
	tests/unit/test_rule \
	tests/unit/test_sampler \
	tests/unit/test_scale_store \
	tests/unit/test_scaler \
	tests/unit/test_scaler_predict \
	tests/unit/test_supervisor

tests_unit_test_autoscale_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS) $(YAJL_CFLAGS)
tests_unit_test_autoscale_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_balance_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_calendar_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_compose_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_decide_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
HTTP_STAGE = tests/unit/fake_supervisor.c tests/unit/fake_supervisor.h tests/unit/http-stage.h
tests_unit_test_http_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS) $(YAJL_CFLAGS)
tests_unit_test_http_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_http_LDFLAGS = $(AM_LDFLAGS) $(SCALE_LDFLAGS)
tests_unit_test_http_SOURCES = $(HTTP_STAGE) tests/unit/test_http.c
tests_unit_test_http_guard_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS) $(YAJL_CFLAGS)
tests_unit_test_http_guard_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_http_guard_LDFLAGS = $(AM_LDFLAGS) $(SCALE_LDFLAGS)
tests_unit_test_http_guard_SOURCES = $(HTTP_STAGE) tests/unit/test_http_guard.c
tests_unit_test_http_stream_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS) $(YAJL_CFLAGS)
tests_unit_test_http_stream_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_http_stream_LDFLAGS = $(AM_LDFLAGS) $(SCALE_LDFLAGS)
tests_unit_test_http_stream_SOURCES = $(HTTP_STAGE) tests/unit/test_http_stream.c
tests_unit_test_job_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_logs_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS)
tests_unit_test_logs_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_loop_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_net_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_net_after_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_net_hosts_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_net_reach_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_oom_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_pool_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_predict_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_probe_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS)
tests_unit_test_probe_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_replica_config_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS)
tests_unit_test_replica_config_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_rule_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_sampler_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_scale_store_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS)
tests_unit_test_scale_store_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_supervisor_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS)
tests_unit_test_supervisor_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_supervisor_SOURCES = \
	tests/unit/fake_parts.c \
	tests/unit/supervisor-stage.h \
	tests/unit/supervisor_stage.c \
	tests/unit/test_supervisor.c
tests_unit_test_scaler_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_scaler_predict_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS) $(YAJL_CFLAGS)
tests_unit_test_scaler_predict_LDADD = $(SCALE_LIBS) $(CMOCKA_LIBS)

if HAVE_SCALE
UNIT_TESTS += $(SCALE_TESTS)
endif

if HAVE_CMOCKA
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif

EXTRA_DIST += \
	tests/unit/container.h \
	tests/unit/elf-build.h \
	tests/unit/forked.h \
	tests/unit/image.h \
	tests/unit/net-stage.h \
	tests/unit/ocispec-generate.h \
	tests/unit/scale.h \
	tests/unit/seccomp-profile.h \
	tests/unit/space.h \
	tests/unit/tar-bytes.h \
	tests/unit/test_systemd_helper.c \
	tests/unit/tree-build.h
