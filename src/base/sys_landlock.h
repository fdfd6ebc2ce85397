/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_landlock.h - Landlock's system calls and constants (landlock(7)), which the headers of Linux 6.1 know in part.
 *
 * As in sys.h: 0 or a value on success, else -errno.
 */
#ifndef CARTE_BASE_SYS_LANDLOCK_H
#define CARTE_BASE_SYS_LANDLOCK_H

#include <stdint.h>

enum {
	LANDLOCK_FS_EXECUTE = 1 << 0,
	LANDLOCK_FS_WRITE_FILE = 1 << 1,
	LANDLOCK_FS_READ_FILE = 1 << 2,
	LANDLOCK_FS_READ_DIR = 1 << 3,
	LANDLOCK_FS_ABI_1 =
		(1 << 13) - 1, /* those, and removing and making of every kind of file; 5.13 */
	LANDLOCK_FS_REFER = 1 << 13,     /* ABI 2, 5.19 */
	LANDLOCK_FS_TRUNCATE = 1 << 14,  /* ABI 3, 6.2 */
	LANDLOCK_FS_IOCTL_DEV = 1 << 15, /* ABI 5, 6.10 */
	LANDLOCK_NET_BIND_TCP = 1 << 0,  /* ABI 4, 6.7 */
	LANDLOCK_NET_CONNECT_TCP = 1 << 1,
	LANDLOCK_SCOPE_ABSTRACT_UNIX = 1 << 0, /* ABI 6, 6.12 */
	LANDLOCK_SCOPE_SIGNALS = 1 << 1,
};

/** struct landlock_ruleset - what a ruleset denies unless a rule allows it. */
struct landlock_ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

/** sys_landlock_abi - 1 and up; -ENOSYS: not built in, -EOPNOTSUPP: switched off. */
int sys_landlock_abi(void);

/** sys_landlock_create - fd, close-on-exec. Members that are 0 are not shown to kernels that do not know them. */
int sys_landlock_create(const struct landlock_ruleset *ruleset);
int sys_landlock_add_path(int rules_fd, int path_fd, uint64_t rights);
int sys_landlock_add_port(int rules_fd, uint16_t port, uint64_t right);
int sys_landlock_restrict(int rules_fd);

#endif
