/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_user.c - process.user: numbers, or names of the image, whose passwd and group lie beside the template.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/replica_config-private.h"

#define ROOM ((size_t)65536) /* a line, with its members as pointers */
#define FILE_MAX ((size_t)4 << 20)

struct lookup {
	FILE *file; /* NULL: the image has none */
	char *room;
	size_t size;
};

static int lookup_open(const struct replica_plan *plan, const char *name, struct lookup *ret,
		       struct oci_error *err)
{
	char *path = oci_arena_printf((struct oci_arena *)&plan->arena, "%s/%s",
				      plan->in->image->folder, name);
	struct stat st;

	*ret = (struct lookup){ 0 };
	if (!plan->in->image->folder)
		return 0;
	if (!path)
		return err_nomem(err);
	ret->file = fopen(path, "re");
	if (!ret->file)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open %s", path);
	if (fstat(fileno(ret->file), &st) < 0 || st.st_size > (off_t)FILE_MAX)
		return err_set(err, EFBIG, "%s is too large", path);
	/* a member of two bytes becomes a pointer of eight */
	ret->size = ROOM + (size_t)st.st_size * 5;
	ret->room = malloc(ret->size);
	return ret->room ? 0 : err_nomem(err);
}

static void lookup_close(struct lookup *lookup)
{
	mem_fclosep(&lookup->file);
	free(lookup->room);
}

static bool number(const char *word, uint32_t *ret)
{
	/* (uid_t)-1 is no id */
	return parse_u32(word, ret) == 0 && *ret != UINT32_MAX;
}

/* By name, or by number when @name is NULL. */
static bool find_user(struct lookup *passwd, const char *name, uint32_t uid, struct passwd *ret)
{
	struct passwd *found;

	if (!passwd->file)
		return false;
	rewind(passwd->file);
	while (fgetpwent_r(passwd->file, ret, passwd->room, passwd->size, &found) == 0)
		if (name ? strcmp(ret->pw_name, name) == 0 : ret->pw_uid == uid)
			return true;
	return false;
}

static bool find_group(struct lookup *group, const char *name, uint32_t *ret)
{
	struct group entry, *found;

	if (!group->file)
		return false;
	rewind(group->file);
	while (fgetgrent_r(group->file, &entry, group->room, group->size, &found) == 0)
		if (strcmp(entry.gr_name, name) == 0) {
			*ret = entry.gr_gid;
			return true;
		}
	return false;
}

static bool is_member(char *const *members, const char *name)
{
	for (; *members; members++)
		if (strcmp(*members, name) == 0)
			return true;
	return false;
}

static int add_gid(struct replica_plan *plan, uint32_t gid, struct oci_error *err)
{
	struct oci_user *user = &plan->user;
	uint32_t *grown;

	for (size_t i = 0; i < user->additional_gids_len; i++)
		if (user->additional_gids[i] == gid)
			return 0;
	grown = oci_arena_array(&plan->arena, user->additional_gids_len + 1, sizeof(*grown));
	if (!grown)
		return err_nomem(err);
	if (user->additional_gids_len)
		memcpy(grown, user->additional_gids, user->additional_gids_len * sizeof(*grown));
	grown[user->additional_gids_len++] = gid;
	user->additional_gids = grown;
	return 0;
}

/* The groups that name it as a member, without its own. */
static int add_groups(struct replica_plan *plan, struct lookup *group, const char *name,
		      struct oci_error *err)
{
	struct group entry, *found;
	int r = 0;

	if (!group->file)
		return 0;
	rewind(group->file);
	while (r == 0 && fgetgrent_r(group->file, &entry, group->room, group->size, &found) == 0)
		if (entry.gr_gid != plan->user.gid.value && is_member(entry.gr_mem, name))
			r = add_gid(plan, entry.gr_gid, err);
	return r;
}

static int no_such(const struct lookup *lookup, const char *what, const char *file,
		   const char *name, struct oci_error *err)
{
	return err_set(err, ENOENT,
		       lookup->file
			       ? "%s '%s' is not in the image's %s; give one that is, or a number"
			       : "%s '%s': the image has no %s; give a number instead",
		       what, name, file);
}

static int read_gid(struct lookup *group, const char *what, const char *word, uint32_t *ret,
		    struct oci_error *err)
{
	if (number(word, ret) || find_group(group, word, ret))
		return 0;
	return no_such(group, what, "/etc/group", word, err);
}

static int resolve(struct replica_plan *plan, struct lookup *passwd, struct lookup *group,
		   const char *text, struct oci_error *err)
{
	char *name = oci_arena_strdup(&plan->arena, text), *colon;
	struct passwd entry = { 0 };
	uint32_t uid, gid = 0;
	bool known;
	int r = 0;

	if (!name)
		return err_nomem(err);
	colon = strchr(name, ':');
	if (colon)
		*colon++ = '\0';
	if (!*name || (colon && (!*colon || strchr(colon, ':'))))
		return err_set(err, EINVAL, "user: '%s' is not USER[:GROUP]", text);
	if (number(name, &uid)) {
		known = find_user(passwd, NULL, uid, &entry);
	} else {
		known = find_user(passwd, name, 0, &entry);
		if (!known)
			return no_such(passwd, "user:", "/etc/passwd", name, err);
		uid = entry.pw_uid;
	}
	if (colon)
		r = read_gid(group, "user: group", colon, &gid, err);
	if (r < 0)
		return r;
	plan->user.uid = (struct oci_u32){ true, uid };
	plan->user.gid = (struct oci_u32){ true, colon ? gid : known ? entry.pw_gid : 0 };
	if (known && entry.pw_dir && *entry.pw_dir == '/') {
		plan->home = oci_arena_strdup(&plan->arena, entry.pw_dir);
		if (!plan->home)
			return err_nomem(err);
	}
	return known && !colon ? add_groups(plan, group, entry.pw_name, err) : 0;
}

int replica_user(struct replica_plan *plan, struct oci_error *err)
{
	const struct spec_service *service = plan->service;
	const char *text = service->user && *service->user ? service->user : plan->image->user;
	struct lookup passwd = { 0 }, group = { 0 };
	int r;

	r = lookup_open(plan, "passwd", &passwd, err);
	if (r == 0)
		r = lookup_open(plan, "group", &group, err);
	if (r == 0)
		r = resolve(plan, &passwd, &group, text && *text ? text : "0", err);
	for (size_t i = 0; r == 0 && i < service->group_add.len; i++) {
		uint32_t gid;

		r = read_gid(&group, "group_add:", service->group_add.items[i], &gid, err);
		if (r == 0)
			r = add_gid(plan, gid, err);
	}
	lookup_close(&passwd);
	lookup_close(&group);
	return r;
}
