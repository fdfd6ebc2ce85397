/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.c - find and read config.json.
 */
#include "runtime/bundle.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"

#define CONFIG_SIZE_MAX (16u << 20)

static char *absolute(struct oci_arena *arena, const char *path)
{
	CLEANUP_FREE char *cwd = NULL;
	char *full;

	if (path && path[0] == '/') {
		full = oci_arena_strdup(arena, path);
	} else {
		cwd = getcwd(NULL, 0);
		full = cwd ? oci_arena_printf(arena, "%s/%s", cwd, path ? path : "") : NULL;
	}
	return full ? path_clean(full) : NULL;
}

static int unreadable(const char *path, int code, struct oci_error *err)
{
	if (code == -ENOENT || code == -ENOTDIR) {
		code = err_set(err, ENOENT, "open %s: no such file or directory (is it a bundle?)",
			       path);
		err_hint(err, "give the folder of config.json by --bundle");
	} else if (code == -EFBIG) {
		code = err_set(err, EFBIG, "%s: larger than %u MiB", path, CONFIG_SIZE_MAX >> 20);
	} else {
		code = err_sys(err, -code, "read %s", path);
	}
	err_at(err, path, NULL);
	return code;
}

int bundle_load(struct oci_arena *arena, const char *bundle, const char *file, char **ret_bundle,
		struct oci_config **ret, struct oci_error *err)
{
	const char *name = file ? file : "config.json";
	char *dir = absolute(arena, bundle), *path, *text;
	struct oci_config *config;
	size_t length;
	int r;

	if (!dir)
		return err_sys(err, errno, "find the bundle %s",
			       bundle ? bundle : "in the current folder");
	path = name[0] == '/' ? oci_arena_strdup(arena, name)
			      : oci_arena_printf(arena, "%s/%s", dir, name);
	if (!path)
		return err_nomem(err);
	r = io_read_at(AT_FDCWD, path, CONFIG_SIZE_MAX, arena, &text, &length);
	if (r < 0)
		return unreadable(path, r, err);
	r = oci_config_parse(arena, name, text, length, &config, err);
	if (r < 0)
		return r;
	*ret_bundle = dir;
	*ret = config;
	return 0;
}
