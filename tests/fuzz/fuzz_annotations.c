/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_annotations.c - properties of a unit from annotations: the first line is a property's name, the rest is the text
 * of its value. What is taken is a value of a known type, what is refused is said.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/cgroup/systemd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_taken(const struct unit_properties *list)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct unit_property *p = &list->list[i];
		const char *type = p->signature + (p->signature[0] == 'a');

		if (!*p->name || strlen(type) != 1 || !strchr("bynqiuxtdsog", *type) ||
		    (p->signature[0] != 'a' && p->values_len != 1))
			abort();
		for (size_t k = 0; k < p->values_len; k++)
			if (strlen(p->values[k]) > SIZE_MAX / 2)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	/* of just that size, so that a byte too many is one outside */
	CLEANUP_FREE char *text = malloc(size + 1);
	CLEANUP_FREE char *key = NULL, *value = NULL;
	struct unit_properties list = { .arena = &arena };
	struct oci_error err = OCI_ERROR_INIT;
	size_t name;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	name = strcspn(text, "\n");
	value = strdup(text + name + (text[name] == '\n'));
	if (!value || asprintf(&key, "org.systemd.property.%.*s", (int)name, text) < 0)
		return 0;
	if (systemd_annotation_properties(&(struct oci_pair){ key, value }, 1, &list, &err) == 0)
		check_taken(&list);
	else if (!err.code || !err.message[0])
		abort();
	return 0;
}
