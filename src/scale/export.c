/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export.c - what the writers for the engines share: places, losses, names, files.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/io.h"
#include "base/utf8.h"
#include "scale/export-private.h"

#define CONTENT_MAX ((size_t)1 << 20) /* etcd takes no larger object, Swarm no larger config */

/* ---- places ----------------------------------------------------------------------------------------------------------- */

/* The entry of a map; NULL: none, or one that was reset. */
static const struct node_entry *entry_of(const struct node *map, const char *key, size_t length)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->len; i++) {
		const struct node_entry *entry = &map->entries[i];

		if (strncmp(entry->key->text, key, length) == 0 && !entry->key->text[length] &&
		    entry->value->tag != NODE_RESET)
			return entry;
	}
	return NULL;
}

/* The key behind dotted keys, of which none has a dot: it is where a reader looks. NULL: the file has not said it. */
static const struct node *find(const struct export *x, const char *keys, size_t length)
{
	const struct node *map = x->request->tree, *key = map;
	const struct node_entry *entry = NULL;

	if (x->service) {
		entry = entry_of(node_get(map, "services"), x->service->name,
				 strlen(x->service->name));
		key = entry ? entry->key : NULL;
		map = entry ? entry->value : NULL;
	}
	while (key && length) {
		const char *dot = memchr(keys, '.', length);
		size_t n = dot ? (size_t)(dot - keys) : length;

		entry = entry_of(map, keys, n);
		key = entry ? entry->key : NULL;
		map = entry ? entry->value : NULL;
		keys += n + (dot != NULL);
		length -= n + (dot != NULL);
	}
	return key;
}

bool says(const struct export *x, const char *key)
{
	return find(x, key, strlen(key)) != NULL;
}

static void tell(struct export *x, const struct node *node, const char *key, size_t length,
		 const char *words)
{
	const char *name = x->service ? x->service->name : "";

	fprintf(x->request->warnings, "%s:%u: warning: %s%s%s%.*s: %s\n",
		node && node->file ? node->file : "-", node ? node->line : 1,
		x->service ? "services." : "", name, x->service && length ? "." : "", (int)length,
		key, words);
	if (x->comments)
		fprintf(x->comments, "# %.*s%s%s\n", (int)length, key, length ? ": " : "", words);
}

/* A comment ends where some reader of YAML sees a line's end; half a character, which the buffer cut, makes the document no text. */
static void keep_to_line(char *words)
{
	size_t left = strlen(words), n;

	for (; left; words += n, left -= n) {
		size_t whole = utf8_length(words, left);
		const unsigned char *c = (const unsigned char *)words;

		n = whole ? whole : 1;
		if (!whole || *c < ' ' || *c == 0x7f || (n == 2 && *c == 0xc2 && c[1] < 0xa0) ||
		    (n == 3 &&
		     (memcmp(c, "\xe2\x80\xa8", 3) == 0 || memcmp(c, "\xe2\x80\xa9", 3) == 0)))
			memset(words, '?', n);
	}
}

void lose(struct export *x, const char *keys, const char *format, ...)
{
	char words[512];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	keep_to_line(words);
	for (;;) {
		size_t n = strcspn(keys, "|");
		const struct node *node = find(x, keys, n);

		if (node)
			tell(x, node, keys, n, words);
		if (!keys[n])
			return;
		keys += n + 1;
	}
}

void lose_all(struct export *x, const struct loss *losses)
{
	for (; losses->keys; losses++)
		lose(x, losses->keys, "%s", losses->words);
}

void lose_forecast(struct export *x, const char *who)
{
	if (x->service->scale.given && x->service->scale.policy == SPEC_SCALE_PREDICT)
		lose(x, "x-carte.scale.policy",
		     "%s forecasts nothing: it follows what is measured, as policy target does",
		     who);
}

void note(struct export *x, const char *text)
{
	if (x->comments)
		fprintf(x->comments, "# %s\n", text);
}

/* ---- names ------------------------------------------------------------------------------------------------------------ */

const char *label_name(struct export *x, const char *text)
{
	static const char small[] = "abcdefghijklmnopqrstuvwxyz";
	char *name =
		oci_arena_printf(x->arena, "%s%s", *text >= '0' && *text <= '9' ? "s" : "", text);
	size_t n;

	if (!name) {
		x->maker.failed = true;
		return "";
	}
	for (char *p = name; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 0x20);
		else if (!strchr(small, *p) && !(*p >= '0' && *p <= '9'))
			*p = '-';
	}
	for (n = strnlen(name, 63); n > 1 && name[n - 1] == '-'; n--)
		;
	name[n] = '\0';
	return name;
}

static int check_pair(struct export *x, const char *kind, const char *first, const char *second,
		      const char *engine)
{
	const char *name = label_name(x, second);

	if (strcmp(name, label_name(x, first)) != 0)
		return 0;
	return err_set_as(x->err, ERR_DOCUMENT, EINVAL,
			  "%s %s and %s: both are %s in %s, where names are of small letters, "
			  "digits and '-'; rename one",
			  kind, first, second, name, engine);
}

int check_file_names(struct export *x, const char *engine)
{
	const struct spec_file_source *files = x->project->files;
	int r = 0;

	for (size_t i = 0; i < x->project->files_len; i++)
		for (size_t j = 0; r == 0 && j < i; j++)
			if (files[i].secret == files[j].secret)
				r = check_pair(x, files[i].secret ? "secrets" : "configs",
					       files[j].name, files[i].name, engine);
	return r;
}

int check_names(struct export *x, const char *engine)
{
	const struct spec_project *project = x->project;
	int r = check_file_names(x, engine);

	for (size_t i = 0; i < project->services_len; i++)
		for (size_t j = 0; r == 0 && j < i; j++)
			r = check_pair(x, "services", project->services[j].name,
				       project->services[i].name, engine);
	for (size_t i = 0; i < project->volumes_len; i++)
		for (size_t j = 0; r == 0 && j < i; j++)
			r = check_pair(x, "volumes", project->volumes[j].key,
				       project->volumes[i].key, engine);
	if (r < 0)
		return r;
	for (size_t i = 0; i < project->services_len; i++) {
		const char *name = label_name(x, project->services[i].name);

		x->service = &project->services[i];
		if (strcmp(name, x->service->name) != 0)
			lose(x, "", "it is %s in %s; others must look for that name", name, engine);
	}
	x->service = NULL;
	return x->maker.failed ? err_nomem(x->err) : 0;
}

/* ---- numbers ---------------------------------------------------------------------------------------------------------- */

bool export_is_scaled(const struct spec_service *service)
{
	return service->scale.given && service->scale.policy != SPEC_SCALE_MANUAL;
}

int64_t export_largest(const struct spec_service *service)
{
	return export_is_scaled(service) ? service->scale.max : service->replicas;
}

/* ---- values ----------------------------------------------------------------------------------------------------------- */

void put_literal(struct export *x, struct node *map, const char *key, const char *text)
{
	bool before = x->maker.dollars_as_they_are;

	x->maker.dollars_as_they_are = true;
	put_text(&x->maker, map, key, text);
	x->maker.dollars_as_they_are = before;
}

void put_false(struct maker *maker, struct node *map, const char *key)
{
	struct node *value = make_text(maker, "false");

	if (!value)
		return;
	value->plain = true;
	put(maker, map, key, value);
}

void put_boolean(struct maker *maker, struct node *map, const char *key, bool value)
{
	if (value)
		put_true(maker, map, key, true);
	else
		put_false(maker, map, key);
}

/* ---- files ------------------------------------------------------------------------------------------------------------ */

int add_file(struct export *x, const char *name, const char *text, size_t length, bool secret)
{
	struct export_file *more = array_more(x->arena, x->files, &x->files_len, sizeof(*x->files));

	if (!more)
		return err_nomem(x->err);
	x->files = more;
	more[x->files_len - 1] = (struct export_file){
		.name = name, .text = text, .length = length, .secret = secret
	};
	return 0;
}

int file_content(struct export *x, const struct spec_file_source *source, const char **ret,
		 size_t *ret_length)
{
	const char *kind = source->secret ? "secrets" : "configs";
	char *text;
	int r;

	if (source->content) {
		*ret = source->content;
		*ret_length = strlen(source->content);
		return 0;
	}
	if (!source->path)
		return err_set_as(x->err, ERR_DOCUMENT, EINVAL, "%s.%s: it has no content", kind,
				  source->name);
	r = io_read_at(AT_FDCWD, source->path, CONTENT_MAX, x->arena, &text, ret_length);
	if (r == -EFBIG)
		return err_set_as(x->err, ERR_DOCUMENT, EFBIG,
				  "%s.%s: %s is larger than 1 MiB, which no engine takes", kind,
				  source->name, source->path);
	if (r < 0)
		return err_sys(x->err, -r, "%s.%s: read %s", kind, source->name, source->path);
	*ret = text;
	return 0;
}

int export_project(const struct export_request *request, struct oci_arena *arena,
		   struct export_file **ret, size_t *ret_len, struct oci_error *err)
{
	static int (*const writers[])(struct export * x) = { [EXPORT_KUBERNETES] =
								     export_kubernetes,
							     [EXPORT_NOMAD] = export_nomad,
							     [EXPORT_SWARM] = export_swarm };
	struct export x = { .arena = arena,
			    .err = err,
			    .maker = { .arena = arena },
			    .request = request,
			    .project = request->project };
	int r = writers[request->engine](&x);

	if (r == 0 && x.maker.failed)
		r = err_nomem(err);
	if (r < 0)
		return r;
	*ret = x.files;
	*ret_len = x.files_len;
	return 0;
}
