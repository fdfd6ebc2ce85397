/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_files.c - contents of the files that are mounted into a replica: its names, its resolver, its configs and secrets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/replica_config-private.h"

#define FILE_MAX ((size_t)16 << 20) /* of a config or secret */
#define RESOLV_MAX ((size_t)1 << 20)

int replica_plan_file(struct replica_plan *plan, const char *name, const void *data, size_t length,
		      struct oci_error *err)
{
	if (!name || !data)
		return err_nomem(err);
	plan->files[plan->files_len++] =
		(struct plan_file){ .name = name, .data = data, .length = length, .mode = 0644 };
	return 0;
}

static int add_text(struct replica_plan *plan, const char *name, const char *text,
		    struct oci_error *err)
{
	return replica_plan_file(plan, name, text, text ? strlen(text) : 0, err);
}

static bool is_on_host(const struct replica_plan *plan)
{
	return !plan->in->netns && plan->service->network_mode != SPEC_NET_NONE;
}

/* ---- hosts ---------------------------------------------------------------------------------------------------------- */

/* What is known before there is an address; net_hosts_write goes on from there. On the host's network it is the host's file. */
static int add_hosts(struct replica_plan *plan, struct oci_error *err)
{
	const struct spec_pairs *extra = &plan->service->extra_hosts;
	char *text = NULL, *host;
	size_t length;

	/* by name: the host's own */
	if (is_on_host(plan) &&
	    io_read_at(AT_FDCWD, "/etc/hosts", RESOLV_MAX, &plan->arena, &host, &length) == 0)
		text = host;
	else
		text = oci_arena_printf(&plan->arena,
					"127.0.0.1\tlocalhost\n"
					"::1\tlocalhost ip6-localhost ip6-loopback\n"
					"127.0.1.1\t%s\n",
					plan->hostname);
	for (size_t i = 0; text && i < extra->len; i++)
		text = oci_arena_printf(&plan->arena, "%s%s\t%s\n", text,
					extra->items[i].value ? extra->items[i].value : "127.0.0.1",
					extra->items[i].key);
	return add_text(plan, "hosts", text, err);
}

/* ---- resolv.conf ---------------------------------------------------------------------------------------------------- */

/* A resolver on the host's loopback cannot be reached from another network namespace. */
static bool is_reachable(const struct replica_plan *plan, const char *line)
{
	char address[64];
	struct in_addr in;

	if (is_on_host(plan) || sscanf(line, " nameserver %63s", address) != 1)
		return true;
	if (inet_pton(AF_INET, address, &in) == 1)
		return (ntohl(in.s_addr) >> 24) != 127;
	return strcmp(address, "::1") != 0;
}

static bool is_line_of(const char *line, const char *word)
{
	line += strspn(line, " \t");
	return strncmp(line, word, strlen(word)) == 0;
}

static char *host_resolv(struct replica_plan *plan, bool search)
{
	char *text, *line, *out = oci_arena_strdup(&plan->arena, "");
	size_t length;

	/* by name: the host's own */
	if (io_read_at(AT_FDCWD, "/etc/resolv.conf", RESOLV_MAX, &plan->arena, &text, &length) < 0)
		return out;
	while (out && (line = strsep(&text, "\n"))) {
		bool nameserver = is_line_of(line, "nameserver");

		if (!*line || *line == '#' || *line == ';' || !is_reachable(plan, line) ||
		    (nameserver && plan->service->dns.len) ||
		    (!search && (is_line_of(line, "search") || is_line_of(line, "domain"))))
			continue;
		out = oci_arena_printf(&plan->arena, "%s%s\n", out, line);
	}
	return out;
}

static int add_resolv(struct replica_plan *plan, struct oci_error *err)
{
	const struct spec_service *service = plan->service;
	char *text = host_resolv(plan, !service->dns_search.len);

	for (size_t i = 0; text && i < service->dns_search.len; i++)
		text = oci_arena_printf(&plan->arena, "%s%s%s%s", text, i ? "" : "search ",
					service->dns_search.items[i],
					i + 1 < service->dns_search.len ? " " : "\n");
	for (size_t i = 0; text && i < service->dns.len; i++)
		text = oci_arena_printf(&plan->arena, "%snameserver %s\n", text,
					service->dns.items[i]);
	return add_text(plan, "resolv.conf", text, err);
}

/* ---- configs and secrets -------------------------------------------------------------------------------------------- */

/* Whose secret is not said: the program's. An ordinary user cannot give it away, so others of that one container may read it. */
static void give_to_program(const struct replica_plan *plan, struct plan_file *planned)
{
	uint32_t uid = plan->user.uid.value;

	if (!plan->in->rootless) {
		planned->uid = uid;
		planned->gid = plan->user.gid.value;
	} else if (uid && planned->mode == 0400) {
		planned->mode = 0444;
	}
}

static int add_given(struct replica_plan *plan, const struct spec_file *file, size_t number,
		     struct oci_error *err)
{
	const struct spec_file_source *source =
		spec_file_find(plan->in->project, file->name, file->secret);
	const char *kind = file->secret ? "secrets" : "configs";
	struct plan_file *planned = &plan->files[plan->files_len];
	const char *data = source ? source->content : NULL;
	size_t length = data ? strlen(data) : 0;
	char *text;
	int r = 0;

	if (file->secret && !plan->in->secrets)
		return err_set(err, EINVAL, "%s.%s: there is no folder in memory for it", kind,
			       file->name);
	if (!source)
		return err_set(err, EINVAL, "%s: the project has no '%s'", kind, file->name);
	if (plan->in->rootless && (file->uid || file->gid))
		return err_set_as(err, ERR_UNSUPPORTED, EPERM,
				  "%s.%s: an ordinary user cannot give files to uid %u, gid %u",
				  kind, file->name, file->uid, file->gid);
	if (!data && !source->path)
		return err_set(err, EINVAL, "%s.%s: has no content", kind, file->name);
	if (!data) {
		/* by name: the user's own file */
		r = io_read_at(AT_FDCWD, source->path, FILE_MAX, &plan->arena, &text, &length);
		if (r < 0)
			return err_sys(err, -r, "%s.%s: read %s", kind, file->name, source->path);
		data = text;
	}
	r = replica_plan_file(
		plan, oci_arena_printf(&plan->arena, "%s%zu", file->secret ? "" : "files/", number),
		data, length, err);
	if (r < 0)
		return r;
	planned->secret = file->secret;
	planned->mode = file->mode ? file->mode & 07777 : file->secret ? 0400 : 0444;
	planned->uid = file->uid;
	planned->gid = file->gid;
	if (file->secret && !file->owned)
		give_to_program(plan, planned);
	return 0;
}

int replica_files(struct replica_plan *plan, struct oci_error *err)
{
	const struct spec_service *service = plan->service;
	int r;

	plan->files = oci_arena_array(&plan->arena, service->files_len + 4, sizeof(*plan->files));
	if (!plan->files)
		return err_nomem(err);
	r = plan->in->hosts ? 0 : add_hosts(plan, err);
	if (r == 0)
		r = add_text(plan, "hostname",
			     oci_arena_printf(&plan->arena, "%s\n", plan->hostname), err);
	if (r == 0)
		r = add_resolv(plan, err);
	for (size_t i = 0; r == 0 && i < service->files_len; i++)
		r = add_given(plan, &service->files[i], i, err);
	return r;
}
