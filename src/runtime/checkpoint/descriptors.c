/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptors.c - standard input, output and error of a container that is dumped and restored.
 */
#include "runtime/checkpoint/descriptors.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <ocispec-lite/table.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/json_text.h"

#define COUNT 3
#define SIZE_MAX_JSON 65536
#define MEM_MAJOR 1 /* /dev/null and its like: criu takes them for files */

/* Of its fdinfo: "mnt_id:\t31" */
static int mount_id(pid_t pid, int fd, unsigned *ret)
{
	char path[48], text[512], *found;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)pid, fd);
	n = io_read_small(AT_FDCWD, path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	found = strstr(text, "mnt_id:");
	if (!found)
		return -ENOENT;
	*ret = (unsigned)strtoul(found + strlen("mnt_id:"), NULL, 10);
	return 0;
}

static bool is_inside(const struct cr_mounts *mounts, unsigned id)
{
	for (size_t i = 0; i < mounts->len; i++)
		if (mounts->items[i].id == id)
			return true;
	return false;
}

/* "file[MOUNT:INODE]" (criu(8), --external) for a file that the container's mounts do not show, else "". */
static void name_of_file(pid_t pid, int fd, const char *path, const struct cr_mounts *inside,
			 char *ret, size_t size)
{
	unsigned id = 0;
	struct stat st;

	*ret = '\0';
	/* by name: a magic link to what the descriptor is */
	if (stat(path, &st) < 0 || mount_id(pid, fd, &id) < 0 || is_inside(inside, id))
		return;
	if (S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && major(st.st_rdev) == MEM_MAJOR))
		(void)snprintf(ret, size, "file[%x:%lx]", id, (unsigned long)st.st_ino);
}

static int write_file(int images_fd, struct json_text *json, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	int r = json_take(json, &text, &length);

	if (r == 0)
		r = io_replace_at(images_fd, DESCRIPTORS_FILE, text, length, 0600);
	return r < 0 ? err_sys(err, -r, "write " DESCRIPTORS_FILE) : 0;
}

int descriptors_dump(struct oci_arena *arena, pid_t pid, const struct cr_mounts *inside,
		     struct cr_plan *plan, struct oci_error *err)
{
	CLEANUP_JSON struct json_text json = JSON_TEXT_INIT;
	char path[48], name[64], target[PATH_MAX];

	json_open(&json, NULL, '[');
	for (int fd = 0; fd < COUNT; fd++) {
		ssize_t n;
		int r;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		/* by name: a magic link of /proc, not followed */
		n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		if (*target == '/') {
			name_of_file(pid, fd, path, inside, name, sizeof(name));
			if (*name) {
				strcpy(target, name);
				r = cr_pairs_add(arena, &plan->external, name, NULL, err);
				if (r < 0)
					return r;
			}
		}
		json_string(&json, NULL, target, strlen(target));
	}
	json_close(&json, ']');
	return write_file(plan->images_fd, &json, err);
}

int descriptors_restore(struct oci_arena *arena, struct cr_plan *plan, struct oci_error *err)
{
	char *text, **names;
	size_t length, len;
	int r;

	r = io_read_at(plan->images_fd, DESCRIPTORS_FILE, SIZE_MAX_JSON, arena, &text, &length);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_sys(err, -r, "read " DESCRIPTORS_FILE);
	r = oci_strings_parse(arena, DESCRIPTORS_FILE, text, length, &names, &len, err);
	for (size_t i = 0; r == 0 && i < len && i < COUNT; i++)
		if (strncmp(names[i], "pipe:[", 6) == 0 || strncmp(names[i], "file[", 5) == 0)
			r = cr_fds_add(plan, (int)i, names[i], err);
	return r;
}
