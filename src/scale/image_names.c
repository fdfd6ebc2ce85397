/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_names.c - names that are known: "HEX STAMP NAME" lines, the last one a name has counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/image-private.h"

#define NAMES_MAX ((size_t)4 << 20)

static void name_free(struct image_name *name)
{
	free(name->stamp);
	free(name->name);
	free(name);
}

void image_names_free(struct image_names *names)
{
	while (names->first) {
		struct image_name *next = names->first->next;

		name_free(names->first);
		names->first = next;
	}
}

const struct image_name *image_names_find(const struct image_names *names, const char *name)
{
	const struct image_name *each = names->first;

	while (each && strcmp(each->name, name) != 0)
		each = each->next;
	return each;
}

static void drop(struct image_names *names, const char *hex, const char *name)
{
	struct image_name **slot = &names->first;

	while (*slot) {
		struct image_name *each = *slot;

		if ((hex && strcmp(each->hex, hex) == 0) ||
		    (name && strcmp(each->name, name) == 0)) {
			*slot = each->next;
			name_free(each);
		} else {
			slot = &each->next;
		}
	}
}

static int put(struct image_names *names, const char *name, const char *hex, const char *stamp)
{
	struct image_name *fresh = calloc(1, sizeof(*fresh));

	if (!fresh)
		return -ENOMEM;
	memcpy(fresh->hex, hex, IMAGE_HEX);
	fresh->name = strdup(name);
	fresh->stamp = strdup(stamp);
	if (!fresh->name || !fresh->stamp) {
		name_free(fresh);
		return -ENOMEM;
	}
	drop(names, NULL, name);
	fresh->next = names->first;
	names->first = fresh;
	return 0;
}

static int put_line(struct image_names *names, char *line)
{
	char *stamp = strchr(line, ' '), *name = stamp ? strchr(stamp + 1, ' ') : NULL;

	if (!name || stamp - line != IMAGE_HEX || strspn(line, "0123456789abcdef") != IMAGE_HEX)
		return 0;
	*stamp = *name = '\0';
	return put(names, name + 1, line, stamp + 1);
}

int image_names_load(struct image_names *names, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_CLOSE int folder = open(names->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *text, *line;
	size_t length;
	int r = folder < 0 ? -errno : 0;

	if (r < 0)
		return err_sys(err, -r, "open %s", names->folder);
	if (io_read_at(folder, "names", NAMES_MAX, &arena, &text, &length) < 0)
		return 0;
	while (r == 0 && (line = strsep(&text, "\n")))
		r = put_line(names, line);
	return r < 0 ? err_nomem(err) : 0;
}

static int names_write(const struct image_names *names, struct oci_error *err)
{
	CLEANUP_CLOSE int folder = open(names->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FCLOSE FILE *out = NULL;
	size_t length;
	int r;

	if (folder < 0)
		return err_sys(err, errno, "open %s", names->folder);
	out = open_memstream(&text, &length);
	if (!out)
		return err_nomem(err);
	for (const struct image_name *each = names->first; each; each = each->next)
		(void)fprintf(out, "%s %s %s\n", each->hex, each->stamp, each->name);
	if (fflush(out) != 0)
		return err_nomem(err);
	r = io_replace_at(folder, "names", text, length, 0600);
	return r < 0 ? err_sys(err, -r, "write %s/names", names->folder) : 0;
}

int image_names_put(struct image_names *names, const char *name, const char *hex, const char *stamp,
		    struct oci_error *err)
{
	if (put(names, name, hex, stamp) < 0)
		return err_nomem(err);
	return names_write(names, err);
}

int image_names_forget(struct image_names *names, const char *hex, struct oci_error *err)
{
	drop(names, hex, NULL);
	return names_write(names, err);
}

/* ---- stamps ------------------------------------------------------------------------------------------------------- */

static char *store_index(const char *store)
{
	const char *base = store ? store : getenv("CARTE_STORE");
	char *path = NULL;
	int r;

	/* cartefile-to-oci(1), FILES */
	if (base && *base)
		r = asprintf(&path, "%s/index.json", base);
	else if (geteuid() == 0)
		r = asprintf(&path, "/var/lib/carte/index.json");
	else if ((base = getenv("XDG_DATA_HOME")) && *base == '/')
		r = asprintf(&path, "%s/carte/index.json", base);
	else
		r = asprintf(&path, "%s/.local/share/carte/index.json",
			     getenv("HOME") ? getenv("HOME") : "");
	return r < 0 ? NULL : path;
}

static char *stamped_path(const char *name, const char *store)
{
	char *path = NULL, *colon;

	if (strncmp(name, "docker://", 9) == 0)
		return strdup("");
	if (strncmp(name, "oci:", 4) == 0) {
		colon = strchr(name + 4, ':');
		if (asprintf(&path, "%.*s/index.json",
			     colon ? (int)(colon - name - 4) : (int)strlen(name + 4), name + 4) < 0)
			return NULL;
		return path;
	}
	if (strncmp(name, "oci-archive:", 12) == 0 || strncmp(name, "docker-archive:", 15) == 0) {
		path = strdup(strchr(name, ':') + 1);
		colon = path ? strchr(path, ':') : NULL;
		if (colon)
			*colon = '\0';
		return path;
	}
	return store_index(store);
}

char *image_stamp(const char *name, const char *store, const char *converter)
{
	CLEANUP_FREE char *path = stamped_path(name, store);
	struct stat image = { 0 }, program = { 0 };
	char *stamp = NULL;

	if (!path)
		return NULL;
	/* by name: the user's own files; what is not there the converter will tell */
	if (*path)
		(void)stat(path, &image);
	(void)stat(converter, &program);
	if (asprintf(&stamp, "%lx.%lx.%lx.%lx.%lx-%lx.%lx.%lx", (unsigned long)image.st_dev,
		     (unsigned long)image.st_ino, (unsigned long)image.st_size,
		     (unsigned long)image.st_mtim.tv_sec, (unsigned long)image.st_mtim.tv_nsec,
		     (unsigned long)program.st_ino, (unsigned long)program.st_size,
		     (unsigned long)program.st_mtim.tv_sec) < 0)
		return NULL;
	return stamp;
}
