/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.c - linux.seccomp checked, prepared and installed (config-linux.md#seccomp).
 *
 * The filter is ready before the clone; the child makes one system call. What
 * holds: a profile that cannot be enforced as written is refused, and the
 * only thing ever given up silently is a flag that changes no decision.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/sys.h"
#include "runtime/seccomp-private.h"
#include "runtime/seccomp.h"

#define MAX_ERRNO 4095 /* the kernel cuts a filter's errno there, include/linux/err.h */

static bool has_errno(enum oci_seccomp_action action)
{
	return action == OCI_SECCOMP_ACT_ERRNO || action == OCI_SECCOMP_ACT_TRACE;
}

uint32_t seccomp_return(enum oci_seccomp_action action, struct oci_u32 errno_ret)
{
	uint32_t data = errno_ret.present ? errno_ret.value : EPERM;

	switch (action) {
	case OCI_SECCOMP_ACT_KILL_PROCESS:
		return SECCOMP_RET_KILL_PROCESS;
	case OCI_SECCOMP_ACT_TRAP:
		return SECCOMP_RET_TRAP;
	case OCI_SECCOMP_ACT_ERRNO:
		return SECCOMP_RET_ERRNO | (data & SECCOMP_RET_DATA);
	case OCI_SECCOMP_ACT_TRACE:
		return SECCOMP_RET_TRACE | (data & SECCOMP_RET_DATA);
	case OCI_SECCOMP_ACT_ALLOW:
		return SECCOMP_RET_ALLOW;
	case OCI_SECCOMP_ACT_LOG:
		return SECCOMP_RET_LOG;
	case OCI_SECCOMP_ACT_NOTIFY:
		return SECCOMP_RET_USER_NOTIF;
	case OCI_SECCOMP_ACT_KILL:
	case OCI_SECCOMP_ACT_KILL_THREAD:
	case OCI_SECCOMP_ACT_NONE:
		break;
	}
	return SECCOMP_RET_KILL_THREAD;
}

static bool uses_notify(const struct oci_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->syscalls_len; i++)
		if (seccomp->syscalls[i].action == OCI_SECCOMP_ACT_NOTIFY)
			return true;
	return false;
}

/* Engines write "" for "none" (Go marshals some structs without omitempty). */
static const char *text_or_null(const char *text)
{
	return text && *text ? text : NULL;
}

/* @where: the field's place in the document */
static int check_errno(enum oci_seccomp_action action, struct oci_u32 errno_ret, const char *where,
		       struct oci_error *err)
{
	uint32_t max = action == OCI_SECCOMP_ACT_TRACE ? SECCOMP_RET_DATA : MAX_ERRNO;

	/* config-linux.md#seccomp: MUST fail for an action that has no errno */
	if (!has_errno(action))
		return err_set(err, EINVAL, "%s: action %s takes no errno", where,
			       oci_seccomp_action_name(action));
	if (errno_ret.value > max)
		return err_set(err, EINVAL, "%s: must be at most %u, got %u", where, max,
			       errno_ret.value);
	return 0;
}

/*
 * The child hands the listener over by sendmsg after the filter is in force. Waiting there for
 * the agent's answer, which cannot come before the agent has the listener, would be for ever.
 */
static int check_notify_names(const struct oci_seccomp_rule *rule, size_t i, struct oci_error *err)
{
	if (rule->action != OCI_SECCOMP_ACT_NOTIFY)
		return 0;
	for (size_t n = 0; n < rule->names_len; n++)
		if (strcmp(rule->names[n], "sendmsg") == 0 ||
		    strcmp(rule->names[n], "socketcall") == 0)
			return err_set(
				err, EINVAL,
				"linux.seccomp.syscalls[%zu].names[%zu]: SCMP_ACT_NOTIFY "
				"cannot be used for %s, which hands the listener to the agent",
				i, n, rule->names[n]);
	return 0;
}

static int check_rule(const struct oci_seccomp_rule *rule, size_t i, struct oci_error *err)
{
	char where[64];
	int r;

	if (rule->names_len == 0)
		return err_set(err, EINVAL,
			       "linux.seccomp.syscalls[%zu].names: needs at least one name", i);
	if (rule->action == OCI_SECCOMP_ACT_NONE)
		return err_set(err, EINVAL,
			       "linux.seccomp.syscalls[%zu].action: required field is missing", i);
	if (rule->errno_ret.present) {
		snprintf(where, sizeof(where), "linux.seccomp.syscalls[%zu].errnoRet", i);
		r = check_errno(rule->action, rule->errno_ret, where, err);
		if (r < 0)
			return r;
	}
	for (size_t a = 0; a < rule->args_len; a++) {
		const struct oci_seccomp_arg *arg = &rule->args[a];

		if (arg->index.value > 5)
			return err_set(err, EINVAL,
				       "linux.seccomp.syscalls[%zu].args[%zu].index: must be 0 to "
				       "5, got %u",
				       i, a, arg->index.value);
		if (arg->op == OCI_SECCOMP_OP_NONE)
			return err_set(err, EINVAL,
				       "linux.seccomp.syscalls[%zu].args[%zu].op: required field "
				       "is missing",
				       i, a);
	}
	return check_notify_names(rule, i, err);
}

static int check_listener(const struct oci_seccomp *seccomp, struct oci_error *err)
{
	bool path = text_or_null(seccomp->listener_path);

	if (uses_notify(seccomp) && !path)
		return err_set(err, EINVAL,
			       "linux.seccomp.listenerPath: required with action SCMP_ACT_NOTIFY");
	if (text_or_null(seccomp->listener_metadata) && !path)
		return err_set(err, EINVAL,
			       "linux.seccomp.listenerMetadata: must not be set without "
			       "listenerPath");
	return 0;
}

int seccomp_check(const struct oci_seccomp *seccomp, struct oci_error *err)
{
	int r;

	if (!seccomp_library_version())
		return err_set(err, ENOTSUP,
			       "linux.seccomp: this program was built without libseccomp");
	if (seccomp->default_action == OCI_SECCOMP_ACT_NONE)
		return err_set(err, EINVAL,
			       "linux.seccomp.defaultAction: required field is missing");
	if (seccomp->default_action == OCI_SECCOMP_ACT_NOTIFY)
		return err_set(err, EINVAL,
			       "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the "
			       "default action");
	if (seccomp->default_errno_ret.present) {
		r = check_errno(seccomp->default_action, seccomp->default_errno_ret,
				"linux.seccomp.defaultErrnoRet", err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < seccomp->syscalls_len; i++) {
		r = check_rule(&seccomp->syscalls[i], i, err);
		if (r < 0)
			return r;
	}
	return check_listener(seccomp, err);
}

static unsigned kernel_flags(const struct oci_seccomp *seccomp, bool notify)
{
	unsigned flags = 0;

	/* Without flags, as runc: no speculation barrier for a process that did not ask for it. */
	if (seccomp->flags_len == 0)
		flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < seccomp->flags_len; i++) {
		switch ((enum oci_seccomp_flag)seccomp->flags[i]) {
		case OCI_SECCOMP_FLAG_TSYNC:
			flags |= SECCOMP_FILTER_FLAG_TSYNC;
			break;
		case OCI_SECCOMP_FLAG_LOG:
			flags |= SECCOMP_FILTER_FLAG_LOG;
			break;
		case OCI_SECCOMP_FLAG_SPEC_ALLOW:
			flags |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
			break;
		case OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV:
			/* How notifications are waited for; the kernel wants it only where there are some. */
			if (notify)
				flags |= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
			break;
		case OCI_SECCOMP_FLAG_NONE:
			break;
		}
	}
	if (notify) {
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
		/* TSYNC reports a thread by its id, which would be taken for the listener, seccomp(2) */
		if (flags & SECCOMP_FILTER_FLAG_TSYNC)
			flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	}
	return flags;
}

int seccomp_prepare(struct oci_arena *arena, const struct oci_seccomp *seccomp, int cache_dirfd,
		    struct seccomp_program **ret, struct oci_error *err)
{
	const char *library = seccomp_library_version();
	struct seccomp_program *program;
	struct seccomp_code code;
	struct seccomp_key key;
	int r;

	if (!library)
		return seccomp_check(seccomp, err);
	program = oci_arena_alloc(arena, sizeof(*program));
	if (!program)
		return err_nomem(err);
	r = -ENOENT;
	if (cache_dirfd >= 0) {
		if (seccomp_key_build(arena, seccomp, library, &key) < 0)
			return err_nomem(err);
		r = seccomp_cache_load(arena, cache_dirfd, &key, &code);
	}
	if (r < 0) {
		r = seccomp_compile(arena, seccomp, &code, err);
		if (r < 0)
			return r;
		if (cache_dirfd >= 0)
			seccomp_cache_store(cache_dirfd, &key, &code);
	}

	program->filter = code.insns;
	program->len = (unsigned short)code.len;
	program->notify = uses_notify(seccomp);
	program->flags = kernel_flags(seccomp, program->notify);
	program->listener_path = text_or_null(seccomp->listener_path);
	program->listener_metadata = text_or_null(seccomp->listener_metadata);
	*ret = program;
	return 0;
}

int seccomp_install(const struct seccomp_program *program, int *ret_listener, struct oci_error *err)
{
	struct sock_fprog prog = {
		.len = program->len,
		.filter = (struct sock_filter *)program->filter, /* the kernel only reads it */
	};
	unsigned flags = program->flags;
	int r;

	r = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &prog);
	/* 4.17; without it the process is slower and nothing else */
	if (r == -EINVAL && (flags & SECCOMP_FILTER_FLAG_SPEC_ALLOW)) {
		flags &= ~(unsigned)SECCOMP_FILTER_FLAG_SPEC_ALLOW;
		r = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &prog);
	}
	if (r == -EINVAL && flags != 0)
		return err_set(err, EINVAL,
			       "linux.seccomp: the kernel does not support this filter's actions "
			       "or flags (0x%x)",
			       flags);
	if (r == -EACCES)
		return err_set(err, EACCES,
			       "linux.seccomp: load filter: %s (needs process.noNewPrivileges or "
			       "CAP_SYS_ADMIN)",
			       strerror(EACCES));
	if (r < 0)
		return err_sys(err, -r, "linux.seccomp: load filter");
	/* A positive number without a listener is a thread that TSYNC could not reach. */
	if (!program->notify && r > 0)
		return err_set(err, ESRCH, "linux.seccomp: thread %d cannot be synchronized", r);
	*ret_listener = program->notify ? r : -1;
	return 0;
}
