/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user.c - names of users are the container's, so its files say which numbers they are.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/start.h"
#include "cli/user.h"

#define ACCOUNTS_MAX (4u << 20)

int container_runtime(yajl_val container, char ret[PATH_MAX], struct oci_error *err)
{
	const char *name = json_text(container, "runtime");

	if (!strchr(name, '/'))
		return start_find(*name ? name : "carte-runtime", ret, err);
	if (snprintf(ret, PATH_MAX, "%s", name) >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "the runtime's path is too long");
	return 0;
}

static int open_root(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int container_root(yajl_val container, struct oci_error *err)
{
	long long pid = json_int(container, "pid", 0);
	int fd;

	if (pid <= 0)
		return err_set_as(err, ERR_STATE, ESRCH, "'%s' does not run",
				  json_text(container, "name"));
	fd = open_root((pid_t)pid);
	return fd < 0 ? err_sys(err, -fd, "the files of '%s'", json_text(container, "name")) : fd;
}

/* The @field'th of the fields behind ':', from 0. "" for none. */
static const char *field(char *line, int n)
{
	while (n-- > 0 && line) {
		line = strchr(line, ':');
		if (line)
			*line++ = '\0';
	}
	if (!line)
		return "";
	line[strcspn(line, ":")] = '\0';
	return line;
}

/* Fields 2 (and 3) of the line of @name: of passwd the user's number and group, of group its number. -ENOENT. */
static int look_up(int root, const char *file, const char *name, uint32_t *ret, uint32_t *ret_group)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_CLOSE int fd = path_open_in_root(root, file, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	char *text = NULL, *line, *rest;
	size_t length;

	if (fd < 0 || io_read_fd(fd, ACCOUNTS_MAX, &arena, &text, &length) < 0)
		return -ENOENT;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *copy = oci_arena_strdup(&arena, line);
		uint32_t id, group = 0;

		if (!copy)
			return -ENOMEM;
		if (strncmp(line, name, strlen(name)) != 0 || line[strlen(name)] != ':')
			continue;
		if (parse_u32(field(line, 2), &id) < 0)
			continue;
		(void)parse_u32(field(copy, 3), &group);
		*ret = id;
		*ret_group = group;
		return 0;
	}
	return -ENOENT;
}

int user_find(pid_t pid, const char *text, char ret[64], struct oci_error *err)
{
	CLEANUP_FREE char *user = strdup(text);
	CLEANUP_CLOSE int root = open_root(pid);
	char *group = user ? strchr(user, ':') : NULL;
	uint32_t uid = 0, gid = 0, unused;

	if (!user)
		return err_nomem(err);
	if (root < 0)
		return err_sys(err, -root, "the container's files");
	if (group)
		*group++ = '\0';
	if (parse_u32(user, &uid) < 0 && look_up(root, "/etc/passwd", user, &uid, &gid) < 0)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT,
				  "the container's /etc/passwd has no user '%s'", user);
	if (group && parse_u32(group, &gid) < 0 &&
	    look_up(root, "/etc/group", group, &gid, &unused) < 0)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT,
				  "the container's /etc/group has no group '%s'", group);
	snprintf(ret, 64, "%u:%u", uid, gid);
	return 0;
}
