/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.c - JSON into structs, in one pass of yajl's callbacks, driven by rows.
 *
 * The open objects and arrays are frames on a stack of fixed height. An
 * array's elements, whose number is unknown until it ends, grow at the top of
 * one scratch buffer, above the unfinished elements of the arrays around it,
 * and move to the arena in one piece. So a document costs the arena's blocks
 * and hardly anything else. A path is rendered from the frames, only when
 * something is wrong.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include <ocispec-lite/table.h>

#include "number.h"
#include "scratch.h"
#include "text.h"

#define DEPTH_MAX 64
#define NAMES_FEW 8 /* so many names are compared each with each */
#define RESERVE_MAX ((size_t)1 << 20)

enum frame_kind {
	FRAME_OBJECT, /* fills a struct */
	FRAME_ARRAY,  /* fills an array row */
	FRAME_MAP,    /* fills a row of pairs or of named objects */
	FRAME_SKIP_OBJECT,
	FRAME_SKIP_ARRAY,
};

/* A name in the document, or in the arena when it was written with escapes. */
struct name {
	const char *text;
	size_t length;
};

struct frame {
	enum frame_kind kind;
	const struct oci_table *table; /* OBJECT */
	const struct oci_row
		*row;      /* OBJECT: the member at hand, NULL unknown; ARRAY, MAP: theirs */
	char *object;      /* OBJECT: the struct; NULL: in the scratch buffer ... */
	size_t object_at;  /* ... here */
	uint64_t seen;     /* OBJECT, by row: its key came */
	uint64_t got;      /* OBJECT, by row: with a value */
	size_t base;       /* ARRAY, MAP: the first element in the scratch buffer */
	size_t top_before; /* ARRAY, MAP: the scratch buffer's top without it */
	size_t count;      /* elements that are complete */
	size_t names;      /* its first name: MAP and SKIP all keys, OBJECT the unknown */
};

struct parser {
	const char *name;
	const char *text;
	size_t length;
	struct oci_arena *arena;
	struct oci_error *err;
	int result;
	size_t depth; /* of frames[]; frames[0] stands around the document */
	struct oci_buffer scratch;
	struct oci_buffer names; /* of struct name */
	struct oci_pool pool;
	struct frame frames[DEPTH_MAX + 1];
	char scratch_start[4096] __attribute__((aligned(16)));
	char names_start[512] __attribute__((aligned(16)));
};

/* ---- errors ----------------------------------------------------------------- */

static struct name *name_of(struct parser *p, size_t depth)
{
	size_t end =
		depth < p->depth ? p->frames[depth + 1].names : p->names.used / sizeof(struct name);
	struct name *names = (struct name *)(void *)p->names.data;

	return end > p->frames[depth].names ? &names[end - 1] : NULL;
}

/* "linux.resources.memory.limit" of what is at hand, in at most size bytes */
static const char *path(struct parser *p, char *buffer, size_t size)
{
	char quoted[96];
	size_t used = 0, i;

	buffer[0] = '\0';
	for (i = 1; i <= p->depth && used < size - sizeof(quoted) - 24; i++) {
		const struct frame *f = &p->frames[i];
		const struct name *name = NULL;
		const char *key = NULL;

		if (f->kind == FRAME_ARRAY || f->kind == FRAME_SKIP_ARRAY) {
			used += (size_t)snprintf(buffer + used, size - used, "[%zu]", f->count);
			continue;
		}
		if (f->kind == FRAME_OBJECT && f->row)
			key = f->row->key;
		else
			name = name_of(p, i);
		if (name)
			key = oci_text_quote(quoted, sizeof(quoted), name->text, name->length);
		if (key)
			used += (size_t)snprintf(buffer + used, size - used, "%s%s",
						 used ? "." : "", key);
	}
	return buffer;
}

/* Return: 0, which makes yajl stop. */
__attribute__((format(printf, 3, 4))) static int fail(struct parser *p, int code,
						      const char *format, ...)
{
	char where[600];
	va_list ap;

	p->result = -code;
	if (!p->err || p->err->code)
		return 0;
	path(p, where, sizeof(where));
	va_start(ap, format);
	p->result = oci_error_vset(p->err, code, format, ap);
	va_end(ap);
	if (where[0])
		oci_error_prefix(p->err, "%s: %s: ", p->name, where);
	else
		oci_error_prefix(p->err, "%s: ", p->name);
	oci_error_at(p->err, p->name, where);
	return 0;
}

static int fail_nomem(struct parser *p)
{
	p->result = oci_error_set(p->err, ENOMEM, "%s: out of memory", p->name);
	return 0;
}

static const char *const type_names[] = {
	[OCI_KIND_STRING] = "string", [OCI_KIND_BOOL] = "boolean",  [OCI_KIND_U32] = "integer",
	[OCI_KIND_I64] = "integer",   [OCI_KIND_U64] = "integer",   [OCI_KIND_ENUM] = "string",
	[OCI_KIND_OBJECT] = "object", [OCI_KIND_STRINGS] = "array", [OCI_KIND_U32S] = "array",
	[OCI_KIND_ENUMS] = "array",   [OCI_KIND_OBJECTS] = "array", [OCI_KIND_PAIRS] = "object",
	[OCI_KIND_MAP] = "object",    [OCI_KIND_NAMES] = "object",
};

static int fail_type(struct parser *p, const char *got)
{
	const struct frame *f = &p->frames[p->depth];
	const char *expected = type_names[f->row->kind];

	if (f->kind == FRAME_ARRAY || f->kind == FRAME_MAP) {
		switch (f->row->kind) {
		case OCI_KIND_U32S:
			expected = "integer";
			break;
		case OCI_KIND_OBJECTS:
		case OCI_KIND_MAP:
		case OCI_KIND_NAMES:
			expected = "object";
			break;
		default:
			expected = "string";
		}
	}
	return fail(p, EINVAL, "expected %s, got %s", expected, got);
}

/* ---- frames ----------------------------------------------------------------- */

static bool is_skip(const struct frame *f)
{
	return f->kind >= FRAME_SKIP_OBJECT || (f->kind == FRAME_OBJECT && !f->row);
}

static char *frame_object(struct parser *p, const struct frame *f)
{
	return f->object ? f->object : p->scratch.data + f->object_at;
}

/* Where the row of the object at hand has its value; from here on it has one. */
static void *slot(struct parser *p, struct frame *f)
{
	f->got |= (uint64_t)1 << (f->row - f->table->rows);
	return frame_object(p, f) + f->row->offset;
}

static struct frame *push_frame(struct parser *p, enum frame_kind kind)
{
	struct frame *f;

	if (p->depth == DEPTH_MAX) {
		fail(p, EINVAL, "nested more than %d deep", DEPTH_MAX);
		return NULL;
	}
	f = &p->frames[++p->depth];
	f->kind = kind;
	f->table = NULL;
	f->row = NULL;
	f->object = NULL;
	f->seen = 0;
	f->got = 0;
	f->count = 0;
	f->names = p->names.used / sizeof(struct name);
	return f;
}

/* A value is complete: what holds it goes on with the next. */
static void value_done(struct frame *f)
{
	if (f->kind == FRAME_ARRAY || f->kind == FRAME_SKIP_ARRAY)
		f->count++;
}

static int pop_frame(struct parser *p)
{
	p->names.used = p->frames[p->depth].names * sizeof(struct name);
	p->depth--;
	value_done(&p->frames[p->depth]);
	return 1;
}

static size_t element_size(const struct oci_row *row)
{
	switch (row->kind) {
	case OCI_KIND_STRINGS:
	case OCI_KIND_NAMES:
		return sizeof(char *);
	case OCI_KIND_U32S:
		return sizeof(uint32_t);
	case OCI_KIND_ENUMS:
		return sizeof(int);
	case OCI_KIND_PAIRS:
		return sizeof(struct oci_pair);
	default:
		return row->of.table->size;
	}
}

/* An array or map for the row at hand: its elements come on top of the scratch buffer. */
static int push_elements(struct parser *p, struct frame *f, enum frame_kind kind)
{
	const struct oci_row *row = f->row;
	size_t before = p->scratch.used;

	f = push_frame(p, kind);
	if (!f)
		return 0;
	if (before % 16 && !oci_buffer_push(&p->scratch, 16 - before % 16))
		return fail_nomem(p);
	f->row = row;
	f->top_before = before;
	f->base = p->scratch.used;
	return 1;
}

/* Those end in NULL too. */
static bool is_string_array(const struct oci_row *row)
{
	return row->kind == OCI_KIND_STRINGS || row->kind == OCI_KIND_NAMES;
}

/* The elements move to the arena. */
static int pop_elements(struct parser *p)
{
	struct frame *f = &p->frames[p->depth], *holder = f - 1;
	size_t size = element_size(f->row);
	char *array;

	array = oci_arena_array(p->arena, f->count + is_string_array(f->row), size);
	if (!array)
		return fail_nomem(p);
	memcpy(array, p->scratch.data + f->base, f->count * size);
	p->scratch.used = f->top_before;
	memcpy(slot(p, holder), &array, sizeof(array));
	memcpy(frame_object(p, holder) + f->row->len_offset, &f->count, sizeof(f->count));
	return pop_frame(p);
}

/* ---- keys ------------------------------------------------------------------- */

static int compare_names(const void *left, const void *right)
{
	const struct name *a = left, *b = right;
	size_t length = a->length < b->length ? a->length : b->length;
	int order = memcmp(a->text, b->text, length);

	return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* The names of the object that ends, keys of rows left out, must differ. */
static int check_names(struct parser *p)
{
	struct frame *f = &p->frames[p->depth];
	struct name *names = (struct name *)(void *)p->names.data + f->names;
	size_t count = p->names.used / sizeof(*names) - f->names;
	size_t i, j;

	f->row = f->kind == FRAME_OBJECT ? NULL : f->row; /* what is wrong has no row */
	if (count <= NAMES_FEW) {
		for (i = 1; i < count; i++)
			for (j = 0; j < i; j++)
				if (!compare_names(&names[i], &names[j]))
					goto twice;
		return 1;
	}
	qsort(names, count, sizeof(*names), compare_names);
	for (i = 1; i < count; i++)
		if (!compare_names(&names[i], &names[i - 1]))
			goto twice;
	return 1;
twice:
	names[count - 1] = names[i]; /* the last one is the one in the path */
	return fail(p, EINVAL, "duplicate key");
}

static int push_name(struct parser *p, const char *text, size_t length)
{
	struct name *name;

	/* yajl's own buffer is good for this callback only */
	if (text < p->text || text >= p->text + p->length) {
		text = oci_arena_strndup(p->arena, text, length);
		if (!text)
			return fail_nomem(p);
	}
	name = oci_buffer_push(&p->names, sizeof(*name));
	if (!name)
		return fail_nomem(p);
	name->text = text;
	name->length = length;
	return 1;
}

static bool row_is(const struct oci_row *row, const char *key, size_t length)
{
	return row->key_length == length && memcmp(row->key, key, length) == 0;
}

/* Documents mostly keep the order of the rows, so the next row is tried first. */
static const struct oci_row *find_row(const struct frame *f, const char *key, size_t length)
{
	const struct oci_row *row, *end = f->table->rows + f->table->count;

	row = f->row ? f->row + 1 : f->table->rows;
	if (row < end && row_is(row, key, length))
		return row;
	for (row = f->table->rows; row < end; row++)
		if (row_is(row, key, length))
			return row;
	return NULL;
}

static int map_key(struct parser *p, struct frame *f, const char *key, size_t length)
{
	char *copy = oci_arena_strndup(p->arena, key, length);
	char *element = oci_buffer_push(&p->scratch, element_size(f->row));

	if (!copy || !element)
		return fail_nomem(p);
	memcpy(element, &copy, sizeof(copy)); /* each kind starts with its char *key */
	f->count++;
	return push_name(p, key, length);
}

static int on_key(void *ctx, const unsigned char *text, size_t length)
{
	const char *key = (const char *)text;
	struct parser *p = ctx;
	struct frame *f = &p->frames[p->depth];
	uint64_t bit;

	if (f->kind == FRAME_MAP)
		return map_key(p, f, key, length);
	if (f->kind != FRAME_OBJECT)
		return push_name(p, key, length);
	f->row = find_row(f, key, length);
	if (!f->row)
		return push_name(p, key, length);
	bit = (uint64_t)1 << (f->row - f->table->rows);
	if (f->seen & bit)
		return fail(p, EINVAL, "duplicate key");
	f->seen |= bit;
	if (f->row->flags & OCI_REFUSED)
		return fail(p, EINVAL, "does not belong in this kind of document");
	return 1;
}

/* ---- values ----------------------------------------------------------------- */

static int on_null(void *ctx)
{
	struct parser *p = ctx;
	struct frame *f = &p->frames[p->depth];

	if (!is_skip(f) && (f->kind != FRAME_OBJECT || p->depth == 0))
		return fail_type(p, "null");
	value_done(f);
	return 1;
}

static int on_boolean(void *ctx, int value)
{
	struct parser *p = ctx;
	struct frame *f = &p->frames[p->depth];
	struct oci_bool *to;

	if (is_skip(f)) {
		value_done(f);
		return 1;
	}
	if (f->kind != FRAME_OBJECT || f->row->kind != OCI_KIND_BOOL)
		return fail_type(p, "boolean");
	to = slot(p, f);
	to->present = true;
	to->value = value != 0;
	return 1;
}

/* A string value with its checks: a copy in the arena. */
static char *take_string(struct parser *p, const struct oci_row *row, const char *text,
			 size_t length)
{
	char quoted[128];
	char *copy;

	if (row->rule && row->rule->fits && !row->rule->fits(text, length)) {
		fail(p, EINVAL, "expected %s, got '%s'", row->rule->expected,
		     oci_text_quote(quoted, sizeof(quoted), text, length));
		return NULL;
	}
	copy = oci_arena_strndup(p->arena, text, length);
	if (!copy)
		fail_nomem(p);
	return copy;
}

/* Return: the value, or 0 with the error set. */
static int take_word(struct parser *p, const struct oci_row *row, const char *text, size_t length)
{
	const struct oci_words *words = row->of.words;
	char quoted[96], list[700];
	size_t used = 0, i;

	for (i = 0; i < words->count; i++)
		if (words->words[i].length == length &&
		    memcmp(words->words[i].text, text, length) == 0)
			return (int)i + 1;
	list[0] = '\0';
	for (i = 0; i < words->count && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
					 words->words[i].text);
	fail(p, EINVAL, "unknown value '%s', expected one of: %s",
	     oci_text_quote(quoted, sizeof(quoted), text, length), list);
	return 0;
}

static int member_string(struct parser *p, struct frame *f, const char *text, size_t length)
{
	const struct oci_row *row = f->row;
	char *copy;
	int value;

	if (row->kind == OCI_KIND_STRING) {
		if (length == 0 && (row->flags & OCI_EMPTY_IS_ABSENT))
			return 1;
		copy = take_string(p, row, text, length);
		if (!copy)
			return 0;
		*(char **)slot(p, f) = copy;
		return 1;
	}
	if (row->kind != OCI_KIND_ENUM)
		return fail_type(p, "string");
	if (length == 0 && !(row->flags & OCI_REQUIRED))
		return 1;
	value = take_word(p, row, text, length);
	if (!value)
		return 0;
	memcpy(slot(p, f), &value, sizeof(value));
	return 1;
}

static int element_string(struct parser *p, struct frame *f, const char *text, size_t length)
{
	char *copy, **to;
	int value, *word_to;

	if (f->row->kind == OCI_KIND_STRINGS) {
		copy = take_string(p, f->row, text, length);
		if (!copy)
			return 0;
		to = oci_buffer_push(&p->scratch, sizeof(*to));
		if (!to)
			return fail_nomem(p);
		*to = copy;
	} else if (f->row->kind == OCI_KIND_ENUMS) {
		value = take_word(p, f->row, text, length);
		if (!value)
			return 0;
		word_to = oci_buffer_push(&p->scratch, sizeof(*word_to));
		if (!word_to)
			return fail_nomem(p);
		*word_to = value;
	} else {
		return fail_type(p, "string");
	}
	f->count++;
	return 1;
}

static int on_string(void *ctx, const unsigned char *bytes, size_t length)
{
	const char *text = (const char *)bytes;
	struct parser *p = ctx;
	struct frame *f = &p->frames[p->depth];
	struct oci_pair *pair;

	if (is_skip(f)) {
		value_done(f);
		return 1;
	}
	if (f->kind == FRAME_ARRAY)
		return element_string(p, f, text, length);
	if (f->kind == FRAME_OBJECT)
		return member_string(p, f, text, length);
	if (f->row->kind != OCI_KIND_PAIRS)
		return fail_type(p, "string");
	pair = (struct oci_pair *)(void *)(p->scratch.data + p->scratch.used) - 1;
	pair->value = take_string(p, f->row, text, length);
	return pair->value != NULL;
}

static int fail_number(struct parser *p, const struct oci_row *row, const char *text, size_t length)
{
	char quoted[64];
	uint64_t max;
	int64_t min;
	size_t i;

	oci_text_quote(quoted, sizeof(quoted), text, length);
	for (i = 0; i < length; i++)
		if (text[i] == '.' || text[i] == 'e' || text[i] == 'E')
			return fail(p, EINVAL, "expected integer, got number %s", quoted);
	oci_number_range(row, &min, &max);
	if (min >= 0 && (uint64_t)min == max)
		return fail(p, EINVAL, "expected %lld, got %s", (long long)min, quoted);
	return fail(p, EINVAL, "expected integer from %lld to %llu, got %s", (long long)min,
		    (unsigned long long)max, quoted);
}

static int member_number(struct parser *p, struct frame *f, const char *text, size_t length)
{
	const struct oci_row *row = f->row;
	uint64_t value;

	if (row->kind != OCI_KIND_U32 && row->kind != OCI_KIND_I64 && row->kind != OCI_KIND_U64)
		return fail_type(p, "number");
	if ((row->flags & OCI_MINUS1_IS_ABSENT) && length == 2 && memcmp(text, "-1", 2) == 0)
		return 1;
	if (!oci_number_read(row, text, length, &value))
		return fail_number(p, row, text, length);
	if (row->kind == OCI_KIND_U32)
		*(struct oci_u32 *)slot(p, f) = (struct oci_u32){ true, (uint32_t)value };
	else if (row->kind == OCI_KIND_I64)
		*(struct oci_i64 *)slot(p, f) = (struct oci_i64){ true, (int64_t)value };
	else
		*(struct oci_u64 *)slot(p, f) = (struct oci_u64){ true, value };
	return 1;
}

static int on_number(void *ctx, const char *text, size_t length)
{
	struct parser *p = ctx;
	struct frame *f = &p->frames[p->depth];
	uint64_t value;
	uint32_t *to;

	if (is_skip(f)) {
		value_done(f);
		return 1;
	}
	if (f->kind == FRAME_OBJECT)
		return member_number(p, f, text, length);
	if (f->row->kind != OCI_KIND_U32S)
		return fail_type(p, "number");
	if (!oci_number_read(f->row, text, length, &value))
		return fail_number(p, f->row, text, length);
	to = oci_buffer_push(&p->scratch, sizeof(*to));
	if (!to)
		return fail_nomem(p);
	*to = (uint32_t)value;
	f->count++;
	return 1;
}

/* ---- objects and arrays ----------------------------------------------------- */

static int push_object(struct parser *p, const struct oci_table *table, char *object, size_t at)
{
	struct frame *f = push_frame(p, FRAME_OBJECT);

	if (!f)
		return 0;
	f->table = table;
	f->object = object;
	f->object_at = at;
	return 1;
}

static int on_start_object(void *ctx)
{
	struct parser *p = ctx;
	struct frame *f = &p->frames[p->depth];
	const struct oci_row *row = f->row;
	char *object;

	if (is_skip(f))
		return push_frame(p, FRAME_SKIP_OBJECT) != NULL;
	if (f->kind == FRAME_OBJECT && row->kind == OCI_KIND_OBJECT) {
		object = oci_arena_alloc(p->arena, row->of.table->size);
		if (!object)
			return fail_nomem(p);
		memcpy(slot(p, f), &object, sizeof(object));
		return push_object(p, row->of.table, object, 0);
	}
	if (f->kind == FRAME_OBJECT && (row->kind == OCI_KIND_PAIRS || row->kind >= OCI_KIND_MAP))
		return push_elements(p, f, FRAME_MAP);
	if (f->kind == FRAME_ARRAY && row->kind == OCI_KIND_OBJECTS) {
		if (!oci_buffer_push(&p->scratch, row->of.table->size))
			return fail_nomem(p);
		return push_object(p, row->of.table, NULL, p->scratch.used - row->of.table->size);
	}
	if (f->kind == FRAME_MAP && row->kind == OCI_KIND_MAP)
		return push_object(p, row->of.table, NULL, p->scratch.used - row->of.table->size);
	if (f->kind == FRAME_MAP && row->kind == OCI_KIND_NAMES)
		return push_frame(p, FRAME_SKIP_OBJECT) != NULL;
	return fail_type(p, "object");
}

static int check_required(struct parser *p, struct frame *f)
{
	const struct oci_row *row = f->table->rows, *end = row + f->table->count;
	uint64_t bit = 1;

	for (; row < end; row++, bit <<= 1) {
		if (!(row->flags & OCI_REQUIRED) || (f->got & bit))
			continue;
		f->row = row;
		return fail(p, EINVAL, "required field is missing");
	}
	return 1;
}

static int on_end_object(void *ctx)
{
	struct parser *p = ctx;
	struct frame *f = &p->frames[p->depth];

	if (p->names.used / sizeof(struct name) > f->names + 1 && !check_names(p))
		return 0;
	if (f->kind == FRAME_OBJECT && !check_required(p, f))
		return 0;
	return f->kind == FRAME_MAP ? pop_elements(p) : pop_frame(p);
}

static int on_start_array(void *ctx)
{
	struct parser *p = ctx;
	struct frame *f = &p->frames[p->depth];

	if (is_skip(f))
		return push_frame(p, FRAME_SKIP_ARRAY) != NULL;
	if (f->kind != FRAME_OBJECT || f->row->kind < OCI_KIND_STRINGS ||
	    f->row->kind > OCI_KIND_OBJECTS)
		return fail_type(p, "array");
	return push_elements(p, f, FRAME_ARRAY);
}

static int on_end_array(void *ctx)
{
	struct parser *p = ctx;

	return p->frames[p->depth].kind == FRAME_ARRAY ? pop_elements(p) : pop_frame(p);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number, /* takes precedence over yajl_integer and yajl_double */
	.yajl_string = on_string,
	.yajl_start_map = on_start_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end_object,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_array,
};

/* ---- documents -------------------------------------------------------------- */

static void run(struct parser *p)
{
	yajl_alloc_funcs memory = { oci_pool_malloc, oci_pool_realloc, oci_pool_free, &p->pool };
	yajl_status status;
	yajl_handle yajl;

	if (setjmp(p->pool.no_memory)) {
		fail_nomem(p);
		return;
	}
	yajl = yajl_alloc(&callbacks, &memory, p);
	yajl_config(yajl, yajl_dont_validate_strings, 1); /* oci_text_check() did, more exactly */
	status = yajl_parse(yajl, (const unsigned char *)p->text, p->length);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(yajl);
	if (status == yajl_status_error)
		p->result = oci_text_syntax_error(yajl, p->name, p->text, p->length, p->err);
	yajl_free(yajl);
}

/* Parse a document as the value of the one row of @holder. */
static int parse(const struct oci_table *holder, void *object, struct oci_arena *arena,
		 const char *name, const char *text, size_t length, struct oci_error *err)
{
	size_t expected = length + length / 2 + 512;
	struct parser p;
	int r;

	r = oci_text_check(name, text, length, err);
	if (r < 0)
		return r;
	/* a compact document needs about so much; what stays unused is not touched */
	if (oci_arena_reserve(arena, expected < RESERVE_MAX ? expected : RESERVE_MAX) < 0)
		return oci_error_set(err, ENOMEM, "%s: out of memory", name);
	p.name = name;
	p.text = text;
	p.length = length;
	p.arena = arena;
	p.err = err;
	p.result = 0;
	p.depth = 0;
	p.scratch = (struct oci_buffer){ p.scratch_start, 0, sizeof(p.scratch_start), false };
	p.names = (struct oci_buffer){ p.names_start, 0, sizeof(p.names_start), false };
	p.pool.heap = NULL;
	p.pool.used = 0;
	p.frames[0] = (struct frame){
		.kind = FRAME_OBJECT, .table = holder, .row = holder->rows, .object = object
	};
	run(&p);
	oci_pool_empty(&p.pool);
	if (p.scratch.heap)
		free(p.scratch.data);
	if (p.names.heap)
		free(p.names.data);
	return p.result;
}

int oci_table_parse(const struct oci_table *table, struct oci_arena *arena, const char *name,
		    const char *text, size_t length, void **ret, struct oci_error *err)
{
	const struct oci_row row = { .key = "", .kind = OCI_KIND_OBJECT, .of.table = table };
	const struct oci_table holder = { &row, 1, sizeof(void *) };
	void *object = NULL;
	int r;

	r = parse(&holder, &object, arena, name, text, length, err);
	if (r == 0)
		*ret = object;
	return r;
}

int oci_table_parse_list(const struct oci_table *table, struct oci_arena *arena, const char *name,
			 const char *text, size_t length, void **ret, size_t *ret_length,
			 struct oci_error *err)
{
	struct list {
		void *objects;
		size_t objects_len;
	} list = { NULL, 0 };
	const struct oci_row row = {
		.key = "",
		.kind = OCI_KIND_OBJECTS,
		.offset = offsetof(struct list, objects),
		.len_offset = offsetof(struct list, objects_len),
		.of.table = table,
	};
	const struct oci_table holder = { &row, 1, sizeof(list) };
	int r = parse(&holder, &list, arena, name, text, length, err);

	if (r < 0)
		return r;
	*ret = list.objects;
	*ret_length = list.objects_len;
	return 0;
}

int oci_strings_parse(struct oci_arena *arena, const char *name, const char *text, size_t length,
		      char ***ret, size_t *ret_length, struct oci_error *err)
{
	struct strings {
		char **list;
		size_t list_len;
	} strings = { NULL, 0 };
	static const struct oci_row row[] = { OCI_ROW_STRINGS(struct strings, list, "") };
	const struct oci_table holder = { row, 1, sizeof(strings) };
	int r;

	r = parse(&holder, &strings, arena, name, text, length, err);
	if (r < 0)
		return r;
	*ret = strings.list;
	*ret_length = strings.list_len;
	return 0;
}
