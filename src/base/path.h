/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.h - the one way to a path inside a container's root.
 *
 * The root's content is hostile: any component may be, or may become while we
 * look, a symlink out of it. So every lookup is one openat2 with
 * RESOLVE_IN_ROOT, or, where openat2 is missing, an O_PATH walk that is as
 * safe; callers then act on the fd, never on the string again
 * (CVE-2019-18837, CVE-2021-30465, CVE-2024-45310).
 */
#ifndef CARTE_BASE_PATH_H
#define CARTE_BASE_PATH_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * path_open_in_root - open @path as seen from inside @rootfd.
 * @flags: open(2) flags; O_CLOEXEC is added. With O_NOFOLLOW the last
 *         component is not followed (O_PATH|O_NOFOLLOW gives the link itself).
 * @mode: for O_CREAT
 *
 * Absolute paths, "..", and symlinks are resolved as after chroot(rootfd);
 * magic links are refused. Return: fd or -errno.
 */
int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode);

/**
 * path_open_plain - open @path O_PATH, where no component may be a link (ELOOP).
 * @flags: O_DIRECTORY or 0
 * @in_root: an absolute path begins at @dirfd, ".." does not leave it (the walk refuses it, EXDEV); otherwise it is
 *	     a path of the host's, as with openat(2)
 * Return: fd or -errno.
 */
int path_open_plain(int dirfd, const char *path, int flags, bool in_root);

/**
 * path_mkdirs_in_root - like `mkdir -p` in the root, then open the last folder O_PATH|O_DIRECTORY.
 * Existing symlinks are followed inside the root; new folders get @mode, less the umask.
 * Return: fd or -errno (ENOTDIR where a component is no folder).
 */
int path_mkdirs_in_root(int rootfd, const char *path, mode_t mode);

/**
 * path_create_file_in_root - like `mkdir -p` of the parent and an empty regular file, unless something is
 * there already; opened O_PATH (symlinks followed inside the root).
 */
int path_create_file_in_root(int rootfd, const char *path, mode_t mode);

/**
 * path_open_parent_in_root - open the folder that holds the last component, made when @mkdirs.
 * @ret_name: points into @path, at the last component
 * Return: O_PATH fd or -errno; EINVAL for "/", "." and ".." as last component and for a trailing slash.
 */
int path_open_parent_in_root(int rootfd, const char *path, bool mkdirs, const char **ret_name);

/**
 * path_clean - lexically: duplicate slashes, ".", ".." removed ("/a/../.." is "/"), in place.
 * Return: @path.
 */
char *path_clean(char *path);

/** path_is_below - is @path equal to @top or below it? Both cleaned and absolute. */
bool path_is_below(const char *path, const char *top);

/** path_fd_link - "/proc/self/fd/N" in a caller's buffer of at least 32 bytes. */
char *path_fd_link(int fd, char buf[32]);

/** path_force_fallback - tests only: pretend that openat2 fails with @code (0: use it again). */
void path_force_fallback(int code);

#endif
