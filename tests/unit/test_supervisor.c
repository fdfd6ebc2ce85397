/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_supervisor.c - what is becomes what is wanted: from nothing, after ends, through updates, after a crash at any moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "scale/pool.h"
#include "scale/store.h"
#include "supervisor-stage.h"

#define WEB(image, more) "\"web\":{\"image\":\"" image "\"" more "}"
#define REPLICAS(n) ",\"deploy\":{\"replicas\":" #n "}"
#define PROBE ",\"x-carte\":{\"probe\":{\"tcp\":{\"port\":80}}}"

static bool is(const struct replica *replica, enum replica_state state)
{
	return replica->state == state;
}

/* 0: there is none of that name. */
static enum replica_state state_of(struct stage *s, const char *name)
{
	struct replica *replica = NULL;

	return supervisor_replica(s->sv, name, &replica, NULL) == 0 ? replica->state : 0;
}

static void test_up_scale_down(void **state)
{
	struct stage s;
	struct service *web;
	unsigned admitted = 0;
	struct replica *r = NULL;

	(void)state;
	stage_open(&s);
	stage_up(&s, WEB("a", REPLICAS(3)));
	assert_string_equal(stage_settle(&s), "");
	web = stage_service(&s, "web");
	assert_int_equal(stage_ready(&s, "web"), 3);
	assert_int_equal(stage_containers(&s), 3);
	assert_int_equal(parts.attached, 3);
	/* the same again changes nothing */
	stage_up(&s, WEB("a", REPLICAS(3)));
	assert_string_equal(stage_settle(&s), "");
	assert_int_equal(parts.configs, 3);
	assert_int_equal(web->revision, 1);
	assert_int_equal(supervisor_scale(s.sv, web, 5, "test", &admitted, NULL), 0);
	assert_int_equal(admitted, 5);
	assert_string_equal(stage_settle(&s), "");
	assert_int_equal(stage_ready(&s, "web"), 5);
	/* the newest go, and their numbers come again */
	assert_int_equal(supervisor_scale(s.sv, web, 2, "test", NULL, NULL), 0);
	stage_wait(&s, stage_containers(&s) == 2 && stage_networks(&s) == 2);
	assert_non_null(stage_replica(&s, "p-web-1"));
	assert_non_null(stage_replica(&s, "p-web-2"));
	assert_int_equal(supervisor_replica(s.sv, "p-web-3", &r, NULL), -ENOENT);
	assert_int_equal(supervisor_replica(s.sv, "p-web-", &r, NULL), -ENOTUNIQ);
	assert_int_equal(supervisor_scale(s.sv, web, 3, "test", NULL, NULL), 0);
	assert_string_equal(stage_settle(&s), "");
	assert_int_equal(stage_replica(&s, "p-web-3")->slot, 3);
	stage_close(&s);
}

static void test_restart_in_place(void **state)
{
	struct stage s;
	struct replica *r;
	pid_t first;

	(void)state;
	stage_open(&s);
	stage_up(&s, WEB("a", ",\"restart\":\"always\""));
	assert_string_equal(stage_settle(&s), "");
	r = stage_replica(&s, "p-web-1");
	first = r->pid;
	assert_int_equal(kill(first, SIGKILL), 0);
	stage_wait(&s, r->pid != first && is(r, REPLICA_READY));
	assert_int_equal(r->exit_status, 128 + SIGKILL);
	assert_int_equal(r->restarts, 1);
	/* bundle and namespace were kept */
	assert_int_equal(parts.configs, 1);
	assert_int_equal(parts.attached, 1);
	/* its cgroup is another one */
	assert_int_equal(parts.watched, 1);
	/* the second time it waits for a second */
	first = r->pid;
	assert_int_equal(kill(first, SIGKILL), 0);
	stage_wait(&s, is(r, REPLICA_FAILED));
	assert_string_equal(r->reason, "exited with status 137; again in 1.0 s");
	stage_idle(&s, 50);
	assert_int_equal(r->pid, 0);
	assert_int_equal(parts.watched, 0);
	loop_advance(s.loop, 1000);
	stage_wait(&s, is(r, REPLICA_READY));
	/* after ten minutes of health all is forgiven */
	loop_advance(s.loop, 600000);
	stage_idle(&s, 10);
	first = r->pid;
	assert_int_equal(kill(first, SIGKILL), 0);
	stage_wait(&s, r->pid != first && is(r, REPLICA_READY));
	stage_close(&s);
}

static int count_timing(void *ctx, enum store_timing kind, int64_t ms)
{
	unsigned *counts = ctx;

	assert_in_range(ms, 0, 60000);
	counts[kind]++;
	return 0;
}

/* How many of each kind were measured of web, as digits: all, create, start, ready, stop, delete, fail. */
static const char *timings(const struct stage *s)
{
	static char text[STORE_TIMINGS + 1];
	unsigned counts[STORE_TIMINGS] = { 0 };
	struct store *store;
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/state/carte.db", s->folder);
	assert_int_equal(store_look(path, &store, NULL), 0);
	assert_int_equal(store_timings(store, "p", "web", count_timing, counts, NULL), 0);
	store_close(store);
	for (int i = 0; i < STORE_TIMINGS; i++)
		text[i] = (char)('0' + counts[i] % 10);
	return text;
}

static void test_timings(void **state)
{
	struct stage s;
	struct replica *r;

	(void)state;
	stage_open(&s);
	stage_up(&s, WEB("a", REPLICAS(3) ",\"restart\":\"always\""));
	assert_string_equal(stage_settle(&s), "");
	stage_wait(&s, strcmp(timings(&s), "3333000") == 0);
	assert_int_equal(supervisor_scale(s.sv, stage_service(&s, "web"), 2, "test", NULL, NULL),
			 0);
	stage_wait(&s, strcmp(timings(&s), "3333110") == 0);
	/* one that is restarted in place is not created, and nobody has asked for it */
	r = stage_replica(&s, "p-web-1");
	assert_int_equal(kill(r->pid, SIGKILL), 0);
	stage_wait(&s, strcmp(timings(&s), "3344111") == 0);
	/* of those that an earlier supervisor started it is not known how long they have run */
	stage_restart(&s);
	assert_string_equal(stage_settle(&s), "");
	r = stage_replica(&s, "p-web-2");
	assert_int_equal(kill(r->pid, SIGKILL), 0);
	stage_wait(&s, strcmp(timings(&s), "3355111") == 0);
	/* what was measured goes with the service */
	stage_up(&s, "\"other\":{\"image\":\"a\"}");
	assert_string_equal(stage_settle(&s), "");
	stage_wait(&s, strcmp(timings(&s), "0000000") == 0);
	stage_close(&s);
}

static void test_policies(void **state)
{
	struct stage s;
	struct replica *r;

	(void)state;
	stage_open(&s);
	stage_program(&s, "exit 3");
	stage_up(&s, WEB("a", ",\"restart\":\"no\""));
	stage_wait(&s, state_of(&s, "p-web-1") == REPLICA_EXITED);
	assert_string_equal(stage_settle(&s), "p-web-1: exited with status 3");
	r = stage_replica(&s, "p-web-1");
	assert_true(is(r, REPLICA_EXITED));
	assert_int_equal(r->exit_status, 3);
	assert_int_equal(stage_networks(&s), 0);
	/* by hand it starts again */
	stage_program(&s, "exit 0");
	assert_int_equal(supervisor_start(s.sv, r, NULL), 0);
	stage_wait(&s, is(r, REPLICA_EXITED) && r->exit_status == 0);
	assert_string_equal(stage_settle(&s), "");
	/* on failure, twice */
	stage_program(&s, "exit 4");
	stage_up(&s, WEB("b", ",\"restart\":\"on-failure:2\""));
	stage_wait(&s, state_of(&s, "p-web-1") != 0 && stage_replica(&s, "p-web-1")->revision == 2);
	r = stage_replica(&s, "p-web-1");
	stage_wait(&s, r->exit_status == 4);
	for (unsigned i = 0; i < 2000 && !is(r, REPLICA_EXITED); i++) {
		if (is(r, REPLICA_FAILED))
			loop_advance(s.loop, 5000);
		stage_idle(&s, 5);
	}
	/* of the update, or of the replica */
	assert_non_null(strstr(stage_settle(&s), "p-web-1: exited with status 4"));
	assert_string_equal(r->reason, "exited with status 4; 2 attempts are used up");
	assert_int_equal(r->restarts, 2);
	stage_close(&s);
}

static void test_stop_and_start(void **state)
{
	struct stage s;
	struct service *web;
	struct replica *r;
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	stage_open(&s);
	stage_up(&s, WEB("a", ",\"restart\":\"always\"" REPLICAS(2)));
	assert_string_equal(stage_settle(&s), "");
	web = stage_service(&s, "web");
	r = stage_replica(&s, "p-web-1");
	assert_int_equal(supervisor_stop(s.sv, r, -1, NULL), 0);
	stage_wait(&s, is(r, REPLICA_EXITED));
	assert_int_equal(r->exit_status, 128 + SIGTERM);
	assert_int_equal(stage_ready(&s, "web"), 1);
	assert_int_equal(stage_networks(&s), 1);
	assert_string_equal(stage_settle(&s), "");
	assert_int_equal(supervisor_kill(s.sv, r, SIGTERM, &err), -ESRCH);
	assert_string_equal(err.message, "container p-web-1 does not run (exited)");
	/* a supervisor that comes later leaves it stopped */
	stage_restart(&s);
	assert_string_equal(stage_settle(&s), "");
	web = stage_service(&s, "web");
	r = stage_replica(&s, "p-web-1");
	assert_true(is(r, REPLICA_EXITED));
	assert_int_equal(supervisor_start(s.sv, r, NULL), 0);
	stage_wait(&s, is(r, REPLICA_READY));
	assert_int_equal(supervisor_service_stop(s.sv, web, NULL), 0);
	stage_wait(&s, stage_containers(&s) == 0);
	assert_string_equal(stage_settle(&s), "");
	assert_int_equal(service_count(web, REPLICA_EXITED), 2);
	assert_int_equal(supervisor_service_start(s.sv, web, NULL), 0);
	stage_wait(&s, stage_ready(&s, "web") == 2);
	stage_close(&s);
}

/* One that does not listen to SIGTERM is killed after its grace; force does not wait for that. */
static void test_grace(void **state)
{
	struct stage s;
	struct replica *r;
	char trapped[PATH_MAX], program[PATH_MAX + 64];

	(void)state;
	stage_open(&s);
	(void)scale_path(trapped, "%s/trapped", s.folder);
	(void)snprintf(program, sizeof(program), "trap '' TERM; >%s; while :; do sleep 1; done",
		       trapped);
	stage_program(&s, program);
	stage_up(&s, WEB("a", ",\"stop_grace_period\":\"7s\""));
	assert_string_equal(stage_settle(&s), "");
	r = stage_replica(&s, "p-web-1");
	stage_wait(&s, access(trapped, F_OK) == 0);
	assert_int_equal(supervisor_stop(s.sv, r, -1, NULL), 0);
	stage_idle(&s, 100);
	assert_true(is(r, REPLICA_DRAINING));
	loop_advance(s.loop, 7000);
	stage_wait(&s, is(r, REPLICA_EXITED));
	assert_int_equal(r->exit_status, 128 + SIGKILL);
	assert_int_equal(supervisor_start(s.sv, r, NULL), 0);
	stage_wait(&s, is(r, REPLICA_READY));
	stage_idle(&s, 50);
	assert_int_equal(supervisor_remove(s.sv, r, false, NULL), -EBUSY);
	assert_int_equal(supervisor_remove(s.sv, r, true, NULL), 0);
	stage_wait(&s, stage_containers(&s) == 0 && stage_networks(&s) == 0);
	stage_close(&s);
}

static void test_cannot_be_made(void **state)
{
	struct stage s;
	struct replica *r;

	(void)state;
	stage_open(&s);
	parts.no_image = true;
	stage_up(&s, WEB("a", ",\"restart\":\"always\""));
	assert_string_equal(stage_settle(&s), "p-web-1: image: no such image");
	parts.no_image = false;
	parts.no_network = true;
	loop_advance(s.loop, 1000);
	stage_wait(&s, strstr(stage_settle(&s), "network: no such network"));
	parts.no_network = false;
	stage_idle(&s, 30);
	stage_fail(&s, "exec: no such file");
	loop_advance(s.loop, 60000);
	stage_wait(&s, strstr(stage_settle(&s), "start: exec: no such file"));
	r = stage_replica(&s, "p-web-1");
	assert_true(is(r, REPLICA_FAILED));
	stage_fail(&s, NULL);
	stage_idle(&s, 30);
	loop_advance(s.loop, 60000);
	stage_wait(&s, is(r, REPLICA_READY));
	assert_string_equal(stage_settle(&s), "");
	assert_string_equal(r->reason, "");
	stage_close(&s);
}

static void test_dependencies(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s);
	parts.silent = true;
	stage_up(&s, "\"db\":{\"image\":\"d\"" PROBE
		     "}," WEB("a", ",\"depends_on\":{\"db\":{\"condition\":\"service_healthy\"}}"));
	stage_wait(&s, state_of(&s, "p-db-1") == REPLICA_PROBING);
	stage_idle(&s, 50);
	assert_true(is(stage_replica(&s, "p-web-1"), REPLICA_PENDING));
	assert_string_equal(stage_replica(&s, "p-web-1")->reason,
			    "waits for service db to be healthy");
	parts.silent = false;
	assert_int_equal(supervisor_restart(s.sv, stage_replica(&s, "p-db-1"), 0, NULL), 0);
	assert_string_equal(stage_settle(&s), "");
	stage_program(&s, "exit 1");
	stage_up(&s,
		 "\"init\":{\"image\":\"i\"}," WEB("b", ",\"depends_on\":{\"init\":{\"condition\":"
							"\"service_completed_successfully\"}}"));
	stage_wait(&s, strstr(stage_settle(&s), "has failed"));
	stage_program(&s, "exit 0");
	assert_int_equal(supervisor_start(s.sv, stage_replica(&s, "p-init-1"), NULL), 0);
	stage_wait(&s, state_of(&s, "p-web-1") == REPLICA_EXITED);
	stage_close(&s);
}

static void test_hosts(void **state)
{
	struct stage s;
	char path[PATH_MAX], text[1024] = "", line[128];
	const struct replica *r;
	glob_t found;

	(void)state;
	stage_open(&s);
	stage_up(&s, "\"db\":{\"image\":\"d\"}," WEB("a", REPLICAS(2)));
	assert_string_equal(stage_settle(&s), "");
	/* one file, written once for all who are in the same network, each with its own names */
	assert_int_equal(glob(scale_path(path, "%s/state/hosts/p/*", s.folder), 0, NULL, &found),
			 0);
	assert_int_equal(found.gl_pathc, 1);
	for (unsigned i = 0; i < 100 && !strstr(text, "p-db-1 "); i++) {
		FILE *file = fopen(found.gl_pathv[0], "re");

		stage_idle(&s, 20);
		assert_non_null(file);
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		(void)fclose(file);
	}
	globfree(&found);
	for (unsigned i = 1; i <= 2; i++) {
		(void)snprintf(path, sizeof(path), "p-web-%u", i);
		r = stage_replica(&s, path);
		(void)snprintf(line, sizeof(line), " p-web-%u %.12s web\n", i, r->id);
		assert_non_null(strstr(text, line));
	}
	assert_non_null(strstr(text, " db\n"));
	/* it goes with the project */
	assert_int_equal(supervisor_down(s.sv, "p", false, NULL), 0);
	stage_wait(&s, !supervisor_projects(s.sv));
	assert_int_equal(access(scale_path(path, "%s/state/hosts/p", s.folder), F_OK), -1);
	stage_close(&s);
}

/* A runtime that is killed while it removes is run again at once. */
static void test_delete_is_killed(void **state)
{
	struct stage s;
	int64_t begin;

	(void)state;
	stage_open(&s);
	stage_up(&s, WEB("a", REPLICAS(2)));
	assert_string_equal(stage_settle(&s), "");
	scale_write(s.folder, "killed", "");
	begin = loop_now(s.loop);
	assert_int_equal(supervisor_down(s.sv, "p", false, NULL), 0);
	stage_wait(&s, !supervisor_projects(s.sv));
	assert_true(loop_now(s.loop) - begin < 4000);
	assert_int_equal(stage_containers(&s), 0);
	stage_close(&s);
}

/* What an ordinary user's supervisor cannot do is refused before anything changes. */
static void test_ordinary_user(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct stage s;

	(void)state;
	stage_open(&s);
	parts.ordinary_user = true;
	assert_int_equal(stage_try_up(&s, WEB("a", ""), &err), -EPERM);
	assert_string_equal(err.message,
			    "service web: only root's supervisor makes networks: say "
			    "'network_mode: host' or 'none' (--network host, --network none)");
	assert_int_equal(err_kind(&err), ERR_PERMISSION);
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(stage_try_up(&s, WEB("a", ",\"network_mode\":\"none\"" PROBE), &err),
			 -EPERM);
	assert_null(supervisor_projects(s.sv));
	stage_up(&s, WEB("a", ",\"network_mode\":\"none\"") ",\"db\":{\"image\":\"d\",\"network_"
							    "mode\":\"host\"}");
	assert_string_equal(stage_settle(&s), "");
	assert_int_equal(parts.attached, 0);
	stage_close(&s);
}

/* ---- rolling updates ---------------------------------------------------------------------------------------------------------- */

#define UPDATE(order, action)                                                      \
	PORTED ",\"deploy\":{\"replicas\":3,\"update_config\":{\"order\":\"" order \
	       "\",\"monitor\":\"1s\",\"failure_action\":\"" action "\"}}"
#define PORTED                                                                                 \
	",\"ports\":[\"18080:80\"],\"x-carte\":{\"probe\":{\"tcp\":{\"port\":80}},\"scale\":{" \
	"\"drain\":\"20ms\"}}"

static bool all_of(struct stage *s, uint64_t revision)
{
	unsigned count = 0;

	for (const struct replica *r = stage_service(s, "web")->replicas; r; r = r->next) {
		if (r->revision != revision)
			return false;
		count += is(r, REPLICA_READY);
	}
	return count == 3;
}

/* Three replicas of @before become three of @after; @least: served at the moment with the fewest. */
static void update_goes(struct stage *s, const char *before, const char *after, unsigned least)
{
	stage_up(s, before);
	assert_string_equal(stage_settle(s), "");
	stage_wait(s, parts.backends == 3);
	parts.least_backends = 99;
	stage_up(s, after);
	stage_wait(s, all_of(s, 2));
	assert_int_equal(parts.least_backends, least);
}

static void test_update_start_first(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s);
	update_goes(&s, WEB("a", UPDATE("start-first", "rollback")),
		    WEB("b", UPDATE("start-first", "rollback")), 3);
	assert_string_not_equal(stage_service(&s, "web")->rollout, "");
	loop_advance(s.loop, 1000);
	assert_string_equal(stage_settle(&s), "");
	assert_string_equal(stage_service(&s, "web")->rollout, "");
	/* back by hand: the earlier one as a new revision */
	assert_int_equal(supervisor_rollback(s.sv, stage_service(&s, "web"), 0, NULL), 0);
	stage_wait(&s, all_of(&s, 3));
	assert_string_equal(stage_service(&s, "web")->spec->image, "a");
	stage_close(&s);
}

static void test_update_stop_first(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s);
	update_goes(&s, WEB("a", UPDATE("stop-first", "pause")),
		    WEB("b", UPDATE("stop-first", "pause")), 2);
	stage_close(&s);
}

static void test_rollout_by_hand(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct stage s;
	struct service *web;

	(void)state;
	stage_open(&s);
	stage_up(&s, WEB("a", UPDATE("stop-first", "pause")));
	assert_string_equal(stage_settle(&s), "");
	web = stage_service(&s, "web");
	assert_int_equal(supervisor_rollout_pause(s.sv, web, true, &err), -ESRCH);
	assert_string_equal(err.message, "service web is not being updated");
	stage_up(&s, WEB("b", UPDATE("stop-first", "pause")));
	stage_wait(&s, web->rollout[0] != '\0');
	assert_int_equal(supervisor_rollout_pause(s.sv, web, true, NULL), 0);
	assert_string_equal(web->rollout, "paused by hand at revision 2");
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(supervisor_rollout_pause(s.sv, web, true, &err), -EALREADY);
	/* it stays so, over a restart of the supervisor too */
	for (unsigned i = 0; i < 5; i++) {
		loop_advance(s.loop, 2000);
		stage_idle(&s, 30);
	}
	assert_false(all_of(&s, 2));
	stage_restart(&s);
	stage_wait(&s, stage_ready(&s, "web") >= 2);
	web = stage_service(&s, "web");
	assert_string_equal(web->rollout, "paused by hand at revision 2");
	assert_int_equal(supervisor_rollout_pause(s.sv, web, false, NULL), 0);
	for (unsigned i = 0; i < 50 && !all_of(&s, 2); i++) {
		loop_advance(s.loop, 1000);
		stage_idle(&s, 50);
	}
	stage_wait(&s, all_of(&s, 2));
	stage_close(&s);
}

/* One that is made beside the old ones is no more than the update may have: it stays, and nothing goes for it. */
static void test_rollout_keeps_surge(void **state)
{
	struct stage s;
	struct service *web;

	(void)state;
	stage_open(&s);
	stage_up(&s, WEB("a", UPDATE("start-first", "pause")));
	assert_string_equal(stage_settle(&s), "");
	stage_up(&s, WEB("b", UPDATE("start-first", "pause")));
	web = stage_service(&s, "web");
	stage_wait(&s, web->rollout[0] != '\0');
	assert_int_equal(supervisor_rollout_pause(s.sv, web, true, NULL), 0);
	stage_wait(&s, stage_ready(&s, "web") == 4);
	for (unsigned i = 0; i < 5; i++) {
		loop_advance(s.loop, 2000);
		stage_idle(&s, 30);
	}
	assert_int_equal(stage_ready(&s, "web"), 4);
	stage_restart(&s);
	stage_wait(&s, stage_ready(&s, "web") >= 4);
	stage_idle(&s, 30);
	assert_int_equal(stage_ready(&s, "web"), 4);
	web = stage_service(&s, "web");
	assert_int_equal(supervisor_rollout_pause(s.sv, web, false, NULL), 0);
	for (unsigned i = 0; i < 50 && !all_of(&s, 2); i++) {
		loop_advance(s.loop, 1000);
		stage_idle(&s, 50);
	}
	stage_wait(&s, all_of(&s, 2));
	stage_close(&s);
}

static void test_update_fails(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s);
	stage_up(&s, WEB("a", UPDATE("start-first", "rollback")));
	assert_string_equal(stage_settle(&s), "");
	parts.least_backends = 99;
	parts.unhealthy = true;
	stage_up(&s, WEB("b", UPDATE("start-first", "rollback")));
	stage_wait(&s, stage_service(&s, "web")->revision == 3);
	parts.unhealthy = false;
	/* the old ones have served all the while: nothing is made anew */
	stage_wait(&s, stage_containers(&s) == 3);
	stage_idle(&s, 20);
	loop_advance(s.loop, 5000);
	assert_string_equal(stage_settle(&s), "");
	assert_int_equal(parts.least_backends, 3);
	assert_string_equal(stage_service(&s, "web")->spec->image, "a");
	assert_int_equal(stage_ready(&s, "web"), 3);
	assert_int_equal(stage_replica(&s, "p-web-1")->revision, 1);
	/* one that serves for a moment and then does not */
	parts.loses_one = true;
	stage_up(&s, WEB("c", UPDATE("start-first", "pause")));
	stage_wait(&s, strncmp(stage_service(&s, "web")->rollout, "1 of 3 new replicas failed",
			       26) == 0);
	assert_true(strstr(stage_settle(&s), "update paused") != NULL);
	stage_close(&s);
}

/* A replica of an old revision that ends during an update comes back as what it was, or as the new one; the number holds. */
static void test_update_interrupted(void **state)
{
	struct stage s;

	(void)state;
	stage_open(&s);
	stage_up(&s, WEB("a", UPDATE("start-first", "rollback")));
	assert_string_equal(stage_settle(&s), "");
	stage_up(&s, WEB("b", UPDATE("start-first", "rollback")));
	stage_wait(&s, stage_service(&s, "web")->rollout[0]);
	stage_restart(&s);
	stage_wait(&s, all_of(&s, 2));
	assert_int_equal(stage_containers(&s), 3);
	stage_close(&s);
}

static void test_unhealthy(void **state)
{
	struct stage s;
	struct replica *r;
	pid_t first;

	(void)state;
	stage_open(&s);
	parts.loses_one = true;
	stage_up(&s, WEB("a", ",\"restart\":\"always\",\"ports\":[\"18081:80\"]" PROBE));
	stage_wait(&s, state_of(&s, "p-web-1") == REPLICA_READY);
	r = stage_replica(&s, "p-web-1");
	first = r->pid;
	stage_wait(&s, r->pid == 0);
	assert_int_equal(parts.backends, 0);
	loop_advance(s.loop, 1000);
	stage_wait(&s, is(r, REPLICA_READY));
	assert_int_not_equal(r->pid, first);
	assert_int_equal(parts.backends, 1);
	/* without a policy it stays, and gets nothing */
	parts.loses_one = true;
	stage_up(&s, "\"one\":{\"image\":\"a\",\"restart\":\"no\"" PROBE "}");
	stage_wait(&s, supervisor_service(s.sv, "p", "one")->replicas);
	stage_wait(&s, state_of(&s, "p-one-1") == REPLICA_UNHEALTHY);
	stage_idle(&s, 50);
	assert_true(stage_replica(&s, "p-one-1")->pid > 0);
	assert_string_equal(stage_settle(&s), "p-one-1: the check said no");
	stage_close(&s);
}

/* ---- what is refused ------------------------------------------------------------------------------------------------------------ */

static void expect_refused(struct stage *s, const char *services, const char *words)
{
	struct oci_error err = OCI_ERROR_INIT;

	assert_true(stage_try_up(s, services, &err) < 0);
	if (!strstr(err.message, words))
		fail_msg("%s", err.message);
}

static void test_refused(void **state)
{
	static const char other[] =
		"{\"name\":\"q\",\"services\":{\"x\":{\"image\":\"a\",\"ports\":[\"18082:80\"]}}}";
	struct oci_error err = OCI_ERROR_INIT;
	struct stage s;

	(void)state;
	stage_open(&s);
	expect_refused(&s, "\"web\":{}", "web");
	assert_null(supervisor_projects(s.sv));
	parts.busy_port = 18083;
	expect_refused(&s, WEB("a", ",\"ports\":[\"18083:80\"]"),
		       "service web: port 18083 is taken");
	assert_null(supervisor_projects(s.sv));
	stage_up(&s, WEB("a", ",\"ports\":[\"18082:80\"],\"container_name\":\"only\""));
	assert_true(supervisor_up(s.sv, other, sizeof(other) - 1, false, &err) < 0);
	assert_string_equal(err.message, "service x: port 18082/tcp is published by service web of "
					 "project p");
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(supervisor_scale(s.sv, stage_service(&s, "web"), 2, "test", NULL, &err),
			 -EINVAL);
	assert_string_equal(err.message,
			    "service web has a container_name: it cannot have 2 replicas");
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(supervisor_down(s.sv, "nobody", false, &err), -ENOENT);
	assert_string_equal(err.message, "no project 'nobody'");
	stage_close(&s);
}

static void test_run(void **state)
{
	static const char document[] = "{\"name\":\"default\",\"services\":{\"job\":{\"image\":"
				       "\"a\",\"container_name\":\"job\"}}}";
	struct oci_error err = OCI_ERROR_INIT;
	struct replica *r = NULL, *again = NULL;
	struct stage s;

	(void)state;
	stage_open(&s);
	stage_program(&s, "exit 5");
	assert_int_equal(supervisor_run(s.sv, document, sizeof(document) - 1, false, &r, &err), 0);
	assert_string_equal(r->name, "job");
	assert_int_equal(supervisor_run(s.sv, document, sizeof(document) - 1, false, &again, &err),
			 -EEXIST);
	stage_wait(&s, is(r, REPLICA_EXITED));
	assert_int_equal(r->exit_status, 5);
	assert_int_equal(supervisor_remove(s.sv, r, false, NULL), 0);
	stage_wait(&s, !supervisor_service(s.sv, "default", "job"));
	/* prepared for somebody else */
	assert_int_equal(supervisor_run(s.sv, document, sizeof(document) - 1, true, &r, NULL), 0);
	stage_wait(&s, is(r, REPLICA_CREATED));
	assert_int_equal(stage_containers(&s), 0);
	assert_int_equal(supervisor_finished(s.sv, r, 6, NULL), 0);
	stage_wait(&s, is(r, REPLICA_EXITED));
	assert_int_equal(r->exit_status, 6);
	stage_close(&s);
}

/* The database takes nothing: the command says so, nothing has changed, and the loop goes on. */
/* Half of what the host has to give, and a bit: one replica of that is carried, two are not. */
static const char *more_than_half(void)
{
	static char text[96];
	struct pool pool = { 0 };

	assert_int_equal(pool_measure(&pool, NULL), 0);
	(void)snprintf(text, sizeof(text),
		       "\"resources\":{\"reservations\":{\"memory\":\"%lldb\"}}",
		       (long long)(pool.memory / 100 * 55));
	return text;
}

static void test_admission(void **state)
{
	struct stage s;
	char services[1024];
	struct service *low;
	unsigned admitted = 9;

	(void)state;
	stage_open(&s);
	(void)snprintf(services, sizeof(services), WEB("a", ",\"deploy\":{\"replicas\":2,%s}"),
		       more_than_half());
	stage_up(&s, services);
	assert_non_null(strstr(stage_settle(&s), "web: 1 of 2 replicas: replica 2 needs "));
	assert_non_null(strstr(stage_service(&s, "web")->reason, "of memory, "));
	assert_int_equal(stage_ready(&s, "web"), 1);
	assert_int_equal(
		supervisor_scale(s.sv, stage_service(&s, "web"), 3, "test", &admitted, NULL), 0);
	assert_int_equal(admitted, 1);
	stage_idle(&s, 50);
	assert_int_equal(stage_containers(&s), 1);
	/* one with a higher priority takes its place; what has none asks for nothing and stays */
	(void)snprintf(
		services, sizeof(services),
		WEB("a",
		    ",\"deploy\":{\"replicas\":1,%s}") ",\"first\":{\"image\":\"a\",\"x-carte\":"
						       "{\"scale\":{\"priority\":5,\"max\":1}},"
						       "\"deploy\":{%s}},\"small\":{\"image\":"
						       "\"a\"}",
		more_than_half(), more_than_half());
	stage_up(&s, services);
	stage_wait(&s, stage_ready(&s, "first") == 1 && stage_ready(&s, "web") == 0);
	stage_wait(&s, stage_ready(&s, "small") == 1);
	low = stage_service(&s, "web");
	assert_int_equal(low->desired, 1);
	assert_non_null(strstr(low->reason, "replica 1 needs "));
	/* and gives it back */
	assert_int_equal(supervisor_service_stop(s.sv, stage_service(&s, "first"), NULL), 0);
	stage_wait(&s, stage_ready(&s, "web") == 1);
	stage_close(&s);
}

static void test_run_without_room(void **state)
{
	struct stage s;
	struct replica *r = NULL;
	struct oci_error err = OCI_ERROR_INIT;
	static const char document[] =
		"{\"name\":\"default\",\"services\":{\"big\":{\"image\":\"a\",\"deploy\":"
		"{\"resources\":{\"reservations\":{\"memory\":\"900000g\"}}}}}}";

	(void)state;
	stage_open(&s);
	assert_true(supervisor_run(s.sv, document, strlen(document), false, &r, &err) < 0);
	assert_int_equal(err_kind(&err), ERR_RESOURCES);
	assert_non_null(strstr(err.message, "container 'big' is not started: replica 1 needs "));
	stage_wait(&s, !supervisor_service(s.sv, "default", "big"));
	assert_int_equal(stage_containers(&s), 0);
	stage_close(&s);
}

static void test_no_room(void **state)
{
	struct rlimit old, none;
	struct oci_error err = OCI_ERROR_INIT;
	struct stage s;
	struct replica *r;
	pid_t first;

	(void)state;
	stage_open(&s);
	stage_up(&s, WEB("a", ",\"restart\":\"always\""));
	assert_string_equal(stage_settle(&s), "");
	r = stage_replica(&s, "p-web-1");
	first = r->pid;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	none = (struct rlimit){ 0, old.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_true(stage_try_up(&s, WEB("b", "") ",\"new\":{\"image\":\"n\"}", &err) < 0);
	assert_non_null(strstr(err.message, "carte.db"));
	assert_int_equal(stage_service(&s, "web")->revision, 1);
	assert_string_equal(stage_service(&s, "web")->spec->image, "a");
	assert_null(supervisor_service(s.sv, "p", "new"));
	assert_true(supervisor_scale(s.sv, stage_service(&s, "web"), 4, "test", NULL, NULL) < 0);
	assert_int_equal(stage_service(&s, "web")->desired, 1);
	assert_true(supervisor_down(s.sv, "p", false, NULL) < 0);
	stage_idle(&s, 30);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(kill(first, SIGKILL), 0);
	stage_wait(&s, r->pid != first && is(r, REPLICA_READY));
	stage_up(&s, WEB("b", ""));
	stage_wait(&s, stage_service(&s, "web")->revision == 2 && stage_ready(&s, "web") == 1);
	stage_close(&s);
}

/* ---- adoption ------------------------------------------------------------------------------------------------------------------------ */

/* A removal that could not be written down does not speak for the next one. */
static void test_no_room_for_down(void **state)
{
	static const char document[] = "{\"name\":\"v\",\"services\":{\"db\":{\"image\":\"a\"}},"
				       "\"volumes\":{\"data\":{\"name\":\"v_data\"}}}";
	struct rlimit old, none;
	char path[PATH_MAX];
	struct stage s;

	(void)state;
	stage_open(&s);
	assert_int_equal(supervisor_up(s.sv, document, strlen(document), false, NULL), 0);
	assert_string_equal(stage_settle(&s), "");
	(void)scale_path(path, "%s/state/volumes/v_data", s.folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	none = (struct rlimit){ 0, old.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_true(supervisor_down(s.sv, "v", true, NULL) < 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(supervisor_down(s.sv, "v", false, NULL), 0);
	stage_wait(&s, !supervisor_projects(s.sv));
	assert_int_equal(access(path, F_OK), 0);
	stage_close(&s);
}

static void test_adoption(void **state)
{
	struct stage s;
	char path[PATH_MAX], id[64];
	pid_t pids[3], dead;

	(void)state;
	stage_open(&s);
	stage_up(&s, WEB("a", ",\"restart\":\"always\"" REPLICAS(3)));
	assert_string_equal(stage_settle(&s), "");
	for (unsigned i = 0; i < 3; i++) {
		(void)snprintf(id, sizeof(id), "p-web-%u", i + 1);
		pids[i] = stage_replica(&s, id)->pid;
	}
	stage_restart(&s);
	assert_string_equal(stage_settle(&s), "");
	for (unsigned i = 0; i < 3; i++) {
		(void)snprintf(id, sizeof(id), "p-web-%u", i + 1);
		assert_int_equal(stage_replica(&s, id)->pid, pids[i]);
	}
	assert_int_equal(parts.attached, 3);
	/* one dies while nobody looks; another leaves something that is nobody's */
	dead = pids[1];
	stage_end(&s);
	assert_int_equal(kill(dead, SIGKILL), 0);
	assert_int_equal(waitpid(dead, NULL, 0), dead);
	scale_write(s.folder,
		    scale_path(path, "run/runtime/%s", "ffffffffffffffffffffffffffffffff"), "");
	scale_write(s.folder, scale_path(path, "net/%s", "ffffffffffffffffffffffffffffffff"), "");
	stage_begin(&s);
	assert_string_equal(stage_settle(&s), "");
	assert_int_equal(stage_replica(&s, "p-web-2")->restarts, 1);
	assert_int_equal(stage_replica(&s, "p-web-2")->exit_status, -1);
	assert_int_equal(stage_replica(&s, "p-web-1")->pid, pids[0]);
	stage_wait(&s, stage_containers(&s) == 3);
	assert_int_equal(parts.swept, 1);
	stage_close(&s);
}

/* A supervisor in a process of its own, killed @us after its first turn. */
static void be_killed(struct stage *s, void (*begin)(struct stage *s), unsigned us)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		stage_begin(s);
		begin(s);
		for (;;)
			(void)loop_once(s->loop, 100);
	}
	(void)usleep(us);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void begin_up(struct stage *s)
{
	stage_up(s, WEB("a", ",\"restart\":\"always\"" REPLICAS(4)));
}

static void begin_update(struct stage *s)
{
	stage_up(s, WEB("b", ",\"restart\":\"always\"" REPLICAS(6)));
}

static void begin_down(struct stage *s)
{
	assert_int_equal(supervisor_down(s->sv, "p", false, NULL), 0);
}

static unsigned processes(const struct stage *s)
{
	char command[PATH_MAX + 64];
	unsigned count = 0;
	FILE *pipe;

	(void)snprintf(command, sizeof(command),
		       "cat %s/run/runtime/* 2>/dev/null | sort -u | wc -l", s->folder);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%u", &count), 1);
	(void)pclose(pipe);
	return count;
}

/* An adopted one that is stopped: its end is noticed although its status comes late, from a parent that is not us. */
static void test_adopted_ends(void **state)
{
	struct stage s;
	char done[PATH_MAX];
	pid_t pid;

	(void)state;
	/* a process in between is the parent of what the first supervisor starts, and reaps nothing for a while */
	stage_open(&s);
	stage_end(&s);
	(void)scale_path(done, "%s/done", s.folder);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		stage_begin(&s);
		begin_up(&s);
		stage_wait(&s, stage_ready(&s, "web") == 4);
		stage_end(&s);
		scale_write(s.folder, "done", "");
		(void)sleep(30);
		_exit(0);
	}
	for (unsigned i = 0; i < 1000 && access(done, F_OK) < 0; i++)
		(void)usleep(5000);
	stage_begin(&s);
	stage_wait(&s, stage_ready(&s, "web") == 4);
	assert_int_equal(supervisor_service_stop(s.sv, stage_service(&s, "web"), NULL), 0);
	stage_wait(&s, service_count(stage_service(&s, "web"), REPLICA_EXITED) == 4);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	stage_close(&s);
}

/* The network was made, and the crash came before the note of it: one that is not wanted any more takes it along. */
static void test_killed_while_attaching(void **state)
{
	struct stage s;
	pid_t pid;

	(void)state;
	stage_open(&s);
	stage_end(&s);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		stage_begin(&s);
		begin_up(&s);
		/* the network has its file as soon as it is asked for, its answer comes later */
		while (stage_networks(&s) == 0)
			(void)loop_once(s.loop, 0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(stage_networks(&s) > 0);
	stage_begin(&s);
	assert_int_equal(supervisor_scale(s.sv, stage_service(&s, "web"), 0, "test", NULL, NULL),
			 0);
	stage_wait(&s, !stage_service(&s, "web")->replicas);
	assert_int_equal(stage_networks(&s), 0);
	stage_close(&s);
}

static void test_killed_at_any_step(void **state)
{
	static const unsigned moments[] = { 4000, 8000, 12000, 18000, 26000, 45000 };
	struct stage s;

	(void)state;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
		stage_open(&s);
		stage_end(&s);
		be_killed(&s, begin_up, moments[i]);
		be_killed(&s, begin_update, moments[i]);
		stage_begin(&s);
		if (!supervisor_project(s.sv, "p"))
			begin_update(&s);
		for (unsigned j = 0; j < 400 && !supervisor_settled(s.sv, "p", NULL, 0); j++) {
			(void)loop_once(s.loop, 5);
			/* a run that the dead one had begun makes ours fail: what follows is a back-off */
			loop_advance(s.loop, 20);
		}
		stage_wait(&s, stage_ready(&s, "web") == stage_service(&s, "web")->desired);
		/* no duplicate, no orphan: a run that was under way may end late, and is swept */
		loop_advance(s.loop, 3000);
		stage_wait(&s, stage_containers(&s) == stage_service(&s, "web")->desired &&
				       stage_networks(&s) == stage_service(&s, "web")->desired);
		assert_int_equal(processes(&s), stage_service(&s, "web")->desired);
		stage_end(&s);
		be_killed(&s, begin_down, moments[i]);
		stage_begin(&s);
		stage_close(&s);
	}
}

#define BOTH "\"web\":{\"image\":\"a\"},\"db\":{\"image\":\"a\"}"

/* What was learned of a service outlives the supervisor, and goes with the service. */
static void test_learned(void **state)
{
	struct stage s;
	size_t length = 0;
	void *learned = NULL;

	(void)state;
	stage_open(&s);
	stage_up(&s, BOTH);
	assert_string_equal(stage_settle(&s), "");
	assert_int_equal(
		supervisor_learned(s.sv, stage_service(&s, "web"), &learned, &length, NULL),
		-ENOENT);
	assert_int_equal(supervisor_learn(s.sv, stage_service(&s, "web"), "a\0b", 4, NULL), 0);
	stage_restart(&s);
	assert_int_equal(
		supervisor_learned(s.sv, stage_service(&s, "web"), &learned, &length, NULL), 0);
	assert_int_equal(length, 4);
	assert_memory_equal(learned, "a\0b", 4);
	free(learned);
	stage_up(&s, "\"db\":{\"image\":\"a\"}");
	stage_wait(&s, !supervisor_service(s.sv, "p", "web"));
	stage_up(&s, BOTH);
	assert_int_equal(
		supervisor_learned(s.sv, stage_service(&s, "web"), &learned, &length, NULL),
		-ENOENT);
	stage_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_scale_down),
		cmocka_unit_test(test_restart_in_place),
		cmocka_unit_test(test_timings),
		cmocka_unit_test(test_learned),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_stop_and_start),
		cmocka_unit_test(test_grace),
		cmocka_unit_test(test_cannot_be_made),
		cmocka_unit_test(test_dependencies),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_delete_is_killed),
		cmocka_unit_test(test_ordinary_user),
		cmocka_unit_test(test_rollout_by_hand),
		cmocka_unit_test(test_rollout_keeps_surge),
		cmocka_unit_test(test_update_start_first),
		cmocka_unit_test(test_update_stop_first),
		cmocka_unit_test(test_update_fails),
		cmocka_unit_test(test_update_interrupted),
		cmocka_unit_test(test_unhealthy),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_admission),
		cmocka_unit_test(test_run_without_room),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_no_room_for_down),
		cmocka_unit_test(test_adoption),
		cmocka_unit_test(test_adopted_ends),
		cmocka_unit_test(test_killed_while_attaching),
		cmocka_unit_test(test_killed_at_any_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
