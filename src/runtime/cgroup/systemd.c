/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd.c - the systemd manager: a transient unit around the container's process.
 *
 * systemd makes the folder, and removes it; limits are told to it, so that it
 * does not undo them, and written to the files as well, which can express more.
 * All else is done with the same files as without it. On v1, systemd knows only
 * some of the hierarchies: the folders in the others are ours.
 *
 * What must hold: the unit and its folder are in the state file before they
 * exist; a unit that others live in is neither taken over nor stopped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/systemd.h"
#include "runtime/cgroup/systemd_wire.h"

#define PROC_CGROUP_LIMIT (128 << 10)

/* What only create knows; in no state file. */
struct cgroup_unit_plan {
	struct oci_arena *arena;
	struct unit_properties properties; /* of annotations */
	const char *id;
	struct systemd_helper *helper; /* started before there is a process to ask for, or a plan */
};

/* ---- plan ---- */

static bool systemd_runs(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

static bool in_user_namespace(char *map, size_t size)
{
	unsigned inside, outside, count;

	return io_read_small(AT_FDCWD, "/proc/self/uid_map", map, size) > 0 &&
	       sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 &&
	       !(inside == 0 && outside == 0 && count == UINT32_MAX);
}

uid_t systemd_owner(void)
{
	unsigned uid = geteuid(), inside, outside, count;
	char map[4096];
	int n = 0;

	if (!in_user_namespace(map, sizeof(map)))
		return uid;
	for (const char *p = map; sscanf(p, "%u %u %u%n", &inside, &outside, &count, &n) == 3;
	     p += n)
		if (uid - inside < count)
			return outside + (uid - inside);
	return uid;
}

/* Root of a user namespace has a user's manager, unless it is the root of a whole system in there. */
static bool uses_user_bus(void)
{
	char map[128];

	if (geteuid() != 0)
		return true;
	return in_user_namespace(map, sizeof(map)) &&
	       (getenv("XDG_RUNTIME_DIR") || getenv("DBUS_SESSION_BUS_ADDRESS"));
}

void cgroup_expect(struct oci_arena *arena, enum cgroup_manager manager,
		   struct systemd_helper **ret)
{
	if (manager != CGROUP_MANAGER_SYSTEMD || !systemd_runs() ||
	    systemd_helper_start(arena, uses_user_bus(), ret, NULL) < 0)
		*ret = NULL;
}

void cgroup_expect_end(struct systemd_helper *helper)
{
	systemd_helper_end(helper);
}

static int find_folder(struct oci_arena *arena, const struct cgroup *cgroup, char **ret,
		       struct oci_error *err)
{
	const char *file = cgroup->user_bus ? "/proc/self/cgroup" : "/proc/1/cgroup";
	char *text, *manager;
	size_t length;
	int r = io_read_at(AT_FDCWD, file, PROC_CGROUP_LIMIT, arena, &text, &length);

	if (r < 0)
		return err_sys(err, -r, "read %s", file);
	r = cgroup->user_bus ? systemd_user_cgroup(arena, text, systemd_owner(), &manager, err)
			     : systemd_manager_cgroup(arena, text, &manager, err);
	if (r < 0)
		return r;
	return systemd_unit_cgroup(arena, manager, cgroup->slice, cgroup->unit, ret, err);
}

int cgroup_systemd_plan(struct oci_arena *arena, const struct cgroup_request *request,
			struct cgroup *cgroup, char **ret_path, struct oci_error *err)
{
	struct cgroup_unit_plan *plan = oci_arena_alloc(arena, sizeof(*plan));
	int r;

	if (!plan)
		return err_nomem(err);
	if (!systemd_runs())
		return err_set(err, ENOTSUP,
			       "cgroup manager systemd: systemd does not run here; use "
			       "--cgroup-manager cgroupfs");
	r = systemd_helper_check(err);
	if (r < 0)
		return r;
	cgroup->user_bus = uses_user_bus();
	r = systemd_plan_unit(arena, request->cgroups_path, request->id, cgroup->user_bus,
			      &cgroup->slice, &cgroup->unit, err);
	if (r == 0)
		r = find_folder(arena, cgroup, ret_path, err);
	if (r < 0)
		return r;
	plan->arena = arena;
	plan->properties.arena = arena;
	plan->id = request->id;
	plan->helper = request->helper;
	cgroup->unit_plan = plan;
	return systemd_annotation_properties(request->annotations, request->annotations_len,
					     &plan->properties, err);
}

/* A user's manager has v2 and, on v1, the one hierarchy that has no controllers. */
int cgroup_systemd_place(struct cgroup *cgroup, const char *path, struct oci_error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < cgroup->dirs_len; i++) {
		struct cgroup_dir *dir = &cgroup->dirs[i];

		if (cgroup->user_bus && !cgroup_dir_is_v2(dir) &&
		    strcmp(dir->controllers, "name=systemd") != 0)
			continue;
		dir->path = (char *)path;
		cgroup->dirs[kept++] = *dir;
	}
	cgroup->dirs_len = kept;
	if (kept == 0)
		return err_set(err, ENOTSUP,
			       "cgroup manager systemd: its cgroup hierarchy is not mounted");
	return 0;
}

static int systemd_probe(const struct cgroup *cgroup, struct oci_error *err)
{
	return cgroup_fs_ops(cgroup->mode)->probe(cgroup, err);
}

/* ---- start ---- */

static void flag(struct unit_properties *list, const char *name, bool value, bool optional)
{
	unit_property_set(list, name, "b", value ? "true" : "false", optional);
}

static void set_basics(const struct cgroup *cgroup, struct unit_properties *list)
{
	bool is_slice = systemd_is_slice(cgroup->unit);
	const struct cgroup_unit_plan *plan = cgroup->unit_plan;
	char *words = oci_arena_printf(list->arena, "carte container %s", plan->id);

	list->failed = list->failed || !words;
	if (list->failed)
		return;
	unit_property_set(list, "Description", "s", words, false);
	/* a slice lies where its name says; a scope is put into one */
	if (is_slice) {
		const char *wants = cgroup->slice;

		unit_property_add(list, "Wants", "as", &wants, 1, false);
	} else {
		unit_property_set(list, "Slice", "s", cgroup->slice, false);
		flag(list, "Delegate", true, false);
	}
	flag(list, "DefaultDependencies", false, false);
	flag(list, "MemoryAccounting", true, true);
	flag(list, "CPUAccounting", true, true);
	flag(list, "TasksAccounting", true, true);
	flag(list, cgroup->mode == CGROUP_MODE_V2 ? "IOAccounting" : "BlockIOAccounting", true,
	     true);
	/* 236: one that failed goes by itself, or its name stays taken */
	unit_property_set(list, "CollectMode", "s", "inactive-or-failed", true);
}

static int gather(const struct cgroup *cgroup, const struct oci_resources *resources,
		  struct unit_properties *list, struct oci_error *err)
{
	const struct unit_properties *own = &cgroup->unit_plan->properties;
	int r = 0;

	set_basics(cgroup, list);
	if (resources)
		r = systemd_resource_properties(cgroup, cgroup->mode, cgroup->user_bus, resources,
						true, list, err);
	/* last, so that the engine has the last word */
	for (size_t i = 0; r == 0 && i < own->len; i++)
		unit_property_add(list, own->list[i].name, own->list[i].signature,
				  own->list[i].values, own->list[i].values_len, false);
	return r < 0 || !list->failed ? r : err_nomem(err);
}

/* Nothing is made yet; but the helper is told all that is known before there is a process. */
static int systemd_create(struct cgroup *cgroup, const struct oci_resources *resources,
			  struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct unit_properties list = { .arena = &arena };
	struct systemd_call call = { .operation = WIRE_START,
				     .unit = cgroup->unit,
				     .user_bus = cgroup->user_bus,
				     .properties = &list };
	struct cgroup_unit_plan *plan = cgroup->unit_plan;
	/* in a unit, a left-over folder or others' processes are found by systemd; not so where it has no folders */
	int r = systemd_probe(cgroup, err);

	if (r == 0)
		r = gather(cgroup, resources, &list, err);
	if (r == 0 && !plan->helper)
		r = systemd_helper_start(plan->arena, cgroup->user_bus, &plan->helper, err);
	if (r == 0)
		systemd_helper_tell(&arena, plan->helper, &call);
	return r;
}

/* Where systemd really put it: a manager's own place cannot always be known before. */
static int correct_paths(struct cgroup *cgroup, const char *answer, struct oci_error *err)
{
	struct oci_error why = OCI_ERROR_INIT;
	char *path;

	if (!*answer || strcmp(answer, cgroup->dirs[0].path) == 0)
		return 0;
	/* everybody below it is killed in the end */
	if (answer[0] != '/' || !answer[1] || cgroup_path_check(answer, &why) < 0)
		return err_set(err, EPROTO, "systemd: unit %s has the cgroup '%s', which cannot be",
			       cgroup->unit, answer);
	path = oci_arena_strdup(cgroup->unit_plan->arena, answer);
	if (!path)
		return err_nomem(err);
	for (size_t i = 0; i < cgroup->dirs_len; i++)
		cgroup->dirs[i].path = path;
	return 0;
}

static int systemd_start(struct cgroup *cgroup, const struct oci_resources *resources, pid_t pid,
			 struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const struct cgroup_ops *fs = cgroup_fs_ops(cgroup->mode);
	struct systemd_helper *helper = cgroup->unit_plan->helper;
	CLEANUP_CLOSE int filter = -EBADF;
	char *answer = NULL;
	int r;

	/* a slice takes no process when it is made */
	systemd_helper_ask(helper, systemd_is_slice(cgroup->unit) ? 0 : pid);
	/* while systemd works */
	if (cgroup->mode == CGROUP_MODE_V2)
		filter = cgroup_v2_devices_load(resources);
	r = systemd_helper_answer(&arena, helper, &answer, err);
	if (r < 0) {
		/* nothing of ours is there: a unit that comes late ends with the process */
		for (size_t i = 0; i < cgroup->dirs_len; i++)
			cgroup->dirs[i].made = false;
		return r;
	}
	r = correct_paths(cgroup, answer, err);
	if (r == 0)
		r = fs->adopt(cgroup, resources, filter, err);
	if (r == 0)
		r = fs->enter(cgroup, pid, !systemd_is_slice(cgroup->unit), err);
	/* otherwise it is on its way out, and settle comes for it */
	if (r < 0)
		systemd_helper_end(helper);
	return r;
}

static void systemd_settle(const struct cgroup *cgroup)
{
	if (cgroup->unit_plan)
		systemd_helper_end(cgroup->unit_plan->helper);
}

/* ---- what files do ---- */

/*
 * A user may not move a process from a login session, which is root's, to the user's own manager; that
 * manager can have it done.
 */
static int systemd_enter(const struct cgroup *cgroup, pid_t pid, bool skip_v2,
			 struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error why = OCI_ERROR_INIT;
	struct systemd_call call = { .operation = WIRE_ATTACH,
				     .unit = cgroup->unit,
				     .user_bus = cgroup->user_bus,
				     .pid = pid };
	int r = cgroup_fs_ops(cgroup->mode)->enter(cgroup, pid, skip_v2, &why);
	char *answer;

	if (r == 0)
		return 0;
	if (pid == 0 || !cgroup->user_bus || !cgroup_is_denied(r))
		return err_set(err, -r, "%s", why.message);
	return systemd_call(&arena, &call, &answer, err);
}

static int systemd_enter_sub(const struct cgroup *cgroup, pid_t pid, const char *controllers,
			     const char *sub, struct oci_error *err)
{
	return cgroup_fs_ops(cgroup->mode)->enter_sub(cgroup, pid, controllers, sub, err);
}

static int systemd_check(const struct cgroup *cgroup, const struct oci_resources *resources,
			 struct oci_error *err)
{
	return cgroup_fs_ops(cgroup->mode)->check(cgroup, resources, err);
}

static int systemd_freeze(const struct cgroup *cgroup, bool frozen, struct oci_error *err)
{
	return cgroup_fs_ops(cgroup->mode)->freeze(cgroup, frozen, err);
}

static bool systemd_is_frozen(const struct cgroup *cgroup)
{
	return cgroup_fs_ops(cgroup->mode)->is_frozen(cgroup);
}

static int systemd_signal(const struct cgroup *cgroup, int sig, struct oci_error *err)
{
	return cgroup_fs_ops(cgroup->mode)->signal(cgroup, sig, err);
}

static int systemd_stats(const struct cgroup *cgroup, pid_t pid, char **ret_text,
			 size_t *ret_length, struct oci_error *err)
{
	return cgroup_fs_ops(cgroup->mode)->stats(cgroup, pid, ret_text, ret_length, err);
}

static int systemd_oom_fd(const struct cgroup *cgroup, struct oci_error *err)
{
	return cgroup_fs_ops(cgroup->mode)->oom_fd(cgroup, err);
}

/* ---- update ---- */

/*
 * The quota of the file is exact, systemd's is in percents, and any change of the CPU's share writes that again. So does
 * any change of memory with memory.oom.group, which no property of a running unit is for.
 */
struct kept_file {
	const struct cgroup_dir *dir;
	const char *file;
	char text[64];
};

static void keep(struct kept_file *kept, const struct cgroup *cgroup, const char *controller,
		 const char *file)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, controller);

	kept->dir = NULL;
	kept->file = file;
	if (dir && cgroup_dir_read(dir, file, kept->text, sizeof(kept->text)) > 0)
		kept->dir = dir;
}

static int systemd_update(const struct cgroup *cgroup, const struct oci_resources *resources,
			  struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct unit_properties list = { .arena = &arena };
	struct systemd_call call = { .operation = WIRE_SET,
				     .unit = cgroup->unit,
				     .user_bus = cgroup->user_bus,
				     .properties = &list };
	bool v2 = cgroup->mode == CGROUP_MODE_V2;
	struct kept_file kept[3];
	char *answer;
	int r;

	/* the kernel is the judge of values; systemd's come after, and it has done writing when it answers */
	r = cgroup_fs_ops(cgroup->mode)->update(cgroup, resources, err);
	if (r == 0)
		r = systemd_resource_properties(cgroup, cgroup->mode, cgroup->user_bus, resources,
						false, &list, err);
	if (r < 0 || list.len == 0)
		return r;
	keep(&kept[0], cgroup, v2 ? "" : "cpu", v2 ? "cpu.max" : "cpu.cfs_period_us");
	keep(&kept[1], cgroup, v2 ? "" : "cpu", v2 ? "cpu.weight" : "cpu.cfs_quota_us");
	keep(&kept[2], cgroup, "", v2 ? "memory.oom.group" : "");
	r = systemd_call(&arena, &call, &answer, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		r = kept[i].dir ? cgroup_dir_write(kept[i].dir, kept[i].file, kept[i].text) : 0;
		if (r < 0)
			return err_sys(err, -r, "put %s back", kept[i].file);
	}
	return 0;
}

/* ---- destroy ---- */

/*
 * On v2 systemd hears that a scope is empty, and it goes without being asked. That it has heard is certain only when
 * it has removed the folder: it would not hear of an end that our rmdir comes too soon after.
 */
static bool goes_by_itself(const struct cgroup *cgroup)
{
	return cgroup->mode == CGROUP_MODE_V2 && !systemd_is_slice(cgroup->unit) &&
	       systemd_await_gone(&cgroup->dirs[0]);
}

static int systemd_destroy(const struct cgroup *cgroup, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct systemd_call call = { .operation = WIRE_STOP,
				     .unit = cgroup->unit,
				     .user_bus = cgroup->user_bus };
	bool made = false;
	char *answer;
	int r;

	systemd_settle(cgroup);
	for (size_t i = 0; i < cgroup->dirs_len; i++)
		made = made || cgroup->dirs[i].made;
	if (!made || goes_by_itself(cgroup))
		return 0;
	/* waits for those who are dying, and names those who do not */
	r = cgroup_fs_ops(cgroup->mode)->destroy(cgroup, err);
	if (r < 0)
		return r;
	r = systemd_call(&arena, &call, &answer, err);
	/* the folders are gone, and with the bus all units */
	if (r == -ENOTCONN) {
		if (err)
			*err = (struct oci_error)OCI_ERROR_INIT;
		r = 0;
	}
	return r;
}

const struct cgroup_ops cgroup_systemd_ops = {
	.probe = systemd_probe,
	.create = systemd_create,
	.start = systemd_start,
	.settle = systemd_settle,
	.enter = systemd_enter,
	.enter_sub = systemd_enter_sub,
	.check = systemd_check,
	.update = systemd_update,
	.freeze = systemd_freeze,
	.is_frozen = systemd_is_frozen,
	.signal = systemd_signal,
	.destroy = systemd_destroy,
	.stats = systemd_stats,
	.oom_fd = systemd_oom_fd,
};
