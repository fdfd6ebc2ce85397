/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create.c - carry the plan out: state folder, cgroups, process, handshake.
 *
 * The order is what makes a kill -9 harmless: whatever is made is named in
 * the state file before it exists, and the child dies with the runtime until
 * the state file knows the child.
 */
#include "runtime/create.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"
#include "runtime/container.h"
#include "runtime/core_sched.h"
#include "runtime/create-private.h"
#include "runtime/hooks.h"
#include "runtime/idmap.h"
#include "runtime/netdev.h"
#include "runtime/process.h"
#include "runtime/rootfs.h"
#include "runtime/seccomp.h"
#include "runtime/spawn.h"
#include "runtime/sync.h"

/* What was found only when it was tried: to the reader it is a place in config.json like any other. */
static void name_document(const struct create_options *options, struct oci_error *err)
{
	static const char *const members[] = { "root",   "process", "hostname",    "domainname",
					       "mounts", "hooks",   "annotations", "linux" };
	const char *message = err ? err->message : "";
	size_t n = strcspn(message, ".[: ");

	if (!n || !message[n] || message[n] == ' ')
		return;
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (strlen(members[i]) == n && strncmp(members[i], message, n) == 0)
			err_in_document(err, options->config ? options->config : "config.json");
}

static int connect_to(const char *path, const char *what, int *ret, struct oci_error *err)
{
	if (!path)
		return 0;
	*ret = io_connect_unix(SOCK_STREAM, path);
	if (*ret < 0)
		return err_sys(err, -*ret, "%s %s", what, path);
	return 0;
}

static int prepare_seccomp(struct creation *c, struct oci_error *err)
{
	const struct oci_seccomp *seccomp = c->config->linux_->seccomp;
	CLEANUP_CLOSE int cache = -EBADF;
	struct seccomp_program *program;
	int r;

	if (!seccomp)
		return 0;
	cache = openat(c->dir.root_fd, STATE_SECCOMP_CACHE,
		       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (cache < 0 && errno == ENOENT && mkdirat(c->dir.root_fd, STATE_SECCOMP_CACHE, 0700) == 0)
		cache = openat(c->dir.root_fd, STATE_SECCOMP_CACHE,
			       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	r = seccomp_prepare(&c->arena, seccomp, cache, &program, err);
	if (r < 0)
		return r;
	c->child.seccomp = program;
	return program->notify ? connect_to(program->listener_path,
					    "linux.seccomp.listenerPath: connect to",
					    &c->child.agent_fd, err)
			       : 0;
}

static int listen_for_start(struct creation *c, struct oci_error *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char link[32];
	int fd;

	if (c->options->start)
		return 0;
	fd = c->child.start_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/" STATE_START_SOCKET,
		 path_fd_link(c->dir.fd, link));
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, 8) < 0)
		return err_sys(err, errno, "make " STATE_START_SOCKET);
	return 0;
}

/* What needs nothing of the child. */
static int make_outside(struct creation *c, struct oci_error *err)
{
	const struct oci_linux *l = c->config->linux_;
	int r;

	r = prepare_seccomp(c, err);
	if (r == 0)
		r = connect_to(c->options->io.console_socket, "connect to the console socket",
			       &c->child.console_fd, err);
	if (r == 0)
		r = listen_for_start(c, err);
	if (r == 0 && c->notify)
		r = notify_socket_make_dir(c->notify, err);
	if (r < 0)
		return r;
	r = cgroup_create(&c->state.cgroup, l->resources, err);
	/* one that failed has taken its part back; what is there else is not ours */
	c->cgroup_made = r == 0;
	if (r == 0 && l->intel_rdt) {
		r = rdt_create(&c->arena, l->intel_rdt, c->state.id, &c->state.rdt, err);
		if (r == 0)
			r = state_save(&c->dir, &c->state, err);
	}
	return r;
}

static int spawn_init(struct creation *c, struct oci_error *err)
{
	struct child *child = &c->child;
	CLEANUP_CLOSE int cgroup_fd = -EBADF;
	struct spawn spawn = { .made = c->ns.made, .ns = &c->ns };
	const char *cookie = core_sched_asked(c->config);
	int r;

	r = ns_open(&c->ns, err);
	if (r == 0)
		r = rootfs_prepare(c->rootfs, err);
	child->core_cookie = cookie && strcmp(cookie, "new") == 0;
	if (r == 0 && cookie && !child->core_cookie)
		r = core_sched_share_id(c->ctx, cookie, err);
	if (r < 0)
		return r;
	/* its root is the cgroup of its maker at that moment, so the child makes it once it is inside */
	spawn.made &= ~(uint64_t)CLONE_NEWCGROUP;
	/* made with offsets, it is entered apart */
	if (c->ns.time_offsets)
		spawn.made &= ~(uint64_t)CLONE_NEWTIME;
	spawn.early_joins = spawn_early_joins(&c->ns);
	/* what is there of a unit that is still to be made is a left-over */
	spawn.cgroup_fd = cgroup_fd =
		cgroup_needs_process(&c->state.cgroup) ? -1 : cgroup_v2_fd(&c->state.cgroup);
	child->late_joins = spawn.early_joins ? 0 : ~0ULL;
	/* in a joined mount namespace it would not find them */
	child->enters_cgroups =
		!(spawn.early_joins & CLONE_NEWNS) && !cgroup_needs_process(&c->state.cgroup);
	child->user_ns = c->ns.listed & CLONE_NEWUSER;
	child->await_id_maps = c->ns.made & CLONE_NEWUSER;
	child->hooks = c->config->hooks &&
		       (c->config->hooks->prestart_len || c->config->hooks->create_runtime_len);
	child->lock_fd = state_lock_init(&c->dir, err);
	if (child->lock_fd < 0)
		return child->lock_fd;
	r = launch_spawn(&c->launch, &spawn, child_init_main, err);
	ns_close(&c->ns);
	fd_closep(&child->start_fd);
	fd_closep(&child->console_fd);
	fd_closep(&child->agent_fd);
	return r;
}

/* A child that has failed is gone, and with it the files of /proc that we were about to write: its own words say why. */
static int hear_child(struct creation *c, int r, struct oci_error *err)
{
	struct pollfd p = { .fd = c->launch.sync_fd, .events = POLLIN };
	struct oci_error said = OCI_ERROR_INIT;
	enum sync_state got;

	if (poll(&p, 1, 0) <= 0 || !(p.revents & POLLIN))
		return r;
	if (sync_receive(c->launch.sync_fd, &got, NULL, NULL, &said) < 0 && said.code && err) {
		*err = said;
		r = -said.code;
	}
	return r;
}

static int map_ids(struct creation *c, struct oci_error *err)
{
	struct oci_linux *l = c->config->linux_;
	bool denied = false;
	int r;

	if (!c->child.await_id_maps)
		return 0;
	r = c->state.lent_user_ns.value
		    ? idmap_write_lent(c->launch.pid, l, &denied, &c->no_ranges, err)
		    : idmap_write(c->launch.pid, l, &denied, err);
	if (r == 0)
		r = rootfs_set_userns(c->rootfs, c->launch.pid, err);
	if (r < 0)
		return hear_child(c, r, err);
	return sync_send(c->launch.sync_fd, SYNC_IDS_MAPPED, denied, err);
}

/* An id that is not mapped, in a namespace that config.json knows nothing of: say where a larger one comes from. */
static void explain_ids(const struct creation *c, struct oci_error *err)
{
	struct oci_error said;

	if (!c->no_ranges.code || !err || (err->code != EINVAL && err->code != EPERM) ||
	    !strstr(err->message, "user namespace"))
		return;
	said = *err;
	err->code = 0;
	(void)err_set(err, said.code, "%s, which has a single id: %s", said.message,
		      c->no_ranges.message);
}

static int move_devices(struct creation *c, struct oci_error *err)
{
	const struct oci_linux *l = c->config->linux_;
	CLEANUP_CLOSE int netns = -EBADF;
	char own[32];
	const char *path = own;

	if (l->net_devices_len == 0)
		return 0;
	/* the child may not have joined it yet */
	snprintf(own, sizeof(own), "/proc/%d/ns/net", (int)c->launch.pid);
	for (size_t i = 0; i < c->ns.joins_len; i++)
		if (c->ns.joins[i].flag == CLONE_NEWNET)
			path = c->ns.joins[i].path;
	/* by name: a namespace of the host's, from config.json or /proc */
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_sys(err, errno, "open the container's network namespace %s", path);
	return netdev_move(l->net_devices, l->net_devices_len, netns, err);
}

int create_run_hooks(void *creation, struct oci_error *err)
{
	struct creation *c = creation;
	const struct oci_hooks *hooks = c->config->hooks;
	CLEANUP_FREE char *text = NULL;
	struct oci_state state;
	size_t length;
	int r;

	state_to_oci(&c->state, OCI_STATUS_CREATING, &state);
	state.pid = (struct oci_i64){ true, c->launch.pid };
	r = oci_state_emit(&state, 0, &text, &length, err);
	if (r == 0)
		r = hooks_run(hooks->prestart, hooks->prestart_len, "prestart", c->state.bundle,
			      text, length, err);
	if (r == 0)
		r = hooks_run(hooks->create_runtime, hooks->create_runtime_len, "createRuntime",
			      c->state.bundle, text, length, err);
	return r;
}

/* A process that could not give its reason was killed; most often by the OOM killer of its own cgroup. */
static void explain_death(const struct creation *c, struct oci_error *err)
{
	const struct oci_resources *r = c->config->linux_->resources;
	struct pollfd end = { .fd = c->launch.pidfd, .events = POLLIN };
	siginfo_t info = { 0 };

	/* its files are closed before it counts as ended */
	if (poll(&end, 1, 1000) <= 0 ||
	    waitid(P_PID, (id_t)c->launch.pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	    info.si_code != CLD_KILLED || !err)
		return;
	err->code = 0;
	(void)err_set(err, ECHILD, "the container's process was killed by signal %d (%s)%s",
		      info.si_status, strsignal(info.si_status),
		      info.si_status == SIGKILL && r && r->memory && r->memory->limit.present
			      ? "; is linux.resources.memory.limit too small?"
			      : "");
}

static int enter_cgroups(struct creation *c, struct oci_error *err)
{
	struct cgroup *cgroup = &c->state.cgroup;

	if (cgroup_needs_process(cgroup))
		return cgroup_start(cgroup, c->config->linux_->resources, c->launch.pid, err);
	if (c->child.enters_cgroups)
		return 0;
	return cgroup_enter(cgroup, c->launch.pid, c->child.in_v2, err);
}

static bool has_writable_cgroup_mount(const struct oci_config *config)
{
	for (size_t i = 0; i < config->mounts_len; i++) {
		const struct oci_mount *m = &config->mounts[i];
		bool readonly = false;

		if (!m->type || strncmp(m->type, "cgroup", 6) != 0 || !m->destination ||
		    strcmp(m->destination, "/sys/fs/cgroup") != 0)
			continue;
		for (size_t k = 0; k < m->options_len; k++)
			readonly = readonly || strcmp(m->options[k], "ro") == 0 ||
				   strcmp(m->options[k], "rro") == 0;
		return !readonly;
	}
	return false;
}

/* Only a container that sees its cgroup as the root, and may write to it, gets it (config-linux.md#cgroup-ownership). */
static int delegate_cgroup(struct creation *c, struct oci_error *err)
{
	const struct oci_linux *l = c->config->linux_;
	const struct oci_user *user = c->config->process->user;
	uid_t uid = user ? user->uid.value : 0;
	gid_t gid = user ? user->gid.value : 0;

	if (c->state.cgroup.mode != CGROUP_MODE_V2 || !(c->ns.made & CLONE_NEWCGROUP) ||
	    !has_writable_cgroup_mount(c->config))
		return 0;
	if (c->ns.listed & CLONE_NEWUSER) {
		/* -1: it has none */
		uid = (uid_t)idmap_host_id(l->uid_mappings, l->uid_mappings_len, uid);
		gid = (gid_t)idmap_host_id(l->gid_mappings, l->gid_mappings_len, gid);
	}
	if (uid == (uid_t)-1)
		return 0;
	/* an ordinary user owns it, and can give it to nobody else: then it stays with the container's root */
	if (getauxval(AT_EUID) != 0 && uid != geteuid())
		return 0;
	return cgroup_delegate(&c->state.cgroup, uid, gid, err);
}

static int lead_to_ready(struct creation *c, struct oci_error *err)
{
	int r;

	/* first: a user's systemd moves processes of that user only, and with the maps it gets other ids */
	r = enter_cgroups(c, err);
	if (r == 0)
		r = map_ids(c, err);
	rootfs_release(c->rootfs);
	if (r == 0)
		r = delegate_cgroup(c, err);
	if (r == 0 && c->state.rdt.path)
		r = rdt_enter(&c->state.rdt, c->launch.pid, err);
	if (r == 0)
		r = launch_limit(&c->launch, c->ctx->rootless, err);
	if (r == 0)
		r = move_devices(c, err);
	if (r == 0)
		r = launch_send_in_cgroup(&c->launch, err);
	cgroup_settle(&c->state.cgroup);
	if (r == 0)
		r = launch_await_ready(&c->launch, create_run_hooks, c, err);
	if (r == -ECHILD && c->launch.pid > 0)
		explain_death(c, err);
	return r;
}

static int record(struct creation *c, struct oci_error *err)
{
	struct proc_stat stat;
	int r;

	r = proc_stat_read(c->launch.pid, &stat);
	if (r < 0)
		return err_sys(err, -r, "read the container's /proc/%d/stat", (int)c->launch.pid);
	c->state.pid = (struct oci_i64){ true, c->launch.pid };
	c->state.start_time = (struct oci_u64){ true, stat.start_time };
	r = state_save(&c->dir, &c->state, err);
	/* from now on the child's copy alone is the lock */
	fd_closep(&c->child.lock_fd);
	if (r == 0)
		r = launch_publish(&c->launch, &c->options->io, err);
	if (r == 0 && !c->options->start)
		r = sync_send(c->launch.sync_fd, SYNC_WAIT_START, 0, err);
	return r;
}

void create_free(struct creation *c)
{
	cgroup_expect_end(c->systemd);
	launch_close(&c->launch);
	fd_closep(&c->child.lock_fd);
	fd_closep(&c->child.start_fd);
	fd_closep(&c->child.console_fd);
	fd_closep(&c->child.agent_fd);
	fd_closep(&c->child.proc_fd);
	ns_close(&c->ns);
	state_dir_close(&c->dir);
	oci_arena_free(&c->arena);
}

void create_undo(struct creation *c)
{
	bool had_child = c->launch.pid > 0;

	launch_abort(&c->launch);
	if (c->cgroup_made) {
		(void)cgroup_signal(&c->state.cgroup, SIGKILL, NULL);
		(void)cgroup_destroy(&c->state.cgroup, NULL);
	}
	if (c->state.rdt.path)
		(void)rdt_destroy(&c->state.rdt, NULL);
	if (had_child)
		container_run_poststop(&c->state, c->config);
	if (c->options->io.pid_file && c->state.pid.present)
		/* by name: the caller's own file */
		(void)unlink(c->options->io.pid_file);
	if (c->rootfs)
		rootfs_undo(c->rootfs);
	if (c->dir.fd >= 0)
		(void)state_dir_remove(&c->dir, NULL);
	create_free(c);
}

int create_container(struct creation *c, struct cmd_context *ctx, const char *id,
		     const struct create_options *options, const sigset_t *mask,
		     struct oci_error *err)
{
	int r;

	*c = (struct creation){
		.arena = OCI_ARENA_INIT,
		.ctx = ctx,
		.options = options,
		.state = { .id = (char *)id },
		.dir = STATE_DIR_INIT,
		.launch = { .sync_fd = -EBADF, .pidfd = -EBADF, .master = -EBADF },
	};
	child_prepare(&c->child, id, mask);
	c->child.state = &c->state;
	c->child.ns = &c->ns;
	c->child.dir = &c->dir;
	c->child.keyring = !options->no_new_keyring;
	c->launch.child = &c->child;
	r = state_check_id(id, err);
	if (r == 0)
		r = create_plan(c, err);
	/* a cgroup that is in use is the other container's */
	if (r == -EBUSY && state_dir_exists(ctx->root, id)) {
		*err = (struct oci_error)OCI_ERROR_INIT;
		r = state_already_exists(err);
	}
	if (r < 0) {
		create_free(c);
		return r;
	}
	c->child.config = c->config;
	c->child.rootfs = c->rootfs;
	c->child.inherited = c->inherited.count;
	r = state_dir_create(ctx->root, id, ctx->rootless, &c->dir, err);
	if (r < 0) {
		create_free(c);
		return r;
	}
	r = state_save(&c->dir, &c->state, err);
	if (r == 0)
		r = make_outside(c, err);
	if (r == 0)
		r = spawn_init(c, err);
	if (r == 0)
		r = lead_to_ready(c, err);
	if (r == 0)
		r = record(c, err);
	if (r < 0) {
		explain_ids(c, err);
		create_undo(c);
		name_document(options, err);
	}
	return r;
}
