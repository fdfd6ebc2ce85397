/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_show.c - the logs of several containers, and of those that come while they are followed.
 */
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>

#include "cli/common.h"
#include "cli/logs.h"

/* How often it is looked for replicas that came or went; what is written is seen at once. */
#define LOOK_MS 500

struct show {
	const struct log_request *request;
	struct log_view view;
	struct log_source *sources;
	size_t len, room;
	int inotify;
	bool started; /* what comes now is printed from its beginning */
};

static void show_freep(struct show *show)
{
	for (size_t i = 0; i < show->len; i++)
		log_close(&show->sources[i]);
	mem_freep(&show->sources);
	fd_closep(&show->inotify);
}
#define CLEANUP_SHOW __attribute__((cleanup(show_freep)))

/* ---- which ------------------------------------------------------------------------------------------------------------ */

static struct log_source *find_source(struct show *show, const char *id)
{
	for (size_t i = 0; i < show->len; i++)
		if (strcmp(show->sources[i].id, id) == 0)
			return &show->sources[i];
	return NULL;
}

/* Of a whole project one that failed may be back soon, while others run. */
static bool has_ended(const struct show *show, yajl_val container)
{
	const char *state = json_text(container, "state");

	return strcmp(state, "exited") == 0 ||
	       (strcmp(state, "failed") == 0 && !show->request->project);
}

static int grow(struct show *show, struct oci_error *err)
{
	size_t room = show->room ? show->room * 2 : 16;
	struct log_source *sources;

	if (show->sources && show->len < show->room)
		return 0;
	sources = reallocarray(show->sources, room, sizeof(*sources));
	if (!sources)
		return err_nomem(err);
	show->sources = sources;
	show->room = room;
	return 0;
}

static void add_watch(struct show *show, struct log_source *source)
{
	if (show->inotify >= 0)
		source->watch = inotify_add_watch(show->inotify, source->path, IN_MODIFY);
}

static int add_source(struct show *show, yajl_val container, struct oci_error *err)
{
	static const enum colour colours[] = { GREEN, YELLOW, BLUE, RED };
	CLEANUP_JSON yajl_val whole = NULL;
	struct oci_error words = OCI_ERROR_INIT;
	struct log_source *source;
	const char *path;
	int r = grow(show, err);

	if (r == 0)
		r = client_get(&whole, &words, "/v1/containers/%s", json_text(container, "id"));
	if (r < 0) /* gone in the meantime */
		return err_kind(&words) == ERR_NOT_FOUND ? 0 : err_copy(err, &words);
	path = json_text(whole, "logPath");
	if (!*path)
		return 0;
	source = &show->sources[show->len];
	r = log_open(source, json_text(whole, "id"), json_text(whole, "name"), path, &words);
	if (r < 0) {
		log_close(source);
		return r == -ENOENT ? 0 : err_copy(err, &words); /* not started yet */
	}
	source->colour = colours[show->len++ % ARRAY_LEN(colours)];
	if (term_columns(source->name) > show->view.width)
		show->view.width = term_columns(source->name);
	add_watch(show, source);
	source->live = source->seen = true;
	return show->started ? log_start(source, -1, &show->view, err) : 0;
}

static int look_at(struct show *show, yajl_val container, struct oci_error *err)
{
	struct log_source *source = find_source(show, json_text(container, "id"));

	if (!source)
		return add_source(show, container, err);
	source->seen = true;
	source->live = !has_ended(show, container);
	return 0;
}

static int look_project(struct show *show, struct refs *refs, struct oci_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_count(refs->containers); i++)
		if (strcmp(json_text(json_at(refs->containers, i), "project"),
			   show->request->project) == 0)
			r = look_at(show, json_at(refs->containers, i), err);
	return r;
}

static int look_operand(struct show *show, struct refs *refs, const char *operand,
			struct oci_error *err)
{
	struct ref ref;
	struct oci_error words = OCI_ERROR_INIT;
	int r = refs_find(refs, operand, &ref, &words);

	/* --rm, while it is followed */
	if (r < 0)
		return show->started && err_kind(&words) == ERR_NOT_FOUND ? 0
									  : err_copy(err, &words);
	show->view.prefix |= ref.service && !show->request->no_prefix;
	for (size_t i = 0; r == 0 && i < json_count(refs->containers); i++)
		if (ref_means(&ref, json_at(refs->containers, i)))
			r = look_at(show, json_at(refs->containers, i), err);
	return r;
}

/* What there is now. 1: something still runs, or will. */
static int look(struct show *show, struct oci_error *err)
{
	CLEANUP_REFS struct refs refs = { 0 };
	int r = refs_load(&refs, err);
	bool live = false;

	for (size_t i = 0; i < show->len; i++)
		show->sources[i].seen = false;
	if (r == 0 && show->request->project)
		r = look_project(show, &refs, err);
	for (int i = 0; r == 0 && i < show->request->count; i++)
		r = look_operand(show, &refs, show->request->operands[i], err);
	for (size_t i = 0; i < show->len; i++)
		live |= show->sources[i].seen && show->sources[i].live;
	return r < 0 ? r : live;
}

/* ---- following ---------------------------------------------------------------------------------------------------------- */

static int print_more(struct show *show, struct oci_error *err)
{
	for (size_t i = 0; i < show->len; i++) {
		int r = log_more(&show->sources[i], &show->view, err);

		if (r < 0)
			return r;
	}
	return fflush(show->view.out) ? err_sys(err, errno, "write to stdout") : 0;
}

/* 1: told to stop */
static int wait_more(const struct show *show)
{
	struct pollfd fds[] = { { .fd = show->inotify, .events = POLLIN },
				{ .fd = show->request->signal_fd, .events = POLLIN } };
	char events[4096];

	(void)poll(fds, ARRAY_LEN(fds), LOOK_MS);
	/* what they say does not matter: all logs are looked at */
	while (fds[0].revents & POLLIN &&
	       read(show->inotify, events, sizeof(events)) == (ssize_t)sizeof(events))
		;
	return fds[1].revents != 0;
}

/* Sources that are gone and read are closed. */
static void drop_gone(struct show *show)
{
	size_t kept = 0;

	for (size_t i = 0; i < show->len; i++) {
		struct log_source *source = &show->sources[i];

		if (source->seen) {
			show->sources[kept++] = *source;
			continue;
		}
		log_finish(source, &show->view);
		if (source->watch >= 0)
			(void)inotify_rm_watch(show->inotify, source->watch);
		log_close(source);
	}
	show->len = kept;
}

static int follow(struct show *show, struct oci_error *err)
{
	int64_t next = 0;
	int r = 0, live = 1;

	while (r == 0 && live) {
		if (common_now_ms() >= next) {
			live = look(show, err);
			if (live < 0)
				return live;
			next = common_now_ms() + LOOK_MS;
		}
		r = print_more(show, err);
		drop_gone(show);
		if (r == 0 && live && wait_more(show))
			break;
	}
	return r < 0 ? r : print_more(show, err);
}

int log_show(const struct log_request *request, struct oci_error *err)
{
	CLEANUP_SHOW struct show show = { .request = request, .inotify = -1 };
	int r;

	show.view = (struct log_view){ .prefix = request->prefix && !request->no_prefix,
				       .times = request->times,
				       .colours = term_colours(stdout),
				       .out = stdout };
	if (request->follow) {
		show.inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (show.inotify < 0)
			return err_sys(err, errno, "inotify");
	}
	r = look(&show, err);
	show.view.prefix &= !request->no_prefix;
	for (size_t i = 0; r >= 0 && i < show.len; i++)
		r = log_start(&show.sources[i], request->tail, &show.view, err);
	show.started = show.view.started = true;
	if (r >= 0 && request->follow)
		r = follow(&show, err);
	for (size_t i = 0; i < show.len; i++)
		log_finish(&show.sources[i], &show.view);
	return r < 0 ? r : 0;
}
