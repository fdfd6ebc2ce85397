/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - config.json's process object as a plan: checked, converted, ready for the child.
 *
 * Pure: reads nothing but the documents, so every message can be tested.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fnv.h"
#include "base/mem.h"
#include "runtime/process-private.h"

/* user_namespaces(7), setgroups(2): NGROUPS_MAX since 2.6.4 */
#define GROUPS_MAX 65536
#define ID_INVALID UINT32_MAX

static const struct {
	const char *name;
	int resource;
} rlimit_names[] = {
	{ "RLIMIT_CPU", RLIMIT_CPU },           { "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_DATA", RLIMIT_DATA },         { "RLIMIT_STACK", RLIMIT_STACK },
	{ "RLIMIT_CORE", RLIMIT_CORE },         { "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },       { "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },   { "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },       { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE }, { "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },     { "RLIMIT_RTTIME", RLIMIT_RTTIME },
};

const char *process_rlimit_name(int resource)
{
	for (size_t i = 0; i < ARRAY_LEN(rlimit_names); i++)
		if (rlimit_names[i].resource == resource)
			return rlimit_names[i].name;
	return NULL;
}

static size_t name_length(const char *entry)
{
	return (size_t)(strchrnul(entry, '=') - entry);
}

static bool same_name(const char *a, const char *b, size_t length)
{
	return strncmp(a, b, length) == 0 && a[length] == '=';
}

/*
 * The last of several entries with one name counts, as a shell would have it. From the end to the start, so that the
 * first one met is the one that stays; a hash keeps an environment of thousands of entries linear.
 */
static int plan_env(struct oci_arena *arena, const struct oci_process *process,
		    struct process_plan *plan, struct oci_error *err)
{
	size_t count = process->env_len, slots = 16, kept = count;
	char **seen;

	while (slots < 2 * count)
		slots *= 2;
	seen = oci_arena_array(arena, slots, sizeof(*seen));
	plan->env_size = count + PROCESS_ENV_SPARE;
	plan->env = oci_arena_array(arena, plan->env_size + 1, sizeof(*plan->env));
	if (!seen || !plan->env)
		return err_nomem(err);

	for (size_t i = count; i-- > 0;) {
		char *entry = process->env[i];
		size_t length = name_length(entry), slot;

		if (length == 0 || !entry[length])
			return err_set(err, EINVAL, "%s%senv[%zu]: expected NAME=VALUE, got \"%s\"",
				       AT(plan->where), i, entry);
		slot = fnv_add(FNV_BEGIN, entry, length) & (slots - 1);
		while (seen[slot] && !same_name(seen[slot], entry, length))
			slot = (slot + 1) & (slots - 1);
		if (seen[slot])
			continue;
		seen[slot] = entry;
		plan->env[--kept] = entry;
	}
	plan->env_len = count - kept;
	if (kept) {
		memmove(plan->env, plan->env + kept, plan->env_len * sizeof(*plan->env));
		memset(plan->env + plan->env_len, 0, kept * sizeof(*plan->env));
	}
	return 0;
}

int process_env_set(struct process_plan *plan, char *entry, struct oci_error *err)
{
	size_t length = name_length(entry);

	for (size_t i = 0; i < plan->env_len; i++) {
		if (same_name(plan->env[i], entry, length)) {
			plan->env[i] = entry;
			return 0;
		}
	}
	if (plan->env_len == plan->env_size)
		return err_set(err, ENOBUFS, "no room in the environment for %s", entry);
	plan->env[plan->env_len++] = entry;
	plan->env[plan->env_len] = NULL;
	return 0;
}

const char *process_env_get(const struct process_plan *plan, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < plan->env_len; i++)
		if (same_name(plan->env[i], name, length))
			return plan->env[i] + length + 1;
	return NULL;
}

static int plan_command(struct oci_arena *arena, const struct oci_process *process,
			struct process_plan *plan, struct oci_error *err)
{
	const char *home;

	if (process->command_line && *process->command_line)
		return err_set(err, EINVAL, "%s%scommandLine: is for Windows, use args",
			       AT(plan->where));
	if (process->args_len == 0)
		return err_set(err, EINVAL, "%s%sargs: must have at least one entry",
			       AT(plan->where));
	plan->args = process->args;
	if (!process->cwd || !*process->cwd)
		return err_set(err, EINVAL, "%s%scwd: required field is missing", AT(plan->where));
	if (*process->cwd != '/')
		return err_set(err, EINVAL, "%s%scwd: must be an absolute path, got \"%s\"",
			       AT(plan->where), process->cwd);
	plan->cwd = process->cwd;
	if (plan_env(arena, process, plan, err) < 0)
		return -err->code;
	home = process_env_get(plan, "HOME");
	if (!home || !*home) {
		plan->home = oci_arena_alloc(arena, HOME_SIZE);
		if (!plan->home)
			return err_nomem(err);
	}
	return 0;
}

static int plan_user(struct oci_arena *arena, const struct oci_user *user,
		     struct process_plan *plan, struct oci_error *err)
{
	plan->umask =
		022; /* config.md#posix-platform-user leaves the default to the runtime; runc's */
	if (!user)
		return 0;
	/* beside a uid it is a comment; alone it would silently mean root */
	if (user->username && *user->username && !user->uid.present)
		return err_set(err, EINVAL, "%s%suser.username: is for Windows, use uid and gid",
			       AT(plan->where));
	if (user->uid.present)
		plan->uid = user->uid.value;
	if (user->gid.present)
		plan->gid = user->gid.value;
	if (plan->uid == ID_INVALID)
		return err_set(err, EINVAL, "%s%suser.uid: %u is not a valid id", AT(plan->where),
			       plan->uid);
	if (plan->gid == ID_INVALID)
		return err_set(err, EINVAL, "%s%suser.gid: %u is not a valid id", AT(plan->where),
			       plan->gid);
	if (user->umask.present) {
		if (user->umask.value > 0777)
			return err_set(err, EINVAL, "%s%suser.umask: must be at most 0777, got %#o",
				       AT(plan->where), user->umask.value);
		plan->umask = (int)user->umask.value;
	}
	if (user->additional_gids_len > GROUPS_MAX)
		return err_set(err, EINVAL, "%s%suser.additionalGids: at most %d, got %zu",
			       AT(plan->where), GROUPS_MAX, user->additional_gids_len);
	plan->groups = oci_arena_array(arena, user->additional_gids_len + 1, sizeof(gid_t));
	if (!plan->groups)
		return err_nomem(err);
	for (size_t i = 0; i < user->additional_gids_len; i++) {
		if (user->additional_gids[i] == ID_INVALID)
			return err_set(err, EINVAL,
				       "%s%suser.additionalGids[%zu]: %u is not a valid id",
				       AT(plan->where), i, user->additional_gids[i]);
		plan->groups[i] = user->additional_gids[i];
	}
	plan->groups_len = user->additional_gids_len;
	return 0;
}

static int plan_rlimit(const struct oci_rlimit *from, size_t i, struct process_plan *plan,
		       struct oci_error *err)
{
	struct process_rlimit *to = &plan->rlimits[i];
	size_t row = 0;

	if (!from->type)
		return err_set(err, EINVAL, "%s%srlimits[%zu].type: required field is missing",
			       AT(plan->where), i);
	while (row < ARRAY_LEN(rlimit_names) && strcmp(rlimit_names[row].name, from->type) != 0)
		row++;
	if (row == ARRAY_LEN(rlimit_names))
		return err_set(err, EINVAL, "%s%srlimits[%zu].type: unknown resource limit \"%s\"",
			       AT(plan->where), i, from->type);
	to->resource = rlimit_names[row].resource;
	for (size_t j = 0; j < i; j++)
		if (plan->rlimits[j].resource == to->resource)
			return err_set(err, EINVAL, "%s%srlimits[%zu].type: %s is given twice",
				       AT(plan->where), i, from->type);
	if (!from->soft.present || !from->hard.present)
		return err_set(err, EINVAL, "%s%srlimits[%zu].%s: required field is missing",
			       AT(plan->where), i, from->soft.present ? "hard" : "soft");
	if (from->soft.value > from->hard.value)
		return err_set(err, EINVAL,
			       "%s%srlimits[%zu].soft: %llu is above the hard limit %llu",
			       AT(plan->where), i, (unsigned long long)from->soft.value,
			       (unsigned long long)from->hard.value);
	to->limit.rlim_cur = from->soft.value;
	to->limit.rlim_max = from->hard.value;
	return 0;
}

static int plan_rlimits(struct oci_arena *arena, const struct oci_process *process,
			struct process_plan *plan, struct oci_error *err)
{
	int r;

	if (!process->rlimits_len)
		return 0;
	plan->rlimits = oci_arena_array(arena, process->rlimits_len, sizeof(*plan->rlimits));
	if (!plan->rlimits)
		return err_nomem(err);
	for (size_t i = 0; i < process->rlimits_len; i++) {
		r = plan_rlimit(&process->rlimits[i], i, plan, err);
		if (r < 0)
			return r;
	}
	plan->rlimits_len = process->rlimits_len;
	return 0;
}

static int plan_terminal(const struct oci_process *process, struct process_plan *plan,
			 struct oci_error *err)
{
	const struct oci_box *box = process->console_size;

	plan->terminal = process->terminal.present && process->terminal.value;
	if (!box)
		return 0;
	if (box->height.value > UINT16_MAX)
		return err_set(err, EINVAL,
			       "%s%sconsoleSize.height: must be at most 65535, got %llu",
			       AT(plan->where), (unsigned long long)box->height.value);
	if (box->width.value > UINT16_MAX)
		return err_set(err, EINVAL,
			       "%s%sconsoleSize.width: must be at most 65535, got %llu",
			       AT(plan->where), (unsigned long long)box->width.value);
	plan->rows = (unsigned short)box->height.value;
	plan->columns = (unsigned short)box->width.value;
	return 0;
}

static int plan_oom_score_adj(const struct oci_process *process, struct process_plan *plan,
			      struct oci_error *err)
{
	int64_t value = process->oom_score_adj.value;

	if (!process->oom_score_adj.present)
		return 0;
	if (value < -1000 || value > 1000)
		return err_set(err, EINVAL, "%s%soomScoreAdj: must be -1000 to 1000, got %lld",
			       AT(plan->where), (long long)value);
	plan->has_oom_score_adj = true;
	plan->oom_score_adj = (int)value;
	return 0;
}

int process_plan(struct oci_arena *arena, const struct oci_process *process,
		 const struct oci_linux *linux_, const char *where, struct process_plan **ret,
		 struct oci_error *err)
{
	struct oci_error local = OCI_ERROR_INIT;
	struct process_plan *plan;
	int r;

	if (!err)
		err = &local;
	if (!process)
		return err_set(err, EINVAL, "%s: required field is missing",
			       *where ? where : "process");
	plan = oci_arena_alloc(arena, sizeof(*plan));
	if (!plan)
		return err_nomem(err);
	plan->where = where;
	plan->ioprio = -1;
	plan->personality = -1;
	plan->no_new_privileges =
		process->no_new_privileges.present && process->no_new_privileges.value;
	plan->apparmor = process->apparmor_profile;
	plan->selinux = process->selinux_label;
	plan->has_caps = process->capabilities != NULL;

	r = plan_command(arena, process, plan, err);
	if (r == 0)
		r = plan_user(arena, process->user, plan, err);
	if (r == 0 && process->capabilities)
		r = process_plan_caps(process->capabilities, where, &plan->caps, err);
	if (r == 0)
		r = plan_rlimits(arena, process, plan, err);
	if (r == 0)
		r = plan_terminal(process, plan, err);
	if (r == 0)
		r = plan_oom_score_adj(process, plan, err);
	if (r == 0)
		r = process_plan_sched(arena, process, plan, err);
	if (r == 0 && linux_)
		r = process_plan_linux(arena, linux_, plan, err);
	if (r < 0)
		return r;
	*ret = plan;
	return 0;
}
