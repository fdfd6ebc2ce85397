/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_caps.c - capabilities: the template's, with cap_add and cap_drop; and what those open in the profile of system calls.
 */
#include <string.h>

#include "base/caps.h"
#include "base/error.h"
#include "base/mem.h"
#include "scale/replica_config-private.h"

static int read_words(const char *key, const struct strings *words, uint64_t *ret,
		      struct oci_error *err)
{
	*ret = 0;
	for (size_t i = 0; i < words->len; i++) {
		uint64_t set = caps_word(words->items[i]);

		if (!set)
			return err_set(err, EINVAL,
				       "%s: '%s' is no capability, such as NET_ADMIN "
				       "(capabilities(7)), nor ALL",
				       key, words->items[i]);
		*ret |= set;
	}
	return 0;
}

static uint64_t set_of(char *const *list, size_t len)
{
	uint64_t set = 0;

	for (size_t i = 0; i < len; i++)
		set |= caps_word(list[i]);
	return set;
}

static int list(struct replica_plan *plan, uint64_t set, char ***ret, size_t *ret_len,
		struct oci_error *err)
{
	*ret = caps_list(set, &plan->arena, ret_len);
	return *ret ? 0 : err_nomem(err);
}

int replica_caps(struct replica_plan *plan, struct oci_error *err)
{
	const struct spec_service *service = plan->service;
	const struct oci_capabilities *from = plan->config.process->capabilities;
	struct oci_capabilities *caps = &plan->caps;
	uint64_t added, dropped, bounding, active, kept = 0;
	uint64_t usual = from ? set_of(from->bounding, from->bounding_len) : 0;
	int r = read_words("cap_add", &service->cap_add, &added, err);

	if (r == 0)
		r = read_words("cap_drop", &service->cap_drop, &dropped, err);
	if (r < 0)
		return r;
	if (service->privileged)
		added = CAPS_ALL;
	/* what is named alone wins over ALL */
	bounding = dropped == CAPS_ALL ? added : ((usual | added) & ~dropped);
	active = plan->user.uid.value == 0 ? bounding : (added & bounding);
	/* another user than root keeps nothing over execve but what is ambient (capabilities(7)) */
	if (plan->user.uid.value != 0 && !service->privileged)
		kept = active;
	*caps = (struct oci_capabilities){ 0 };
	r = list(plan, bounding, &caps->bounding, &caps->bounding_len, err);
	if (r == 0)
		r = list(plan, active, &caps->permitted, &caps->permitted_len, err);
	if (r == 0)
		r = list(plan, active, &caps->effective, &caps->effective_len, err);
	if (r == 0 && kept)
		r = list(plan, kept, &caps->inheritable, &caps->inheritable_len, err);
	if (r == 0 && kept)
		r = list(plan, kept, &caps->ambient, &caps->ambient_len, err);
	plan->process.capabilities = caps;
	return r;
}

/* ---- what they open ------------------------------------------------------------------------------------------------- */

static bool has(char *const *words, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

/* The calls of the capabilities that the template has not. */
static int opened_calls(struct replica_plan *plan, char ***ret, size_t *ret_len,
			struct oci_error *err)
{
	const struct oci_capabilities *from = plan->config.process->capabilities;
	const struct image *image = plan->in->image;
	size_t room = 1;
	char **calls;

	*ret_len = 0;
	for (size_t i = 0; i < image->caps_len; i++)
		room += image->caps[i].calls_len;
	calls = oci_arena_array(&plan->arena, room, sizeof(*calls));
	if (!calls)
		return err_nomem(err);
	for (size_t i = 0; i < image->caps_len; i++) {
		const struct image_cap *cap = &image->caps[i];

		if (!has(plan->caps.bounding, plan->caps.bounding_len, cap->cap) ||
		    (from && has(from->bounding, from->bounding_len, cap->cap)))
			continue;
		for (size_t k = 0; k < cap->calls_len; k++)
			if (!has(calls, *ret_len, cap->calls[k]))
				calls[(*ret_len)++] = cap->calls[k];
	}
	*ret = calls;
	return 0;
}

/* A rule without the calls that are opened; false: nothing is left of it. */
static int thin_rule(struct replica_plan *plan, struct oci_seccomp_rule *rule, char *const *calls,
		     size_t len, struct oci_error *err)
{
	char **left;
	size_t count = 0, touched = 0;

	for (size_t i = 0; i < rule->names_len; i++)
		touched += has(calls, len, rule->names[i]);
	if (!touched)
		return 1;
	left = oci_arena_array(&plan->arena, rule->names_len + 1, sizeof(*left));
	if (!left)
		return err_nomem(err);
	for (size_t i = 0; i < rule->names_len; i++)
		if (!has(calls, len, rule->names[i]))
			left[count++] = rule->names[i];
	rule->names = left;
	rule->names_len = count;
	return count > 0;
}

int replica_seccomp(struct replica_plan *plan, struct oci_error *err)
{
	const struct oci_seccomp *from = plan->linux_.seccomp;
	struct oci_seccomp *seccomp = &plan->seccomp;
	char **calls;
	size_t len;
	int r;

	if (plan->service->privileged || plan->service->seccomp_unconfined) {
		plan->linux_.seccomp = NULL;
		return 0;
	}
	if (plan->service->seccomp_profile)
		return replica_seccomp_profile(plan, err);
	r = from ? opened_calls(plan, &calls, &len, err) : 0;
	if (r < 0 || !from || !len)
		return r;
	*seccomp = *from;
	seccomp->syscalls =
		oci_arena_array(&plan->arena, from->syscalls_len + 1, sizeof(*from->syscalls));
	seccomp->syscalls_len = 0;
	if (!seccomp->syscalls)
		return err_nomem(err);
	for (size_t i = 0; i < from->syscalls_len; i++) {
		struct oci_seccomp_rule rule = from->syscalls[i];

		r = thin_rule(plan, &rule, calls, len, err);
		if (r < 0)
			return r;
		if (r > 0)
			seccomp->syscalls[seccomp->syscalls_len++] = rule;
	}
	seccomp->syscalls[seccomp->syscalls_len++] = (struct oci_seccomp_rule){
		.names = calls, .names_len = len, .action = OCI_SECCOMP_ACT_ALLOW
	};
	plan->linux_.seccomp = seccomp;
	return 0;
}
