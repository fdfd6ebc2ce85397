/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_user.c - names of users and groups, see bundle_user.h.
 *
 * Both files are the image's, so hostile: a line is taken when it is what passwd(5) and group(5) say, else passed over; a
 * name is printed only when it is made of what names are made of.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/bundle_user.h"

#define FILE_SIZE_MAX (4u << 20)
#define NAMES_SHOWN 12
#define GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */

/* One line's fields, as many as asked for; none is NUL-terminated. */
struct field {
	const char *start;
	size_t length;
};

enum { PASSWD_NAME, PASSWD_PASSWORD, PASSWD_UID, PASSWD_GID, PASSWD_FIELDS };
enum { GROUP_NAME, GROUP_PASSWORD, GROUP_GID, GROUP_MEMBERS, GROUP_FIELDS };

/* The number of fields found; *line is moved to the next one. */
static size_t split(const char **line, struct field *fields, size_t room)
{
	const char *end = strchrnul(*line, '\n');
	size_t n = 0;

	for (const char *p = *line; n < room; n++) {
		size_t length = strcspn(p, ":\n");

		fields[n] = (struct field){ p, length };
		p += length;
		if (p == end) {
			n++;
			break;
		}
		p++;
	}
	*line = end + (*end == '\n');
	return n;
}

static bool is_word(const struct field *field, const char *word, size_t length)
{
	return length > 0 && field->length == length && memcmp(field->start, word, length) == 0;
}

static bool number(const char *start, size_t length, uint32_t *ret)
{
	char digits[16];

	if (!length || length >= sizeof(digits))
		return false;
	memcpy(digits, start, length);
	digits[length] = '\0';
	/* (uid_t)-1 is no id */
	return parse_u32(digits, ret) == 0 && *ret != UINT32_MAX;
}

struct entry {
	struct field name;
	uint32_t uid, gid;
};

/* By name, or by number when @name is NULL; the first one counts, as with getpwnam(3). */
static bool find_user(const char *passwd, const char *name, size_t length, uint32_t uid,
		      struct entry *ret)
{
	struct field f[PASSWD_FIELDS];

	for (const char *line = passwd; line && *line;) {
		size_t n = split(&line, f, PASSWD_FIELDS);
		struct entry e = { .name = f[PASSWD_NAME] };

		if (n <= PASSWD_GID || !e.name.length ||
		    !number(f[PASSWD_UID].start, f[PASSWD_UID].length, &e.uid) ||
		    !number(f[PASSWD_GID].start, f[PASSWD_GID].length, &e.gid))
			continue;
		if (name ? is_word(&e.name, name, length) : e.uid == uid) {
			*ret = e;
			return true;
		}
	}
	return false;
}

static bool find_group(const char *group, const char *name, size_t length, uint32_t *ret)
{
	struct field f[GROUP_FIELDS];

	for (const char *line = group; line && *line;) {
		size_t n = split(&line, f, GROUP_FIELDS);

		if (n > GROUP_GID && is_word(&f[GROUP_NAME], name, length) &&
		    number(f[GROUP_GID].start, f[GROUP_GID].length, ret))
			return true;
	}
	return false;
}

static bool has_member(const struct field *members, const struct field *name)
{
	const char *p = members->start, *end = p + members->length;

	while (p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		struct field member = { p, (size_t)((comma ? comma : end) - p) };

		if (is_word(&member, name->start, name->length))
			return true;
		p = comma ? comma + 1 : end;
	}
	return false;
}

static bool has_gid(const struct oci_user *user, uint32_t gid)
{
	if (user->gid.value == gid)
		return true;
	for (size_t i = 0; i < user->additional_gids_len; i++)
		if (user->additional_gids[i] == gid)
			return true;
	return false;
}

/* The groups that name it, in the order of the file, each once, without its own. */
static int add_groups(const char *group, const struct field *name, struct oci_arena *arena,
		      struct oci_user *user, struct oci_error *err)
{
	struct field f[GROUP_FIELDS];
	size_t room = 0;
	uint32_t gid;

	for (const char *line = group; line && *line;) {
		size_t n = split(&line, f, GROUP_FIELDS);

		if (n <= GROUP_MEMBERS || !has_member(&f[GROUP_MEMBERS], name) ||
		    !number(f[GROUP_GID].start, f[GROUP_GID].length, &gid) || has_gid(user, gid))
			continue;
		if (user->additional_gids_len == GROUPS_MAX)
			return err_set(err, E2BIG,
				       "/etc/group of the image: more than %d groups of one user",
				       GROUPS_MAX);
		if (user->additional_gids_len == room) {
			size_t more = room ? room * 2 : 8;
			uint32_t *gids = oci_arena_array(arena, more, sizeof(*gids));

			if (!gids)
				return err_nomem(err);
			if (room)
				memcpy(gids, user->additional_gids, room * sizeof(*gids));
			user->additional_gids = gids;
			room = more;
		}
		user->additional_gids[user->additional_gids_len++] = gid;
	}
	return 0;
}

static bool is_printable(const struct field *name)
{
	static const char fits[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (!name->length || name->length > 32)
		return false;
	for (size_t i = 0; i < name->length; i++)
		if (!memchr(fits, name->start[i], sizeof(fits) - 1))
			return false;
	return true;
}

/* Does the line have numbers from the third field up to @last, as those that can be found do? */
static bool is_entry(const struct field *f, size_t count, size_t last)
{
	uint32_t id;

	if (count <= last || !is_printable(&f[0]))
		return false;
	for (size_t i = PASSWD_UID; i <= last; i++)
		if (!number(f[i].start, f[i].length, &id))
			return false;
	return true;
}

/* What there is, up to NAMES_SHOWN: "root, daemon, bin, ..." */
static void list_names(const char *text, size_t last, char *names, size_t size)
{
	size_t used = (size_t)snprintf(names, size, "none"), shown = 0;
	struct field f[PASSWD_FIELDS];

	for (const char *line = text; *line;) {
		if (!is_entry(f, split(&line, f, PASSWD_FIELDS), last))
			continue;
		if (shown == NAMES_SHOWN) {
			(void)snprintf(names + used, size - used, ", ...");
			return;
		}
		used = shown ? used : 0;
		used += (size_t)snprintf(names + used, size - used, "%s%.*s", shown ? ", " : "",
					 (int)f[0].length, f[0].start);
		shown++;
	}
}

static int no_such_user(const struct user_files *files, const char *word, size_t length,
			struct oci_error *err)
{
	char names[NAMES_SHOWN * 36 + 16];

	if (!files->passwd)
		return err_set(
			err, ENOENT,
			"User: user '%.*s': the image has no /etc/passwd; give a number instead",
			(int)length, word);
	list_names(files->passwd, PASSWD_GID, names, sizeof(names));
	return err_set(err, ENOENT,
		       "User: user '%.*s' is not in the image's /etc/passwd, which has %s",
		       (int)length, word, names);
}

static int no_such_group(const struct user_files *files, const char *word, struct oci_error *err)
{
	char names[NAMES_SHOWN * 36 + 16];

	if (!files->group)
		return err_set(
			err, ENOENT,
			"User: group '%s': the image has no /etc/group; give a number instead",
			word);
	list_names(files->group, GROUP_GID, names, sizeof(names));
	return err_set(err, ENOENT,
		       "User: group '%s' is not in the image's /etc/group, which has %s", word,
		       names);
}

static int resolve_group(const struct user_files *files, const char *word, struct oci_user *user,
			 struct oci_error *err)
{
	size_t length = strlen(word);
	uint32_t gid;

	if (!number(word, length, &gid) && !find_group(files->group, word, length, &gid))
		return no_such_group(files, word, err);
	user->gid.value = gid;
	return 0;
}

int bundle_user(const struct user_files *files, const char *text, struct oci_arena *arena,
		struct oci_user **ret, struct oci_error *err)
{
	struct oci_user *user = oci_arena_alloc(arena, sizeof(*user));
	const char *word = text && *text ? text : "0", *colon = strchr(word, ':');
	size_t length = colon ? (size_t)(colon - word) : strlen(word);
	struct entry entry = { 0 };
	uint32_t uid;
	bool known;
	int r = 0;

	if (!user)
		return err_nomem(err);
	if (!length || (colon && (!colon[1] || strchr(colon + 1, ':'))))
		return err_set(err, EINVAL, "User: '%s' is not USER[:GROUP]", word);
	if (number(word, length, &uid)) {
		known = find_user(files->passwd, NULL, 0, uid, &entry);
	} else {
		known = find_user(files->passwd, word, length, 0, &entry);
		if (!known)
			return no_such_user(files, word, length, err);
		uid = entry.uid;
	}
	user->uid = (struct oci_u32){ true, uid };
	user->gid = (struct oci_u32){ true, entry.gid };
	if (colon)
		r = resolve_group(files, colon + 1, user, err);
	else if (known)
		r = add_groups(files->group, &entry.name, arena, user, err);
	if (r < 0)
		return r;
	*ret = user;
	return 0;
}

static int read_file(const struct bundle_layers *layers, const char *path, struct oci_arena *arena,
		     const char **ret, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = bundle_layers_open(layers, path);
	size_t length;
	char *text;
	int r;

	*ret = NULL;
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return err_sys(err, -fd, "%s of the image", path);
	r = io_read_fd(fd, FILE_SIZE_MAX, arena, &text, &length);
	if (r < 0)
		return err_sys(err, -r, "read %s of the image", path);
	*ret = text;
	return 0;
}

int bundle_user_files(const struct bundle_layers *layers, struct oci_arena *arena,
		      struct user_files *ret, struct oci_error *err)
{
	int r = read_file(layers, "/etc/passwd", arena, &ret->passwd, err);

	return r < 0 ? r : read_file(layers, "/etc/group", arena, &ret->group, err);
}
