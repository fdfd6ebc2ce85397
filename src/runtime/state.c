/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c - the state file: rows, reading with the container's status, writing.
 *
 * The file on disk has one member per field of struct state. Its truth must
 * survive kill -9 at any step, so it is only ever replaced whole.
 */
#include "runtime/state.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include <ocispec-lite/table.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"

#define STATE_SIZE_MAX (4u << 20)
#define STATE_ID_MAX 255 /* NAME_MAX: it names the state folder and the cgroup */

struct state_cgroup_dir {
	char *controllers;
	char *mount;
	char *path;
	struct oci_bool made;
};

struct state_cgroup {
	char *manager;
	struct oci_i64 mode;
	char *cgroups_path;
	struct state_cgroup_dir *dirs;
	size_t dirs_len;
	char *slice;
	char *unit;
	struct oci_bool user_bus;
};

struct state_rdt {
	char *path;
	struct oci_bool made;
	char *monitor_path;
};

/* the file */
struct state_file {
	struct state state;
	struct state_cgroup *cgroup;
	struct state_rdt *rdt;
};

static const struct oci_row cgroup_dir_rows[] = {
	OCI_ROW_STRING(struct state_cgroup_dir, controllers, "controllers", .flags = OCI_REQUIRED),
	OCI_ROW_STRING(struct state_cgroup_dir, mount, "mount", .flags = OCI_REQUIRED),
	OCI_ROW_STRING(struct state_cgroup_dir, path, "path", .flags = OCI_REQUIRED),
	OCI_ROW_BOOL(struct state_cgroup_dir, made, "made"),
};
static const OCI_TABLE(cgroup_dir_table, struct state_cgroup_dir, cgroup_dir_rows);

static const struct oci_row cgroup_rows[] = {
	OCI_ROW_STRING(struct state_cgroup, manager, "manager", .flags = OCI_REQUIRED),
	OCI_ROW_I64(struct state_cgroup, mode, "mode"),
	OCI_ROW_STRING(struct state_cgroup, cgroups_path, "cgroupsPath"),
	OCI_ROW_OBJECTS(struct state_cgroup, dirs, "dirs", cgroup_dir_table),
	OCI_ROW_STRING(struct state_cgroup, slice, "slice"),
	OCI_ROW_STRING(struct state_cgroup, unit, "unit"),
	OCI_ROW_BOOL(struct state_cgroup, user_bus, "userBus"),
};
static const OCI_TABLE(cgroup_table, struct state_cgroup, cgroup_rows);

static const struct oci_row rdt_rows[] = {
	OCI_ROW_STRING(struct state_rdt, path, "path"),
	OCI_ROW_BOOL(struct state_rdt, made, "made"),
	OCI_ROW_STRING(struct state_rdt, monitor_path, "monitorPath"),
};
static const OCI_TABLE(rdt_table, struct state_rdt, rdt_rows);

static const struct oci_row state_rows[] = {
	OCI_ROW_STRING(struct state_file, state.oci_version, "ociVersion", .flags = OCI_REQUIRED),
	OCI_ROW_STRING(struct state_file, state.id, "id", .flags = OCI_REQUIRED),
	OCI_ROW_STRING(struct state_file, state.bundle, "bundle", .flags = OCI_REQUIRED),
	OCI_ROW_STRING(struct state_file, state.rootfs, "rootfs"),
	OCI_ROW_STRING(struct state_file, state.created, "created"),
	OCI_ROW_STRING(struct state_file, state.owner, "owner"),
	OCI_ROW_I64(struct state_file, state.pid, "pid"),
	OCI_ROW_U64(struct state_file, state.start_time, "startTime"),
	OCI_ROW_I64(struct state_file, state.creator_pid, "creatorPid"),
	OCI_ROW_U64(struct state_file, state.creator_start_time, "creatorStartTime"),
	OCI_ROW_OBJECT(struct state_file, cgroup, "cgroup", cgroup_table),
	OCI_ROW_OBJECT(struct state_file, rdt, "intelRdt", rdt_table),
	OCI_ROW_BOOL(struct state_file, state.private_pid_ns, "privatePidNamespace"),
	OCI_ROW_BOOL(struct state_file, state.new_keyring, "newKeyring"),
	OCI_ROW_BOOL(struct state_file, state.lent_user_ns, "lentUserNamespace"),
	OCI_ROW_BOOL(struct state_file, state.hooks, "hooks"),
	OCI_ROW_BOOL(struct state_file, state.checkpointed, "checkpointed"),
	OCI_ROW_PAIRS(struct state_file, state.annotations, "annotations"),
};
static const OCI_TABLE(state_table, struct state_file, state_rows);

int state_check_id(const char *id, struct oci_error *err)
{
	size_t len = strlen(id);

	if (len == 0 || len > STATE_ID_MAX || id[0] == '.')
		goto bad;
	for (size_t i = 0; i < len; i++) {
		char c = id[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '+' || c == '.' || c == '-'))
			goto bad;
	}
	return 0;
bad:
	return err_set_as(err, ERR_USAGE, EINVAL,
			  "invalid container ID '%.64s': expected 1 to %d of A-Z a-z 0-9 _ + . -, "
			  "not starting with '.'",
			  id, STATE_ID_MAX);
}

int proc_stat_read(pid_t pid, struct proc_stat *ret)
{
	char path[32], buf[1024], *p, *next = NULL;
	struct proc_stat stat = { 0 };
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = io_read_small(AT_FDCWD, path, buf, sizeof(buf));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	/* the name, field 2, may hold blanks and parentheses: count from the last one */
	p = strrchr(buf, ')');
	if (!p || p[1] != ' ')
		return -EINVAL;
	p += 2;
	if (*p == 'Z' || *p == 'X')
		return -ESRCH;
	for (int field = 3; field <= 33; field++, p = next) {
		next = strchr(p, ' ');
		if (!next)
			return -EINVAL;
		*next++ = '\0';
		if (field == 22 && parse_u64(p, &stat.start_time) < 0)
			return -EINVAL;
		if (field == 33)
			stat.ignored = (uint32_t)strtoul(p, NULL, 10);
	}
	*ret = stat;
	return 0;
}

static bool process_is_alive(struct oci_i64 pid, struct oci_u64 start_time)
{
	struct proc_stat stat;

	return pid.present && pid.value > 0 && proc_stat_read((pid_t)pid.value, &stat) == 0 &&
	       start_time.present && stat.start_time == start_time.value;
}

/* init holds the lock until its execve; a shared lock that we get is dropped by close */
static bool is_locked(const char *path)
{
	/* by name: below the state root */
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
}

static enum oci_status state_find_status(const struct state *state, const char *lock)
{
	if (!state->pid.present)
		return process_is_alive(state->creator_pid, state->creator_start_time)
			       ? OCI_STATUS_CREATING
			       : OCI_STATUS_STOPPED;
	if (!process_is_alive(state->pid, state->start_time))
		return OCI_STATUS_STOPPED;
	/* before "created": a start or exec would wait in the frozen cgroup, and only what is paused can be resumed */
	if (cgroup_is_frozen(&state->cgroup))
		return OCI_STATUS_PAUSED;
	return is_locked(lock) ? OCI_STATUS_CREATED : OCI_STATUS_RUNNING;
}

static int state_from_file(struct oci_arena *arena, struct state_file *file, struct oci_error *err)
{
	struct cgroup *cgroup = &file->state.cgroup;
	int r;

	cgroup->manager = CGROUP_MANAGER_DISABLED;
	if (file->cgroup) {
		r = cgroup_manager_parse(file->cgroup->manager, &cgroup->manager);
		if (r < 0)
			return err_set(err, EINVAL, STATE_FILE ": cgroup.manager: unknown '%s'",
				       file->cgroup->manager);
		cgroup->mode = (enum cgroup_mode)file->cgroup->mode.value;
		cgroup->cgroups_path = file->cgroup->cgroups_path;
		cgroup->slice = file->cgroup->slice;
		cgroup->unit = file->cgroup->unit;
		cgroup->user_bus = file->cgroup->user_bus.value;
		cgroup->dirs_len = file->cgroup->dirs_len;
		cgroup->dirs = oci_arena_array(arena, cgroup->dirs_len + 1, sizeof(*cgroup->dirs));
		if (!cgroup->dirs)
			return err_nomem(err);
		for (size_t i = 0; i < cgroup->dirs_len; i++) {
			const struct state_cgroup_dir *dir = &file->cgroup->dirs[i];

			cgroup->dirs[i] = (struct cgroup_dir){ dir->controllers, dir->mount,
							       dir->path, dir->made.value };
		}
	}
	if (file->rdt)
		file->state.rdt = (struct rdt_group){ file->rdt->path, file->rdt->made.value,
						      file->rdt->monitor_path };
	return 0;
}

int state_no_container(struct oci_error *err)
{
	(void)err_set_as(err, ERR_NOT_FOUND, ENOENT, "container does not exist");
	err_hint(err, "'list' shows the containers of this --root");
	return -ENOENT;
}

int state_load(struct oci_arena *arena, const char *root, const char *id, struct state **ret,
	       struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;
	struct state_file *file;
	void *parsed;
	char *path, *lock, *text;
	size_t length;
	int r;

	r = state_check_id(id, err);
	if (r < 0)
		return r;
	path = oci_arena_printf(arena, "%s/%s/" STATE_FILE, root, id);
	lock = oci_arena_printf(arena, "%s/%s/" STATE_LOCK_FILE, root, id);
	if (!path || !lock)
		return err_nomem(err);
	/* by name: below the state root */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return state_no_container(err);
	if (fd < 0)
		return err_sys(err, errno, "open %s", path);
	r = io_read_fd(fd, STATE_SIZE_MAX, arena, &text, &length);
	if (r < 0)
		return err_sys(err, -r, "read %s", path);
	r = oci_table_parse(&state_table, arena, path, text, length, &parsed, err);
	if (r < 0)
		return r;
	file = parsed;
	r = state_from_file(arena, file, err);
	if (r < 0)
		return r;
	file->state.status = state_find_status(&file->state, lock);
	*ret = &file->state;
	return 0;
}

int state_pidfd(const struct state *state, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;

	if (!state->pid.present)
		return err_set(err, ESRCH, "container not running");
	fd = sys_pidfd_open((pid_t)state->pid.value, 0);
	if (fd == -ESRCH || fd == -EINVAL)
		return err_set(err, ESRCH, "container not running");
	if (fd < 0)
		return err_sys(err, -fd, "pidfd_open %lld", (long long)state->pid.value);
	/* the pidfd pins the process; only now does the start time say whose it is */
	if (!process_is_alive(state->pid, state->start_time))
		return err_set(err, ESRCH, "container not running");
	return TAKE_FD(fd);
}

void state_to_oci(const struct state *state, enum oci_status status, struct oci_state *ret)
{
	*ret = (struct oci_state){
		.oci_version = state->oci_version,
		.id = state->id,
		.status = status,
		.pid = { true, 0 },
		.bundle = state->bundle,
		.rootfs = state->rootfs,
		.created = state->created,
		.owner = state->owner,
		.annotations = state->annotations,
		.annotations_len = state->annotations_len,
	};
	if (status != OCI_STATUS_STOPPED && state->pid.present)
		ret->pid.value = state->pid.value;
}

static int state_to_file(const struct state *state, struct oci_arena *arena, struct state_file *ret,
			 struct oci_error *err)
{
	const struct cgroup *cgroup = &state->cgroup;

	ret->state = *state;
	ret->cgroup = oci_arena_alloc(arena, sizeof(*ret->cgroup));
	if (!ret->cgroup)
		return err_nomem(err);
	ret->cgroup->manager = (char *)cgroup_manager_name(cgroup->manager);
	ret->cgroup->mode = (struct oci_i64){ true, cgroup->mode };
	ret->cgroup->cgroups_path = cgroup->cgroups_path;
	ret->cgroup->slice = cgroup->slice;
	ret->cgroup->unit = cgroup->unit;
	ret->cgroup->user_bus = (struct oci_bool){ cgroup->user_bus, cgroup->user_bus };
	ret->cgroup->dirs_len = cgroup->dirs_len;
	ret->cgroup->dirs =
		oci_arena_array(arena, cgroup->dirs_len + 1, sizeof(*ret->cgroup->dirs));
	if (!ret->cgroup->dirs)
		return err_nomem(err);
	for (size_t i = 0; i < cgroup->dirs_len; i++)
		ret->cgroup->dirs[i] =
			(struct state_cgroup_dir){ cgroup->dirs[i].controllers,
						   cgroup->dirs[i].mount,
						   cgroup->dirs[i].path,
						   { cgroup->dirs[i].made, cgroup->dirs[i].made } };
	if (!state->rdt.path)
		return 0;
	ret->rdt = oci_arena_alloc(arena, sizeof(*ret->rdt));
	if (!ret->rdt)
		return err_nomem(err);
	*ret->rdt = (struct state_rdt){ state->rdt.path,
					{ state->rdt.made, state->rdt.made },
					state->rdt.monitor_path };
	return 0;
}

int state_save(const struct state_dir *dir, const struct state *state, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_CLOSE int fd = -EBADF;
	struct state_file file = { 0 };
	size_t length;
	int r;

	r = state_to_file(state, &arena, &file, err);
	if (r < 0)
		return r;
	r = oci_table_emit(&state_table, &file, 0, &text, &length, err);
	if (r < 0)
		return r;
	fd = openat(dir->fd, STATE_NEW_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    0600);
	r = fd < 0 ? -errno : io_write_all(fd, text, length);
	if (r == 0 && renameat(dir->fd, STATE_NEW_FILE, dir->fd, STATE_FILE) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dir->fd, STATE_NEW_FILE, 0);
		return err_sys(err, -r, "write %s of container '%s'", STATE_FILE, dir->id);
	}
	return 0;
}

int state_lock_init(const struct state_dir *dir, struct oci_error *err)
{
	CLEANUP_CLOSE int fd =
		openat(dir->fd, STATE_LOCK_FILE, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_sys(err, errno, "create %s of container '%s'", STATE_LOCK_FILE, dir->id);
	return TAKE_FD(fd);
}
