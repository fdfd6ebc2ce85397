/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo.c - what files said before an update, to go back when it fails half-way.
 *
 * Best effort: a value that cannot be read is not put back, and the update's
 * own error is what the caller hears.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/cgroup/internal.h"

/** as_written - what some files say is not what they take. */
static void as_written(const char *file, char *text)
{
	static const char start[] = "default ";

	if (strcmp(file, "memory.oom_control") == 0) { /* three lines; one digit is written */
		strcpy(text, strstr(text, "oom_kill_disable 1") ? "1" : "0");
	} else if (strncmp(text, start, strlen(start)) ==
		   0) { /* io.weight, then one line a device */
		char *end = strchr(text, '\n');

		if (end)
			*end = '\0';
		memmove(text, text + strlen(start), strlen(text + strlen(start)) + 1);
	} else if (text[0] == '\0') { /* an empty write does nothing */
		strcpy(text, "\n");
	}
}

static bool is_remembered(const struct cgroup_undo *undo, const struct cgroup_dir *dir,
			  const char *file)
{
	for (size_t i = 0; i < undo->len; i++)
		if (undo->list[i].dir == dir && strcmp(undo->list[i].file, file) == 0)
			return true;
	return false;
}

void cgroup_undo_remember(struct cgroup_undo *undo, const struct cgroup_value *value)
{
	struct cgroup_undo_entry *list, *entry;
	const char *file = value->file;
	char text[4096];

	if (!undo)
		return;
	if (cgroup_dir_read(value->dir, file, text, sizeof(text)) < 0) {
		file = value->other_file;
		if (!file || cgroup_dir_read(value->dir, file, text, sizeof(text)) < 0)
			return;
	}
	if (is_remembered(undo, value->dir, file))
		return;
	as_written(file, text);
	list = reallocarray(undo->list, undo->len + 1, sizeof(*list));
	if (!list)
		return;
	undo->list = list;
	entry = &list[undo->len];
	*entry = (struct cgroup_undo_entry){ value->dir, strdup(file), strdup(text) };
	if (entry->file && entry->text) {
		undo->len++;
	} else {
		free(entry->file);
		free(entry->text);
	}
}

/* twice, since values restrict each other */
void cgroup_undo_apply(const struct cgroup_undo *undo)
{
	for (size_t k = 0; k < 2 * undo->len; k++) {
		const struct cgroup_undo_entry *entry = &undo->list[k % undo->len];

		(void)cgroup_dir_write(entry->dir, entry->file, entry->text);
	}
}

void cgroup_undo_freep(struct cgroup_undo *undo)
{
	for (size_t i = 0; i < undo->len; i++) {
		free(undo->list[i].file);
		free(undo->list[i].text);
	}
	free(undo->list);
	*undo = (struct cgroup_undo){ NULL, 0 };
}
