/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_stage.c - see supervisor-stage.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>

#include "supervisor-stage.h"

/* A container is a file with its process's number. */
static const char script[] = "#!/bin/sh\n"
			     "while :; do case $1 in\n"
			     "--root) root=$2; shift 2 ;;\n"
			     "--log) log=$2; shift 2 ;;\n"
			     "*) break ;;\n"
			     "esac; done\n"
			     "here=${root%/*/*}\n"
			     "verb=$1; shift\n"
			     "case $verb in\n"
			     "run)\n"
			     "	pidfile=$5; id=$6\n"
			     "	if [ -e \"$here/fail\" ]; then\n"
			     "		printf 'time=\"now\" level=error msg=\"%s\"\\n' \"$(cat "
			     "\"$here/fail\")\" >\"$log\"\n"
			     "		exit 1\n"
			     "	fi\n"
			     "	if [ -e \"$root/$id\" ]; then echo 'msg=\"container exists\"' "
			     ">\"$log\"; exit 5; fi\n"
			     "	: >\"$root/$id\"\n"
			     /* it waits for the end of the runtime, or the shell might reap it */
			     "	setsid sh -c 'while [ ! -s \"$1\" ]; do [ -e \"$1\" ] || exit 1; "
			     "done; exec sh \"$0\"'"
			     " \"$here/program\" \"$root/$id\" </dev/null >/dev/null 2>&1 &\n"
			     "	echo $! >\"$pidfile\"\n"
			     "	echo $! >\"$root/$id\"\n"
			     "	;;\n"
			     "delete)\n"
			     "	if rm \"$here/killed\" 2>/dev/null; then kill -9 $$; fi\n"
			     "	pid=$(cat \"$root/$2\" 2>/dev/null) && [ -n \"$pid\" ] && kill -9 "
			     "\"$pid\" 2>/dev/null\n"
			     "	rm -f \"$root/$2\"\n"
			     "	;;\n"
			     "list)\n"
			     "	printf '['\n"
			     "	sep=\n"
			     "	for f in \"$root\"/*; do\n"
			     "		[ -e \"$f\" ] || continue\n"
			     "		pid=$(cat \"$f\"); status=stopped\n"
			     "		if [ -n \"$pid\" ] && kill -0 \"$pid\" 2>/dev/null; then "
			     "status=running; fi\n"
			     "		printf '%s{\"id\":\"%s\",\"pid\":%s,\"status\":\"%s\"}' "
			     "\"$sep\" \"${f##*/}\" \"${pid:-0}\" $status\n"
			     "		sep=,\n"
			     "	done\n"
			     "	printf ']'\n"
			     "	;;\n"
			     "pause | resume) ;;\n"
			     "*) exit 1 ;;\n"
			     "esac\n"
			     "exit 0\n";

static void on_event(void *ctx, const struct supervisor_event *event)
{
	struct stage *stage = ctx;

	stage->events++;
	(void)snprintf(stage->last, sizeof(stage->last), "%s %s %s: %s", event->kind, event->action,
		       event->replica, event->words);
	if (getenv("STAGE_EVENTS"))
		print_message("%s\n", stage->last);
}

void stage_begin(struct stage *stage)
{
	char state[PATH_MAX], run[PATH_MAX], runtime[PATH_MAX];
	struct supervisor_options options = {
		.state_dir = scale_path(state, "%s/state", stage->folder),
		.run_dir = scale_path(run, "%s/run", stage->folder),
		.runtime = scale_path(runtime, "%s/runtime", stage->folder),
		.converter = "/bin/false",
		.cni_path = "/nowhere",
	};
	struct oci_error err = OCI_ERROR_INIT;

	parts.folder = stage->folder;
	assert_int_equal(loop_new(&stage->loop, NULL), 0);
	if (supervisor_new(stage->loop, &options, &stage->sv, &err) < 0)
		fail_msg("%s", err.message);
	stage->listener = (struct supervisor_listener){ .event = on_event, .ctx = stage };
	supervisor_listen(stage->sv, &stage->listener);
}

void stage_end(struct stage *stage)
{
	while (!supervisor_quiesce(stage->sv))
		(void)loop_once(stage->loop, 5);
	supervisor_free(stage->sv);
	loop_free(stage->loop);
	stage->sv = NULL;
}

void stage_open(struct stage *stage)
{
	char path[PATH_MAX];

	*stage = (struct stage){ 0 };
	parts = (struct parts){ 0 };
	(void)snprintf(stage->folder, sizeof(stage->folder), "%s", scale_folder());
	assert_int_equal(mkdir(scale_path(path, "%s/state", stage->folder), 0700), 0);
	assert_int_equal(mkdir(scale_path(path, "%s/run", stage->folder), 0700), 0);
	assert_int_equal(mkdir(scale_path(path, "%s/net", stage->folder), 0700), 0);
	scale_write(stage->folder, "runtime", script);
	assert_int_equal(chmod(scale_path(path, "%s/runtime", stage->folder), 0700), 0);
	stage_program(stage, "exec sleep 1000");
	stage_begin(stage);
}

void stage_restart(struct stage *stage)
{
	stage_end(stage);
	stage_begin(stage);
}

void stage_close(struct stage *stage)
{
	struct project *project = supervisor_projects(stage->sv);

	stage_fail(stage, NULL);
	while (project) {
		if (!project->removing)
			assert_int_equal(supervisor_down(stage->sv, project->name, false, NULL), 0);
		project = project->next;
	}
	stage_wait(stage, !supervisor_projects(stage->sv));
	assert_int_equal(stage_containers(stage), 0);
	assert_int_equal(stage_networks(stage), 0);
	stage_end(stage);
	scale_folder_remove(stage->folder);
}

void stage_program(struct stage *stage, const char *text)
{
	char path[PATH_MAX], other[PATH_MAX];

	/* whoever reads it has the old one or the new one */
	scale_write(stage->folder, "program.new", text);
	assert_int_equal(rename(scale_path(path, "%s/program.new", stage->folder),
				scale_path(other, "%s/program", stage->folder)),
			 0);
}

void stage_fail(struct stage *stage, const char *words)
{
	char path[PATH_MAX];

	if (words)
		scale_write(stage->folder, "fail", words);
	else
		(void)unlink(scale_path(path, "%s/fail", stage->folder));
}

int stage_try_up(struct stage *stage, const char *services, struct oci_error *err)
{
	char *text;
	int length = asprintf(&text, "{\"name\":\"p\",\"services\":{%s}}", services);
	int r;

	assert_true(length > 0);
	r = supervisor_up(stage->sv, text, (size_t)length, false, err);
	free(text);
	return r;
}

void stage_up(struct stage *stage, const char *services)
{
	struct oci_error err = OCI_ERROR_INIT;

	if (stage_try_up(stage, services, &err) < 0)
		fail_msg("%s", err.message);
}

const char *stage_settle(struct stage *stage)
{
	static char words[512];

	stage_wait(stage, supervisor_settled(stage->sv, NULL, words, sizeof(words)));
	return words;
}

void stage_idle(struct stage *stage, unsigned ms)
{
	for (unsigned i = 0; i < ms / 5; i++)
		(void)loop_once(stage->loop, 5);
}

struct service *stage_service(struct stage *stage, const char *name)
{
	struct service *service = supervisor_service(stage->sv, "p", name);

	assert_non_null(service);
	return service;
}

struct replica *stage_replica(struct stage *stage, const char *name)
{
	struct replica *replica = NULL;
	struct oci_error err = OCI_ERROR_INIT;

	if (supervisor_replica(stage->sv, name, &replica, &err) < 0)
		fail_msg("%s", err.message);
	return replica;
}

unsigned stage_ready(struct stage *stage, const char *service)
{
	return service_count(stage_service(stage, service), REPLICA_READY);
}

static unsigned entries(const struct stage *stage, const char *folder)
{
	char path[PATH_MAX];
	DIR *dir = opendir(scale_path(path, "%s/%s", stage->folder, folder));
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	(void)closedir(dir);
	return count;
}

unsigned stage_containers(const struct stage *stage)
{
	return entries(stage, "run/runtime");
}

unsigned stage_networks(const struct stage *stage)
{
	return entries(stage, "net");
}
