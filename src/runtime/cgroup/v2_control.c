/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v2_control.c - the controllers of the v2 hierarchy: which there are, and switching them on.
 *
 * A controller acts in a folder when cgroup.subtree_control of every folder
 * above names it, so it is switched on from the top down. The kernel's
 * refusals are bare numbers for three rules of cgroups-v2.rst ("no internal
 * process", "top-down", "threads"); here they get words.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/cgroup/internal.h"

/* What a container has where the host has it: engines read statistics of these, limits or not. */
static const char *const wanted[] = { "cpuset",  "cpu",  "io",   "memory",
				      "hugetlb", "pids", "rdma", "misc" };

bool cgroup_has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; (p = strstr(p, word)) != NULL; p += len)
		if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

const struct cgroup_dir *cgroup_v2_dir_with(const struct cgroup *cgroup, const char *controller)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, "");
	struct cgroup_dir root;
	char list[1024];
	ssize_t n;

	if (!dir)
		return NULL;
	root = *dir;
	root.path = (char *)"";
	n = cgroup_dir_read(&root, "cgroup.controllers", list, sizeof(list));
	return n > 0 && cgroup_has_word(list, controller) ? dir : NULL;
}

/* ---- walking down ---- */

/** struct above - the folders above a container's, from the root down to its parent. */
struct above {
	struct cgroup_dir at;
	const char *path;
	size_t end;
	char buf[PATH_MAX];
};

static bool above_first(struct above *above, const struct cgroup_dir *dir)
{
	if (strlen(dir->path) >= sizeof(above->buf))
		return false;
	above->at = *dir;
	above->at.path = above->buf;
	above->path = dir->path;
	above->end = 0;
	above->buf[0] = '\0';
	return dir->path[0] != '\0';
}

static bool above_next(struct above *above)
{
	above->end += strcspn(above->path + above->end + 1, "/") + 1;
	if (!above->path[above->end])
		return false;
	memcpy(above->buf, above->path, above->end);
	above->buf[above->end] = '\0';
	return true;
}

/**
 * holds_processes - of its own. The kernel hands down only what can be threaded from such a folder, and makes those
 * below it unfit for processes by that; so it is not even asked. Not the root, which has no type either.
 */
static bool holds_processes(const struct cgroup_dir *dir)
{
	char text[32];

	return cgroup_dir_read(dir, "cgroup.procs", text, sizeof(text)) > 0 &&
	       cgroup_dir_read(dir, "cgroup.type", text, sizeof(text)) > 0;
}

/** enable_in - every wanted controller that @dir has, for the folders below it. Return: 0 or the last -errno. */
static int enable_in(const struct cgroup_dir *dir)
{
	char has[512], done[512], text[256] = "", one[32];
	size_t at = 0;
	int r;

	if (cgroup_dir_read(dir, "cgroup.controllers", has, sizeof(has)) < 0 ||
	    cgroup_dir_read(dir, "cgroup.subtree_control", done, sizeof(done)) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (cgroup_has_word(has, wanted[i]) && !cgroup_has_word(done, wanted[i]))
			at += (size_t)snprintf(text + at, sizeof(text) - at, " +%s", wanted[i]);
	if (at == 0)
		return 0;
	if (holds_processes(dir))
		return -EBUSY;
	r = cgroup_dir_write(dir, "cgroup.subtree_control", text + 1);
	/*
	 * EBUSY: it holds processes. One by one those controllers that know threads would be taken, and make a threaded
	 * domain of it, in which no container can be (cgroup-v2.rst, "Threads").
	 */
	if (r == 0 || r == -EBUSY || cgroup_is_denied(r))
		return r;
	/* one that cannot be had (cpu, while realtime processes are outside of the root) takes the others with it */
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		int k;

		(void)snprintf(one, sizeof(one), "+%s", wanted[i]);
		k = strstr(text, one) ? cgroup_dir_write(dir, "cgroup.subtree_control", one) : 0;
		r = k < 0 ? k : r;
	}
	return r;
}

void cgroup_v2_enable_all(const struct cgroup_dir *dir)
{
	struct above above;
	char has[512];
	size_t n = 0;

	/* usually somebody was here before, and one look shows it */
	if (cgroup_dir_read(dir, "cgroup.controllers", has, sizeof(has)) >= 0)
		while (n < ARRAY_LEN(wanted) && cgroup_has_word(has, wanted[n]))
			n++;
	if (n == ARRAY_LEN(wanted) || !above_first(&above, dir))
		return;
	do {
		/* an ordinary user's own part may have to be emptied for that; root's is somebody else's affair */
		if (enable_in(&above.at) == -EBUSY && cgroup_is_unprivileged() &&
		    cgroup_holds_us(&above.at) && cgroup_vacate(&above.at) == 0)
			(void)enable_in(&above.at);
	} while (above_next(&above));
}

/* ---- one controller that a value needs, with words ---- */

static const char *name_of(const struct cgroup_dir *dir)
{
	return dir->path[0] ? dir->path : "/";
}

bool cgroup_v2_is_threaded(const struct cgroup_dir *dir)
{
	char type[32];

	/* "domain threaded" is the top of such a group, and an ordinary folder for who is in it */
	return cgroup_dir_read(dir, "cgroup.type", type, sizeof(type)) > 0 &&
	       (strcmp(type, "threaded") == 0 || strcmp(type, "domain invalid") == 0);
}

int cgroup_v2_explain_type(const struct cgroup_dir *dir, const char *what, struct oci_error *err)
{
	char type[32] = "";

	(void)cgroup_dir_read(dir, "cgroup.type", type, sizeof(type));
	return err_set(err, EOPNOTSUPP,
		       "%s: cgroup %s%s is '%s', one of a group of threaded cgroups, in which a"
		       " container cannot be; choose another linux.cgroupsPath",
		       what, dir->mount, name_of(dir), type[0] ? type : "threaded");
}

static int explain_enable(const struct cgroup_dir *at, const char *controller, const char *field,
			  int code, struct oci_error *err)
{
	char what[320];

	switch (code) {
	case EBUSY:
		return err_set(err, EBUSY,
			       "linux.resources.%s: cgroup %s%s has processes of its own, so the"
			       " kernel switches no %s controller on for the cgroups below it; move"
			       " them to a cgroup of their own or choose another linux.cgroupsPath",
			       field, at->mount, name_of(at), controller);
	case EOPNOTSUPP:
		(void)snprintf(what, sizeof(what), "linux.resources.%s", field);
		return cgroup_v2_explain_type(at, what, err);
	case ENOENT:
		return err_set(err, ENOTSUP,
			       "linux.resources.%s: cgroup %s%s does not have the %s controller",
			       field, at->mount, name_of(at), controller);
	case EACCES:
	case EPERM:
	case EROFS:
		return err_set(err, code,
			       "linux.resources.%s: the %s controller is not on in cgroup %s%s, and"
			       " this user may not switch it on; it must be delegated",
			       field, controller, at->mount, name_of(at));
	default:
		return err_sys(err, code,
			       "linux.resources.%s: switch the %s controller on in cgroup %s%s",
			       field, controller, at->mount, name_of(at));
	}
}

int cgroup_v2_enable(const struct cgroup_dir *dir, const char *controller, const char *field,
		     struct oci_error *err)
{
	struct above above;
	char text[64], done[512];

	(void)snprintf(text, sizeof(text), "+%s", controller);
	if (!above_first(&above, dir))
		return err_set(err, ENAMETOOLONG, "linux.cgroupsPath: %s is too long", dir->path);
	do {
		int r;

		if (cgroup_dir_read(&above.at, "cgroup.subtree_control", done, sizeof(done)) > 0 &&
		    cgroup_has_word(done, controller))
			continue;
		r = holds_processes(&above.at)
			    ? -EBUSY
			    : cgroup_dir_write(&above.at, "cgroup.subtree_control", text);
		if (r < 0)
			return explain_enable(&above.at, controller, field, -r, err);
	} while (above_next(&above));
	return 0;
}

int cgroup_v2_value_write(const struct cgroup_value *value, const char *controller,
			  struct oci_error *err)
{
	int r = cgroup_value_write(value);

	if (r != -ENOENT || !controller[0])
		return r;
	r = cgroup_v2_enable(value->dir, controller, value->field, err);
	return r < 0 ? r : cgroup_value_write(value);
}
