/* SPDX-License-Identifier: Apache-2.0 */
/* listing.c - see listing.h. */
#include "map/listing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/metrics.h"

#define KEPT_SECONDS 1.0

/* Between the elements of a list; there is none before the first. */
struct list {
	FILE *out;
	const char *comma;
};

void listing_put(FILE *out, const struct doc *head)
{
	(void)fprintf(out,
		      "{\"name\":\"%s\",\"author\":\"%s\",\"version\":%" PRIu64 ",\"size\":%u}",
		      head->name, head->author, head->version, head->size);
}

static void add(void *context, const struct doc *head)
{
	struct list *list = context;

	(void)fputs(list->comma, list->out);
	listing_put(list->out, head);
	list->comma = ",";
}

static int make(struct listing *listing, const struct store *store)
{
	struct listing made = { 0 };
	struct list list = { .out = open_memstream(&made.text, &made.length), .comma = "" };
	int r;

	if (!list.out)
		return -ENOMEM;
	(void)fputc('[', list.out);
	r = store_list(store, add, &list);
	(void)fputs("]\n", list.out);
	if (fclose(list.out) != 0 && r == 0)
		r = -ENOMEM;
	if (r < 0) {
		free(made.text);
		return r;
	}
	made.made = clock_seconds();
	listing_clear(listing);
	*listing = made;
	return 0;
}

int listing_read(struct listing *listing, const struct store *store, char **ret_text,
		 size_t *ret_length)
{
	bool is_old = !listing->text || clock_seconds() - listing->made > KEPT_SECONDS;
	int r = is_old ? make(listing, store) : 0;
	char *text;

	if (r < 0)
		return r;
	text = malloc(listing->length);
	if (!text)
		return -ENOMEM;
	memcpy(text, listing->text, listing->length);
	*ret_text = text;
	*ret_length = listing->length;
	return 0;
}

void listing_clear(struct listing *listing)
{
	free(listing->text);
	*listing = (struct listing){ 0 };
}
