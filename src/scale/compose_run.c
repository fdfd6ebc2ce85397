/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_run.c - how a service's process runs: environment, build, security, logging, dependencies.
 */
#include "base/path.h"
#include "scale/compose-private.h"

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
		char *path =
			oci_arena_printf(reader->arena, "%s/%s", build->context, build->cartefile);

		if (!path)
			return fail_nomem(reader);
		build->cartefile = path_clean(path);
	}
	return r;
}

/* The value of "KEY=VALUE" or "KEY:VALUE"; "" of KEY alone; NULL: it is another key. */
static const char *option_value(const char *text, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(text, key, length) != 0)
		return NULL;
	if (!text[length])
		return text + length;
	return text[length] == '=' || text[length] == ':' ? text + length + 1 : NULL;
}

static int read_security(struct reader *reader, const struct at *at, const char *text,
			 struct spec_service *service)
{
	static const char expected[] =
		"no-new-privileges, seccomp=FILE, seccomp=unconfined, apparmor=NAME or label=TEXT";
	const char *flag = option_value(text, "no-new-privileges");
	const char *seccomp = option_value(text, "seccomp");
	const char *apparmor = option_value(text, "apparmor");
	const char *label = option_value(text, "label");

	if (flag && (strcmp(text, "no-new-privileges") == 0 || strcmp(flag, "true") == 0))
		service->no_new_privileges = true;
	else if (flag && strcmp(flag, "false") == 0)
		service->no_new_privileges = false;
	else if (seccomp && strcmp(seccomp, "unconfined") == 0)
		service->seccomp_unconfined = true;
	else if (seccomp && *seccomp)
		return path_resolve(reader, at, seccomp, &service->seccomp_profile);
	else if (apparmor && *apparmor)
		service->apparmor_profile = apparmor;
	else if (label && *label)
		service->selinux_label = label;
	else
		return fail_expected(reader, at, expected);
	return 0;
}

int read_security_opt(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int r = need_list(reader, at);

	(void)row;
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);
		const char *text;

		r = read_string(reader, &item, &text, NULL);
		if (r == 0)
			r = read_security(reader, &item, text, slot);
	}
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
