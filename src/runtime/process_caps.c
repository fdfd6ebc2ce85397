/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_caps.c - the five capability sets of a process (capabilities(7)).
 *
 * Every set starts empty and holds what the config names, nothing inherited (CVE-2016-8867, CVE-2022-24769). A capability
 * that is not in the runtime's own bounding set cannot be given to anybody by the kernel, so it is left out and the
 * container runs without it; one that is there but that we do not hold is an error.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/caps.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sys_process.h"
#include "runtime/process-private.h"

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

static bool is_cap_form(const char *name)
{
	return strncmp(name, "CAP_", 4) == 0 && name[4] &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name);
}

/*
 * A well-formed name that this runtime does not know is skipped: an engine may be newer than we are, and
 * config.md#linux-process demands that unmappable names do not fail.
 */
static int plan_set(char *const *names, size_t count, const char *set, const char *where,
		    uint64_t *ret, struct oci_error *err)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < count; i++) {
		int cap = caps_number(names[i]);

		if (cap >= 0)
			mask |= CAP_BIT(cap);
		else if (!is_cap_form(names[i]))
			return err_set(err, EINVAL,
				       "%s%scapabilities.%s[%zu]: \"%s\" is not a capability name",
				       AT(where), set, i, names[i]);
	}
	*ret = mask;
	return 0;
}

static const char *first_name(uint64_t mask)
{
	return mask ? caps_names[__builtin_ctzll(mask)] : "";
}

/* What capset(2) would answer with a bare EPERM. */
static int check_sets(const struct process_caps *caps, const char *where, struct oci_error *err)
{
	uint64_t extra = caps->effective & ~caps->permitted;

	if (extra)
		return err_set(err, EINVAL,
			       "%s%scapabilities.effective: %s is not in the permitted set",
			       AT(where), first_name(extra));
	extra = caps->inheritable & ~caps->bounding;
	if (extra)
		return err_set(err, EINVAL,
			       "%s%scapabilities.inheritable: %s is not in the bounding set",
			       AT(where), first_name(extra));
	return 0;
}

int process_plan_caps(const struct oci_capabilities *caps, const char *where,
		      struct process_caps *ret, struct oci_error *err)
{
	const struct {
		const char *name;
		char *const *names;
		size_t count;
		uint64_t *mask;
	} sets[] = {
		{ "bounding", caps->bounding, caps->bounding_len, &ret->bounding },
		{ "permitted", caps->permitted, caps->permitted_len, &ret->permitted },
		{ "effective", caps->effective, caps->effective_len, &ret->effective },
		{ "inheritable", caps->inheritable, caps->inheritable_len, &ret->inheritable },
		{ "ambient", caps->ambient, caps->ambient_len, &ret->ambient },
	};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		r = plan_set(sets[i].names, sets[i].count, sets[i].name, where, sets[i].mask, err);
		if (r < 0)
			return r;
	}
	/*
	 * The kernel keeps ambient within permitted and inheritable (capabilities(7)). Engines send more for users that
	 * had their inheritable set taken away; runc warns and goes on, so the rest is left out here.
	 */
	ret->ambient &= ret->permitted & ret->inheritable;
	return check_sets(ret, where, err);
}

int process_drop_bounding(const struct process_plan *plan, struct oci_error *err)
{
	for (unsigned long cap = 0; cap < 64; cap++) {
		int code;

		if (plan->caps.bounding & CAP_BIT(cap))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		code = errno;
		if (code == EINVAL) /* behind the kernel's last one */
			break;
		if (code == EPERM && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 0)
			continue; /* no CAP_SETPCAP, and nothing to drop */
		return err_sys(err, code, "%s%scapabilities.bounding: drop %s", AT(plan->where),
			       cap < CAPS_COUNT ? caps_names[cap] : "a newer capability");
	}
	return 0;
}

/* Take out what the kernel cannot give; say what we were not given ourselves. */
static int clamp_to_own(const struct process_plan *plan, struct process_caps *caps,
			struct oci_error *err)
{
	uint64_t permitted, effective, inheritable, missing;
	int r;

	r = sys_capget(&permitted, &effective, &inheritable);
	if (r < 0)
		return err_sys(err, -r, "capget");
	missing = (caps->permitted & ~permitted) | (caps->inheritable & ~(inheritable | permitted));
	for (int cap = 0; cap < (int)CAPS_COUNT; cap++) {
		if (!(missing & CAP_BIT(cap)))
			continue;
		/* 0: nobody below us may ever have it; EINVAL: this kernel is older than the name */
		if (prctl(PR_CAPBSET_READ, (unsigned long)cap, 0, 0, 0) <= 0)
			continue;
		return err_set(err, EPERM,
			       "%s%scapabilities.%s: unable to apply %s: Operation not permitted "
			       "(the runtime does not have it)",
			       AT(plan->where),
			       caps->permitted & CAP_BIT(cap) ? "permitted" : "inheritable",
			       caps_names[cap]);
	}
	caps->permitted &= ~missing;
	caps->effective &= ~missing;
	caps->inheritable &= ~missing;
	caps->ambient &= ~missing;
	return 0;
}

int process_set_caps(const struct process_plan *plan, struct oci_error *err)
{
	struct process_caps caps = plan->caps;
	int r;

	r = sys_capset(caps.permitted, caps.effective, caps.inheritable);
	if (r == -EPERM) {
		r = clamp_to_own(plan, &caps, err);
		if (r < 0)
			return r;
		r = sys_capset(caps.permitted, caps.effective, caps.inheritable);
	}
	if (r < 0)
		return err_sys(err, -r, "%s%scapabilities: capset", AT(plan->where));
	/* capset has cut ambient down to permitted and inheritable; what is left may still be more than was asked */
	if (caps.inheritable & caps.permitted &&
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(err, errno, "%s%scapabilities.ambient: clear", AT(plan->where));
	for (unsigned long cap = 0; cap < CAPS_COUNT; cap++) {
		if (!(caps.ambient & CAP_BIT(cap)))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0 && errno != EINVAL)
			return err_sys(err, errno, "%s%scapabilities.ambient: raise %s",
				       AT(plan->where), caps_names[cap]);
	}
	return 0;
}
