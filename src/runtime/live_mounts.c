/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_mounts.c - `mounts add` and `mounts remove`.
 *
 * The runtime opens the sources on the host, as detached trees. A process of its own, which stays in the host's
 * pid namespace, then lets go of everything else of the host, becomes undumpable, joins the container's user and
 * mount namespaces, and attaches the trees at places that it resolves inside the container's root. What must hold:
 * after the join no path of the host and no fd but trees, sync socket and the root of the container is used
 * (CVE-2016-9962, CVE-2021-30465), and no name is looked up twice.
 */
#include "runtime/live_mounts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "runtime/bundle.h"
#include "runtime/child.h"
#include "runtime/cmds.h"
#include "runtime/rootfs-private.h"
#include "runtime/spawn.h"
#include "runtime/state.h"
#include "runtime/sync.h"

struct live {
	struct oci_arena arena;
	struct state *state;
	struct oci_config *config;
	struct ns_plan ns;
	struct rootfs *rf; /* the plan of what is to be added or removed */
	bool remove;
	int sync_fd, peer_fd;
	int init_pidfd;
};

/* ---- in the container ------------------------------------------------------------------------------------------- */

static int let_go(struct live *live, struct oci_error *err)
{
	const struct child none = { .inherited = 0 };
	size_t count = 0;
	int *kept = oci_arena_array(&live->arena, live->rf->mounts_len + 2, sizeof(*kept));

	if (!kept)
		return err_nomem(err);
	kept[count++] = live->sync_fd;
	kept[count++] = live->init_pidfd;
	for (size_t i = 0; i < live->rf->mounts_len; i++)
		kept[count++] = live->rf->mounts[i].tree_fd;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "become undumpable");
	child_close_all_but(&none, kept, count);
	return 0;
}

static int join(struct live *live, struct oci_error *err)
{
	const bool user_ns = live->ns.listed & CLONE_NEWUSER;
	int r = setns(live->init_pidfd, CLONE_NEWNS | (user_ns ? CLONE_NEWUSER : 0));

	/* EINVAL: its user namespace is ours already */
	if (r < 0 && errno == EINVAL && user_ns)
		r = setns(live->init_pidfd, CLONE_NEWNS);
	if (r < 0 && errno == ESRCH)
		return err_set(err, ESRCH, "container not running");
	if (r < 0)
		return err_sys(err, errno, "join the container's mount namespace");
	fd_closep(&live->init_pidfd);
	/* what is made there belongs to its root; EINVAL: it maps none */
	if (user_ns && ((setresgid(0, 0, 0) < 0 && errno != EINVAL) ||
			(setresuid(0, 0, 0) < 0 && errno != EINVAL)))
		return err_sys(err, errno, "become root of the user namespace");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)umask(0);
	/* by name: setns has made the container's root ours */
	live->rf->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return live->rf->root_fd < 0 ? err_sys(err, errno, "open the container's root") : 0;
}

static bool is_same(const struct statx *a, const struct statx *b)
{
	return a->stx_mnt_id == b->stx_mnt_id && a->stx_ino == b->stx_ino &&
	       a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor;
}

/* The folder that holds the mount point @path, whose mount has the root @fd. @ret_name: in it; NULL: @fd is a folder */
static int open_holder(const struct rootfs *rf, int fd, const char *path, const char **ret_name,
		       struct oci_error *err)
{
	const unsigned mask = STATX_BASIC_STATS | STATX_MNT_ID;
	CLEANUP_CLOSE int holder = -EBADF;
	struct statx st, found;

	*ret_name = NULL;
	if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, mask, &st) < 0)
		return err_sys(err, errno, "%s", path);
	if ((st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
	    !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return err_set_as(err, ERR_STATE, EINVAL, "%s is no mount point in the container",
				  path);
	if (S_ISDIR(st.stx_mode)) {
		holder = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		return holder < 0 ? err_sys(err, errno, "%s", path) : TAKE_FD(holder);
	}
	holder = path_open_parent_in_root(rf->root_fd, path, false, ret_name);
	if (holder < 0)
		return err_sys(err, -holder, "%s", path);
	/* the folders above can be renamed, a mount point cannot: once it is found below this one, it stays */
	if (statx(holder, *ret_name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, mask, &found) < 0 ||
	    !is_same(&st, &found))
		return err_set(err, EBUSY, "%s: was moved meanwhile", path);
	return TAKE_FD(holder);
}

/* Unmount the mount whose root @fd is, which is @path in the container. */
static int unmount(struct rootfs *rf, int fd, const char *path, struct oci_error *err)
{
	const int flags = MNT_DETACH | UMOUNT_NOFOLLOW;
	CLEANUP_CLOSE int holder = -EBADF;
	const char *name;
	struct statfs fs;

	holder = open_holder(rf, fd, path, &name, err);
	if (holder < 0)
		return holder;
	/* nothing is added there under another name: a folder was turned into a link to the masks */
	if (fstatfs(holder, &fs) < 0 ||
	    (fs.f_type == PROC_SUPER_MAGIC && !path_is_below(path, "/proc")))
		return err_set(err, ELOOP, "%s: leads into /proc", path);
	rf->cwd_fd = -1;
	if (fchdir(name ? holder : fd) < 0)
		return err_sys(err, errno, "%s", path);
	/* by name: the fd's own folder, or one name in it that is not followed */
	if (umount2(name ? name : ".", flags) < 0)
		return err_sys(err, errno, "unmount %s", path);
	return 0;
}

/* Those that were attached before one has failed; what does not let itself be taken back is the container's own. */
static void take_back(struct rootfs *rf, size_t count)
{
	while (count-- > 0) {
		const char *path = rf->mounts[count].destination;
		CLEANUP_CLOSE int fd = path_open_in_root(rf->root_fd, path, O_PATH, 0);

		if (fd >= 0)
			(void)unmount(rf, fd, path, NULL);
	}
}

static int add_all(struct rootfs *rf, struct oci_error *err)
{
	int r = 0;

	for (size_t i = 0; i < rf->mounts_len; i++) {
		r = mount_do(rf, &rf->mounts[i], err);
		if (r < 0) {
			take_back(rf, i);
			return r;
		}
	}
	r = mounts_finish(rf, err);
	if (r < 0)
		take_back(rf, rf->mounts_len);
	return r;
}

static int remove_all(struct rootfs *rf, struct oci_error *err)
{
	for (size_t i = 0; i < rf->mounts_len; i++) {
		const char *path = rf->mounts[i].destination;
		/* through a link that the container can turn, it could be one of the masks */
		CLEANUP_CLOSE int fd = mount_open_plain(rf, path, 0);
		int r;

		if (fd == -ELOOP)
			return err_set(err, ELOOP,
				       "mounts[%zu].destination: %s: a symlink lies on the way", i,
				       path);
		r = fd < 0 ? err_sys(err, -fd, "%s", path) : unmount(rf, fd, path, err);
		if (r < 0) {
			err_prefix(err, "mounts[%zu].destination: ", i);
			return r;
		}
	}
	return 0;
}

static void live_main(void *arg)
{
	struct live *live = arg;
	struct oci_error err = OCI_ERROR_INIT;
	int r;

	r = let_go(live, &err);
	live->peer_fd = -EBADF;
	if (r == 0)
		r = join(live, &err);
	if (r == 0)
		r = live->remove ? remove_all(live->rf, &err) : add_all(live->rf, &err);
	if (r < 0)
		sync_send_failure(live->sync_fd, &err);
	else
		(void)sync_send(live->sync_fd, SYNC_MOUNTED, 0, NULL);
	_exit(r < 0);
}

/* ---- on the host ------------------------------------------------------------------------------------------------ */

static int run(struct live *live, struct oci_error *err)
{
	struct spawn spawn = { .cgroup_fd = -1 };
	CLEANUP_CLOSE int pidfd = -EBADF;
	int pair[2], r;
	bool in_cgroup;
	pid_t pid;

	live->init_pidfd = state_pidfd(live->state, err);
	if (live->init_pidfd < 0)
		return live->init_pidfd;
	r = sync_pair(pair, err);
	if (r < 0)
		return r;
	live->peer_fd = pair[0];
	live->sync_fd = pair[1];
	r = spawn_child(&spawn, live_main, live, &pid, &pidfd, &in_cgroup, err);
	fd_closep(&live->sync_fd);
	if (r == 0) {
		r = sync_await(live->peer_fd, SYNC_MOUNTED, NULL, err);
		(void)RETRY_EINTR(waitpid(pid, NULL, 0));
	}
	fd_closep(&live->peer_fd);
	return r;
}

/* Of what these show, the container's own is right, and only its first processes can make that. */
static int check_kind(const struct mount_plan *m, struct oci_error *err)
{
	static const char *const types[] = { "proc", "sysfs", "mqueue" };
	const char *what = m->kind == MOUNT_REMOUNT  ? "remount"
			   : m->kind == MOUNT_CGROUP ? m->type
			   : m->options.copy_symlink ? "copy-symlink"
			   : m->options.tmpcopyup    ? "tmpcopyup"
						     : NULL;

	for (size_t i = 0; !what && m->kind == MOUNT_FS && i < ARRAY_LEN(types); i++)
		if (strcmp(m->type, types[i]) == 0)
			what = m->type;
	if (!what)
		return 0;
	return err_set(err, EINVAL, "mounts[%zu]: %s: possible only when the container is created",
		       m->index, what);
}

static int plan(struct live *live, const struct cmd_context *ctx, struct oci_mount *mounts,
		size_t count, struct oci_error *err)
{
	struct oci_linux linux_part =
		live->config->linux_ ? *live->config->linux_ : (struct oci_linux){ 0 };
	const struct oci_config part = {
		.root = live->config->root,
		.mounts = mounts,
		.mounts_len = count,
		.linux_ = &linux_part,
	};
	const struct rootfs_options options = {
		.bundle = live->state->bundle,
		.id = live->state->id,
		.new_mount_ns = true,
		.new_user_ns = live->ns.listed & CLONE_NEWUSER,
		.new_net_ns = live->ns.listed & CLONE_NEWNET,
		.new_ipc_ns = live->ns.listed & CLONE_NEWIPC,
		.new_pid_ns = live->ns.listed & CLONE_NEWPID,
		.rootless = ctx->rootless,
		.selinux_mount_label = linux_part.mount_label,
	};
	int r;

	linux_part.devices_len = linux_part.masked_paths_len = linux_part.readonly_paths_len = 0;
	linux_part.sysctl_len = 0;
	r = rootfs_plan(&live->arena, &part, &options, &live->rf, err);
	for (size_t i = 0; r == 0 && !live->remove && i < count; i++)
		r = check_kind(&live->rf->mounts[i], err);
	return r;
}

/* Once in the container, a source by its name would be something else. */
static int open_sources(struct live *live, struct oci_error *err)
{
	struct rootfs *rf = live->rf;
	const bool user_ns = rf->options.new_user_ns;
	int r;

	rf->options.new_user_ns = true; /* all of them, here */
	r = mounts_prepare(rf, false, err);
	rf->options.new_user_ns = user_ns;
	if (r < 0)
		return r;
	for (size_t i = 0; i < rf->mounts_len; i++)
		if (rf->mounts[i].kind == MOUNT_BIND && rf->mounts[i].tree_fd < 0)
			return err_sys(err, -rf->mounts[i].tree_fd, "mounts[%zu]: open source %s",
				       i, rf->mounts[i].source);
	return user_ns ? rootfs_set_userns(rf, (pid_t)live->state->pid.value, err) : 0;
}

static int find(struct live *live, const struct cmd_context *ctx, const char *id,
		struct oci_error *err)
{
	char *bundle;
	int r;

	r = state_load(&live->arena, ctx->root, id, &live->state, err);
	if (r < 0)
		return r;
	if (live->state->status == OCI_STATUS_STOPPED || live->state->status == OCI_STATUS_CREATING)
		return err_set(err, ESRCH, "container not running");
	r = bundle_load(&live->arena, live->state->bundle, NULL, &bundle, &live->config, err);
	if (r == 0)
		r = ns_plan(live->config, &live->ns, err);
	if (r == 0 && live->state->lent_user_ns.value)
		live->ns.listed |= CLONE_NEWUSER;
	/* it may be the host's, and is left as it is at create too */
	if (r == 0 && !(live->ns.made & CLONE_NEWNS))
		r = err_set(err, EOPNOTSUPP,
			    "the container's mount namespace is another's, joined by path");
	return r;
}

int live_mounts_add(const struct cmd_context *ctx, const char *id, struct oci_mount *mounts,
		    size_t count, struct oci_error *err)
{
	struct live live = { .arena = OCI_ARENA_INIT, .init_pidfd = -EBADF };
	int r;

	r = find(&live, ctx, id, err);
	if (r == 0)
		r = plan(&live, ctx, mounts, count, err);
	if (r == 0)
		r = open_sources(&live, err);
	if (r == 0)
		r = run(&live, err);
	if (live.rf)
		rootfs_release(live.rf);
	fd_closep(&live.init_pidfd);
	oci_arena_free(&live.arena);
	return r;
}

static bool same_place(const char *given, const char *path)
{
	char copy[4096];

	if ((size_t)snprintf(copy, sizeof(copy), "/%s", given) >= sizeof(copy))
		return false;
	return strcmp(path_clean(copy), path) == 0;
}

static bool among(char *const *list, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (same_place(list[i], path))
			return true;
	return false;
}

/* A mask or a limit that the container was made with is no one's to take away. */
static bool is_of_config(const struct oci_config *config, const char *path)
{
	static const char *const own[] = { "/dev/null",    "/dev/zero",    "/dev/full",
					   "/dev/random",  "/dev/urandom", "/dev/tty",
					   "/dev/console", "/dev/ptmx" };
	const struct oci_linux *l = config->linux_;

	for (size_t i = 0; i < config->mounts_len; i++)
		if (same_place(config->mounts[i].destination, path))
			return true;
	for (size_t i = 0; l && i < l->devices_len; i++)
		if (same_place(l->devices[i].path, path))
			return true;
	return among((char *const *)own, ARRAY_LEN(own), path) ||
	       (l && (among(l->masked_paths, l->masked_paths_len, path) ||
		      among(l->readonly_paths, l->readonly_paths_len, path)));
}

int live_mounts_remove(const struct cmd_context *ctx, const char *id,
		       const struct oci_mount *mounts, size_t count, struct oci_error *err)
{
	struct live live = { .arena = OCI_ARENA_INIT, .init_pidfd = -EBADF, .remove = true };
	struct oci_mount *places;
	int r;

	places = oci_arena_array(&live.arena, count + 1, sizeof(*places));
	r = places ? find(&live, ctx, id, err) : err_nomem(err);
	/* of each only the place matters: planned as what may be anywhere */
	for (size_t i = 0; r == 0 && i < count; i++)
		places[i] = (struct oci_mount){ .destination = mounts[i].destination,
						.type = (char *)"bind",
						.source = (char *)"/" };
	if (r == 0)
		r = plan(&live, ctx, places, count, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (is_of_config(live.config, live.rf->mounts[i].destination))
			r = err_set(err, EPERM,
				    "mounts[%zu].destination: %s is of the container's config.json "
				    "and stays",
				    i, live.rf->mounts[i].destination);
	if (r == 0)
		r = run(&live, err);
	fd_closep(&live.init_pidfd);
	oci_arena_free(&live.arena);
	return r;
}
