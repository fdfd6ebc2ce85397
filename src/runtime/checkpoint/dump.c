/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump.c - from a container's state and config.json to images of it.
 *
 * The state folder is locked all the time, so that nobody starts, deletes or
 * dumps it meanwhile. criu thaws and goes on with the container when a dump
 * fails, so nothing is to be undone here.
 */
#include "runtime/checkpoint/dump.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/bundle.h"
#include "runtime/checkpoint/criu.h"
#include "runtime/checkpoint/descriptors.h"
#include "runtime/checkpoint/images.h"
#include "runtime/container.h"
#include "runtime/create-private.h"
#include "runtime/landlock.h"
#include "runtime/rootfs-private.h"

#define KEY_UPPER "io.carte.rootfs.upper"

struct dump {
	struct creation view; /* config.json and what follows from it, as create has seen it */
	struct cr_options options;
	struct images images;
	struct cr_plan plan;
};

static int load_container(struct dump *d, const char *id, struct oci_error *err)
{
	struct creation *c = &d->view;
	struct state *state;
	int r = state_load(&c->arena, c->ctx->root, id, &state, err);

	if (r < 0)
		return r;
	/* engines look for "container not running" */
	if (state->status != OCI_STATUS_RUNNING && state->status != OCI_STATUS_PAUSED)
		return err_set(err, EINVAL, "container not running: it is %s",
			       oci_status_name(state->status));
	c->state = *state;
	return 0;
}

/* What the container has written into a tmpfs would be lost without a word. */
static int check_upper(const struct oci_config *config, struct oci_error *err)
{
	const char *upper = oci_annotation(config->annotations, config->annotations_len, KEY_UPPER);

	if (upper && strcmp(upper, "tmpfs") == 0)
		return err_set(err, ENOTSUP,
			       "annotations." KEY_UPPER ": tmpfs: what was written there cannot "
			       "be kept; give a folder");
	return 0;
}

static int load_config(struct dump *d, struct oci_error *err)
{
	struct creation *c = &d->view;
	const struct landlock_plan *landlock;
	char *bundle;
	int r;

	r = bundle_load(&c->arena, c->state.bundle, NULL, &bundle, &c->config, err);
	if (r < 0)
		return r;
	r = ns_plan(c->config, &c->ns, err);
	if (r == 0)
		r = create_plan_rootfs(c, err);
	if (r == 0)
		r = check_upper(c->config, err);
	if (r == 0)
		r = landlock_plan(&c->arena, c->config, &landlock, err);
	if (r == 0)
		r = landlock_refuse_checkpoint(landlock, err);
	if (r < 0)
		err_prefix(err, "config.json: ");
	return r;
}

/* What the images must know of the world outside; a pre-dump has memory only. */
static int plan_externals(struct dump *d, struct oci_error *err)
{
	CLEANUP_CLOSE int root_fd = -EBADF;
	struct creation *c = &d->view;
	pid_t pid = (pid_t)c->state.pid.value;
	struct cr_mounts inside, outside;
	struct cr_place place = {
		.config = c->config,
		.rootfs = c->rootfs,
		.cgroup = &c->state.cgroup,
		.inside = &inside,
		.outside = &outside,
	};
	char path[32];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	/* by name: a magic link of a process that the locked state folder names */
	root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(err, errno, "open the container's root");
	place.root_fd = root_fd;
	/* not in config.json: create has mounted it for an engine that set NOTIFY_SOCKET */
	if (faccessat(c->dir.fd, NOTIFY_STATE_DIR, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		r = cr_pairs_add(&c->arena, &d->plan.mounts, NOTIFY_INSIDE_DIR, NOTIFY_INSIDE_DIR,
				 err);
		if (r < 0)
			return r;
	}
	r = cr_mounts_read(&c->arena, pid, &inside, err);
	if (r == 0)
		r = cr_mounts_read(&c->arena, 0, &outside, err);
	if (r == 0)
		r = cr_plan_mounts(&c->arena, &place, &d->plan, err);
	if (r == 0)
		r = descriptors_dump(&c->arena, pid, &inside, &d->plan, err);
	return r;
}

static int plan(struct dump *d, struct oci_error *err)
{
	struct creation *c = &d->view;
	struct cr_plan *p = &d->plan;
	int r;

	*p = (struct cr_plan){
		.action = d->options.words->pre_dump ? CR_PRE_DUMP : CR_DUMP,
		.options = &d->options,
		.images_fd = d->images.images_fd,
		.work_fd = d->images.work_fd,
		.log_file = "dump.log",
		.root = c->state.rootfs,
		.pid = (pid_t)c->state.pid.value,
	};
	cr_plan_config_file(c->config, p);
	r = cr_plan_freezer(&c->arena, &c->state.cgroup, p, err);
	if (r == 0)
		r = cr_plan_namespaces(&c->arena, &c->ns, p, err);
	return r == 0 && p->action == CR_DUMP ? plan_externals(d, err) : r;
}

static int ask_criu(struct dump *d, struct oci_error *err)
{
	static const struct criu_child child = { .finishes = true };
	const struct cr_words *w = d->options.words;
	struct criu criu = CRIU_INIT;
	int r = criu_start(&criu, &child, err);

	if (r == 0 && (w->pre_dump || w->lazy_pages))
		r = criu_need_feature(&criu, w->pre_dump, w->lazy_pages, err);
	if (r == 0)
		r = criu_run(&criu, &d->plan, NULL, NULL, err);
	criu_close(&criu);
	return r;
}

/* criu has killed it; a caller that asks at once shall hear "stopped" */
static int finish(struct dump *d, struct oci_error *err)
{
	struct creation *c = &d->view;
	int r;

	if (d->options.words->pre_dump || d->options.words->leave_running)
		return 0;
	r = container_kill(c->ctx->root, &c->state, err);
	if (r < 0)
		return r;
	c->state.checkpointed = (struct oci_bool){ true, true };
	return state_save(&c->dir, &c->state, err);
}

static int dump(struct dump *d, const char *id, const struct cr_words *words, struct oci_error *err)
{
	struct creation *c = &d->view;
	int r;

	r = cr_options_check(&c->arena, words, false, &d->options, err);
	if (r == 0)
		r = load_container(d, id, err);
	if (r == 0)
		r = state_dir_open(c->ctx->root, id, true, &c->dir, err);
	/* whoever had the lock may have ended it */
	if (r == 0)
		r = load_container(d, id, err);
	if (r == 0)
		r = load_config(d, err);
	if (r == 0)
		r = images_make(&d->options, &d->images, err);
	if (r == 0)
		r = plan(d, err);
	if (r == 0)
		r = ask_criu(d, err);
	return r == 0 ? finish(d, err) : r;
}

int dump_container(struct cmd_context *ctx, const char *id, const struct cr_words *words,
		   struct oci_error *err)
{
	static const struct create_options options = { .bundle = NULL };
	struct dump d = {
		.view = { .arena = OCI_ARENA_INIT,
			  .ctx = ctx,
			  .options = &options,
			  .dir = STATE_DIR_INIT },
		.images = IMAGES_INIT,
	};
	int r = criu_refuse(err);

	if (r == 0)
		r = dump(&d, id, words, err);
	images_closep(&d.images);
	state_dir_close(&d.view.dir);
	oci_arena_free(&d.view.arena);
	return r;
}
