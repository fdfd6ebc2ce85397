/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rdt.c - the container's group in resctrl (config-linux.md#intelrdt).
 *
 * A group is a folder of the resctrl file system; a closID names one that may
 * be shared, so only what we made ourselves is ever removed. The schemata of
 * an existing group are compared, not changed, at create.
 *
 * by name: all paths are the host's resctrl, where no container writes.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/rdt.h"

#ifndef RDTGROUP_SUPER_MAGIC
#define RDTGROUP_SUPER_MAGIC 0x7655821
#endif
#define SCHEMATA_MAX 65536

static const char *rdt_root(void)
{
	const char *path = secure_getenv("CARTE_RESCTRL_ROOT");

	return path && *path ? path : "/sys/fs/resctrl";
}

bool rdt_available(void)
{
	struct statfs fs;

	if (secure_getenv("CARTE_RESCTRL_ROOT"))
		return !access(rdt_root(), F_OK);
	return !statfs(rdt_root(), &fs) && fs.f_type == RDTGROUP_SUPER_MAGIC;
}

/* What the spec says of a closID: one path element, not "." or ".."; "/" is the root group. */
static bool is_group_name(const char *name)
{
	static const char *const taken[] = { ".", "..", "info", "mon_groups", "mon_data" };

	if (!*name || strpbrk(name, "/\n") || strlen(name) > 255)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		if (!strcmp(name, taken[i]))
			return false;
	return true;
}

static const char *group_name(const struct oci_intel_rdt *rdt, const char *id)
{
	return rdt->clos_id ? rdt->clos_id : id;
}

static int check_line(const char *where, const char *line, struct oci_error *err)
{
	if (!strchr(line, ':'))
		return err_set(err, EINVAL,
			       "linux.intelRdt.%s: expected RESOURCE:ID=VALUE, got \"%s\"", where,
			       line);
	return 0;
}

int rdt_check(const struct oci_intel_rdt *rdt, const char *id, struct oci_error *err)
{
	const char *name = group_name(rdt, id);
	int r = 0;

	if (strcmp(name, "/") != 0 && !is_group_name(name))
		return err_set(err, EINVAL, "linux.intelRdt.closID: \"%s\" is no name of a group",
			       name);
	for (size_t i = 0; i < rdt->schemata_len && !r; i++) {
		char where[40];

		snprintf(where, sizeof(where), "schemata[%zu]", i);
		r = check_line(where, rdt->schemata[i], err);
		if (!r && strchr(rdt->schemata[i], '\n'))
			r = err_set(err, EINVAL, "linux.intelRdt.%s: holds more than one line",
				    where);
	}
	if (!r && rdt->l3_cache_schema)
		r = check_line("l3CacheSchema", rdt->l3_cache_schema, err);
	if (!r && rdt->mem_bw_schema) {
		r = check_line("memBwSchema", rdt->mem_bw_schema, err);
		if (!r && (strncmp(rdt->mem_bw_schema, "MB:", 3) != 0 ||
			   strchr(rdt->mem_bw_schema, '\n')))
			r = err_set(err, EINVAL,
				    "linux.intelRdt.memBwSchema: expected one line that begins "
				    "with MB:");
	}
	if (!r && !rdt_available())
		r = err_set(err, ENOTSUP, "linux.intelRdt: resctrl is not mounted at %s",
			    rdt_root());
	return r;
}

/* The words of info/last_cmd_status say more than EINVAL does (resctrl.rst). */
static int write_failed(int code, const char *path, struct oci_error *err)
{
	char status[256] = "", file[PATH_MAX];

	if (snprintf(file, sizeof(file), "%s/info/last_cmd_status", rdt_root()) <
		    (int)sizeof(file) &&
	    io_read_small(AT_FDCWD, file, status, sizeof(status)) > 0 && strcmp(status, "ok") != 0)
		return err_sys(err, code, "linux.intelRdt: write %s (%s)", path, status);
	return err_sys(err, code, "linux.intelRdt: write %s", path);
}

static int write_file(const char *folder, const char *name, const char *text, struct oci_error *err)
{
	char path[PATH_MAX];
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return err_set(err, ENAMETOOLONG, "linux.intelRdt: path is too long");
	r = io_write_at(AT_FDCWD, path, text);
	return r < 0 ? write_failed(-r, path, err) : 0;
}

/* One line of a schemata text at *@text, cut of blanks; false at the end. */
static bool next_line(const char **text, const char **ret_line, size_t *ret_length)
{
	while (**text) {
		const char *line = *text + strspn(*text, " \t");
		size_t length = strcspn(line, "\n");

		*text = line + length + (line[length] == '\n');
		while (length && (line[length - 1] == ' ' || line[length - 1] == '\t'))
			length--;
		if (!length)
			continue;
		*ret_line = line;
		*ret_length = length;
		return true;
	}
	return false;
}

/*
 * The text to write: all of schemata when there is one (it takes the place of
 * the other two), else l3CacheSchema without its MB lines when memBwSchema is
 * given (config-linux.md: "MUST write the filtered l3CacheSchema"), and that.
 */
static char *wanted(struct oci_arena *arena, char *const *schemata, size_t count, const char *l3,
		    const char *mb)
{
	size_t size = (l3 ? strlen(l3) + 2 : 0) + (mb ? strlen(mb) + 2 : 0) + 1;
	const char *line;
	size_t length;
	char *text, *p;

	for (size_t i = 0; i < count; i++)
		size += strlen(schemata[i]) + 1;
	p = text = oci_arena_alloc(arena, size);
	if (!text)
		return NULL;
	while (l3 && next_line(&l3, &line, &length)) {
		if (mb && length >= 3 && !strncmp(line, "MB:", 3))
			continue;
		p = mempcpy(p, line, length);
		*p++ = '\n';
	}
	if (mb) {
		p = stpcpy(p, mb);
		*p++ = '\n';
	}
	for (size_t i = 0; i < count; i++) {
		p = stpcpy(p, schemata[i]);
		*p++ = '\n';
	}
	*p = '\0';
	return text;
}

/* Is "0=ff" of @part (name "L3", domain and value) in @text? Values are compared without leading zeros. */
static bool has_part(const char *text, const char *name, size_t name_length, const char *part,
		     size_t part_length)
{
	const char *equals = memchr(part, '=', part_length);
	size_t key = equals ? (size_t)(equals - part) + 1 : part_length;
	const char *value = part + key, *line;
	size_t value_length = part_length - key, length;

	for (; value_length > 1 && *value == '0'; value_length--)
		value++;
	while (next_line(&text, &line, &length)) {
		const char *end = line + length, *p;

		if (length <= name_length || strncmp(line, name, name_length) != 0 ||
		    line[name_length] != ':')
			continue;
		for (p = line + name_length + 1; p < end; p++) {
			const char *stop = memchr(p, ';', (size_t)(end - p));
			const char *have = p + key;

			stop = stop ? stop : end;
			if ((size_t)(stop - p) > key && !strncmp(p, part, key)) {
				while (stop - have > 1 && *have == '0')
					have++;
				if ((size_t)(stop - have) == value_length &&
				    !strncasecmp(have, value, value_length))
					return true;
			}
			p = stop;
		}
	}
	return false;
}

/* "If closID is set, and the group exists, the schemata must be the same, else an error MUST be made." */
static int compare(const char *folder, const char *want, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char path[PATH_MAX], *have;
	const char *line;
	size_t length;
	int r;

	if (snprintf(path, sizeof(path), "%s/schemata", folder) >= (int)sizeof(path))
		return err_set(err, ENAMETOOLONG, "linux.intelRdt: path is too long");
	r = io_read_at(AT_FDCWD, path, SCHEMATA_MAX, &arena, &have, NULL);
	if (r < 0)
		return err_sys(err, -r, "linux.intelRdt: read %s", path);
	while (next_line(&want, &line, &length)) {
		const char *colon = memchr(line, ':', length), *end = line + length;

		for (const char *p = colon ? colon + 1 : end; p < end; p++) {
			const char *stop = memchr(p, ';', (size_t)(end - p));

			stop = stop ? stop : end;
			if (!has_part(have, line, (size_t)(colon - line), p, (size_t)(stop - p)))
				return err_set(err, EINVAL,
					       "linux.intelRdt.closID: group %s exists with other "
					       "values than %.*s",
					       folder, (int)length, line);
			p = stop;
		}
	}
	return 0;
}

static void undo(const struct rdt_group *group)
{
	if (group->monitor_path)
		(void)rmdir(group->monitor_path);
	if (group->made)
		(void)rmdir(group->path);
}

static int fill(struct oci_arena *arena, const struct oci_intel_rdt *rdt, const char *id,
		struct rdt_group *group, struct oci_error *err)
{
	const char *text = wanted(arena, rdt->schemata, rdt->schemata_len, rdt->l3_cache_schema,
				  rdt->mem_bw_schema);
	int r = 0;

	if (!text)
		return err_nomem(err);
	if (*text)
		r = group->made ? write_file(group->path, "schemata", text, err)
				: compare(group->path, text, err);
	if (r < 0 || !rdt->enable_monitoring.value)
		return r;
	group->monitor_path = oci_arena_printf(arena, "%s/mon_groups/%s", group->path, id);
	if (!group->monitor_path)
		return err_nomem(err);
	if (mkdir(group->monitor_path, 0755)) {
		r = err_sys(err, errno, "linux.intelRdt.enableMonitoring: mkdir %s",
			    group->monitor_path);
		group->monitor_path = NULL; /* not ours to remove */
	}
	return r;
}

int rdt_create(struct oci_arena *arena, const struct oci_intel_rdt *rdt, const char *id,
	       struct rdt_group *ret, struct oci_error *err)
{
	const char *name = group_name(rdt, id);
	bool settings = rdt->schemata_len || rdt->l3_cache_schema || rdt->mem_bw_schema;
	struct rdt_group group = { NULL, false, NULL };
	int r;

	group.path = strcmp(name, "/") ? oci_arena_printf(arena, "%s/%s", rdt_root(), name)
				       : oci_arena_strdup(arena, rdt_root());
	if (!group.path)
		return err_nomem(err);
	if (rdt->clos_id && !settings) {
		/* "If closID is set, and none of the schemata are, the group MUST exist" */
		if (access(group.path, F_OK))
			return err_sys(err, errno, "linux.intelRdt.closID: group %s", group.path);
	} else if (!mkdir(group.path, 0755)) {
		group.made = true;
	} else if (errno != EEXIST) {
		return errno == ENOSPC
			       ? err_set(err, ENOSPC,
					 "linux.intelRdt: no closID of the hardware is left")
			       : err_sys(err, errno, "linux.intelRdt: mkdir %s", group.path);
	} else if (!rdt->clos_id) {
		return err_set(err, EEXIST, "linux.intelRdt: group %s exists already", group.path);
	}
	r = fill(arena, rdt, id, &group, err);
	if (r < 0) {
		undo(&group);
		return r;
	}
	*ret = group;
	return 0;
}

int rdt_enter(const struct rdt_group *group, pid_t pid, struct oci_error *err)
{
	char text[16];
	int r;

	if (!group->path)
		return 0;
	snprintf(text, sizeof(text), "%d\n", (int)pid);
	r = write_file(group->path, "tasks", text, err);
	if (!r && group->monitor_path)
		r = write_file(group->monitor_path, "tasks", text, err);
	return r;
}

int rdt_update(const struct rdt_group *group, const char *l3, const char *mb, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const char *text;

	if (!group->path)
		return err_set(err, EINVAL, "the container has no linux.intelRdt");
	if ((l3 && check_line("l3CacheSchema", l3, err) < 0) ||
	    (mb && check_line("memBwSchema", mb, err) < 0))
		return -EINVAL;
	text = wanted(&arena, NULL, 0, l3, mb);
	if (!text)
		return err_nomem(err);
	return *text ? write_file(group->path, "schemata", text, err) : 0;
}

int rdt_destroy(const struct rdt_group *group, struct oci_error *err)
{
	if (group->monitor_path && rmdir(group->monitor_path) && errno != ENOENT)
		return err_sys(err, errno, "rmdir %s", group->monitor_path);
	if (group->path && group->made && rmdir(group->path) && errno != ENOENT)
		return err_sys(err, errno, "rmdir %s", group->path);
	return 0;
}
