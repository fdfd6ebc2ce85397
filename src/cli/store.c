/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - index.json, then a manifest, then a configuration.
 */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cli/store.h"

#define DOCUMENT_MAX (16u << 20)
#define REF_NAME "org.opencontainers.image.ref.name"

int store_path(struct oci_arena *arena, const char **ret, struct oci_error *err)
{
	const char *given = getenv("CARTE_STORE"), *home = getenv("HOME");
	const char *data = getenv("XDG_DATA_HOME");
	char *path = NULL;

	if (given && *given)
		path = oci_arena_strdup(arena, given);
	else if (geteuid() == 0)
		path = oci_arena_strdup(arena, "/var/lib/carte");
	else if (data && *data == '/')
		path = oci_arena_printf(arena, "%s/carte", data);
	else if (home && *home == '/')
		path = oci_arena_printf(arena, "%s/.local/share/carte", home);
	else
		return err_set(err, ENOENT, "no place for the store: set CARTE_STORE or HOME");
	if (!path)
		return err_nomem(err);
	*ret = path;
	return 0;
}

static int read_document(const char *path, struct oci_arena *arena, yajl_val *ret,
			 struct oci_error *err)
{
	char *text;
	size_t length;
	int r = path ? io_read_at(AT_FDCWD, path, DOCUMENT_MAX, arena, &text, &length) : -ENOMEM;

	if (r < 0)
		return err_sys(err, -r, "read %s", path ? path : "the store");
	return json_parse(text, path, ret, err);
}

static int read_blob(const char *store, const char *digest, struct oci_arena *arena, yajl_val *ret,
		     struct oci_error *err)
{
	const char *hex = strchr(digest, ':');

	if (!hex || strspn(hex + 1, "0123456789abcdef") != strlen(hex + 1))
		return err_set(err, EINVAL, "%s: '%s' is no digest", store, digest);
	return read_document(oci_arena_printf(arena, "%s/blobs/%.*s/%s", store, (int)(hex - digest),
					      digest, hex + 1),
			     arena, ret, err);
}

static const char *name_of(yajl_val descriptor)
{
	return json_text(json_get(descriptor, "annotations"), REF_NAME);
}

/* What may be left away in front of and behind a name. */
static bool is_called(const char *have, const char *name)
{
	size_t length = strlen(name);
	bool tagged = strrchr(name, ':') && !strchr(strrchr(name, ':'), '/');

	if (strncmp(have, "localhost/", 10) == 0 && strncmp(name, "localhost/", 10) != 0)
		have += 10;
	if (strncmp(have, name, length) != 0)
		return false;
	return !have[length] || (!tagged && strcmp(have + length, ":latest") == 0);
}

static bool is_digest(const char *have, const char *name)
{
	const char *hex = strchr(have, ':') ? strchr(have, ':') + 1 : have;

	return strlen(name) >= 6 &&
	       (strncmp(hex, name, strlen(name)) == 0 || strncmp(have, name, strlen(name)) == 0);
}

static yajl_val find_in(yajl_val index, const char *name)
{
	yajl_val list = json_get(index, "manifests");

	for (size_t i = 0; i < json_count(list); i++)
		if (is_called(name_of(json_at(list, i)), name))
			return json_at(list, i);
	for (size_t i = 0; i < json_count(list); i++)
		if (is_digest(json_text(json_at(list, i), "digest"), name))
			return json_at(list, i);
	return NULL;
}

/* An image for several platforms: its first. */
static int read_manifest(const char *store, const char *digest, struct oci_arena *arena,
			 yajl_val *ret, struct oci_error *err)
{
	CLEANUP_JSON yajl_val document = NULL;
	yajl_val first;
	int r = read_blob(store, digest, arena, &document, err);

	if (r < 0)
		return r;
	first = json_at(json_get(document, "manifests"), 0);
	if (first)
		return read_blob(store, json_text(first, "digest"), arena, ret, err);
	*ret = TAKE_PTR(document);
	return 0;
}

int store_find(const char *name, struct oci_arena *arena, struct store_image *ret,
	       struct oci_error *err)
{
	CLEANUP_JSON yajl_val index = NULL;
	const char *store = NULL;
	yajl_val found;
	int r = store_path(arena, &store, err);

	*ret = (struct store_image){ 0 };
	if (r < 0)
		return r;
	if (read_document(oci_arena_printf(arena, "%s/index.json", store), arena, &index, NULL) < 0)
		index = NULL;
	found = find_in(index, name);
	if (!found)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "no image '%s' in %s", name, store);
	ret->name = oci_arena_strdup(arena, name_of(found));
	ret->digest = oci_arena_strdup(arena, json_text(found, "digest"));
	if (!ret->name || !ret->digest)
		return err_nomem(err);
	r = read_manifest(store, ret->digest, arena, &ret->manifest, err);
	if (r == 0)
		r = read_blob(store, json_text(json_get(ret->manifest, "config"), "digest"), arena,
			      &ret->config, err);
	if (r < 0)
		store_image_freep(ret);
	return r;
}

void store_image_freep(struct store_image *image)
{
	json_freep(&image->manifest);
	json_freep(&image->config);
}

bool store_has(const char *name)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_STORE_IMAGE struct store_image image = { 0 };

	return store_find(name, &arena, &image, NULL) == 0;
}
