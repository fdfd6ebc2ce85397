/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore.c - state folder, cgroups, root; then criu makes the processes.
 *
 * The order is that of create.c: whatever is made is in the state file before
 * it exists. criu is started inside the container's cgroups, so what it makes
 * is there from the beginning, where a delete finds it after a kill -9.
 */
#include "runtime/checkpoint/restore.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/checkpoint/criu.h"
#include "runtime/checkpoint/descriptors.h"
#include "runtime/checkpoint/images.h"
#include "runtime/container.h"
#include "runtime/core_sched.h"
#include "runtime/create-private.h"
#include "runtime/landlock.h"
#include "runtime/process.h"
#include "runtime/rootfs.h"
#include "runtime/terminal.h"

#define PROC_CGROUP_MAX 65536

struct restore {
	struct creation *c;
	struct cr_options options;
	struct images images;
	struct cr_plan plan;
	struct criu criu;
	bool published;
};

/* ---- planning ----------------------------------------------------------------- */

/* The images may have it mounted, though nobody listens now. */
static int plan_old_notify(struct restore *r, struct oci_error *err)
{
	struct creation *c = r->c;
	char *dir =
		oci_arena_printf(&c->arena, "%s/%s/" NOTIFY_STATE_DIR, c->ctx->root, c->state.id);

	if (!dir)
		return err_nomem(err);
	return cr_pairs_add(&c->arena, &r->plan.mounts, NOTIFY_INSIDE_DIR, dir, err);
}

static int plan_externals(struct restore *r, struct oci_error *err)
{
	CLEANUP_CLOSE int root_fd = -EBADF;
	struct creation *c = r->c;
	struct cr_mounts outside;
	struct cr_place place = {
		.config = c->config,
		.rootfs = c->rootfs,
		.cgroup = &c->state.cgroup,
		.outside = &outside,
	};
	int e;

	/* by name: the host's own folder */
	root_fd = open(rootfs_path(c->rootfs), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(err, errno, "root.path: %s", rootfs_path(c->rootfs));
	place.root_fd = root_fd;
	e = cr_mounts_read(&c->arena, 0, &outside, err);
	if (e == 0)
		e = cr_plan_mounts(&c->arena, &place, &r->plan, err);
	if (e == 0 && !c->notify)
		e = plan_old_notify(r, err);
	if (e == 0)
		e = cr_plan_namespaces(&c->arena, &c->ns, &r->plan, err);
	if (e < 0)
		err_prefix(err, "config.json: ");
	return e;
}

static int plan_restore(struct restore *r, struct oci_error *err)
{
	r->plan = (struct cr_plan){
		.action = CR_RESTORE,
		.options = &r->options,
		.images_fd = r->images.images_fd,
		.work_fd = r->images.work_fd,
		.log_file = "restore.log",
		.root = rootfs_path(r->c->rootfs),
	};
	cr_plan_config_file(r->c->config, &r->plan);
	return descriptors_restore(&r->c->arena, &r->plan, err);
}

/* ---- making ------------------------------------------------------------------- */

static int make_outside(struct restore *r, struct oci_error *err)
{
	const struct oci_linux *l = r->c->config->linux_;
	struct creation *c = r->c;
	int e = 0;

	if (c->options->io.console_socket) {
		c->child.console_fd = io_connect_unix(SOCK_STREAM, c->options->io.console_socket);
		if (c->child.console_fd < 0)
			return err_sys(err, -c->child.console_fd,
				       "connect to the console socket %s",
				       c->options->io.console_socket);
	}
	if (c->notify)
		e = notify_socket_make_dir(c->notify, err);
	else if (mkdirat(c->dir.fd, NOTIFY_STATE_DIR, 0755) < 0)
		e = err_sys(err, errno, "make the folder of the notify socket");
	if (e == 0)
		e = rootfs_prepare(c->rootfs, err);
	if (e < 0)
		return e;
	e = cgroup_create(&c->state.cgroup, l->resources, err);
	c->cgroup_made = e == 0;
	if (e == 0 && l->intel_rdt) {
		e = rdt_create(&c->arena, l->intel_rdt, c->state.id, &c->state.rdt, err);
		if (e == 0)
			e = state_save(&c->dir, &c->state, err);
	}
	return e;
}

/* What criu forks inherits its cookie. */
static int take_cookie(const struct creation *c, struct oci_error *err)
{
	const char *cookie = core_sched_asked(c->config);

	if (!cookie)
		return 0;
	return strcmp(cookie, "new") == 0 ? core_sched_new(err)
					  : core_sched_share_id(c->ctx, cookie, err);
}

/* In the process that becomes criu. */
static int prepare_criu(void *arg, struct oci_error *err)
{
	struct creation *c = arg;
	int r = 0;

	/* the lock is the runtime's: a copy here would outlive it */
	(void)close(c->dir.fd);
	(void)close(c->dir.root_fd);
	if (!cgroup_needs_process(&c->state.cgroup))
		r = cgroup_enter(&c->state.cgroup, 0, false, err);
	if (r == 0)
		r = take_cookie(c, err);
	return r == 0 ? restore_root(c->rootfs, err) : r;
}

/* criu asks which folders stand for those that it finds in the images: those that it is in itself. */
static int find_cgroups(struct restore *r, struct oci_error *err)
{
	char path[40], *text;
	size_t length;
	int e;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)r->criu.pid);
	e = io_read_at(AT_FDCWD, path, PROC_CGROUP_MAX, &r->c->arena, &text, &length);
	if (e < 0)
		return err_sys(err, -e, "read %s", path);
	return cr_plan_cgroup_roots(&r->c->arena, text, &r->plan, err);
}

static int start_criu(struct restore *r, const sigset_t *mask, struct oci_error *err)
{
	struct creation *c = r->c;
	const struct criu_child child = { .prepare = prepare_criu,
					  .arg = c,
					  .work_path = r->options.work_path,
					  .work_fd = &r->images.work_fd,
					  .fds = r->plan.fds,
					  .fds_len = r->plan.fds_len,
					  .mask = mask };
	int e = criu_start(&r->criu, &child, err);

	rootfs_release(c->rootfs);
	r->plan.work_fd = r->images.work_fd;
	if (e == 0 && cgroup_needs_process(&c->state.cgroup)) {
		c->cgroup_made = true;
		e = cgroup_start(&c->state.cgroup, c->config->linux_->resources, r->criu.pid, err);
		cgroup_settle(&c->state.cgroup);
	}
	if (e == 0 && c->state.rdt.path)
		e = rdt_enter(&c->state.rdt, r->criu.pid, err);
	return e < 0 ? e : find_cgroups(r, err);
}

/* ---- what criu tells of ------------------------------------------------------- */

static int on_terminal(struct restore *r, int fd, struct oci_error *err)
{
	struct creation *c = r->c;
	int e;

	if (fd < 0)
		return err_set(err, EPROTO, "criu has sent no terminal");
	if (c->child.console_fd >= 0) {
		e = terminal_send(c->child.console_fd, fd, err);
		(void)close(fd);
		return e;
	}
	if (c->launch.master >= 0 || c->options->io.detach) {
		(void)close(fd);
		return err_set(err, EINVAL,
			       "process.terminal: the images hold a terminal, which needs "
			       "--console-socket or the foreground");
	}
	c->launch.master = fd;
	return 0;
}

static int know_init(struct creation *c, pid_t pid, struct oci_error *err)
{
	if (c->launch.pid > 0 || pid <= 0)
		return 0;
	c->launch.pidfd = sys_pidfd_open(pid, 0);
	if (c->launch.pidfd < 0)
		return err_sys(err, -c->launch.pidfd, "pidfd_open %d", (int)pid);
	c->launch.pid = pid;
	return 0;
}

/* All is there, but stopped still: whoever reads the pid file finds a container that is known. */
static int publish(struct restore *r, struct oci_error *err)
{
	struct creation *c = r->c;
	struct proc_stat stat;
	int e = proc_stat_read(c->launch.pid, &stat);

	if (e < 0)
		return err_sys(err, -e, "read the container's /proc/%d/stat", (int)c->launch.pid);
	c->state.pid = (struct oci_i64){ true, c->launch.pid };
	c->state.start_time = (struct oci_u64){ true, stat.start_time };
	e = state_save(&c->dir, &c->state, err);
	if (e == 0)
		e = launch_publish(&c->launch, &c->options->io, err);
	r->published = e == 0;
	return e;
}

static int on_event(void *arg, enum criu_event event, pid_t pid, int fd, struct oci_error *err)
{
	struct restore *r = arg;
	const struct oci_hooks *hooks = r->c->config->hooks;
	int e;

	if (event == CRIU_TERMINAL)
		return on_terminal(r, fd, err);
	fd_closep(&fd);
	e = know_init(r->c, pid, err);
	if (e == 0 && event == CRIU_SETUP_NAMESPACES && hooks)
		e = create_run_hooks(r->c, err);
	if (e == 0 && event == CRIU_POST_RESTORE)
		e = publish(r, err);
	return e;
}

static int run_criu(struct restore *r, const sigset_t *mask, struct oci_error *err)
{
	const struct criu_events events = { on_event, r };
	pid_t pid = 0;
	int e = start_criu(r, mask, err);

	if (e == 0)
		e = criu_run(&r->criu, &r->plan, &events, &pid, err);
	if (e == 0 && !r->published)
		e = know_init(r->c, pid, err);
	if (e == 0 && !r->published)
		e = publish(r, err);
	return e;
}

/* ---- the whole ---------------------------------------------------------------- */

/* runc's checkpoint deletes the container, so a restore with its ID is what people and engines know. */
static int take_over(struct cmd_context *ctx, const char *id, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct state_dir dir = STATE_DIR_INIT;
	struct state *state;
	int r;

	if (state_load(&arena, ctx->root, id, &state, NULL) < 0 || !state->checkpointed.value ||
	    state->status != OCI_STATUS_STOPPED)
		return 0;
	r = state_dir_open(ctx->root, id, true, &dir, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = state_load(&arena, ctx->root, id, &state, err);
	if (r == 0 && state->checkpointed.value && state->status == OCI_STATUS_STOPPED)
		r = container_destroy(ctx->root, &dir, state, NULL, err);
	state_dir_close(&dir);
	return r;
}

static int plan_all(struct restore *r, const char *id, const struct cr_words *words,
		    struct oci_error *err)
{
	struct creation *c = r->c;
	int e;

	e = cr_options_check(&c->arena, words, true, &r->options, err);
	if (e == 0)
		e = images_open(&r->options, &r->images, err);
	if (e == 0)
		e = take_over(c->ctx, id, err);
	if (e == 0)
		e = create_plan(c, err);
	if (e == -EBUSY && state_dir_exists(c->ctx->root, id)) {
		*err = (struct oci_error)OCI_ERROR_INIT;
		e = state_already_exists(err);
	}
	if (e == 0) {
		e = landlock_refuse_checkpoint(c->child.landlock, err);
		if (e < 0)
			err_prefix(err, "config.json: ");
	}
	if (e < 0)
		return e;
	/* criu restores no keyrings: there is none for exec to join */
	c->state.new_keyring = (struct oci_bool){ false, false };
	e = plan_restore(r, err);
	return e == 0 ? plan_externals(r, err) : e;
}

static void close_plan(struct restore *r)
{
	for (size_t i = 0; i < r->plan.fds_len; i++)
		if (r->plan.fds[i].fd > STDERR_FILENO)
			fd_closep(&r->plan.fds[i].fd);
	images_closep(&r->images);
}

static void begin(struct creation *c, struct cmd_context *ctx, const char *id,
		  const struct create_options *options, const sigset_t *mask)
{
	*c = (struct creation){
		.arena = OCI_ARENA_INIT,
		.ctx = ctx,
		.options = options,
		.state = { .id = (char *)id },
		.dir = STATE_DIR_INIT,
		.launch = { .sync_fd = -EBADF, .pidfd = -EBADF, .master = -EBADF },
	};
	child_prepare(&c->child, id, mask);
	c->launch.child = &c->child;
}

int restore_container(struct creation *c, struct cmd_context *ctx, const char *id,
		      const struct create_options *options, const struct cr_words *words,
		      const sigset_t *mask, struct oci_error *err)
{
	struct restore r = { .c = c, .images = IMAGES_INIT, .criu = CRIU_INIT };
	int e;

	begin(c, ctx, id, options, mask);
	e = criu_refuse(err);
	if (e == 0)
		e = state_check_id(id, err);
	if (e == 0)
		e = plan_all(&r, id, words, err);
	if (e == 0)
		e = state_dir_create(ctx->root, id, ctx->rootless, &c->dir, err);
	if (e < 0) {
		close_plan(&r);
		create_free(c);
		return e;
	}
	e = state_save(&c->dir, &c->state, err);
	if (e == 0)
		e = make_outside(&r, err);
	if (e == 0)
		e = run_criu(&r, mask, err);
	criu_close(&r.criu);
	close_plan(&r);
	if (e < 0)
		create_undo(c);
	return e;
}
