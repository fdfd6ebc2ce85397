/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_files.c - configs and secrets: the project's, and what a service sees of them.
 */
#include "scale/compose-private.h"

#define NO_ID UINT32_MAX /* which read_u32 does not take */

static int add_use(struct reader *reader, const struct at *at, struct spec_service *service,
		   const struct spec_file *file)
{
	struct spec_file *more;

	for (size_t i = 0; i < service->files_len; i++)
		if (strcmp(service->files[i].target, file->target) == 0) {
			if (service->files[i].secret != file->secret)
				return fail(reader, at, "a config and a secret at %s",
					    file->target);
			service->files[i] = *file;
			return 0;
		}
	more = array_more(reader->arena, service->files, &service->files_len, sizeof(*more));
	if (!more)
		return fail_nomem(reader);
	service->files = more;
	more[service->files_len - 1] = *file;
	return 0;
}

static const struct row use_rows[] = { ROW("source", read_string, offsetof(struct spec_file, name)),
				       ROW("target", read_string,
					   offsetof(struct spec_file, target)),
				       ROW("uid", read_u32, offsetof(struct spec_file, uid)),
				       ROW("gid", read_u32, offsetof(struct spec_file, gid)),
				       ROW("mode", read_mode, offsetof(struct spec_file, mode)),
				       ROWS_END };

/* A config is at /NAME, a secret in /run/secrets; a target without a slash is a name in there. */
static int read_use(struct reader *reader, const struct at *at, struct spec_service *service,
		    bool secret)
{
	struct spec_file file = {
		.uid = NO_ID, .gid = NO_ID, .mode = secret ? 0400 : 0444, .secret = secret
	};
	int r = at->node->kind == NODE_MAP ? read_map(reader, at, use_rows, &file)
					   : read_string(reader, at, &file.name, NULL);

	if (r < 0)
		return r;
	if (!file.name)
		return fail(reader, at, "source is missing");
	file.owned = file.uid != NO_ID || file.gid != NO_ID;
	file.uid = file.uid == NO_ID ? 0 : file.uid;
	file.gid = file.gid == NO_ID ? 0 : file.gid;
	if (!file.target)
		file.target = file.name;
	if (*file.target != '/' && strchr(file.target, '/'))
		return fail(reader, at, "target: expected an absolute path, or a name without '/'");
	if (*file.target != '/') {
		file.target = oci_arena_printf(reader->arena, "%s%s",
					       secret ? "/run/secrets/" : "/", file.target);
		if (!file.target)
			return fail_nomem(reader);
	}
	return add_use(reader, at, service, &file);
}

static int read_uses(struct reader *reader, const struct at *at, void *slot, bool secret)
{
	int r = need_list(reader, at);

	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);

		r = read_use(reader, &item, slot, secret);
	}
	return r;
}

int read_service_configs(struct reader *reader, const struct at *at, void *slot,
			 const struct row *row)
{
	(void)row;
	return read_uses(reader, at, slot, false);
}

int read_service_secrets(struct reader *reader, const struct at *at, void *slot,
			 const struct row *row)
{
	(void)row;
	return read_uses(reader, at, slot, true);
}

static const struct row source_rows[] = {
	ROW("file", read_string, offsetof(struct spec_file_source, path)),
	ROW("environment", read_string, offsetof(struct spec_file_source, environment)),
	ROW("content", read_text, offsetof(struct spec_file_source, content)),
	REFUSED("external", "there is no store of configs and secrets; name a file"),
	IGNORED("name"),
	IGNORED("labels"),
	REFUSED("driver", "there is no store of secrets; name a file"),
	REFUSED("driver_opts", "there is no store of secrets; name a file"),
	REFUSED("template_driver", "write the file as it is to be"),
	ROWS_END
};

static int read_source(struct reader *reader, const struct at *at, bool secret)
{
	struct spec_project *project = reader->project;
	struct spec_file_source from = { .name = at->key, .secret = secret }, *more;
	int r = read_map(reader, at, source_rows, &from);

	if (r < 0)
		return r;
	if (!!from.path + !!from.environment + !!from.content != 1)
		return fail(reader, at, "expected one of file, environment and content");
	if (from.path)
		r = path_resolve(reader, at, from.path, &from.path);
	if (r < 0)
		return r;
	more = array_more(reader->arena, project->files, &project->files_len, sizeof(*more));
	if (!more)
		return fail_nomem(reader);
	project->files = more;
	more[project->files_len - 1] = from;
	return 0;
}

static int read_sources(struct reader *reader, const struct at *at, bool secret)
{
	int r = at->node->kind == NODE_NULL ? 0 : need_map(reader, at);

	for (size_t i = 0; r == 0 && at->node->kind == NODE_MAP && i < at->node->len; i++) {
		struct at item = at_key(at, &at->node->entries[i]);

		if (strncmp(item.key, "x-", 2) != 0)
			r = read_source(reader, &item, secret);
	}
	return r;
}

int read_configs(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	(void)slot;
	(void)row;
	return read_sources(reader, at, false);
}

int read_secrets(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	(void)slot;
	(void)row;
	return read_sources(reader, at, true);
}

int compose_resolve(struct spec_project *project, char *const *environment, struct oci_arena *arena,
		    struct oci_error *err)
{
	for (size_t i = 0; i < project->files_len; i++) {
		struct spec_file_source *file = &project->files[i];
		size_t length = file->environment ? strlen(file->environment) : 0;
		size_t j = 0;

		if (!file->environment)
			continue;
		while (environment[j] && (strncmp(environment[j], file->environment, length) != 0 ||
					  environment[j][length] != '='))
			j++;
		if (!environment[j])
			return err_set_as(err, ERR_DOCUMENT, EINVAL,
					  "%s.%s: variable %s is not set",
					  file->secret ? "secrets" : "configs", file->name,
					  file->environment);
		file->content = oci_arena_strdup(arena, environment[j] + length + 1);
		if (!file->content)
			return err_nomem(err);
		file->environment = NULL;
	}
	return 0;
}
