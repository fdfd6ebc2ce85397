/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_mounts.c - -v, --mount, --tmpfs.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/common.h"
#include "cli/run.h"

static int bad(const char *option, const char *text, const char *words, struct oci_error *err)
{
	return err_set_as(err, ERR_USAGE, EINVAL, "invalid value \"%s\" for --%s: %s", text, option,
			  words);
}

/* A path of the host's: absolute, or from the current folder, or from the home folder. */
static int host_path(const char *text, struct oci_arena *arena, const char **ret,
		     struct oci_error *err)
{
	CLEANUP_FREE char *cwd = NULL;
	const char *home = getenv("HOME");
	char *path;

	if (text[0] == '/') {
		path = oci_arena_strdup(arena, text);
	} else if (text[0] == '~' && (text[1] == '/' || !text[1]) && home) {
		path = oci_arena_printf(arena, "%s%s", home, text + 1);
	} else {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return err_sys(err, errno, "the current folder");
		path = oci_arena_printf(arena, "%s/%s", cwd, text);
	}
	if (!path)
		return err_nomem(err);
	*ret = path_clean(path);
	return 0;
}

static bool is_path(const char *source)
{
	return source[0] == '/' || source[0] == '.' || source[0] == '~';
}

static int volume_options(const char *text, char *options, struct run_mount *mount,
			  struct oci_error *err)
{
	/* labels of SELinux, copying into volumes and propagation: nothing here depends on them */
	static const char *const ignored[] = {
		"rw",     "z", "Z",         "nocopy",     "copy",
		"cached", "U", "delegated", "consistent", "rprivate"
	};
	char *rest, *word = strtok_r(options, ",", &rest);

	for (; word; word = strtok_r(NULL, ",", &rest)) {
		bool known = strcmp(word, "ro") == 0;

		mount->read_only |= known;
		for (size_t i = 0; !known && i < ARRAY_LEN(ignored); i++)
			known = strcmp(word, ignored[i]) == 0;
		if (!known)
			return bad("volume", text, "options are ro and rw", err);
	}
	return 0;
}

int run_volume(const char *text, struct oci_arena *arena, struct run_mount *ret,
	       struct oci_error *err)
{
	char *source = oci_arena_strdup(arena, text);
	char *target = source ? strchr(source, ':') : NULL;
	char *options = target ? strchr(target + 1, ':') : NULL;
	int r = 0;

	if (!source)
		return err_nomem(err);
	*ret = (struct run_mount){ .type = RUN_VOLUME, .target = source, .size = -1 };
	if (options) {
		*options++ = '\0';
		r = volume_options(text, options, ret, err);
	}
	if (target) {
		*target++ = '\0';
		ret->target = target;
		if (!*source)
			return bad("volume", text, "nothing is before the first ':'", err);
		ret->source = source;
	}
	if (r == 0 && ret->target[0] != '/')
		return bad("volume", text, "the path in the container must be absolute", err);
	if (r == 0 && ret->source && is_path(ret->source)) {
		ret->type = RUN_BIND;
		ret->create_source = true; /* as docker does for -v */
		r = host_path(ret->source, arena, &ret->source, err);
	}
	return r;
}

/* ---- --mount ------------------------------------------------------------------------------------------------------ */

static bool is_key(const char *key, const char *a, const char *b, const char *c)
{
	return strcmp(key, a) == 0 || (b && strcmp(key, b) == 0) || (c && strcmp(key, c) == 0);
}

static int mount_type(const char *text, const char *value, struct run_mount *mount,
		      struct oci_error *err)
{
	if (strcmp(value, "bind") == 0)
		mount->type = RUN_BIND;
	else if (strcmp(value, "volume") == 0)
		mount->type = RUN_VOLUME;
	else if (strcmp(value, "tmpfs") == 0)
		mount->type = RUN_TMPFS;
	else
		return bad("mount", text, "type is bind, volume or tmpfs", err);
	return 0;
}

static int mount_pair(const char *text, const char *key, const char *value, struct run_mount *mount,
		      struct oci_error *err)
{
	if (is_key(key, "type", NULL, NULL))
		return mount_type(text, value, mount, err);
	if (is_key(key, "source", "src", NULL)) {
		mount->source = *value ? value : NULL;
	} else if (is_key(key, "target", "destination", "dst")) {
		mount->target = value;
	} else if (is_key(key, "readonly", "ro", NULL)) {
		mount->read_only = !*value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
	} else if (is_key(key, "tmpfs-size", NULL, NULL)) {
		if (common_bytes(value, &mount->size) < 0)
			return bad("mount", text, "tmpfs-size is a size such as 64m", err);
	} else if (is_key(key, "tmpfs-mode", NULL, NULL)) {
		mount->mode = value;
	} else if (!is_key(key, "bind-propagation", "consistency", "volume-nocopy")) {
		return bad(
			"mount", text,
			"expected type=, source=, target=, readonly, tmpfs-size= and tmpfs-mode=",
			err);
	}
	return 0;
}

int run_mount(const char *text, struct oci_arena *arena, struct run_mount *ret,
	      struct oci_error *err)
{
	char *words = oci_arena_strdup(arena, text), *rest, *word;
	int r = words ? 0 : err_nomem(err);

	*ret = (struct run_mount){ .type = RUN_VOLUME, .size = -1 };
	for (word = words ? strtok_r(words, ",", &rest) : NULL; r == 0 && word;
	     word = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(word, '=');

		if (equals)
			*equals = '\0';
		r = mount_pair(text, word, equals ? equals + 1 : "", ret, err);
	}
	if (r == 0 && (!ret->target || ret->target[0] != '/'))
		return bad("mount", text, "target= must be an absolute path in the container", err);
	if (r == 0 && ret->type == RUN_BIND && !ret->source)
		return bad("mount", text, "a bind mount needs source=", err);
	if (r == 0 && ret->type == RUN_BIND)
		r = host_path(ret->source, arena, &ret->source, err);
	return r;
}

int run_tmpfs(const char *text, struct oci_arena *arena, struct run_mount *ret,
	      struct oci_error *err)
{
	char *target = oci_arena_strdup(arena, text), *rest, *word;
	char *options = target ? strchr(target, ':') : NULL;

	if (!target)
		return err_nomem(err);
	*ret = (struct run_mount){ .type = RUN_TMPFS, .target = target, .size = -1 };
	if (options)
		*options++ = '\0';
	if (target[0] != '/')
		return bad("tmpfs", text, "expected an absolute path in the container", err);
	for (word = options ? strtok_r(options, ",", &rest) : NULL; word;
	     word = strtok_r(NULL, ",", &rest)) {
		if (strncmp(word, "size=", 5) == 0) {
			if (common_bytes(word + 5, &ret->size) < 0)
				return bad("tmpfs", text, "size is a size such as 64m", err);
		} else if (strncmp(word, "mode=", 5) == 0) {
			ret->mode = word + 5;
		} else if (strcmp(word, "ro") == 0) {
			ret->read_only = true;
		} else if (!is_key(word, "rw", "noexec", "nosuid") && strcmp(word, "nodev") != 0) {
			return bad("tmpfs", text, "options are size=, mode=, ro", err);
		}
	}
	return 0;
}
