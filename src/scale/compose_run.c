/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_run.c - how a service's process runs: environment, build, limits, logging, dependencies.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>

#include "base/path.h"
#include "scale/compose-private.h"

#define LIST_MAX 1024

/* A variable without a value is that of the caller; not set there it has none. */
int read_environment(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_pairs *pairs = slot;
	int r = read_pairs(reader, at, slot, row);

	for (size_t i = 0; r == 0 && i < pairs->len; i++) {
		const char *value = NULL;

		if (pairs->items[i].value || !reader->options->environment ||
		    reader->options->normalised)
			continue;
		if (variable_get(reader, pairs->items[i].key, strlen(pairs->items[i].key),
				 &value) == 0)
			pairs->items[i].value = value;
	}
	return r;
}

struct env_file {
	const char *path, *format;
	bool required;
};

static const struct row env_file_rows[] = {
	ROW("path", read_string, offsetof(struct env_file, path)),
	ROW("required", read_bool, offsetof(struct env_file, required)),
	ROW("format", read_string, offsetof(struct env_file, format)), ROWS_END
};

static int read_one_env_file(struct reader *reader, const struct at *at, struct spec_pairs *pairs)
{
	struct env_file file = { .required = true };
	int r = at->node->kind == NODE_MAP ? read_map(reader, at, env_file_rows, &file)
					   : read_string(reader, at, &file.path, NULL);

	if (r < 0)
		return r;
	if (!file.path)
		return fail(reader, at, "path is missing");
	if (file.format && strcmp(file.format, "raw") != 0)
		return fail(reader, at, "format: expected raw");
	if (reader->options->normalised)
		return fail(reader, at, "a normalised document reads no file");
	r = path_resolve(reader, at, file.path, &file.path);
	if (r < 0)
		return r;
	return env_file_read(reader, at, file.path, file.required, file.format != NULL, pairs);
}

int read_env_file(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int r = 0;

	(void)row;
	if (at->node->kind != NODE_LIST)
		return read_one_env_file(reader, at, slot);
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);

		r = read_one_env_file(reader, &item, slot);
	}
	return r;
}

static const char in_cartefile[] = "write it in the Cartefile";
static const struct row build_rows[] = {
	ROW("context", read_string, offsetof(struct spec_build, context)),
	ROW("dockerfile", read_string, offsetof(struct spec_build, cartefile)),
	REFUSED("args", in_cartefile),
	REFUSED("labels", in_cartefile),
	REFUSED("target", "a Cartefile has one stage"),
	REFUSED("dockerfile_inline", "put it into a file"),
	IGNORED("cache_from"),
	IGNORED("cache_to"),
	IGNORED("no_cache"),
	IGNORED("pull"),
	REFUSED("network", "a build runs no command"),
	REFUSED("shm_size", "a build runs no command"),
	REFUSED("extra_hosts", "a build runs no command"),
	REFUSED("secrets", "a build runs no command"),
	REFUSED("ssh", "a build runs no command"),
	REFUSED("privileged", "a build runs no command"),
	REFUSED("ulimits", "a build runs no command"),
	REFUSED("entitlements", "a build runs no command"),
	REFUSED("isolation", "a build runs no command"),
	REFUSED("additional_contexts", "a build has one context"),
	REFUSED("platforms", "the platform is the host's"),
	REFUSED("tags", "the tag is the service's image"),
	REFUSED("provenance", "cartefile-to-oci build has its own options for it"),
	REFUSED("sbom", "cartefile-to-oci build has its own options for it"),
	ROWS_END
};

int read_build(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_service *service = slot;
	struct spec_build *build = &service->build;
	int r;

	(void)row;
	if (at->node->kind != NODE_MAP && at->node->kind != NODE_SCALAR)
		return fail_expected(reader, at, "a folder or a map");
	r = at->node->kind == NODE_MAP ? read_map(reader, at, build_rows, build)
				       : read_string(reader, at, &build->context, NULL);
	if (r < 0)
		return r;
	service->built = true;
	if (!build->context)
		build->context = ".";
	if (strstr(build->context, "://") || strncmp(build->context, "git@", 4) == 0)
		return fail(reader, at, "context: expected a folder of this host");
	r = path_resolve(reader, at, build->context, &build->context);
	if (r == 0 && build->cartefile && *build->cartefile != '/') {
		build->cartefile =
			oci_arena_printf(reader->arena, "%s/%s", build->context, build->cartefile);
		if (!build->cartefile)
			r = fail_nomem(reader);
		else
			build->cartefile = path_clean(
				oci_arena_strdup(reader->arena, build->cartefile) ?: (char *)"/");
	}
	return r;
}

int read_security_opt(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	static const char expected[] =
		"no-new-privileges, seccomp=FILE, seccomp=unconfined, apparmor=NAME or label=TEXT";
	struct spec_service *service = slot;
	int r = need_list(reader, at);

	(void)row;
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);
		const char *text, *value;

		r = read_string(reader, &item, &text, NULL);
		if (r < 0)
			break;
		value = text + strcspn(text, "=:");
		value += *value != '\0';
		if (strcmp(text, "no-new-privileges") == 0 ||
		    (strncmp(text, "no-new-privileges", 17) == 0 && strcmp(value, "true") == 0))
			service->no_new_privileges = true;
		else if (strncmp(text, "no-new-privileges", 17) == 0 && strcmp(value, "false") == 0)
			service->no_new_privileges = false;
		else if (strncmp(text, "seccomp", 7) == 0 && strcmp(value, "unconfined") == 0)
			service->seccomp_unconfined = true;
		else if (strncmp(text, "seccomp", 7) == 0 && *value)
			r = path_resolve(reader, &item, value, &service->seccomp_profile);
		else if (strncmp(text, "apparmor", 8) == 0 && *value)
			service->apparmor_profile = value;
		else if (strncmp(text, "label", 5) == 0 && *value)
			service->selinux_label = value;
		else
			r = fail_expected(reader, &item, expected);
	}
	return r;
}

static int add_host(struct reader *reader, const struct at *at, struct spec_pairs *hosts,
		    const char *name, const char *address)
{
	unsigned char binary[16];
	char buf[SHOWN_SIZE], other[SHOWN_SIZE];
	struct spec_pair *more;
	size_t n = strlen(address);

	if (*address == '[' && address[n - 1] == ']') {
		address = oci_arena_strndup(reader->arena, address + 1, n - 2);
		if (!address)
			return fail_nomem(reader);
	}
	if (!*name || strpbrk(name, " \t\n#"))
		return fail(reader, at, "'%s' is no host name", shown(buf, name));
	if (strcmp(address, "host-gateway") != 0 && inet_pton(AF_INET, address, binary) != 1 &&
	    inet_pton(AF_INET6, address, binary) != 1)
		return fail(reader, at, "%s: expected an address, got '%s'", shown(buf, name),
			    shown(other, address));
	for (size_t i = 0; i < hosts->len; i++)
		if (strcmp(hosts->items[i].key, name) == 0 &&
		    strcmp(hosts->items[i].value, address) == 0)
			return 0;
	if (hosts->len >= LIST_MAX)
		return fail(reader, at, "more than %d hosts", LIST_MAX);
	more = array_more(reader->arena, hosts->items, &hosts->len, sizeof(*more));
	if (!more)
		return fail_nomem(reader);
	hosts->items = more;
	more[hosts->len - 1] = (struct spec_pair){ .key = name, .value = address };
	return 0;
}

int read_extra_hosts(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int r = 0;

	(void)row;
	if (at->node->kind != NODE_LIST && at->node->kind != NODE_MAP)
		return fail_expected(reader, at, "a map or a list of NAME:ADDRESS");
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item;
		const char *text;

		if (at->node->kind == NODE_MAP) {
			item = at_key(at, &at->node->entries[i]);
			r = read_string(reader, &item, &text, NULL);
			if (r == 0)
				r = add_host(reader, &item, slot, item.key, text);
		} else {
			size_t n;
			char *name;

			item = at_index(at, i);
			r = read_string(reader, &item, &text, NULL);
			if (r < 0)
				break;
			n = strcspn(text, "=:");
			name = oci_arena_strndup(reader->arena, text, n);
			if (!name)
				return fail_nomem(reader);
			r = !text[n] || !text[n + 1]
				    ? fail_expected(reader, &item, "NAME:ADDRESS")
				    : add_host(reader, &item, slot, name, text + n + 1);
		}
	}
	return r;
}

static int read_limit(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int64_t value;

	(void)row;
	if (at->node->kind != NODE_SCALAR)
		return fail_expected(reader, at, "a number, or soft and hard");
	if (strcmp(at->node->text, "unlimited") == 0)
		value = -1;
	else if (value_int(at->node->text, &value) < 0 || value < -1)
		return fail_expected(reader, at, "a number, -1 for no limit");
	*(int64_t *)slot = value;
	return 0;
}

static const struct row limit_rows[] = {
	ROW("soft", read_limit, offsetof(struct spec_ulimit, soft)),
	ROW("hard", read_limit, offsetof(struct spec_ulimit, hard)), ROWS_END
};

static int read_ulimit(struct reader *reader, const struct at *at, struct spec_ulimit *limit)
{
	static const char *const names[] = { "as",    "core",    "cpu",      "data",   "fsize",
					     "locks", "memlock", "msgqueue", "nice",   "nofile",
					     "nproc", "rss",     "rtprio",   "rttime", "sigpending",
					     "stack", NULL };
	bool known = false;
	int r;

	for (size_t i = 0; names[i]; i++)
		known |= strcmp(names[i], at->key) == 0;
	if (!known)
		return fail(reader, at, "no such limit; setrlimit(2) lists them");
	limit->name = at->key;
	limit->soft = limit->hard = -2;
	if (at->node->kind != NODE_MAP) {
		r = read_limit(reader, at, &limit->soft, NULL);
		limit->hard = limit->soft;
		return r;
	}
	r = read_map(reader, at, limit_rows, limit);
	if (r == 0 && (limit->soft == -2 || limit->hard == -2))
		return fail(reader, at, "%s is missing", limit->soft == -2 ? "soft" : "hard");
	if (r == 0 && limit->hard >= 0 && (limit->soft < 0 || limit->soft > limit->hard))
		return fail(reader, at, "soft is more than hard");
	return r;
}

int read_ulimits(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_service *service = slot;
	int r = need_map(reader, at);

	(void)row;
	if (r < 0)
		return r;
	service->ulimits =
		oci_arena_array(reader->arena, at->node->len + 1, sizeof(*service->ulimits));
	if (!service->ulimits)
		return fail_nomem(reader);
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_key(at, &at->node->entries[i]);

		r = read_ulimit(reader, &item, &service->ulimits[i]);
	}
	service->ulimits_len = r == 0 ? at->node->len : 0;
	return r;
}

static int read_driver(struct reader *reader, const struct at *at, void *slot,
		       const struct row *row)
{
	static const char *const words[] = { "json-file", "local", "none", NULL };
	int index;
	int r = read_word(reader, at, words, &index);

	(void)row;
	if (r == 0)
		*(bool *)slot = index == 2;
	return r;
}

static const struct row log_option_rows[] = {
	ROW("max-size", read_size, offsetof(struct spec_service, log_max_size), .min = 4096),
	ROW("max-file", read_int, offsetof(struct spec_service, log_max_files), .min = 1,
	    .max = 1000),
	IGNORED("compress"),
	IGNORED("mode"),
	REFUSED("tag", "a line has the replica's name"),
	REFUSED("labels", "a line has the replica's name"),
	REFUSED("env", "a line has the replica's name"),
	ROWS_END
};
static const struct row log_rows[] = {
	ROW("driver", read_driver, offsetof(struct spec_service, log_none)),
	ROW("options", read_rows, 0, .rows = log_option_rows), ROWS_END
};

int read_logging(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	(void)row;
	return read_map(reader, at, log_rows, slot);
}

static int read_condition(struct reader *reader, const struct at *at, void *slot,
			  const struct row *row)
{
	static const char *const words[] = { "service_started", "service_healthy",
					     "service_completed_successfully", NULL };
	int index;
	int r = read_word(reader, at, words, &index);

	(void)row;
	if (r == 0)
		*(enum spec_condition *)slot = (enum spec_condition)(index + 1);
	return r;
}

struct dependency {
	struct spec_dependency to;
	bool required;
};

static const struct row dependency_rows[] = {
	ROW("condition", read_condition, offsetof(struct dependency, to.condition)),
	ROW("restart", read_bool, offsetof(struct dependency, to.restart)),
	ROW("required", read_bool, offsetof(struct dependency, required)), ROWS_END
};

int read_depends_on(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_service *service = slot;
	int r = 0;

	(void)row;
	if (at->node->kind != NODE_LIST && at->node->kind != NODE_MAP)
		return fail_expected(reader, at, "a list or a map of services");
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct dependency from = { .to = { .condition = SPEC_STARTED }, .required = true };
		struct spec_dependency *more;
		bool there = false;
		struct at item;

		if (at->node->kind == NODE_LIST) {
			item = at_index(at, i);
			r = read_string(reader, &item, &from.to.service, NULL);
		} else {
			item = at_key(at, &at->node->entries[i]);
			from.to.service = item.key;
			if (item.node->kind != NODE_NULL) /* of a list, merged with a map */
				r = read_map(reader, &item, dependency_rows, &from);
		}
		if (r < 0)
			break;
		from.to.optional = !from.required;
		for (size_t j = 0; j < service->depends_on_len; j++)
			there |= strcmp(service->depends_on[j].service, from.to.service) == 0;
		if (there)
			continue;
		more = array_more(reader->arena, service->depends_on, &service->depends_on_len,
				  sizeof(*more));
		if (!more)
			return fail_nomem(reader);
		service->depends_on = more;
		more[service->depends_on_len - 1] = from.to;
	}
	return r;
}

/* HOST[:CONTAINER[:rwm]] */
int read_devices(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct strings *devices = slot;
	int r = read_unique(reader, at, slot, row);

	for (size_t i = 0; r == 0 && i < devices->len; i++) {
		const char *text = devices->items[i], *second = strchr(text, ':');
		const char *third = second ? strchr(second + 1, ':') : NULL;
		bool good = *text == '/' && (!second || second[1] == '/' || (!third && second[1]));

		if (second && !third && second[1] != '/')
			third = second;
		if (third)
			good = good && third[1] && strspn(third + 1, "rwm") == strlen(third + 1);
		if (!good) {
			struct at item = at_index(at, i < at->node->len ? i : 0);

			return fail_expected(reader, &item, "/dev/HOST[:/dev/CONTAINER[:rwm]]");
		}
	}
	return r;
}

int read_sysctls(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_pairs *pairs = slot;
	int r = read_pairs(reader, at, slot, row);

	for (size_t i = 0; r == 0 && i < pairs->len; i++)
		if (!pairs->items[i].value || strpbrk(pairs->items[i].key, " /"))
			return fail(reader, at,
				    "%s: expected NAME: VALUE, such as net.core.somaxconn",
				    pairs->items[i].key);
	return r;
}

/* "SIGTERM", "TERM", "15": as SIGTERM where it has a name. */
int read_signal(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	const char *text, *name;
	int64_t number;
	int r = read_string(reader, at, &text, row);

	if (r < 0)
		return r;
	if (value_int(text, &number) == 0 && number > 0 && number <= SIGRTMAX) {
		const char *abbreviation = sigabbrev_np((int)number);

		*(const char **)slot =
			abbreviation ? oci_arena_printf(reader->arena, "SIG%s", abbreviation)
				     : text;
		return *(const char **)slot ? 0 : fail_nomem(reader);
	}
	name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *abbreviation = sigabbrev_np(i);

		if (abbreviation && strcmp(abbreviation, name) == 0) {
			*(const char **)slot = oci_arena_printf(reader->arena, "SIG%s", name);
			return *(const char **)slot ? 0 : fail_nomem(reader);
		}
	}
	if (strncmp(name, "RTMIN", 5) == 0 || strncmp(name, "RTMAX", 5) == 0) {
		*(const char **)slot = text;
		return 0;
	}
	return fail_expected(reader, at, "a signal such as SIGTERM");
}
