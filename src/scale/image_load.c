/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_load.c - a prepared image's folder becomes structs, once; what its own configuration says of health.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ocispec-lite/table.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/image-private.h"

#define LAYERS "io.carte.rootfs.layers"

static const struct oci_row cap_rows[] = {
	OCI_ROW_STRING(struct image_cap, cap, "cap", .flags = OCI_REQUIRED),
	OCI_ROW_STRINGS(struct image_cap, calls, "calls", .flags = OCI_REQUIRED),
};
static const OCI_TABLE(cap_table, struct image_cap, cap_rows);

/* Docker's names; the same struct as in the image's configuration */
static const struct oci_row health_rows[] = {
	OCI_ROW_STRINGS(struct oci_healthcheck, test, "Test"),
	OCI_ROW_I64(struct oci_healthcheck, interval, "Interval"),
	OCI_ROW_I64(struct oci_healthcheck, timeout, "Timeout"),
	OCI_ROW_I64(struct oci_healthcheck, start_period, "StartPeriod"),
	OCI_ROW_I64(struct oci_healthcheck, start_interval, "StartInterval"),
	OCI_ROW_I64(struct oci_healthcheck, retries, "Retries"),
};
static const OCI_TABLE(health_table, struct oci_healthcheck, health_rows);

int image_hex(const char *digest, char ret[IMAGE_HEX + 1])
{
	static const char prefix[] = "sha256:";
	const char *hex = digest + sizeof(prefix) - 1;

	if (strncmp(digest, prefix, sizeof(prefix) - 1) != 0 ||
	    strspn(hex, "0123456789abcdef") != IMAGE_HEX ||
	    hex[IMAGE_HEX + strspn(hex + IMAGE_HEX, " \n")])
		return -EINVAL;
	memcpy(ret, hex, IMAGE_HEX);
	ret[IMAGE_HEX] = '\0';
	return 0;
}

void image_entry_free(struct image_entry *entry)
{
	if (!entry)
		return;
	oci_arena_free(&entry->arena);
	free(entry);
}

static int read_document(struct image_entry *entry, int folder, const char *name, char **ret,
			 size_t *ret_length, struct oci_error *err)
{
	int r = io_read_at(folder, name, IMAGE_DOCUMENT_MAX, &entry->arena, ret, ret_length);

	return r < 0 ? err_sys(err, -r, "read %s/%s", entry->image.folder, name) : 0;
}

static int load_health(struct image_entry *entry, struct oci_error *err)
{
	const struct oci_container_config *config = entry->image.document->config;
	CLEANUP_FREE char *text = NULL;
	int r;

	if (!config)
		return 0;
	entry->image.stop_signal = config->stop_signal;
	if (!config->healthcheck || !config->healthcheck->test_len)
		return 0;
	r = oci_table_emit(&health_table, config->healthcheck, 0, &text, NULL, err);
	if (r < 0)
		return r;
	entry->image.health = oci_arena_strdup(&entry->arena, text);
	return entry->image.health ? 0 : err_nomem(err);
}

static int load_documents(struct image_entry *entry, int folder, struct oci_error *err)
{
	struct oci_arena *arena = &entry->arena;
	struct oci_config *bundle = NULL;
	struct oci_image_config *document = NULL;
	void *caps = NULL;
	size_t length;
	char *text;
	int r = read_document(entry, folder, "config.json", &text, &length, err);

	if (r == 0) {
		entry->image.config = text;
		entry->image.config_length = length;
		r = oci_config_parse(arena, "config.json", text, length, &bundle, err);
	}
	if (r == 0)
		r = read_document(entry, folder, "image.json", &text, &length, err);
	if (r == 0)
		r = oci_image_config_parse(arena, "image.json", text, length, &document, err);
	if (r == 0)
		r = read_document(entry, folder, "caps.json", &text, &length, err);
	if (r == 0)
		r = oci_table_parse_list(&cap_table, arena, "caps.json", text, length, &caps,
					 &entry->image.caps_len, err);
	if (r < 0)
		return r;
	if (!document)
		return err_set(err, EINVAL, "image.json is empty");
	entry->image.bundle = bundle;
	entry->image.document = document;
	entry->image.caps = caps;
	return load_health(entry, err);
}

static int load(struct image_entry *entry, const char *images_dir, struct oci_error *err)
{
	CLEANUP_CLOSE int folder = -EBADF;
	char said[IMAGE_HEX + 1];
	size_t length;
	char *text;
	int r;

	entry->image.folder = oci_arena_printf(&entry->arena, "%s/%s", images_dir, entry->hex);
	entry->image.id = oci_arena_printf(&entry->arena, "sha256:%s", entry->hex);
	if (!entry->image.folder || !entry->image.id)
		return err_nomem(err);
	folder = open(entry->image.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return err_sys(err, errno, "open %s", entry->image.folder);
	r = read_document(entry, folder, "digest", &text, &length, err);
	if (r < 0)
		return r;
	if (image_hex(text, said) < 0 || strcmp(said, entry->hex) != 0)
		return err_set(err, EINVAL, "%s/digest: is not that of its folder",
			       entry->image.folder);
	return load_documents(entry, folder, err);
}

int image_load(const char *images_dir, const char *hex, struct image_entry **ret,
	       struct oci_error *err)
{
	struct image_entry *entry = calloc(1, sizeof(*entry));
	int r;

	if (!entry)
		return err_nomem(err);
	memcpy(entry->hex, hex, IMAGE_HEX);
	r = load(entry, images_dir, err);
	if (r < 0) {
		image_entry_free(entry);
		return r;
	}
	*ret = entry;
	return 0;
}

int image_layers(const struct image *image, struct oci_arena *arena, char ***ret, size_t *ret_len,
		 struct oci_error *err)
{
	const char *json =
		oci_annotation(image->bundle->annotations, image->bundle->annotations_len, LAYERS);
	int r;

	*ret = NULL;
	*ret_len = 0;
	if (!json)
		return 0;
	r = oci_strings_parse(arena, LAYERS, json, strlen(json), ret, ret_len, err);
	for (size_t i = 0; r == 0 && i < *ret_len; i++)
		if (access((*ret)[i], F_OK) < 0)
			r = err_set_as(err, ERR_NOT_FOUND, errno,
				       "the image's layer %s is gone from the store: build or "
				       "fetch the image again",
				       (*ret)[i]);
	return r;
}

/* ---- health ------------------------------------------------------------------------------------------------------- */

static int64_t milliseconds(const struct oci_i64 *ns, int64_t otherwise)
{
	/* Docker: 0 is "as usual" */
	if (!ns->present || ns->value <= 0)
		return otherwise;
	return ns->value < 1000000 ? 1 : ns->value / 1000000;
}

int image_probe(const struct image *image, struct oci_arena *arena, struct spec_probe *ret,
		struct oci_error *err)
{
	const struct oci_container_config *config =
		image->document ? image->document->config : NULL;
	const struct oci_healthcheck *check = config ? config->healthcheck : NULL;
	size_t from = 1;
	bool shell;

	*ret = (struct spec_probe){ .kind = SPEC_PROBE_NONE };
	if (!check || !check->test_len || strcmp(check->test[0], "NONE") == 0)
		return 0;
	shell = strcmp(check->test[0], "CMD-SHELL") == 0;
	if ((!shell && strcmp(check->test[0], "CMD") != 0) || check->test_len < 2)
		return err_set(err, EINVAL,
			       "the image's health check: expected CMD or CMD-SHELL and a command, "
			       "got '%s'",
			       check->test[0]);
	ret->command.items = oci_arena_array(arena, check->test_len + 3, sizeof(char *));
	if (!ret->command.items)
		return err_nomem(err);
	if (shell) {
		ret->command.items[ret->command.len++] = "/bin/sh";
		ret->command.items[ret->command.len++] = "-c";
	}
	for (; from < check->test_len; from++)
		ret->command.items[ret->command.len++] = check->test[from];
	ret->kind = SPEC_PROBE_EXEC;
	ret->interval_ms = milliseconds(&check->interval, 30000);
	ret->timeout_ms = milliseconds(&check->timeout, 30000);
	ret->start_period_ms = milliseconds(&check->start_period, 0);
	ret->start_interval_ms = milliseconds(&check->start_interval, -1);
	ret->retries =
		check->retries.present && check->retries.value > 0 ? check->retries.value : 3;
	return 0;
}
