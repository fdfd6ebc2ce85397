/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discover.c - which hierarchies the host has and where the container lies in each.
 *
 * /proc/self/cgroup names the hierarchies. Their mounts are looked for where
 * every distribution has them, /sys/fs/cgroup/NAME, and the file system type
 * is checked; mountinfo, which grows with the number of containers, is read
 * only when that fails. The hierarchies that are not mounted are left out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "runtime/cgroup/internal.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define NAMED_PREFIX "name="

/* One line of /proc/self/cgroup: "4:memory:/user.slice" (cgroups(7)). */
struct self_line {
	const char *controllers;
	size_t controllers_len;
	const char *path;
	size_t path_len;
};

struct discovery {
	struct oci_arena *arena;
	const struct cgroup_host *host;
	const char *mountinfo; /* NULL: not read yet */
	bool mountinfo_read;
	bool only_v2; /* a folder with processes hands nothing down: relative is beside the runtime's own */
};

int cgroup_path_check(const char *path, struct oci_error *err)
{
	if (path[strcspn(path, "\n")])
		return err_set(err, EINVAL, "linux.cgroupsPath: holds a newline");
	for (const char *p = path; p; p = strchr(p, '/')) {
		while (*p == '/')
			p++;
		if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == '\0'))
			return err_set(err, EINVAL, "linux.cgroupsPath: %s: '..' is not allowed",
				       path);
	}
	return 0;
}

static bool next_line(const char **cursor, struct self_line *ret)
{
	while (**cursor) {
		const char *line = *cursor;
		const char *end = strchrnul(line, '\n');
		const char *first = memchr(line, ':', (size_t)(end - line));
		const char *second =
			first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;

		*cursor = *end ? end + 1 : end;
		if (!second)
			continue;
		ret->controllers = first + 1;
		ret->controllers_len = (size_t)(second - first - 1);
		ret->path = second + 1;
		ret->path_len = (size_t)(end - second - 1);
		return true;
	}
	return false;
}

static bool list_has(const char *list, size_t list_len, const char *word, size_t word_len)
{
	const char *end = list + list_len;

	while (list < end) {
		const char *comma = memchr(list, ',', (size_t)(end - list));
		size_t n = (size_t)((comma ? comma : end) - list);

		if (n == word_len && memcmp(list, word, n) == 0)
			return true;
		list += n + 1;
	}
	return false;
}

/* One mount of mountinfo (proc(5)): fields point into the text. */
struct mount_line {
	const char *root;
	size_t root_len;
	const char *point;
	size_t point_len;
	const char *fstype;
	size_t fstype_len;
	const char *options; /* the super block's: "rw,memory" */
	size_t options_len;
};

static bool next_word(const char **cursor, const char *end, const char **ret, size_t *ret_len)
{
	const char *p = *cursor;
	const char *q;

	while (p < end && *p == ' ')
		p++;
	for (q = p; q < end && *q != ' ';)
		q++;
	*cursor = q;
	*ret = p;
	*ret_len = (size_t)(q - p);
	return q > p;
}

static bool parse_mount_line(const char *line, const char *end, struct mount_line *ret)
{
	const char *word;
	size_t len;
	const char *p = line;

	for (int i = 0; i < 3; i++)
		if (!next_word(&p, end, &word, &len)) /* id, parent, device */
			return false;
	if (!next_word(&p, end, &ret->root, &ret->root_len) ||
	    !next_word(&p, end, &ret->point, &ret->point_len))
		return false;
	do {
		if (!next_word(&p, end, &word, &len))
			return false;
	} while (len != 1 || word[0] != '-');
	return next_word(&p, end, &ret->fstype, &ret->fstype_len) &&
	       next_word(&p, end, &word, &len) && /* source */
	       next_word(&p, end, &ret->options, &ret->options_len);
}

static const char *mountinfo_of(struct discovery *d)
{
	if (!d->mountinfo_read) {
		d->mountinfo = d->host->mountinfo ? d->host->mountinfo(d->host->context) : NULL;
		d->mountinfo_read = true;
	}
	return d->mountinfo ? d->mountinfo : "";
}

/** find_mount_line - the mount of a v1 hierarchy, or of v2 when @line has no controllers. */
static bool find_mount_line(struct discovery *d, const struct self_line *line,
			    struct mount_line *ret)
{
	bool v2 = line->controllers_len == 0;
	const char *comma = memchr(line->controllers, ',', line->controllers_len);
	size_t first_len = comma ? (size_t)(comma - line->controllers) : line->controllers_len;
	const char *want = v2 ? "cgroup2" : "cgroup";

	for (const char *p = mountinfo_of(d); *p;) {
		const char *end = strchrnul(p, '\n');

		if (parse_mount_line(p, end, ret) && ret->fstype_len == strlen(want) &&
		    memcmp(ret->fstype, want, ret->fstype_len) == 0 &&
		    (v2 || list_has(ret->options, ret->options_len, line->controllers, first_len)))
			return true;
		p = *end ? end + 1 : end;
	}
	return false;
}

/* mountinfo escapes blanks as \040 (proc(5)); a cgroup mount point with one is nobody's. */
static char *mount_from_mountinfo(struct discovery *d, const struct self_line *line)
{
	struct mount_line mount;

	if (!find_mount_line(d, line, &mount) || memchr(mount.point, '\\', mount.point_len))
		return NULL;
	return oci_arena_strndup(d->arena, mount.point, mount.point_len);
}

static bool try_mount(struct discovery *d, const char *name, size_t len, int version, char **ret)
{
	char *path = len > 0 ? oci_arena_printf(d->arena, CGROUP_ROOT "/%.*s", (int)len, name)
			     : oci_arena_strdup(d->arena, CGROUP_ROOT);

	if (!path || d->host->fs_version(path, d->host->context) != version)
		return false;
	*ret = path;
	return true;
}

/**
 * find_v1_mount - by the joined name ("cpu,cpuacct"), then by each controller's own, which
 * distributions keep as a symlink, then by mountinfo.
 */
static char *find_v1_mount(struct discovery *d, const struct self_line *line)
{
	const char *name = line->controllers;
	size_t len = line->controllers_len;
	char *path;

	if (len > strlen(NAMED_PREFIX) && memcmp(name, NAMED_PREFIX, strlen(NAMED_PREFIX)) == 0) {
		name += strlen(NAMED_PREFIX);
		len -= strlen(NAMED_PREFIX);
	}
	if (try_mount(d, name, len, 1, &path))
		return path;
	if (memchr(name, ',', len)) {
		for (const char *p = name; p < name + len;) {
			const char *comma = memchr(p, ',', (size_t)(name + len - p));
			size_t n = (size_t)((comma ? comma : name + len) - p);

			if (try_mount(d, p, n, 1, &path))
				return path;
			p += n + 1;
		}
	}
	return mount_from_mountinfo(d, line);
}

static char *find_v2_mount(struct discovery *d, const struct self_line *line, bool has_v1)
{
	char *path;

	if (try_mount(d, "unified", strlen("unified"), 2, &path) || try_mount(d, "", 0, 2, &path))
		return path;
	/* a host with v1 and no v2 mount at the usual place is a v1 host: "0::" is always listed */
	return has_v1 ? NULL : mount_from_mountinfo(d, line);
}

/**
 * own_path - the caller's own cgroup as seen below @mount. In a container that shares the host's
 * cgroup namespace the mount's root is not the hierarchy's, and /proc/self/cgroup counts from the latter.
 */
static char *own_path(struct discovery *d, const struct self_line *line, const char *mount)
{
	char *own = oci_arena_strndup(d->arena, line->path, line->path_len);
	char *full = own ? oci_arena_printf(d->arena, "%s%s", mount, own) : NULL;
	struct mount_line found;

	if (!full)
		return NULL;
	if (d->host->exists(full, d->host->context))
		return own;
	if (find_mount_line(d, line, &found) && found.root_len > 1 &&
	    found.root_len <= line->path_len && memcmp(found.root, line->path, found.root_len) == 0)
		return oci_arena_printf(d->arena, "/%s", own + found.root_len);
	return own;
}

static int place(struct discovery *d, const struct self_line *line, char *mount,
		 const char *cgroups_path, const char *id, struct cgroup_dir *ret,
		 struct oci_error *err)
{
	char *own;

	if (!cgroups_path || cgroups_path[0] == '\0') {
		ret->path = oci_arena_printf(d->arena, "/%s", id);
	} else if (cgroups_path[0] == '/') {
		ret->path = oci_arena_strdup(d->arena, cgroups_path);
	} else {
		own = own_path(d, line, mount);
		if (own && strncmp(own, "/..", 3) == 0)
			return err_set(
				err, EINVAL,
				"linux.cgroupsPath: %s is relative, and the runtime's own cgroup"
				" (%s) is outside of its cgroup namespace",
				cgroups_path, own);
		if (own && d->only_v2)
			*strrchr(own, '/') = '\0';
		ret->path = own ? oci_arena_printf(d->arena, "%s/%s", own, cgroups_path) : NULL;
	}
	ret->controllers = oci_arena_strndup(d->arena, line->controllers, line->controllers_len);
	ret->mount = mount;
	if (!ret->path || !ret->controllers)
		return err_nomem(err);
	path_clean(ret->path);
	if (strcmp(ret->path, "/") == 0)
		return err_set(err, EINVAL, "linux.cgroupsPath: %s is the root of the hierarchy",
			       cgroups_path);
	ret->made = true;
	return 0;
}

/**
 * flatten_v2 - on a hybrid host engines make and remove the parents of cgroupsPath (a pod's folder) in the v1
 * hierarchies only. Made by us on the v2 side as well, they would be left for ever, one for each pod. So
 * the container is put at "/pods:pod1:c1" there, unless somebody has made "/pods/pod1".
 */
static int flatten_v2(struct discovery *d, struct cgroup_dir *dir, struct oci_error *err)
{
	const char *last = strrchr(dir->path, '/');
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
	char *parent;
	size_t len = strlen(dir->path);

	if (last == dir->path)
		return 0;
	parent = oci_arena_printf(d->arena, "%s%.*s", dir->mount, (int)(last - dir->path),
				  dir->path);
	if (!parent)
		return err_nomem(err);
	if (d->host->exists(parent, d->host->context))
		return 0;
	for (char *p = dir->path + 1; *p; p++) {
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
		if (*p == '/')
			*p = ':';
	}
	if (len - 1 > NAME_MAX) /* the end is what names the container */
		dir->path = oci_arena_printf(d->arena, "/%016llx:%s", (unsigned long long)hash,
					     dir->path + len - (NAME_MAX - 17));
	return dir->path ? 0 : err_nomem(err);
}

/** is_joined - of the named hierarchies only systemd's own, as everybody does it. */
static bool is_joined(const struct self_line *line)
{
	static const char systemd[] = NAMED_PREFIX "systemd";

	if (line->controllers_len < strlen(NAMED_PREFIX) ||
	    memcmp(line->controllers, NAMED_PREFIX, strlen(NAMED_PREFIX)) != 0)
		return true;
	return line->controllers_len == strlen(systemd) &&
	       memcmp(line->controllers, systemd, strlen(systemd)) == 0;
}

int cgroup_discover(struct oci_arena *arena, const struct cgroup_host *host,
		    const char *cgroups_path, const char *id, struct cgroup *ret,
		    struct oci_error *err)
{
	struct discovery d = { arena, host, NULL, false, false };
	struct self_line line, v2_line = { "", 0, "", 0 };
	const char *cursor = host->self_cgroup;
	struct cgroup_dir *dirs;
	size_t lines = 0, len = 0;
	char *mount;
	int r;

	if (cgroups_path) {
		r = cgroup_path_check(cgroups_path, err);
		if (r < 0)
			return r;
	}
	while (next_line(&cursor, &line))
		lines++;
	dirs = oci_arena_array(arena, lines + 1, sizeof(*dirs));
	if (!dirs)
		return err_nomem(err);

	for (cursor = host->self_cgroup; next_line(&cursor, &line);) {
		if (line.controllers_len == 0) {
			v2_line = line;
			continue;
		}
		mount = is_joined(&line) ? find_v1_mount(&d, &line) : NULL;
		if (!mount)
			continue;
		r = place(&d, &line, mount, cgroups_path, id, &dirs[len], err);
		if (r < 0)
			return r;
		len++;
	}
	ret->mode = len > 0 ? CGROUP_MODE_V1 : CGROUP_MODE_NONE;
	mount = v2_line.path_len > 0 ? find_v2_mount(&d, &v2_line, len > 0) : NULL;
	if (mount) {
		d.only_v2 = len == 0;
		r = place(&d, &v2_line, mount, cgroups_path, id, &dirs[len], err);
		if (r == 0 && len > 0)
			r = flatten_v2(&d, &dirs[len], err);
		if (r < 0)
			return r;
		ret->mode = len > 0 ? CGROUP_MODE_HYBRID : CGROUP_MODE_V2;
		len++;
	}
	ret->dirs = dirs;
	ret->dirs_len = len;
	return 0;
}
