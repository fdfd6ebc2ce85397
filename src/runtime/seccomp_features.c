/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_features.c - what `features` says about seccomp (features-linux.md#seccomp).
 *
 * Asked of the running kernel and of the linked libseccomp, not remembered
 * from a version number: a container made from this answer must start.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/seccomp-private.h"
#include "runtime/seccomp.h"

struct list {
	char **items;
	size_t len;
};

static int list_init(struct oci_arena *arena, struct list *list, size_t max)
{
	list->items = oci_arena_array(arena, max + 1, sizeof(*list->items)); /* and a NULL */
	list->len = 0;
	return list->items ? 0 : -ENOMEM;
}

/* The names are constants; the document never writes to them. */
static void list_add(struct list *list, const char *name)
{
	list->items[list->len++] = (char *)name;
}

static bool kernel_has_action(enum oci_seccomp_action action)
{
	uint32_t value =
		seccomp_return(action, (struct oci_u32){ false, 0 }) & SECCOMP_RET_ACTION_FULL;
	int r = sys_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &value);

	/* EINVAL: before 4.14, when the query came, kernels had these five and no others */
	if (r == -EINVAL)
		return action != OCI_SECCOMP_ACT_KILL_PROCESS && action != OCI_SECCOMP_ACT_LOG &&
		       action != OCI_SECCOMP_ACT_NOTIFY;
	return r == 0;
}

/* A flag that is known gets as far as reading the filter, which is not there. */
static bool kernel_has_flag(enum oci_seccomp_flag flag)
{
	unsigned bits;

	switch (flag) {
	case OCI_SECCOMP_FLAG_TSYNC:
		bits = SECCOMP_FILTER_FLAG_TSYNC;
		break;
	case OCI_SECCOMP_FLAG_LOG:
		bits = SECCOMP_FILTER_FLAG_LOG;
		break;
	case OCI_SECCOMP_FLAG_SPEC_ALLOW:
		bits = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
		break;
	case OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV:
		bits = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | SECCOMP_FILTER_FLAG_NEW_LISTENER;
		break;
	default:
		return false;
	}
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, bits, NULL) == -EFAULT;
}

static bool kernel_has_filters(void)
{
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, NULL) == -EFAULT;
}

static int fill_kernel_lists(struct oci_arena *arena, struct oci_features_seccomp *f)
{
	/* in the order of the alphabet, as engines that compare texts expect lists to be stable */
	static const enum oci_seccomp_action actions[] = {
		OCI_SECCOMP_ACT_ALLOW,        OCI_SECCOMP_ACT_ERRNO,       OCI_SECCOMP_ACT_KILL,
		OCI_SECCOMP_ACT_KILL_PROCESS, OCI_SECCOMP_ACT_KILL_THREAD, OCI_SECCOMP_ACT_LOG,
		OCI_SECCOMP_ACT_NOTIFY,       OCI_SECCOMP_ACT_TRACE,       OCI_SECCOMP_ACT_TRAP,
	};
	static const enum oci_seccomp_flag flags[] = {
		OCI_SECCOMP_FLAG_LOG,
		OCI_SECCOMP_FLAG_SPEC_ALLOW,
		OCI_SECCOMP_FLAG_TSYNC,
		OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV,
	};
	struct list known_actions, known, supported;

	if (list_init(arena, &known_actions, ARRAY_LEN(actions)) < 0 ||
	    list_init(arena, &known, ARRAY_LEN(flags)) < 0 ||
	    list_init(arena, &supported, ARRAY_LEN(flags)) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (kernel_has_action(actions[i]))
			list_add(&known_actions, oci_seccomp_action_name(actions[i]));
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		list_add(&known, oci_seccomp_flag_name(flags[i]));
		if (kernel_has_flag(flags[i]))
			list_add(&supported, oci_seccomp_flag_name(flags[i]));
	}
	f->actions = known_actions.items;
	f->actions_len = known_actions.len;
	f->known_flags = known.items;
	f->known_flags_len = known.len;
	f->supported_flags = supported.items;
	f->supported_flags_len = supported.len;
	return 0;
}

static int fill_library_lists(struct oci_arena *arena, struct oci_features_seccomp *f)
{
	static const enum oci_seccomp_op ops[] = {
		OCI_SECCOMP_CMP_EQ, OCI_SECCOMP_CMP_GE, OCI_SECCOMP_CMP_GT,
		OCI_SECCOMP_CMP_LE, OCI_SECCOMP_CMP_LT, OCI_SECCOMP_CMP_MASKED_EQ,
		OCI_SECCOMP_CMP_NE,
	};
	struct list operators, archs;

	if (list_init(arena, &operators, ARRAY_LEN(ops)) < 0 ||
	    list_init(arena, &archs, OCI_SECCOMP_ARCH_RISCV64) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		list_add(&operators, oci_seccomp_op_name(ops[i]));
	for (int arch = OCI_SECCOMP_ARCH_X86; arch <= OCI_SECCOMP_ARCH_RISCV64; arch++)
		if (seccomp_library_has_arch((enum oci_seccomp_arch)arch))
			list_add(&archs, oci_seccomp_arch_name((enum oci_seccomp_arch)arch));
	f->operators = operators.items;
	f->operators_len = operators.len;
	f->archs = archs.items;
	f->archs_len = archs.len;
	return 0;
}

int seccomp_features(struct oci_arena *arena, struct oci_features_seccomp **ret,
		     struct oci_error *err)
{
	struct oci_features_seccomp *f = oci_arena_alloc(arena, sizeof(*f));

	if (!f)
		return err_nomem(err);
	f->enabled.present = true;
	f->enabled.value = seccomp_library_version() && kernel_has_filters();
	if (f->enabled.value &&
	    (fill_kernel_lists(arena, f) < 0 || fill_library_lists(arena, f) < 0))
		return err_nomem(err);
	*ret = f;
	return 0;
}
