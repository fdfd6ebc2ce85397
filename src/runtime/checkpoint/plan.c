/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.c - lists, namespaces, cgroups and settings of a plan for criu; its mounts are in externals.c.
 */
#include "runtime/checkpoint/plan.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/checkpoint/options.h"
#include "runtime/namespaces.h"

#define CONFIG_ANNOTATION "org.criu.config"
#define MOUNTINFO_MAX (16UL << 20)

int cr_pairs_add(struct oci_arena *arena, struct cr_pairs *pairs, const char *key,
		 const char *value, struct oci_error *err)
{
	struct cr_pair *items = pairs->items;

	if (pairs->len == pairs->room) {
		pairs->room = pairs->room ? pairs->room * 2 : 16;
		items = oci_arena_array(arena, pairs->room, sizeof(*items));
		if (!items)
			return err_nomem(err);
		if (pairs->len)
			memcpy(items, pairs->items, pairs->len * sizeof(*items));
		pairs->items = items;
	}
	items[pairs->len].key = oci_arena_strdup(arena, key);
	items[pairs->len].value = value ? oci_arena_strdup(arena, value) : NULL;
	if (!items[pairs->len].key || (value && !items[pairs->len].value))
		return err_nomem(err);
	pairs->len++;
	return 0;
}

int cr_fds_add(struct cr_plan *plan, int fd, char *key, struct oci_error *err)
{
	if (!key)
		return err_nomem(err);
	if (plan->fds_len == ARRAY_LEN(plan->fds))
		return err_set(err, ENOBUFS, "%s: too many file descriptors to hand over", key);
	plan->fds[plan->fds_len++] = (struct cr_fd){ fd, key };
	return 0;
}

/* ---- mountinfo ---------------------------------------------------------------- */

/* mountinfo(5) writes blanks and backslashes as \ooo */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] && text[3]) {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 +
				       (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS */
static bool parse_line(char *line, struct cr_mount *ret)
{
	char *dash = strstr(line, " - "), *field[5], *save = NULL, *type;

	if (!dash)
		return false;
	*dash = '\0';
	type = dash + 3;
	type[strcspn(type, " ")] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(field); i++) {
		field[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!field[i])
			return false;
	}
	unescape(field[3]);
	unescape(field[4]);
	*ret = (struct cr_mount){ (unsigned)strtoul(field[0], NULL, 10), field[3], field[4], type };
	return true;
}

int cr_mounts_parse(struct oci_arena *arena, char *text, struct cr_mounts *ret,
		    struct oci_error *err)
{
	struct cr_mounts mounts = { .len = 0 };
	size_t lines = 1;
	char *save = NULL;

	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	mounts.items = oci_arena_array(arena, lines, sizeof(*mounts.items));
	if (!mounts.items)
		return err_nomem(err);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		mounts.len += parse_line(line, &mounts.items[mounts.len]);
	*ret = mounts;
	return 0;
}

int cr_mounts_read(struct oci_arena *arena, pid_t pid, struct cr_mounts *ret, struct oci_error *err)
{
	char path[40], *text;
	size_t length;
	int r;

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	else
		snprintf(path, sizeof(path), "/proc/self/mountinfo");
	r = io_read_at(AT_FDCWD, path, MOUNTINFO_MAX, arena, &text, &length);
	if (r < 0)
		return err_sys(err, -r, "read %s", path);
	return cr_mounts_parse(arena, text, ret, err);
}

/* ---- namespaces --------------------------------------------------------------- */

/* The names that runc has given them, so that its images fit here and ours there. */
static const char *external_key(int flag)
{
	return flag == CLONE_NEWNET ? "extRootNetNS" : flag == CLONE_NEWPID ? "extRootPidNS" : NULL;
}

static int dump_namespace(struct oci_arena *arena, const struct ns_join *join, struct cr_plan *plan,
			  struct oci_error *err)
{
	const char *key = external_key(join->flag);
	struct stat st;
	char text[64];

	if (!key)
		return 0;
	/* by name: a namespace of the host's, from config.json */
	if (stat(join->path, &st) < 0)
		return err_sys(err, errno, "linux.namespaces[%zu].path: %s", join->index,
			       join->path);
	snprintf(text, sizeof(text), "%s[%lu]:%s", join->flag == CLONE_NEWNET ? "net" : "pid",
		 (unsigned long)st.st_ino, key);
	return cr_pairs_add(arena, &plan->external, text, NULL, err);
}

static const char *criu_ns_name(int flag)
{
	switch (flag) {
	case CLONE_NEWIPC:
		return "ipc";
	case CLONE_NEWUTS:
		return "uts";
	case CLONE_NEWUSER:
		return "user";
	case CLONE_NEWTIME:
		return "time";
	default:
		return NULL;
	}
}

static int restore_namespace(struct oci_arena *arena, const struct ns_join *join,
			     struct cr_plan *plan, struct oci_error *err)
{
	const char *key = external_key(join->flag), *name = criu_ns_name(join->flag);
	int fd, r;

	if (!key && !name)
		return err_set(err, ENOTSUP,
			       "linux.namespaces[%zu].path: criu cannot restore into a %s "
			       "namespace that is there already",
			       join->index, ns_name(join->flag));
	if (!key)
		return cr_pairs_add(arena, &plan->joins, name, join->path, err);
	/* by name: a namespace of the host's, from config.json */
	fd = open(join->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "linux.namespaces[%zu].path: %s", join->index,
			       join->path);
	r = cr_fds_add(plan, fd, oci_arena_strdup(arena, key), err);
	if (r < 0)
		(void)close(fd);
	return r;
}

int cr_plan_namespaces(struct oci_arena *arena, const struct ns_plan *ns, struct cr_plan *plan,
		       struct oci_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ns->joins_len; i++)
		r = plan->action == CR_RESTORE ? restore_namespace(arena, &ns->joins[i], plan, err)
					       : dump_namespace(arena, &ns->joins[i], plan, err);
	return r;
}

/* ---- cgroups ------------------------------------------------------------------ */

static bool has_controller(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (; *list; list += *list == ',') {
		size_t len = strcspn(list, ",");

		if (len == n && strncmp(list, name, n) == 0)
			return true;
		list += len;
	}
	return false;
}

int cr_plan_freezer(struct oci_arena *arena, const struct cgroup *cgroup, struct cr_plan *plan,
		    struct oci_error *err)
{
	for (size_t i = 0; i < cgroup->dirs_len; i++) {
		const struct cgroup_dir *dir = &cgroup->dirs[i];

		if (cgroup->mode == CGROUP_MODE_V2 ? *dir->controllers != '\0'
						   : !has_controller(dir->controllers, "freezer"))
			continue;
		/* one that it does not have to itself holds others */
		if (!dir->made)
			continue;
		plan->freeze_cgroup = oci_arena_printf(arena, "%s%s", dir->mount, dir->path);
		return plan->freeze_cgroup ? 0 : err_nomem(err);
	}
	return 0;
}

/* "4:cpu,cpuacct:/web1": criu wants to know each controller by itself */
static int add_roots(struct oci_arena *arena, char *line, struct cr_plan *plan,
		     struct oci_error *err)
{
	char *controllers = strchr(line, ':'), *path, *save = NULL;
	int r = 0;

	path = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!path)
		return err_set(err, EINVAL, "/proc/PID/cgroup: unexpected line '%s'", line);
	*controllers++ = '\0';
	*path++ = '\0';
	if (!*controllers)
		return cr_pairs_add(arena, &plan->cgroup_roots, "", path, err);
	for (char *c = strtok_r(controllers, ",", &save); r == 0 && c;
	     c = strtok_r(NULL, ",", &save))
		r = cr_pairs_add(arena, &plan->cgroup_roots, c, path, err);
	return r;
}

int cr_plan_cgroup_roots(struct oci_arena *arena, char *text, struct cr_plan *plan,
			 struct oci_error *err)
{
	char *save = NULL;
	int r = 0;

	for (char *line = strtok_r(text, "\n", &save); r == 0 && line;
	     line = strtok_r(NULL, "\n", &save))
		r = add_roots(arena, line, plan, err);
	return r;
}

/* ---- settings ----------------------------------------------------------------- */

void cr_plan_config_file(const struct oci_config *config, struct cr_plan *plan)
{
	static const char *const files[] = { "/etc/criu/carte-runtime.conf",
					     "/etc/criu/runc.conf" };
	const char *given =
		oci_annotation(config->annotations, config->annotations_len, CONFIG_ANNOTATION);

	/* empty: none at all */
	if (given) {
		plan->config_file = *given ? given : NULL;
		return;
	}
	for (size_t i = 0; !plan->config_file && i < ARRAY_LEN(files); i++)
		/* by name: the host's settings */
		if (access(files[i], R_OK) == 0)
			plan->config_file = files[i];
}
