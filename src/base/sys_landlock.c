/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_landlock.c - raw system calls of sys_landlock.h.
 */
#include "base/sys_landlock.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CREATE_RULESET_VERSION 1
#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT 2

struct path_rule {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));

struct port_rule {
	uint64_t rights;
	uint64_t port;
};

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

int sys_landlock_abi(void)
{
	return result(syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION));
}

int sys_landlock_create(const struct landlock_ruleset *ruleset)
{
	size_t size = ruleset->scoped ? sizeof(*ruleset)
		      : ruleset->net  ? offsetof(struct landlock_ruleset, scoped)
				      : offsetof(struct landlock_ruleset, net);

	return result(syscall(SYS_landlock_create_ruleset, ruleset, size, 0));
}

int sys_landlock_add_path(int rules_fd, int path_fd, uint64_t rights)
{
	struct path_rule rule = { rights, path_fd };

	return result(syscall(SYS_landlock_add_rule, rules_fd, RULE_PATH_BENEATH, &rule, 0));
}

int sys_landlock_add_port(int rules_fd, uint16_t port, uint64_t right)
{
	struct port_rule rule = { right, port };

	return result(syscall(SYS_landlock_add_rule, rules_fd, RULE_NET_PORT, &rule, 0));
}

int sys_landlock_restrict(int rules_fd)
{
	return result(syscall(SYS_landlock_restrict_self, rules_fd, 0));
}
