/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_plan.c - which process `exec` is to run: a document, or config.json's changed by options.
 */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/exec.h"
#include "runtime/landlock.h"
#include "runtime/process.h"

#define PROCESS_SIZE_MAX (16u << 20)

static int read_document(struct execution *x, struct oci_process **ret, struct oci_error *err)
{
	const char *path = x->options->process;
	char *text;
	size_t length;
	int r;

	r = io_read_at(AT_FDCWD, path, PROCESS_SIZE_MAX, &x->arena, &text, &length);
	if (r < 0)
		return err_sys(err, -r, "read %s", path);
	return oci_process_parse(&x->arena, path, text, length, ret, err);
}

static int set_user(struct execution *x, struct oci_process *p, struct oci_error *err)
{
	const char *text = x->options->user;
	struct oci_user *user = oci_arena_alloc(&x->arena, sizeof(*user));
	char *copy, *colon;

	if (!user)
		return err_nomem(err);
	if (p->user)
		*user = *p->user;
	p->user = user;
	for (size_t i = 0; i < x->options->additional_gids.len; i++) {
		uint32_t *gids =
			oci_arena_array(&x->arena, user->additional_gids_len + 1, sizeof(*gids));

		if (!gids)
			return err_nomem(err);
		if (user->additional_gids_len)
			memcpy(gids, user->additional_gids,
			       user->additional_gids_len * sizeof(*gids));
		if (parse_u32(x->options->additional_gids.items[i],
			      &gids[user->additional_gids_len]))
			return err_set_as(err, ERR_USAGE, EINVAL,
					  "--additional-gids '%s': expected a number",
					  x->options->additional_gids.items[i]);
		user->additional_gids = gids;
		user->additional_gids_len++;
	}
	if (!text)
		return 0;
	copy = oci_arena_strdup(&x->arena, text);
	if (!copy)
		return err_nomem(err);
	colon = strchr(copy, ':');
	if (colon)
		*colon = '\0';
	user->uid.present = true;
	if (parse_u32(copy, &user->uid.value) < 0 ||
	    (colon && parse_u32(colon + 1, &user->gid.value) < 0))
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--user '%s': expected UID or UID:GID, in numbers", text);
	if (colon)
		user->gid.present = true;
	return 0;
}

static int append(struct oci_arena *arena, char ***list, size_t *len, const struct opt_list *more,
		  struct oci_error *err)
{
	char **joined;

	if (more->len == 0)
		return 0;
	joined = oci_arena_array(arena, *len + more->len + 1, sizeof(*joined));
	if (!joined)
		return err_nomem(err);
	if (*len)
		memcpy(joined, *list, *len * sizeof(*joined));
	for (size_t i = 0; i < more->len; i++)
		joined[*len + i] = (char *)more->items[i];
	*list = joined;
	*len += more->len;
	return 0;
}

/* never inheritable or ambient: what a program inherits it could hand on (CVE-2022-29162) */
static int add_caps(struct execution *x, struct oci_process *p, struct oci_error *err)
{
	struct oci_capabilities *caps;
	int r;

	if (x->options->caps.len == 0)
		return 0;
	caps = oci_arena_alloc(&x->arena, sizeof(*caps));
	if (!caps)
		return err_nomem(err);
	if (p->capabilities)
		*caps = *p->capabilities;
	p->capabilities = caps;
	r = append(&x->arena, &caps->bounding, &caps->bounding_len, &x->options->caps, err);
	if (r == 0)
		r = append(&x->arena, &caps->effective, &caps->effective_len, &x->options->caps,
			   err);
	if (r == 0)
		r = append(&x->arena, &caps->permitted, &caps->permitted_len, &x->options->caps,
			   err);
	return r;
}

static int change_config(struct execution *x, struct oci_process **ret, struct oci_error *err)
{
	const struct exec_options *o = x->options;
	struct oci_process *p = oci_arena_alloc(&x->arena, sizeof(*p));
	int r;

	if (!p)
		return err_nomem(err);
	if (!x->config->process)
		return err_set(err, EINVAL, "config.json: process: missing; give --process FILE");
	*p = *x->config->process;
	p->args = o->args;
	for (p->args_len = 0; o->args[p->args_len]; p->args_len++)
		;
	p->terminal = (struct oci_bool){ true, o->tty };
	if (o->cwd)
		p->cwd = (char *)o->cwd;
	if (o->apparmor)
		p->apparmor_profile = (char *)o->apparmor;
	if (o->process_label)
		p->selinux_label = (char *)o->process_label;
	if (o->no_new_privs)
		p->no_new_privileges = (struct oci_bool){ true, true };
	r = set_user(x, p, err);
	if (r == 0)
		r = append(&x->arena, &p->env, &p->env_len, &o->env, err);
	if (r == 0)
		r = add_caps(x, p, err);
	*ret = p;
	return r;
}

/*
 * What a document leaves out is as config.json has it, so that a short one gives a process that is confined like the
 * container's own. noNewPrivileges is not among them: engines leave it out for false.
 */
static void inherit(struct oci_process *p, const struct oci_process *container)
{
	if (!container)
		return;
	if (!p->capabilities)
		p->capabilities = container->capabilities;
	if (!p->apparmor_profile || !*p->apparmor_profile)
		p->apparmor_profile = container->apparmor_profile;
	if (!p->selinux_label || !*p->selinux_label)
		p->selinux_label = container->selinux_label;
	if (!p->rlimits_len) {
		p->rlimits = container->rlimits;
		p->rlimits_len = container->rlimits_len;
	}
	if (!p->oom_score_adj.present)
		p->oom_score_adj = container->oom_score_adj;
	if (!p->scheduler)
		p->scheduler = container->scheduler;
	if (!p->io_priority)
		p->io_priority = container->io_priority;
	if (!p->exec_cpu_affinity)
		p->exec_cpu_affinity = container->exec_cpu_affinity;
}

int exec_plan(struct execution *x, struct oci_error *err)
{
	struct oci_process *process;
	int r;

	if (x->options->process && x->options->args[0])
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "give either --process FILE or a command, not both");
	if (!x->options->process && !x->options->args[0])
		return err_set_as(err, ERR_USAGE, EINVAL, "a command or --process FILE is needed");
	r = x->options->process ? read_document(x, &process, err) : change_config(x, &process, err);
	if (r < 0)
		return r;
	if (x->options->process)
		inherit(process, x->config->process);
	r = process_plan(&x->arena, process, x->config->linux_,
			 x->options->process ? "" : "process", &x->child.process, err);
	if (r < 0 && x->options->process)
		err_in_document(err, x->options->process);
	if (r == 0)
		r = landlock_plan(&x->arena, x->config, &x->child.landlock, err);
	if (r == 0 && x->child.landlock)
		x->child.process->no_new_privileges = true;
	for (size_t i = 0; r == 0 && i < x->inherited.env_len; i++)
		r = process_env_set(x->child.process, x->inherited.env[i], err);
	if (r == 0)
		r = launch_check_terminal(&x->options->io, x->child.process->terminal, err);
	return r;
}
