/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.c - continue in an image of ourselves that cannot be written to.
 *
 * Root: an overlay of the program's folder without an upper layer, in no mount
 * namespace, gone with the last process that runs from it; by changing over in
 * place (seal_move.c), else by an exec. Others, and where that fails: a copy in a
 * sealed memfd. argv, environment and every inherited
 * fd stay as they are; all fds made here are O_CLOEXEC.
 *
 * Why a sealed image is recognised correctly. All of these must hold, and none
 * of them comes from the caller's arguments or environment:
 *  - AT_EXECFN, written by the kernel, begins with "/dev/fd/": we were started
 *    by execveat on an fd, as we do it. It only saves the other checks in the
 *    usual first start; it proves nothing.
 *  - memfd: the exe file carries F_SEAL_WRITE, GROW, SHRINK and SEAL. Only a
 *    memfd can, and seals are never taken off (fcntl(2)).
 *  - overlay: the exe file is on overlayfs, its mount has the odd set of flags
 *    that we give it, and opening it for writing fails with EROFS. This error
 *    is given for a read-only *super block* before the ETXTBSY that a running
 *    program gives (a read-only mount alone is checked after that; only 6.11
 *    and 6.12 let it pass, there the flags decide), and an
 *    overlay super block without upper layer is read-only for ever:
 *    reconfiguring it is refused. So a runtime that is installed on an overlay
 *    root, read-only mounted or not, is sealed like any other.
 *
 * Why it cannot loop: the same checks are made on the very file and mount
 * before the exec; a mount in no namespace cannot be changed in between, and a
 * seal cannot be removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/seal.h"
#include "base/sys.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* 6.3; without it vm.memfd_noexec decides */
#endif

#define SELF_EXE "/proc/self/exe"
#define MEMFD_NAME "carte-runtime"
#define MEMFD_MARK "/memfd:" MEMFD_NAME ":"
#define MEMFD_NAME_MAX 249 /* memfd_create(2) */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define MARK_FLAGS (ST_RDONLY | ST_NODEV | ST_NOATIME | ST_NODIRATIME)
#define MARK_ATTRS \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME)

/* Where the program lies; found while /proc/self/exe still tells it. */
static char program_folder[PATH_MAX];

static bool has_mark(const struct statfs *fs)
{
	return fs->f_type == OVERLAYFS_SUPER_MAGIC &&
	       ((unsigned long)fs->f_flags & MARK_FLAGS) == MARK_FLAGS;
}

/* Is the super block read-only? See above; nothing is opened when it is. */
static bool is_unwritable(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0)
		(void)close(fd);
	return fd < 0 && errno == EROFS;
}

/* 1: yes, 0: no, -errno */
static int is_sealed(struct oci_error *err)
{
	const char *execfn = (const char *)getauxval(AT_EXECFN);
	CLEANUP_CLOSE int fd = -EBADF;
	struct statfs fs;
	int seals;

	if (!execfn || strncmp(execfn, "/dev/fd/", 8) != 0)
		return 0;
	if (statfs(SELF_EXE, &fs))
		return err_sys(err, errno, "look at " SELF_EXE " (is /proc mounted?)");
	if (has_mark(&fs))
		return is_unwritable(AT_FDCWD, SELF_EXE);
	/* a memfd is a file of tmpfs, or of hugetlbfs, which we don't use */
	if (fs.f_type != TMPFS_MAGIC)
		return 0;
	fd = open(SELF_EXE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open " SELF_EXE);
	seals = fcntl(fd, F_GET_SEALS); /* EINVAL on a file of a tmpfs mount that has none */
	return seals >= 0 && (seals & SEALS) == SEALS;
}

/*
 * A second lower layer, which the kernel demands when there is no upper one
 * (overlayfs.rst); it must neither hold nor lie in the program's folder (ELOOP),
 * and procfs is refused as a layer.
 */
static const char *other_layer(const char *folder)
{
	static const char *const layers[] = { "/dev", "/sys", "/etc" };

	for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
		size_t length = strlen(layers[i]);

		if (strncmp(folder, layers[i], length) != 0 ||
		    (folder[length] && folder[length] != '/'))
			return layers[i];
	}
	return NULL;
}

/* "lowerdir" for fsconfig, whose strings end at 255 bytes; ':' and '\' divide layers, ',' old options. */
static bool lower_option(const char *folder, char buf[256])
{
	const char *other = other_layer(folder);
	size_t length = strlen(folder);

	if (!length || strpbrk(folder, ":\\,") || length + strlen(other) + 2 > 256)
		return false;
	memcpy(buf, folder, length);
	buf[length] = ':';
	strcpy(buf + length + 1, other);
	return true;
}

/* Is @fd, in the mount, the file that we run? Layers keep sizes and times, not device and inode. */
static bool is_this_program(int fd)
{
	struct stat a, b;

	if (stat(SELF_EXE, &a) || fstat(fd, &b))
		return false;
	return a.st_mode == b.st_mode && a.st_size == b.st_size &&
	       !memcmp(&a.st_mtim, &b.st_mtim, sizeof(a.st_mtim)) &&
	       !memcmp(&a.st_ctim, &b.st_ctim, sizeof(a.st_ctim));
}

static int overlay_mount(const char *lower)
{
	CLEANUP_CLOSE int fs = sys_fsopen("overlay");
	int r;

	if (fs < 0)
		return fs;
	r = sys_fsconfig_string(fs, "lowerdir", lower);
	if (!r)
		r = sys_fsconfig_create(fs);
	return r < 0 ? r : sys_fsmount(fs, MARK_ATTRS);
}

/* true: sealed without an exec. false: it cannot be done; then the memfd is next. */
static bool use_overlay(char **argv)
{
	CLEANUP_CLOSE int mount = -EBADF;
	CLEANUP_CLOSE int self = -EBADF;
	char path[PATH_MAX], lower[256];
	struct statfs fs;
	char *name;
	ssize_t n = readlink(SELF_EXE, path, sizeof(path) - 1);

	if (n <= 0 || path[0] != '/')
		return false;
	path[n] = '\0';
	name = strrchr(path, '/');
	*name++ = '\0';
	if (!lower_option(path, lower))
		return false;
	mount = overlay_mount(lower);
	if (mount < 0)
		return false;
	/* opened first: an upgrade meanwhile puts another file there, whose pages are not ours */
	self = openat(mount, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (self < 0 || fstatfs(self, &fs) || !has_mark(&fs) || !is_this_program(self) ||
	    !is_unwritable(mount, name))
		return false;
	if (seal_move(self) == 0)
		return true;
	/* by name, so that comm stays the program's name */
	(void)sys_execveat(mount, name, argv, environ, 0);
	return false;
}

/* The name of the copy says where it is from, unless that is where it is installed: see seal_program_folder. */
static int make_memfd(void)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	char name[MEMFD_NAME_MAX + 1] = MEMFD_NAME;
	int fd;

	if (program_folder[0] && strcmp(program_folder, BINDIR) != 0 &&
	    strlen(program_folder) + sizeof(MEMFD_NAME ":") <= sizeof(name)) {
		strcpy(name, MEMFD_NAME ":");
		strcat(name, program_folder);
	}
	fd = memfd_create(name, flags | MFD_EXEC);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd < 0 ? -errno : fd;
}

static int copy_all(int from, int to)
{
	ssize_t n;

	do
		n = RETRY_EINTR(sendfile(to, from, NULL, 0x7ffff000));
	while (n > 0);
	return n < 0 ? -errno : 0;
}

static int exec_memfd(char **argv, struct oci_error *err)
{
	CLEANUP_CLOSE int self = open(SELF_EXE, O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int fd = -EBADF;
	int r;

	if (self < 0)
		return err_sys(err, errno, "open " SELF_EXE "%s",
			       errno == ENOENT ? " (is /proc mounted?)" : "");
	fd = make_memfd();
	if (fd < 0)
		return err_sys(err, -fd, "make a sealed copy of the program");
	r = copy_all(self, fd);
	if (r < 0)
		return err_sys(err, -r, "copy the program");
	if (fcntl(fd, F_ADD_SEALS, SEALS))
		return err_sys(err, errno, "seal the copy of the program");
	r = sys_execveat(fd, "", argv, environ, AT_EMPTY_PATH);
	return err_sys(err, -r, "run the sealed copy of the program");
}

/* An image run as "/dev/fd/N" has N as its name in ps; give it argv[0]'s back. */
static void restore_name(char **argv)
{
	const char *execfn = (const char *)getauxval(AT_EXECFN);
	const char *slash = argv[0] ? strrchr(argv[0], '/') : NULL;

	if (argv[0] && !strchr(execfn + 8, '/'))
		(void)prctl(PR_SET_NAME, slash ? slash + 1 : argv[0]);
}

/** read_folder - of the running file's path; -ENOENT when it has none. */
static int read_folder(char folder[PATH_MAX])
{
	static const char deleted[] = " (deleted)";
	ssize_t n = readlink(SELF_EXE, folder, PATH_MAX - 1);
	char *slash;

	if (n < 0)
		return -errno;
	folder[n] = '\0';
	if (strncmp(folder, MEMFD_MARK, strlen(MEMFD_MARK)) == 0) {
		n -= (ssize_t)(strlen(MEMFD_MARK) + strlen(deleted));
		if (n <= 0)
			return -ENOENT;
		memmove(folder, folder + strlen(MEMFD_MARK), (size_t)n);
		folder[n] = '\0';
		return folder[0] == '/' ? 0 : -ENOENT;
	}
	slash = strrchr(folder, '/');
	if (folder[0] != '/' || slash == folder)
		return -ENOENT;
	*slash = '\0';
	return 0;
}

int seal_program_folder(char ret[PATH_MAX])
{
	if (!program_folder[0] && read_folder(program_folder) < 0) {
		program_folder[0] = '\0';
		return -ENOENT;
	}
	strcpy(ret, program_folder);
	return 0;
}

int seal_self(char **argv, struct oci_error *err)
{
	char folder[PATH_MAX];
	int r = is_sealed(err);

	if (r < 0)
		return r;
	if (r) {
		restore_name(argv);
		return 0;
	}
	(void)seal_program_folder(folder);
	if (getauxval(AT_EUID) == 0 && use_overlay(argv))
		return 0;
	return exec_memfd(argv, err);
}
