/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_caps.c - process.capabilities of a bundle.
 */
#include <string.h>

#include "base/caps.h"
#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/bundle_config.h"

/* podman's: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, sys_chroot, setfcap */
#define DEFAULT                                                                              \
	((UINT64_C(1) << 0) | (UINT64_C(1) << 1) | (UINT64_C(1) << 3) | (UINT64_C(1) << 4) | \
	 (UINT64_C(1) << 5) | (UINT64_C(1) << 6) | (UINT64_C(1) << 7) | (UINT64_C(1) << 8) | \
	 (UINT64_C(1) << 10) | (UINT64_C(1) << 18) | (UINT64_C(1) << 31))

static int all_of(const char *option, const char *const *words, size_t len, uint64_t *ret,
		  struct oci_error *err)
{
	*ret = 0;
	for (size_t i = 0; i < len; i++) {
		uint64_t set = caps_word(words[i]);

		if (!set)
			return err_set_as(err, ERR_USAGE, EINVAL,
					  "%s: '%s' is no capability, such as NET_ADMIN "
					  "(capabilities(7)), nor ALL",
					  option, words[i]);
		*ret |= set;
	}
	return 0;
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
	bounding = dropped == CAPS_ALL ? added : ((DEFAULT | added) & ~dropped);
	active = user->uid.value == 0 ? bounding : (added & bounding);
	caps->bounding = caps_list(bounding, arena, &caps->bounding_len);
	caps->permitted = caps_list(active, arena, &caps->permitted_len);
	caps->effective = caps_list(active, arena, &caps->effective_len);
	if (!caps->bounding || !caps->permitted || !caps->effective)
		return err_nomem(err);
	/* another user keeps nothing over execve but what is ambient (capabilities(7)) */
	if (user->uid.value != 0 && active) {
		caps->inheritable = caps_list(active, arena, &caps->inheritable_len);
		caps->ambient = caps_list(active, arena, &caps->ambient_len);
		if (!caps->inheritable || !caps->ambient)
			return err_nomem(err);
	}
	*ret = caps;
	return 0;
}
