/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_secrets.c - where secrets are, see replica_secrets.h.
 *
 * What must hold: nothing is written before the folder is known to be in memory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/mem.h"
#include "scale/replica_secrets.h"

static int folder_of(const char *run_dir, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s/secrets", run_dir);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int secrets_path(const char *run_dir, const char *id, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s/secrets/%s", run_dir, id);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static bool is_in_memory(const char *folder)
{
	struct statfs fs;

	return statfs(folder, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

/* Linux 6.4 can keep it out of swap as well. */
static int mount_memory(const char *folder)
{
	static const char *const options[] = { "mode=0700,size=64m,noswap", "mode=0700,size=64m" };
	int r = -1;

	for (size_t i = 0; i < ARRAY_LEN(options) && r < 0; i++)
		r = mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options[i]);
	if (r < 0)
		return -errno;
	/* other mount namespaces need not see it */
	return mount(NULL, folder, NULL, MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

int secrets_prepare(const char *run_dir, struct oci_error *err)
{
	char folder[PATH_MAX];
	int r = folder_of(run_dir, folder, sizeof(folder));

	if (r < 0)
		return err_sys(err, -r, "%s", run_dir);
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make folder %s", folder);
	if (is_in_memory(folder))
		return 0;
	if (geteuid() != 0)
		return err_set_as(
			err, ERR_UNSUPPORTED, EOPNOTSUPP,
			"secrets: %s is on a disk: have --run-dir, or XDG_RUNTIME_DIR, on a "
			"tmpfs",
			folder);
	r = mount_memory(folder);
	return r < 0 ? err_sys(err, -r, "secrets: mount a tmpfs on %s", folder) : 0;
}

void secrets_remove(const char *run_dir, const char *id)
{
	char path[PATH_MAX];

	if (secrets_path(run_dir, id, path, sizeof(path)) == 0)
		(void)folder_remove(AT_FDCWD, path);
}

void secrets_sweep(const char *run_dir, bool (*is_known)(void *ctx, const char *id), void *ctx)
{
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	const struct dirent *entry;
	char folder[PATH_MAX];

	if (folder_of(run_dir, folder, sizeof(folder)) < 0)
		return;
	dir = opendir(folder);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !is_known(ctx, entry->d_name))
			(void)folder_remove(dirfd(dir), entry->d_name);
}

void secrets_tidy(const char *run_dir)
{
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	const struct dirent *entry;
	char folder[PATH_MAX];

	if (folder_of(run_dir, folder, sizeof(folder)) < 0)
		return;
	dir = opendir(folder);
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return;
	mem_closedirp(&dir);
	/* what is no mount of ours stays one: then there is only the folder */
	(void)umount2(folder, UMOUNT_NOFOLLOW);
	(void)rmdir(folder);
}
