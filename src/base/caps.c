/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caps.c - see caps.h.
 */
#include <linux/capability.h>
#include <string.h>

#include "base/caps.h"

const char *const caps_names[CAPS_COUNT + 1] = {
	[CAP_CHOWN] = "CAP_CHOWN",
	[CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
	[CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
	[CAP_FOWNER] = "CAP_FOWNER",
	[CAP_FSETID] = "CAP_FSETID",
	[CAP_KILL] = "CAP_KILL",
	[CAP_SETGID] = "CAP_SETGID",
	[CAP_SETUID] = "CAP_SETUID",
	[CAP_SETPCAP] = "CAP_SETPCAP",
	[CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
	[CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
	[CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
	[CAP_NET_ADMIN] = "CAP_NET_ADMIN",
	[CAP_NET_RAW] = "CAP_NET_RAW",
	[CAP_IPC_LOCK] = "CAP_IPC_LOCK",
	[CAP_IPC_OWNER] = "CAP_IPC_OWNER",
	[CAP_SYS_MODULE] = "CAP_SYS_MODULE",
	[CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
	[CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
	[CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
	[CAP_SYS_PACCT] = "CAP_SYS_PACCT",
	[CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
	[CAP_SYS_BOOT] = "CAP_SYS_BOOT",
	[CAP_SYS_NICE] = "CAP_SYS_NICE",
	[CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
	[CAP_SYS_TIME] = "CAP_SYS_TIME",
	[CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
	[CAP_MKNOD] = "CAP_MKNOD",
	[CAP_LEASE] = "CAP_LEASE",
	[CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
	[CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
	[CAP_SETFCAP] = "CAP_SETFCAP",
	[CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
	[CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
	[CAP_SYSLOG] = "CAP_SYSLOG",
	[CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
	[CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
	[CAP_AUDIT_READ] = "CAP_AUDIT_READ",
	[38] = "CAP_PERFMON",            /* 5.8 */
	[39] = "CAP_BPF",                /* 5.8 */
	[40] = "CAP_CHECKPOINT_RESTORE", /* 5.9 */
	NULL,
};

int caps_number(const char *name)
{
	for (size_t i = 0; i < CAPS_COUNT; i++)
		if (strcmp(caps_names[i], name) == 0)
			return (int)i;
	return -1;
}

uint64_t caps_word(const char *word)
{
	const char *plain = strncasecmp(word, "CAP_", 4) == 0 ? word + 4 : word;

	if (strcasecmp(plain, "ALL") == 0)
		return CAPS_ALL;
	for (size_t i = 0; i < CAPS_COUNT; i++)
		if (strcasecmp(caps_names[i] + 4, plain) == 0)
			return UINT64_C(1) << i;
	return 0;
}

char **caps_list(uint64_t set, struct oci_arena *arena, size_t *ret_len)
{
	char **list = oci_arena_array(arena, CAPS_COUNT + 1, sizeof(*list));

	*ret_len = 0;
	for (size_t i = 0; list && i < CAPS_COUNT; i++)
		if (set & (UINT64_C(1) << i))
			list[(*ret_len)++] = (char *)caps_names[i];
	return list;
}
