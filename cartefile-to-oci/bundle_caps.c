/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_caps.c - process.capabilities of a bundle.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/bundle_config.h"

/* by number: capabilities(7), include/uapi/linux/capability.h */
static const char *const names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

#define ALL ((UINT64_C(1) << ARRAY_LEN(names)) - 1)

/* podman's: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, sys_chroot, setfcap */
#define DEFAULT                                                                              \
	((UINT64_C(1) << 0) | (UINT64_C(1) << 1) | (UINT64_C(1) << 3) | (UINT64_C(1) << 4) | \
	 (UINT64_C(1) << 5) | (UINT64_C(1) << 6) | (UINT64_C(1) << 7) | (UINT64_C(1) << 8) | \
	 (UINT64_C(1) << 10) | (UINT64_C(1) << 18) | (UINT64_C(1) << 31))

static int one(const char *option, const char *word, uint64_t *ret, struct oci_error *err)
{
	const char *plain = strncasecmp(word, "CAP_", 4) == 0 ? word + 4 : word;

	if (strcasecmp(plain, "ALL") == 0) {
		*ret = ALL;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcasecmp(names[i] + 4, plain) == 0) {
			*ret = UINT64_C(1) << i;
			return 0;
		}
	}
	return err_set_as(err, ERR_USAGE, EINVAL,
			  "%s: '%s' is no capability, such as NET_ADMIN (capabilities(7)), nor ALL",
			  option, word);
}

static int all_of(const char *option, const char *const *words, size_t len, uint64_t *ret,
		  struct oci_error *err)
{
	*ret = 0;
	for (size_t i = 0; i < len; i++) {
		uint64_t set = 0;
		int r = one(option, words[i], &set, err);

		if (r < 0)
			return r;
		*ret |= set;
	}
	return 0;
}

static char **list(uint64_t set, struct oci_arena *arena, size_t *ret_len)
{
	char **list = oci_arena_array(arena, ARRAY_LEN(names) + 1, sizeof(*list));

	*ret_len = 0;
	for (size_t i = 0; list && i < ARRAY_LEN(names); i++)
		if (set & (UINT64_C(1) << i))
			list[(*ret_len)++] = (char *)names[i]; /* emitted, never written to */
	return list;
}

int bundle_caps(const struct bundle_options *options, const struct oci_user *user,
		struct oci_arena *arena, struct oci_capabilities **ret, struct oci_error *err)
{
	struct oci_capabilities *caps = oci_arena_alloc(arena, sizeof(*caps));
	uint64_t added, dropped, bounding, active;
	int r;

	if (!caps)
		return err_nomem(err);
	r = all_of("--cap-add", options->cap_add, options->cap_add_len, &added, err);
	if (r == 0)
		r = all_of("--cap-drop", options->cap_drop, options->cap_drop_len, &dropped, err);
	if (r < 0)
		return r;
	/* what is named alone wins over ALL, as with podman */
	bounding = dropped == ALL ? added : ((DEFAULT | added) & ~dropped);
	active = user->uid.value == 0 ? bounding : (added & bounding);
	caps->bounding = list(bounding, arena, &caps->bounding_len);
	caps->permitted = list(active, arena, &caps->permitted_len);
	caps->effective = list(active, arena, &caps->effective_len);
	if (!caps->bounding || !caps->permitted || !caps->effective)
		return err_nomem(err);
	/* another user keeps nothing over execve but what is ambient (capabilities(7)) */
	if (user->uid.value != 0 && active) {
		caps->inheritable = list(active, arena, &caps->inheritable_len);
		caps->ambient = list(active, arena, &caps->ambient_len);
		if (!caps->inheritable || !caps->ambient)
			return err_nomem(err);
	}
	*ret = caps;
	return 0;
}
