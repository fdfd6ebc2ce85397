/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_mounts.c - volumes and tmpfs of a service, and the project's volumes.
 */
#include <stdio.h>

#include "base/path.h"
#include "scale/compose-private.h"

#define SHORT_EXPECTED "[SOURCE:]TARGET[:ro]"

int path_resolve(struct reader *reader, const struct at *at, const char *path, const char **ret)
{
	const char *top = reader->project->directory, *home = NULL;
	char *made = NULL;

	if (*path == '/') {
		made = oci_arena_strdup(reader->arena, path);
	} else if (path[0] == '~' && (path[1] == '/' || !path[1])) {
		(void)variable_get(reader, "HOME", 4, &home);
		if (!home || *home != '/')
			return fail(reader, at, "'~' needs the variable HOME");
		made = oci_arena_printf(reader->arena, "%s%s", home, path + 1);
	} else {
		made = oci_arena_printf(reader->arena, "%s/%s", top, path);
	}
	if (!made)
		return fail_nomem(reader);
	*ret = path_clean(made);
	return 0;
}

static int add_mount(struct reader *reader, struct spec_service *service,
		     const struct spec_mount *mount)
{
	struct spec_mount *more;

	/* a later file says another source for the same place */
	for (size_t i = 0; i < service->mounts_len; i++)
		if (strcmp(service->mounts[i].target, mount->target) == 0) {
			service->mounts[i] = *mount;
			return 0;
		}
	more = array_more(reader->arena, service->mounts, &service->mounts_len, sizeof(*more));
	if (!more)
		return fail_nomem(reader);
	service->mounts = more;
	more[service->mounts_len - 1] = *mount;
	return 0;
}

static int clean_target(struct reader *reader, const struct at *at, const char *path,
			const char **ret)
{
	char buf[SHOWN_SIZE], *copy = oci_arena_strdup(reader->arena, path);

	if (!copy)
		return fail_nomem(reader);
	if (*path != '/')
		return fail(reader, at, "target '%s': expected an absolute path", shown(buf, path));
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
		copy[n - 1] = '\0';
	if (!copy[1])
		return fail(reader, at, "target '/' would hide the whole image");
	*ret = copy;
	return 0;
}

static bool is_path(const char *source)
{
	return *source == '/' || *source == '.' || *source == '~';
}

static int set_source(struct reader *reader, const struct at *at, const char *source,
		      struct spec_mount *mount)
{
	if (!is_path(source)) {
		mount->type = SPEC_VOLUME;
		mount->source = source;
		return 0;
	}
	mount->type = SPEC_BIND;
	mount->create_source = true;
	return path_resolve(reader, at, source, &mount->source);
}

static int set_options(struct reader *reader, const struct at *at, char *options,
		       struct spec_mount *mount)
{
	char buf[SHOWN_SIZE], *state = NULL;

	for (char *word = strtok_r(options, ",", &state); word;
	     word = strtok_r(NULL, ",", &state)) {
		if (strcmp(word, "ro") == 0)
			mount->read_only = true;
		else if (strcmp(word, "rw") != 0 && strcmp(word, "z") != 0 &&
			 strcmp(word, "Z") != 0 && strcmp(word, "cached") != 0 &&
			 strcmp(word, "delegated") != 0 && strcmp(word, "consistent") != 0 &&
			 strcmp(word, "nocopy") != 0)
			return fail(reader, at, "option '%s': expected ro or rw", shown(buf, word));
	}
	return 0;
}

static int read_short(struct reader *reader, const struct at *at, struct spec_mount *mount)
{
	char *first = oci_arena_strdup(reader->arena, at->node->text), *second, *third = NULL;
	int r;

	if (!first)
		return fail_nomem(reader);
	second = strchr(first, ':');
	if (second) {
		*second++ = '\0';
		third = strchr(second, ':');
		if (third)
			*third++ = '\0';
	}
	if (!*first || (second && !*second) || (third && (!*third || strchr(third, ':'))))
		return fail_expected(reader, at, SHORT_EXPECTED);
	if (!second) {
		mount->type = SPEC_VOLUME;
		return clean_target(reader, at, first, &mount->target);
	}
	r = set_source(reader, at, first, mount);
	if (r == 0)
		r = clean_target(reader, at, second, &mount->target);
	return r == 0 && third ? set_options(reader, at, third, mount) : r;
}

struct long_mount {
	const char *type, *source, *target, *propagation, *subpath;
	bool read_only, create, nocopy;
	int64_t size;
	uint32_t mode;
};

static int read_propagation(struct reader *reader, const struct at *at, void *slot,
			    const struct row *row)
{
	static const char *const words[] = { "rprivate", "private", NULL };
	int index;

	(void)slot;
	(void)row;
	return read_word(reader, at, words, &index);
}

static const struct row bind_rows[] = {
	ROW("create_host_path", read_bool, offsetof(struct long_mount, create)),
	ROW("propagation", read_propagation, 0), IGNORED("selinux"),
	REFUSED("recursive", "a bind mount takes what is mounted below it too"), ROWS_END
};
static const struct row volume_rows[] = {
	ROW("nocopy", read_bool, offsetof(struct long_mount, nocopy)),
	REFUSED("subpath", "mount the whole volume"), IGNORED("labels"), ROWS_END
};
static const struct row tmpfs_rows[] = {
	ROW("size", read_size, offsetof(struct long_mount, size), .min = 1),
	ROW("mode", read_mode, offsetof(struct long_mount, mode)), ROWS_END
};
static const struct row long_rows[] = {
	ROW("type", read_string, offsetof(struct long_mount, type), .why = "bind, volume or tmpfs"),
	ROW("source", read_string, offsetof(struct long_mount, source)),
	ROW("target", read_string, offsetof(struct long_mount, target)),
	ROW("read_only", read_bool, offsetof(struct long_mount, read_only)),
	ROW("bind", read_rows, 0, .rows = bind_rows),
	ROW("volume", read_rows, 0, .rows = volume_rows),
	ROW("tmpfs", read_rows, 0, .rows = tmpfs_rows),
	IGNORED("consistency"),
	REFUSED("image", "build it into the image"),
	ROWS_END
};

static int set_long(struct reader *reader, const struct at *at, const struct long_mount *from,
		    struct spec_mount *mount)
{
	char buf[SHOWN_SIZE];

	if (strcmp(from->type, "bind") == 0) {
		mount->type = SPEC_BIND;
		mount->create_source = from->create;
		if (!from->source)
			return fail(reader, at, "source is missing");
		return path_resolve(reader, at, from->source, &mount->source);
	}
	if (strcmp(from->type, "volume") == 0) {
		mount->type = SPEC_VOLUME;
		mount->source = from->source;
		return 0;
	}
	if (strcmp(from->type, "tmpfs") != 0)
		return fail(reader, at, "type '%s': expected bind, volume or tmpfs",
			    shown(buf, from->type));
	mount->type = SPEC_TMPFS;
	mount->size = from->size;
	mount->mode = from->mode;
	return from->source ? fail(reader, at, "a tmpfs has no source") : 0;
}

static int read_long(struct reader *reader, const struct at *at, struct spec_mount *mount)
{
	struct long_mount from = { .size = -1 };
	int r = read_map(reader, at, long_rows, &from);

	if (r < 0)
		return r;
	if (!from.type || !from.target)
		return fail(reader, at, "%s is missing", from.type ? "target" : "type");
	mount->read_only = from.read_only;
	r = set_long(reader, at, &from, mount);
	return r < 0 ? r : clean_target(reader, at, from.target, &mount->target);
}

int read_volumes(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int r = need_list(reader, at);

	(void)row;
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);
		struct spec_mount mount = { .target = "", .size = -1 };

		if (item.node->kind == NODE_MAP)
			r = read_long(reader, &item, &mount);
		else if (item.node->kind == NODE_SCALAR)
			r = read_short(reader, &item, &mount);
		else
			r = fail_expected(reader, &item, SHORT_EXPECTED);
		if (r == 0)
			r = add_mount(reader, slot, &mount);
	}
	return r;
}

static int tmpfs_option(struct reader *reader, const struct at *at, const char *word,
			struct spec_mount *mount)
{
	static const char *const known[] = { "rw",   "noexec", "nosuid", "nodev",
					     "exec", "suid",   "dev",    NULL };
	char buf[SHOWN_SIZE], *end;

	if (strcmp(word, "ro") == 0) {
		mount->read_only = true;
		return 0;
	}
	if (strncmp(word, "size=", 5) == 0 && value_size(word + 5, &mount->size) == 0 &&
	    mount->size > 0)
		return 0;
	if (strncmp(word, "mode=", 5) == 0 && word[5] >= '0' && word[5] <= '7') {
		mount->mode = (uint32_t)strtoul(word + 5, &end, 8);
		if (!*end && mount->mode <= 07777)
			return 0;
	}
	for (size_t i = 0; known[i]; i++)
		if (strcmp(word, known[i]) == 0)
			return 0;
	return fail(reader, at, "option '%s': expected size=64m, mode=1777 or ro",
		    shown(buf, word));
}

static int add_tmpfs(struct reader *reader, const struct at *at, struct spec_service *service)
{
	struct spec_mount mount = { .type = SPEC_TMPFS, .target = "", .size = -1 };
	const char *text;
	char *copy, *options, *state = NULL;
	int r = read_string(reader, at, &text, NULL);

	if (r < 0)
		return r;
	copy = oci_arena_strdup(reader->arena, text);
	if (!copy)
		return fail_nomem(reader);
	options = strchr(copy, ':');
	if (options)
		*options++ = '\0';
	r = clean_target(reader, at, copy, &mount.target);
	for (char *word = options ? strtok_r(options, ",", &state) : NULL; r == 0 && word;
	     word = strtok_r(NULL, ",", &state))
		r = tmpfs_option(reader, at, word, &mount);
	return r < 0 ? r : add_mount(reader, service, &mount);
}

int read_tmpfs(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int r = 0;

	(void)row;
	if (at->node->kind == NODE_SCALAR)
		return add_tmpfs(reader, at, slot);
	if (at->node->kind != NODE_LIST)
		return fail_expected(reader, at, "a path or a list of paths");
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);

		r = add_tmpfs(reader, &item, slot);
	}
	return r;
}

struct top_volume {
	bool external;
	const char *name, *driver;
	struct spec_pairs options;
};

static const struct row top_rows[] = {
	ROW("name", read_string, offsetof(struct top_volume, name)),
	ROW("external", read_bool, offsetof(struct top_volume, external)),
	ROW("driver", read_string, offsetof(struct top_volume, driver)),
	ROW("driver_opts", read_pairs, offsetof(struct top_volume, options)),
	IGNORED("labels"),
	ROWS_END
};

static int read_volume(struct reader *reader, const struct at *at)
{
	struct spec_project *project = reader->project;
	struct top_volume from = { 0 };
	struct spec_volume *more;
	char buf[SHOWN_SIZE];
	int r = at->node->kind == NODE_NULL ? 0 : read_map(reader, at, top_rows, &from);

	if (r < 0)
		return r;
	if (from.driver && strcmp(from.driver, "local") != 0)
		return fail(reader, at, "driver '%s': there is only local",
			    shown(buf, from.driver));
	if (from.options.len)
		return fail(reader, at,
			    "driver_opts are not supported: mount it on the host, and bind that");
	more = array_more(reader->arena, project->volumes, &project->volumes_len, sizeof(*more));
	if (!more)
		return fail_nomem(reader);
	project->volumes = more;
	more += project->volumes_len - 1;
	more->key = at->key;
	more->external = from.external;
	more->name = from.name ? from.name
		     : from.external
			     ? at->key
			     : oci_arena_printf(reader->arena, "%s_%s", project->name, at->key);
	return more->name ? 0 : fail_nomem(reader);
}

int read_top_volumes(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int r = at->node->kind == NODE_NULL ? 0 : need_map(reader, at);

	(void)slot;
	(void)row;
	for (size_t i = 0; r == 0 && at->node->kind == NODE_MAP && i < at->node->len; i++) {
		struct at item = at_key(at, &at->node->entries[i]);

		if (strncmp(item.key, "x-", 2) != 0)
			r = read_volume(reader, &item);
	}
	return r;
}
