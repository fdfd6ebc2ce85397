/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_process.c - what runs, with which environment and limits: the image's, then the service's.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/program.h"
#include "scale/replica_config-private.h"

/* ---- arguments ------------------------------------------------------------------------------------------------------ */

static void add_words(struct oci_process *process, const char *const *words, size_t len)
{
	/* emitted, never written to */
	for (size_t i = 0; i < len; i++)
		process->args[process->args_len++] = (char *)words[i];
}

/*
 * Docker's rules: an entrypoint that is given takes the image's arguments away, since they are for the image's own; a command
 * that is given takes their place.
 */
static int add_args(struct replica_plan *plan, struct oci_error *err)
{
	static char init[] = REPLICA_INIT_PATH, dashes[] = "--";
	const struct spec_service *service = plan->service;
	const struct oci_container_config *image = plan->image;
	struct oci_process *process = &plan->process;
	struct strings entry = service->entrypoint, command = service->command;

	if (!service->entrypoint_given)
		entry = (struct strings){ (const char **)image->entrypoint, image->entrypoint_len };
	if (!service->command_given)
		command = (struct strings){ 0 };
	if (!service->command_given && !service->entrypoint_given)
		command = (struct strings){ (const char **)image->cmd, image->cmd_len };
	if (entry.len + command.len == 0)
		return err_set(err, EINVAL,
			       "nothing to run: neither the image nor the service names a program; "
			       "give a command");
	process->args = oci_arena_array(&plan->arena, entry.len + command.len + 3, sizeof(char *));
	process->args_len = 0;
	if (!process->args)
		return err_nomem(err);
	if (plan->init) {
		process->args[process->args_len++] = init;
		process->args[process->args_len++] = dashes;
	}
	add_words(process, entry.items, entry.len);
	add_words(process, command.items, command.len);
	if (!*process->args[plan->init ? 2 : 0])
		return err_set(err, EINVAL, "the name of the program to run is empty");
	return 0;
}

/* init: one that is static, so that it runs in any image */
static int find_init(struct replica_plan *plan, struct oci_error *err)
{
	static const char *const paths[] = { "/usr/libexec/podman/catatonit", "/usr/bin/catatonit",
					     "/usr/bin/tini-static",
					     "/usr/libexec/docker/docker-init",
					     "/usr/bin/docker-init" };

	if (!plan->service->init)
		return 0;
	if (plan->service->pid_mode && strcmp(plan->service->pid_mode, "host") == 0)
		return err_set(err, EINVAL, "init: has no meaning with 'pid: host': that has one");
	for (size_t i = 0; i < ARRAY_LEN(paths) && !plan->init; i++)
		if (access(paths[i], X_OK) == 0)
			plan->init = paths[i];
	if (!plan->init)
		return err_set_as(err, ERR_UNSUPPORTED, ENOENT,
				  "init: neither catatonit nor tini-static is installed (Debian: "
				  "apt install catatonit)");
	return 0;
}

/* ---- environment ---------------------------------------------------------------------------------------------------- */

static size_t find_env(const struct oci_process *process, const char *key)
{
	size_t length = strlen(key), i = 0;

	while (i < process->env_len &&
	       (strncmp(process->env[i], key, length) != 0 || process->env[i][length] != '='))
		i++;
	return i;
}

static int put_env(struct replica_plan *plan, const char *key, const char *value, bool replace,
		   struct oci_error *err)
{
	struct oci_process *process = &plan->process;
	size_t place = find_env(process, key);
	char *entry;

	if (place < process->env_len && !replace)
		return 0;
	entry = oci_arena_printf(&plan->arena, "%s=%s", key, value);
	if (!entry)
		return err_nomem(err);
	process->env[place] = entry;
	if (place == process->env_len)
		process->env_len++;
	return 0;
}

/* Without a value: as if the image had not set it either. */
static void drop_env(struct oci_process *process, const char *key)
{
	size_t place = find_env(process, key);

	if (place == process->env_len)
		return;
	memmove(process->env + place, process->env + place + 1,
		(process->env_len - place - 1) * sizeof(char *));
	process->env_len--;
}

static int add_env(struct replica_plan *plan, struct oci_error *err)
{
	const struct spec_pairs *given = &plan->service->environment;
	const struct oci_process *from = plan->config.process;
	struct oci_process *process = &plan->process;
	int r;

	process->env =
		oci_arena_array(&plan->arena, from->env_len + given->len + 4, sizeof(char *));
	if (!process->env)
		return err_nomem(err);
	if (from->env_len)
		memcpy(process->env, from->env, from->env_len * sizeof(char *));
	r = put_env(plan, "HOSTNAME", plan->hostname, true, err);
	for (size_t i = 0; r == 0 && i < given->len; i++) {
		if (given->items[i].value)
			r = put_env(plan, given->items[i].key, given->items[i].value, true, err);
		else
			drop_env(process, given->items[i].key);
	}
	if (r == 0)
		r = put_env(plan, "HOME", plan->home ? plan->home : "/", false, err);
	if (r == 0 && (plan->in->terminal || plan->service->tty))
		r = put_env(plan, "TERM", "xterm", false, err);
	process->env[process->env_len] = NULL;
	return r;
}

/* ---- limits --------------------------------------------------------------------------------------------------------- */

static const char *const limit_names[] = { "as",     "core",   "cpu",        "data",
					   "fsize",  "locks",  "memlock",    "msgqueue",
					   "nice",   "nofile", "nproc",      "rss",
					   "rtprio", "rttime", "sigpending", "stack" };

static char *limit_type(struct replica_plan *plan, const char *name)
{
	char *type = NULL;

	for (size_t i = 0; i < ARRAY_LEN(limit_names); i++)
		if (strcmp(limit_names[i], name) == 0)
			type = oci_arena_printf(&plan->arena, "RLIMIT_%s", name);
	for (char *p = type; p && *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return type;
}

static int put_limit(struct replica_plan *plan, const struct spec_ulimit *limit,
		     struct oci_error *err)
{
	struct oci_process *process = &plan->process;
	struct oci_rlimit new = { .type = limit_type(plan, limit->name),
				  .soft = { true, (uint64_t)limit->soft },
				  .hard = { true, (uint64_t)limit->hard } };
	size_t i = 0;

	/* -1 is RLIM_INFINITY, all bits set, getrlimit(2) */
	if (!new.type)
		return err_set(err, EINVAL,
			       "ulimits: '%s' is no limit, such as nofile or nproc (getrlimit(2))",
			       limit->name);
	if (new.soft.value > new.hard.value)
		return err_set(err, EINVAL, "ulimits.%s: soft is above hard", limit->name);
	while (i < process->rlimits_len && strcmp(process->rlimits[i].type, new.type) != 0)
		i++;
	process->rlimits[i] = new;
	if (i == process->rlimits_len)
		process->rlimits_len++;
	return 0;
}

static int add_limits(struct replica_plan *plan, struct oci_error *err)
{
	const struct spec_service *service = plan->service;
	const struct oci_process *from = plan->config.process;
	int r = 0;

	if (!service->ulimits_len)
		return 0;
	plan->process.rlimits = oci_arena_array(
		&plan->arena, from->rlimits_len + service->ulimits_len, sizeof(*from->rlimits));
	if (!plan->process.rlimits)
		return err_nomem(err);
	if (from->rlimits_len)
		memcpy(plan->process.rlimits, from->rlimits,
		       from->rlimits_len * sizeof(*from->rlimits));
	for (size_t i = 0; r == 0 && i < service->ulimits_len; i++)
		r = put_limit(plan, &service->ulimits[i], err);
	return r;
}

static int add_cwd(struct replica_plan *plan, struct oci_error *err)
{
	const char *cwd = plan->service->working_dir;

	if (!cwd || !*cwd)
		return 0;
	if (*cwd != '/')
		return err_set(err, EINVAL, "working_dir: '%s' is no absolute path", cwd);
	plan->process.cwd = (char *)cwd; /* emitted, never written to */
	return 0;
}

/* Ours keeps the supervisor alive longer than others; what it starts does not inherit that (oom_score_adj of proc(5)). */
static void set_oom_score(struct replica_plan *plan)
{
	struct oci_process *process = &plan->process;
	char text[16];
	int64_t own;

	if (plan->service->oom_score_adj != INT64_MIN)
		process->oom_score_adj = (struct oci_i64){ true, plan->service->oom_score_adj };
	else if (!process->oom_score_adj.present &&
		 io_read_small(AT_FDCWD, "/proc/self/oom_score_adj", text, sizeof(text)) > 0 &&
		 parse_i64(text, &own) == 0 && own < 0)
		process->oom_score_adj = (struct oci_i64){ true, 0 };
}

int replica_process(struct replica_plan *plan, struct oci_error *err)
{
	const struct spec_service *service = plan->service;
	struct oci_process *process = &plan->process;
	int r;

	process->terminal = (struct oci_bool){ plan->in->terminal, plan->in->terminal };
	process->user = &plan->user;
	r = replica_user(plan, err);
	if (r == 0)
		r = find_init(plan, err);
	if (r == 0)
		r = add_args(plan, err);
	if (r == 0)
		r = add_env(plan, err);
	if (r == 0)
		r = add_cwd(plan, err);
	if (r == 0)
		r = add_limits(plan, err);
	if (r == 0)
		r = replica_caps(plan, err);
	/* emitted, never written to */
	if (service->apparmor_profile && *service->apparmor_profile)
		process->apparmor_profile = (char *)service->apparmor_profile;
	if (service->selinux_label && *service->selinux_label)
		process->selinux_label = (char *)service->selinux_label;
	if (service->no_new_privileges)
		process->no_new_privileges = (struct oci_bool){ true, true };
	set_oom_score(plan);
	return r;
}
