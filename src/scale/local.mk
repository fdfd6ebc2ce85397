# SPDX-License-Identifier: Apache-2.0
# carte-scale. All of it but main.c is a convenience library, so that unit tests reach every function.

if HAVE_SCALE
noinst_LIBRARIES += libcarte_scale.a
endif
libcarte_scale_a_CPPFLAGS = $(AM_CPPFLAGS) $(SCALE_CFLAGS) $(YAJL_CFLAGS) -DBINDIR='"$(bindir)"'
libcarte_scale_a_CFLAGS = $(AM_CFLAGS) $(PROGRAM_CFLAGS)
nodist_libcarte_scale_a_SOURCES = src/scale/embed.c
libcarte_scale_a_SOURCES = \
	src/scale/api.c \
	src/scale/api.h \
	src/scale/api_container.c \
	src/scale/api_info.c \
	src/scale/api_look.c \
	src/scale/api_project.c \
	src/scale/api_service.c \
	src/scale/args.c \
	src/scale/args.h \
	src/scale/autoscale-private.h \
	src/scale/autoscale.c \
	src/scale/autoscale.h \
	src/scale/autoscale_inputs.c \
	src/scale/backtest_run.c \
	src/scale/backtest_run.h \
	src/scale/balance.c \
	src/scale/balance.h \
	src/scale/balance_ports.c \
	src/scale/calendar.c \
	src/scale/cmd_advise.c \
	src/scale/cmd_backtest.c \
	src/scale/cmd_config.c \
	src/scale/cmd_drive.c \
	src/scale/cmd_export.c \
	src/scale/cmd_plan.c \
	src/scale/cmd_serve.c \
	src/scale/cmd_simulate.c \
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
	src/scale/compose_host.c \
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
	src/scale/conntrack.c \
	src/scale/decide.c \
	src/scale/decide.h \
	src/scale/drive-private.h \
	src/scale/drive.c \
	src/scale/drive_ask.c \
	src/scale/drive_measure.c \
	src/scale/embed.h \
	src/scale/export-private.h \
	src/scale/export.c \
	src/scale/export.h \
	src/scale/export_kubernetes.c \
	src/scale/export_kubernetes_mounts.c \
	src/scale/export_kubernetes_pod.c \
	src/scale/export_kubernetes_scale.c \
	src/scale/export_nomad.c \
	src/scale/export_nomad_task.c \
	src/scale/export_swarm.c \
	src/scale/fetch.c \
	src/scale/fetch.h \
	src/scale/http.c \
	src/scale/http.h \
	src/scale/http_guard.c \
	src/scale/http_guard.h \
	src/scale/http_private.h \
	src/scale/http_request.c \
	src/scale/http_stream.c \
	src/scale/image-private.h \
	src/scale/image.c \
	src/scale/image.h \
	src/scale/image_load.c \
	src/scale/image_names.c \
	src/scale/job.c \
	src/scale/job.h \
	src/scale/json.c \
	src/scale/json.h \
	src/scale/logs.c \
	src/scale/logs.h \
	src/scale/loop.c \
	src/scale/loop.h \
	src/scale/measured.c \
	src/scale/metrics-private.h \
	src/scale/metrics.c \
	src/scale/metrics.h \
	src/scale/metrics_forecast.c \
	src/scale/model.c \
	src/scale/model.h \
	src/scale/net.c \
	src/scale/net.h \
	src/scale/net_config.c \
	src/scale/net_filter.c \
	src/scale/net_hosts.c \
	src/scale/net_namespace.c \
	src/scale/net_network.c \
	src/scale/net_operation.c \
	src/scale/net_operation.h \
	src/scale/net_parts.h \
	src/scale/net_place.c \
	src/scale/net_subnet.c \
	src/scale/netlink.c \
	src/scale/nft.c \
	src/scale/nft.h \
	src/scale/oom.c \
	src/scale/oom.h \
	src/scale/pool-private.h \
	src/scale/pool.c \
	src/scale/pool.h \
	src/scale/predict-private.h \
	src/scale/predict.c \
	src/scale/predict.h \
	src/scale/predict_candidates.c \
	src/scale/predict_json.c \
	src/scale/predict_save.c \
	src/scale/probe.c \
	src/scale/probe.h \
	src/scale/prometheus.c \
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
	src/scale/replica_secrets.c \
	src/scale/replica_secrets.h \
	src/scale/replica_user.c \
	src/scale/replica_volume.c \
	src/scale/report.c \
	src/scale/report.h \
	src/scale/report_svg.c \
	src/scale/rights.c \
	src/scale/rights.h \
	src/scale/sampler-private.h \
	src/scale/sampler.c \
	src/scale/sampler.h \
	src/scale/sampler_files.c \
	src/scale/save.c \
	src/scale/save.h \
	src/scale/scaler-private.h \
	src/scale/scaler.c \
	src/scale/scaler.h \
	src/scale/scaler_measure.c \
	src/scale/scaler_predict.c \
	src/scale/simulate.c \
	src/scale/simulate.h \
	src/scale/simulate_report.c \
	src/scale/simulate_svg.c \
	src/scale/spec.c \
	src/scale/spec.h \
	src/scale/stats.c \
	src/scale/stats.h \
	src/scale/store-private.h \
	src/scale/store.c \
	src/scale/store.h \
	src/scale/store_rows.c \
	src/scale/store_timing.c \
	src/scale/supervisor-private.h \
	src/scale/supervisor.c \
	src/scale/supervisor.h \
	src/scale/supervisor_admit.c \
	src/scale/supervisor_adopt.c \
	src/scale/supervisor_bundle.c \
	src/scale/supervisor_command.c \
	src/scale/supervisor_document.c \
	src/scale/supervisor_event.c \
	src/scale/supervisor_exit.c \
	src/scale/supervisor_find.c \
	src/scale/supervisor_foreground.c \
	src/scale/supervisor_hosts.c \
	src/scale/supervisor_make.c \
	src/scale/supervisor_model.c \
	src/scale/supervisor_ports.c \
	src/scale/supervisor_replica.c \
	src/scale/supervisor_rights.c \
	src/scale/supervisor_save.c \
	src/scale/supervisor_service.c \
	src/scale/supervisor_settled.c \
	src/scale/supervisor_take.c \
	src/scale/supervisor_timing.c \
	src/scale/supervisor_up.c \
	src/scale/supervisor_verify.c \
	src/scale/svg.c \
	src/scale/svg.h \
	src/scale/trace.c \
	src/scale/trace.h \
	src/scale/view.c \
	src/scale/view.h

# The page and the API's description are part of the program.
SCALE_EMBEDDED = \
	src/scale/openapi.json \
	src/scale/page/index.html \
	src/scale/page/page.css \
	src/scale/page/page.js
EXTRA_DIST += build-aux/embed $(SCALE_EMBEDDED)
CLEANFILES += src/scale/embed.c
src/scale/embed.c: build-aux/embed $(SCALE_EMBEDDED)
	$(AM_V_GEN)$(MKDIR_P) src/scale && (cd $(top_srcdir) && build-aux/embed $(SCALE_EMBEDDED)) >$@.tmp && mv -f $@.tmp $@

SCALE_LIBS = libcarte_scale.a libcarte_devs.a libbase.a libocispec.a $(YAJL_PROGRAM_LIBS) $(SCALE_PROGRAM_LIBS) -lm

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
