/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_write.c - a tree as JSON, by yajl, and as YAML, by libyaml.
 */
#include <stdio.h>
#include <strings.h>
#include <yajl/yajl_gen.h>
#include <yaml.h>

#include "base/utf8.h"
#include "scale/compose-private.h"

static bool gen_text(yajl_gen gen, const char *text)
{
	return yajl_gen_string(gen, (const unsigned char *)text, strlen(text)) ==
	       yajl_gen_status_ok;
}

static bool gen_node(yajl_gen gen, const struct node *node)
{
	bool map = node->kind == NODE_MAP, good;

	if (node->kind == NODE_NULL)
		return yajl_gen_null(gen) == yajl_gen_status_ok;
	if (node->kind == NODE_SCALAR && node->plain)
		return yajl_gen_number(gen, node->text, strlen(node->text)) == yajl_gen_status_ok;
	if (node->kind == NODE_SCALAR)
		return gen_text(gen, node->text);
	good = (map ? yajl_gen_map_open(gen) : yajl_gen_array_open(gen)) == yajl_gen_status_ok;
	for (size_t i = 0; good && i < node->len; i++)
		good = (!map || gen_text(gen, node->entries[i].key->text)) &&
		       gen_node(gen, node->entries[i].value);
	return good &&
	       (map ? yajl_gen_map_close(gen) : yajl_gen_array_close(gen)) == yajl_gen_status_ok;
}

/* A character that JSON allows and YAML does not, or takes for a line's end, can only be in a string: there it is escaped. */
static void put_escaped(FILE *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		const unsigned char *p = (const unsigned char *)text + i;
		size_t n = *p < 0x80 ? 1 : utf8_length(text + i, length - i);
		unsigned code = *p;

		if (n == 0)
			n = 1;
		if (n == 2)
			code = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
		else if (n == 3)
			code = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
		if (n < 4 && ((code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 ||
			      code == 0xfeff || code >= 0xfffe))
			fprintf(out, "\\u%04x", code);
		else
			(void)fwrite(p, 1, n, out);
		i += n;
	}
}

/* A string that was made by open_memstream, into the arena. */
static int keep(FILE *out, char **made, size_t *size, struct oci_arena *arena, char **ret_text,
		size_t *ret_length, struct oci_error *err)
{
	if (fclose(out) != 0)
		return err_nomem(err);
	*ret_text = oci_arena_strndup(arena, *made, *size);
	*ret_length = *size;
	return *ret_text ? 0 : err_nomem(err);
}

int write_json(const struct node *node, struct oci_arena *arena, char **ret_text,
	       size_t *ret_length, struct oci_error *err)
{
	yajl_gen gen = yajl_gen_alloc(NULL);
	CLEANUP_FREE char *made = NULL;
	const unsigned char *text;
	size_t length, size = 0;
	FILE *out;
	int r;

	if (!gen)
		return err_nomem(err);
	if (!gen_node(gen, node) || yajl_gen_get_buf(gen, &text, &length) != yajl_gen_status_ok) {
		yajl_gen_free(gen);
		return err_set(err, EINVAL, "the project cannot be written as JSON");
	}
	out = open_memstream(&made, &size);
	if (out) {
		put_escaped(out, (const char *)text, length);
		r = keep(out, &made, &size, arena, ret_text, ret_length, err);
	} else {
		r = err_nomem(err);
	}
	yajl_gen_free(gen);
	return r;
}

/* Would a text without quotes be read as the same text by everyone? */
static bool is_plain_text(const char *text)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on",
					     "off",  "null",  "y",   "n" };
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = strlen(text);

	if (n == 0 || n > 200 || !(strchr(letters, *text) || *text == '/') || text[n - 1] == ':')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasecmp(text, words[i]) == 0)
			return false;
	for (; *text; text++)
		if (!strchr(letters, *text) && !strchr("0123456789/._-:@", *text))
			return false;
	return true;
}

static bool emit_scalar(yaml_emitter_t *emitter, const char *text, bool plain)
{
	yaml_event_t event;

	plain = plain || is_plain_text(text);
	return yaml_scalar_event_initialize(
		       &event, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), plain,
		       true, plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE) &&
	       yaml_emitter_emit(emitter, &event);
}

static bool emit_node(yaml_emitter_t *emitter, const struct node *node)
{
	yaml_event_t event;
	bool map = node->kind == NODE_MAP, good;

	if (node->kind == NODE_NULL)
		return emit_scalar(emitter, "null", true);
	if (node->kind == NODE_SCALAR)
		return emit_scalar(emitter, node->text, node->plain);
	good = map ? yaml_mapping_start_event_initialize(&event, NULL, NULL, true,
							 YAML_BLOCK_MAPPING_STYLE)
		   : yaml_sequence_start_event_initialize(&event, NULL, NULL, true,
							  YAML_BLOCK_SEQUENCE_STYLE);
	good = good && yaml_emitter_emit(emitter, &event);
	for (size_t i = 0; good && i < node->len; i++)
		good = (!map || emit_scalar(emitter, node->entries[i].key->text, false)) &&
		       emit_node(emitter, node->entries[i].value);
	return good &&
	       (map ? yaml_mapping_end_event_initialize(&event)
		    : yaml_sequence_end_event_initialize(&event)) &&
	       yaml_emitter_emit(emitter, &event);
}

static bool emit_document(yaml_emitter_t *emitter, const struct node *node)
{
	yaml_event_t event;

	return yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
	       yaml_emitter_emit(emitter, &event) &&
	       yaml_document_start_event_initialize(&event, NULL, NULL, NULL, true) &&
	       yaml_emitter_emit(emitter, &event) && emit_node(emitter, node) &&
	       yaml_document_end_event_initialize(&event, true) &&
	       yaml_emitter_emit(emitter, &event) && yaml_stream_end_event_initialize(&event) &&
	       yaml_emitter_emit(emitter, &event);
}

static int write_part(void *out, unsigned char *buffer, size_t size)
{
	return fwrite(buffer, 1, size, out) == size;
}

int write_yaml(const struct node *node, struct oci_arena *arena, char **ret_text,
	       size_t *ret_length, struct oci_error *err)
{
	CLEANUP_FREE char *made = NULL;
	size_t size = 0;
	yaml_emitter_t emitter;
	FILE *out;
	bool good;
	int r;

	if (!yaml_emitter_initialize(&emitter))
		return err_nomem(err);
	out = open_memstream(&made, &size);
	if (!out) {
		yaml_emitter_delete(&emitter);
		return err_nomem(err);
	}
	yaml_emitter_set_output(&emitter, write_part, out);
	yaml_emitter_set_unicode(&emitter, true);
	yaml_emitter_set_width(&emitter, -1);
	good = emit_document(&emitter, node);
	r = good ? 0
		 : err_set(err, EINVAL, "the project cannot be written as YAML: %s",
			   emitter.problem ? emitter.problem : "out of memory");
	yaml_emitter_delete(&emitter);
	if (r < 0) {
		(void)fclose(out);
		return r;
	}
	return keep(out, &made, &size, arena, ret_text, ret_length, err);
}
