/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scale_store.c - the supervisor's database: what goes in comes out, what is damaged or newer is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "scale.h"
#include "base/error.h"
#include "scale/store.h"

struct place {
	char folder[64], path[PATH_MAX];
	struct store *store;
};

static void open_store(struct place *p)
{
	struct oci_error err = OCI_ERROR_INIT;

	if (store_open(p->path, &p->store, &err) < 0)
		fail_msg("%s", err.message);
}

static void make_place(struct place *p)
{
	(void)snprintf(p->folder, sizeof(p->folder), "%s", scale_folder());
	(void)snprintf(p->path, sizeof(p->path), "%s/carte.db", p->folder);
	open_store(p);
}

static void drop_place(struct place *p)
{
	store_close(p->store);
	scale_folder_remove(p->folder);
}

static void reopen(struct place *p)
{
	store_close(p->store);
	open_store(p);
}

static int count_projects(void *ctx, const struct store_project *row)
{
	unsigned *count = ctx;

	assert_string_equal(row->name, "shop");
	assert_string_equal(row->document, "{\"name\":\"shop\"}");
	assert_int_equal(row->length, 15);
	assert_int_equal(row->removing, 2);
	++*count;
	return 0;
}

static int check_service(void *ctx, const struct store_service *row)
{
	unsigned *count = ctx;

	assert_string_equal(row->project, "shop");
	assert_string_equal(row->name, "web");
	assert_int_equal(row->desired, 4000000000u);
	assert_true(row->stopped);
	assert_false(row->manual);
	assert_true(row->removed);
	assert_int_equal(row->revision, 7);
	assert_int_equal(row->rollout, 2);
	assert_string_equal(row->words, "updating");
	assert_string_equal(row->ports, "80 0 443");
	++*count;
	return 0;
}

static int check_replica(void *ctx, const struct store_replica *row)
{
	unsigned *count = ctx;

	assert_string_equal(row->id, "0123456789abcdef0123456789abcdef");
	assert_string_equal(row->name, "shop-web-1");
	assert_int_equal(row->slot, 1);
	assert_int_equal(row->revision, 7);
	assert_int_equal(row->flags, STORE_WANTED | STORE_OOM);
	assert_int_equal(row->pid, 4321);
	assert_int_equal(row->start_ticks, 99999999999u);
	assert_int_equal(row->restarts, 3);
	assert_int_equal(row->failures, 2);
	assert_int_equal(row->exit_status, -1);
	assert_int_equal(row->made_ms, 1700000000001);
	assert_int_equal(row->exited_ms, 1700000000004);
	assert_string_equal(row->places, "default=10.0.0.2");
	assert_string_equal(row->image, "sha256:00");
	assert_string_equal(row->reason, "");
	++*count;
	return 0;
}

static void put_all(struct store *store)
{
	struct store_project project = { "shop", "{\"name\":\"shop\"}", 15, 2 };
	struct store_service service = { .project = "shop",
					 .name = "web",
					 .desired = 4000000000u,
					 .stopped = true,
					 .removed = true,
					 .revision = 7,
					 .rollout = 2,
					 .words = "updating",
					 .ports = "80 0 443" };
	struct store_replica replica = { .id = "0123456789abcdef0123456789abcdef",
					 .project = "shop",
					 .service = "web",
					 .name = "shop-web-1",
					 .slot = 1,
					 .revision = 7,
					 .flags = STORE_WANTED | STORE_OOM,
					 .pid = 4321,
					 .start_ticks = 99999999999u,
					 .restarts = 3,
					 .failures = 2,
					 .exit_status = -1,
					 .made_ms = 1700000000001,
					 .started_ms = 1700000000002,
					 .ready_ms = 1700000000003,
					 .exited_ms = 1700000000004,
					 .places = "default=10.0.0.2",
					 .image = "sha256:00",
					 .reason = NULL };

	assert_int_equal(store_begin(store, true, NULL), 0);
	assert_int_equal(store_project_put(store, &project, NULL), 0);
	assert_int_equal(store_service_put(store, &service, NULL), 0);
	assert_int_equal(store_replica_put(store, &replica, NULL), 0);
	assert_int_equal(store_commit(store, NULL), 0);
}

static void test_rows(void **state)
{
	struct place p;
	unsigned count = 0;

	(void)state;
	make_place(&p);
	put_all(p.store);
	/* again: the same rows, not more of them */
	put_all(p.store);
	reopen(&p);
	assert_int_equal(store_projects(p.store, count_projects, &count, NULL), 0);
	assert_int_equal(store_services(p.store, "shop", check_service, &count, NULL), 0);
	assert_int_equal(store_services(p.store, "other", check_service, &count, NULL), 0);
	assert_int_equal(store_replicas(p.store, check_replica, &count, NULL), 0);
	assert_int_equal(count, 3);
	assert_int_equal(store_replica_remove(p.store, "0123456789abcdef0123456789abcdef", NULL),
			 0);
	assert_int_equal(store_service_remove(p.store, "shop", "web", NULL), 0);
	assert_int_equal(store_project_remove(p.store, "shop", NULL), 0);
	assert_int_equal(store_projects(p.store, count_projects, &count, NULL), 0);
	assert_int_equal(store_services(p.store, "shop", check_service, &count, NULL), 0);
	assert_int_equal(store_replicas(p.store, check_replica, &count, NULL), 0);
	assert_int_equal(count, 3);
	drop_place(&p);
}

static void test_rollback(void **state)
{
	struct store_project project = { "shop", "{}", 2, 0 };
	struct place p;
	unsigned count = 0;
	char *value;

	(void)state;
	make_place(&p);
	assert_int_equal(store_begin(p.store, true, NULL), 0);
	assert_int_equal(store_project_put(p.store, &project, NULL), 0);
	store_rollback(p.store);
	store_rollback(p.store);
	assert_int_equal(store_projects(p.store, count_projects, &count, NULL), 0);
	assert_int_equal(count, 0);
	assert_int_equal(store_meta_get(p.store, "boot", &value, NULL), -ENOENT);
	assert_int_equal(store_meta_put(p.store, "boot", "a", NULL), 0);
	assert_int_equal(store_meta_put(p.store, "boot", "b", NULL), 0);
	assert_int_equal(store_meta_get(p.store, "boot", &value, NULL), 0);
	assert_string_equal(value, "b");
	free(value);
	drop_place(&p);
}

static int collect_revision(void *ctx, const struct store_revision *row)
{
	char *text = ctx;

	(void)snprintf(text + strlen(text), 256 - strlen(text), "%llu ",
		       (unsigned long long)row->number);
	return 0;
}

static void test_revisions(void **state)
{
	struct place p;
	char text[256] = "";

	(void)state;
	make_place(&p);
	for (uint64_t n = 1; n <= STORE_REVISIONS_MAX + 5; n++) {
		struct store_revision row = { "shop", "web", n, 1, "d", "{}", "" };

		assert_int_equal(store_revision_put(p.store, &row, NULL), 0);
	}
	assert_int_equal(store_revisions(p.store, "shop", "web", 3, collect_revision, text, NULL),
			 0);
	assert_string_equal(text, "3 ");
	/* replicas of revision 4 are there still */
	assert_int_equal(store_revisions_prune(p.store, "shop", "web", 4, NULL), 0);
	text[0] = '\0';
	assert_int_equal(store_revisions(p.store, "shop", "web", 0, collect_revision, text, NULL),
			 0);
	assert_string_equal(text, "25 24 23 22 21 20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 ");
	drop_place(&p);
}

static int count_events(void *ctx, const struct supervisor_event *event)
{
	uint64_t *last = ctx;

	assert_true(event->serial > *last);
	assert_string_equal(event->kind, "replica");
	assert_string_equal(event->words, "words with 'quotes' and \"others\"");
	*last = event->serial;
	return 0;
}

static int count_decisions(void *ctx, const struct scale_decision *decision)
{
	++*(unsigned *)ctx;
	assert_string_equal(decision->why, "because");
	return 0;
}

static void test_bounded(void **state)
{
	struct supervisor_event event = { .kind = "replica",
					  .action = "start",
					  .project = "p",
					  .service = "s",
					  .replica = "r",
					  .id = "i",
					  .words = "words with 'quotes' and \"others\"" };
	char inputs[] = "{}", why[] = "because";
	struct scale_decision decision = { 1, 2, 3, inputs, why };
	struct place p;
	uint64_t last = 0;
	unsigned count = 0;

	(void)state;
	make_place(&p);
	assert_int_equal(store_begin(p.store, false, NULL), 0);
	for (uint64_t n = 1; n <= STORE_EVENTS_MAX + 1024; n++) {
		event.serial = n;
		assert_int_equal(store_event_put(p.store, &event, NULL), 0);
	}
	for (unsigned n = 0; n < STORE_DECISIONS_MAX + 20; n++)
		assert_int_equal(store_decision_put(p.store, "p", "s", &decision, NULL), 0);
	assert_int_equal(store_commit(p.store, NULL), 0);
	assert_int_equal(store_event_last(p.store), STORE_EVENTS_MAX + 1024);
	assert_int_equal(store_events(p.store, 0, 1, count_events, &last, NULL), 0);
	/* pruned now and then, not at each */
	assert_in_range(last, 1025 - 256, 1025);
	assert_int_equal(store_events(p.store, last, 0, count_events, &last, NULL), 0);
	assert_int_equal(last, STORE_EVENTS_MAX + 1024);
	assert_int_equal(store_decisions(p.store, "p", "s", 0, count_decisions, &count, NULL), 0);
	assert_int_equal(count, STORE_DECISIONS_MAX);
	assert_int_equal(store_decisions(p.store, "p", "s", 3, count_decisions, &count, NULL), 0);
	assert_int_equal(count, STORE_DECISIONS_MAX + 3);
	drop_place(&p);
}

struct timings {
	unsigned counts[STORE_TIMINGS];
	int64_t last[STORE_TIMINGS], first[STORE_TIMINGS];
};

static int collect_timing(void *ctx, enum store_timing kind, int64_t ms)
{
	struct timings *timings = ctx;

	if (!timings->counts[kind]++)
		timings->first[kind] = ms;
	timings->last[kind] = ms;
	return 0;
}

static void test_timings(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct timings timings = { 0 }, none = { 0 };
	struct store *beside;
	struct place p;
	sqlite3 *db;

	(void)state;
	make_place(&p);
	put_all(p.store);
	for (int64_t n = 1; n <= STORE_TIMINGS_MAX + 7; n++)
		assert_int_equal(
			store_timing_put(p.store, "shop", "web", STORE_TIMING_START, n, NULL), 0);
	assert_int_equal(store_timing_put(p.store, "shop", "web", STORE_TIMING_READY, 5, NULL), 0);
	assert_int_equal(store_timing_put(p.store, "shop", "db", STORE_TIMING_READY, 9, NULL), 0);
	/* somebody reads while the other writes */
	assert_int_equal(store_look(p.path, &beside, NULL), 0);
	assert_int_equal(store_timings(beside, "shop", "web", collect_timing, &timings, NULL), 0);
	assert_int_equal(timings.counts[STORE_TIMING_START], STORE_TIMINGS_MAX);
	assert_int_equal(timings.first[STORE_TIMING_START], 8);
	assert_int_equal(timings.last[STORE_TIMING_START], STORE_TIMINGS_MAX + 7);
	assert_int_equal(timings.counts[STORE_TIMING_READY], 1);
	assert_int_equal(timings.last[STORE_TIMING_READY], 5);
	assert_true(store_timing_put(beside, "shop", "web", STORE_TIMING_READY, 5, NULL) < 0);
	store_close(beside);
	assert_int_equal(store_service_remove(p.store, "shop", "web", NULL), 0);
	assert_int_equal(store_timings(p.store, "shop", "web", collect_timing, &none, NULL), 0);
	assert_int_equal(none.counts[STORE_TIMING_START] + none.counts[STORE_TIMING_READY], 0);
	/* one of before there were any: whoever opens it makes the table, whoever looks says so */
	store_close(p.store);
	p.store = NULL;
	assert_int_equal(sqlite3_open(p.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DROP TABLE timing", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	assert_int_equal(store_look(p.path, &beside, &err), -ENOENT);
	assert_non_null(strstr(err.message, "no supervisor has measured anything yet"));
	open_store(&p);
	assert_int_equal(store_timing_put(p.store, "shop", "web", STORE_TIMING_READY, 5, NULL), 0);
	drop_place(&p);
	assert_int_equal(store_look(p.path, &beside, &err), -ENOENT);
}

/* ---- what is refused ------------------------------------------------------------------------------------------------------ */

static enum err_kind expect_refused(struct place *p, const char *part)
{
	struct oci_error err = OCI_ERROR_INIT;

	store_close(p->store);
	p->store = NULL;
	assert_true(store_open(p->path, &p->store, &err) < 0);
	if (!strstr(err.message, part) || strncmp(err.message, p->path, strlen(p->path)) != 0)
		fail_msg("%s", err.message);
	assert_null(strchr(err.message, '\n'));
	return err_kind(&err);
}

static void test_learned(void **state)
{
	const char bytes[] = "a\0b";
	struct place p;
	size_t length = 0;
	void *learned = NULL;

	(void)state;
	make_place(&p);
	assert_int_equal(store_learned_get(p.store, "shop", "web", &learned, &length, NULL),
			 -ENOENT);
	assert_int_equal(store_learned_put(p.store, "shop", "web", "old", 3, NULL), 0);
	assert_int_equal(store_learned_put(p.store, "shop", "web", bytes, sizeof(bytes), NULL), 0);
	assert_int_equal(store_learned_put(p.store, "shop", "db", "x", 1, NULL), 0);
	reopen(&p);
	assert_int_equal(store_learned_get(p.store, "shop", "web", &learned, &length, NULL), 0);
	assert_int_equal(length, sizeof(bytes));
	assert_memory_equal(learned, bytes, sizeof(bytes));
	free(learned);
	assert_int_equal(store_service_remove(p.store, "shop", "web", NULL), 0);
	assert_int_equal(store_learned_get(p.store, "shop", "web", &learned, &length, NULL),
			 -ENOENT);
	assert_int_equal(store_learned_get(p.store, "shop", "db", &learned, &length, NULL), 0);
	free(learned);
	drop_place(&p);
}

/* What an older carte-scale has written goes on to be used, and gets what it lacks. */
static void test_older(void **state)
{
	struct store_service row = { .project = "shop", .name = "web", .words = "", .ports = "" };
	struct place p;
	sqlite3 *db;
	size_t length;
	void *learned;

	(void)state;
	make_place(&p);
	assert_int_equal(store_service_put(p.store, &row, NULL), 0);
	store_close(p.store);
	assert_int_equal(sqlite3_open(p.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DROP TABLE learned", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	open_store(&p);
	assert_int_equal(store_learned_put(p.store, "shop", "web", "x", 1, NULL), 0);
	reopen(&p);
	assert_int_equal(store_learned_get(p.store, "shop", "web", &learned, &length, NULL), 0);
	free(learned);
	drop_place(&p);
}

static void test_newer(void **state)
{
	struct place p;
	sqlite3 *db;

	(void)state;
	make_place(&p);
	assert_int_equal(sqlite3_open(p.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	assert_int_equal(
		expect_refused(&p,
			       ": written by a newer carte-scale (schema 99, this one knows 1)"),
		ERR_UNSUPPORTED);
	drop_place(&p);
}

static void test_damaged(void **state)
{
	static const char rubbish[8192] = "no database";
	struct place p;
	int fd;

	(void)state;
	make_place(&p);
	put_all(p.store);
	store_close(p.store);
	p.store = NULL;
	fd = open(p.path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, rubbish, sizeof(rubbish), 4096), sizeof(rubbish));
	(void)close(fd);
	assert_int_equal(expect_refused(&p, "the database is damaged"), ERR_DAMAGED);
	scale_write(p.folder, "carte.db", "this is no database at all, whatever its name says");
	assert_int_equal(
		expect_refused(&p,
			       "the database is damaged (file is not a database); move it away"),
		ERR_DAMAGED);
	(void)unlink(p.path);
	assert_int_equal(mkdir(p.path, 0700), 0);
	(void)expect_refused(&p, "open");
	drop_place(&p);
}

/* A disk that takes no more, as a limit of the size of files: the command fails, and later ones do not. */
static void test_no_room(void **state)
{
	struct place p;
	struct rlimit old, small = { 16384, RLIM_INFINITY };
	struct oci_error err = OCI_ERROR_INIT;
	struct store_project project = { "shop", "{\"name\":\"shop\"}", 15, 2 };
	unsigned count = 0;
	int r = 0;

	(void)state;
	make_place(&p);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (unsigned i = 0; i < 100 && r == 0; i++) {
		r = store_begin(p.store, true, &err);
		if (r == 0)
			r = store_project_put(p.store, &project, &err);
		if (r == 0)
			r = store_commit(p.store, &err);
		if (r < 0)
			store_rollback(p.store);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_true(r < 0);
	assert_non_null(strstr(err.message, p.path));
	put_all(p.store);
	reopen(&p);
	assert_int_equal(store_projects(p.store, count_projects, &count, NULL), 0);
	assert_int_equal(count, 1);
	drop_place(&p);
}

/* Killed at any moment: what was answered is there, and the database is whole. */
static void test_killed(void **state)
{
	struct place p;
	uint64_t stored = 0;

	(void)state;
	make_place(&p);
	store_close(p.store);
	p.store = NULL;
	for (unsigned round = 0; round < 8; round++) {
		int fds[2];
		/* a slow machine may kill it before the first answer */
		uint64_t answered = stored;
		pid_t pid;

		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0) {
			struct supervisor_event event = { .kind = "k",
							  .action = "a",
							  .project = "",
							  .service = "",
							  .replica = "",
							  .id = "",
							  .words = "" };

			if (store_open(p.path, &p.store, NULL) < 0)
				_exit(1);
			event.serial = store_event_last(p.store);
			for (;;) {
				event.serial++;
				if (store_begin(p.store, true, NULL) < 0 ||
				    store_event_put(p.store, &event, NULL) < 0 ||
				    store_commit(p.store, NULL) < 0 ||
				    write(fds[1], &event.serial, 8) != 8)
					_exit(1);
			}
		}
		(void)close(fds[1]);
		(void)usleep(20000 + 3000 * round);
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		while (read(fds[0], &stored, 8) == 8)
			answered = stored;
		(void)close(fds[0]);
		open_store(&p);
		stored = store_event_last(p.store);
		assert_true(stored == answered || stored == answered + 1);
		store_close(p.store);
		p.store = NULL;
	}
	drop_place(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),      cmocka_unit_test(test_rollback),
		cmocka_unit_test(test_revisions), cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_timings),   cmocka_unit_test(test_newer),
		cmocka_unit_test(test_damaged),   cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_killed),    cmocka_unit_test(test_learned),
		cmocka_unit_test(test_older),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
