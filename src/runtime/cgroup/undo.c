/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo.c - what files said before an update, to go back when it fails half-way.
 *
 * Best effort: a value that cannot be read is not put back, and the update's
 * own error is what the caller hears.
 */
#include <stdio.h>
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
	for (const struct cgroup_undo_entry *e = undo->last; e; e = e->before)
		if (e->dir == dir && strcmp(e->file, file) == 0)
			return true;
	return false;
}

void cgroup_undo_remember(struct cgroup_undo *undo, const struct cgroup_value *value)
{
	const char *file = value->file;
	struct cgroup_undo_entry *entry;
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
	entry = oci_arena_alloc(&undo->arena, sizeof(*entry));
	if (!entry)
		return;
	*entry = (struct cgroup_undo_entry){
		.before = undo->last,
		.dir = value->dir,
		.file = oci_arena_strdup(&undo->arena, file),
		.text = oci_arena_strdup(&undo->arena, text),
	};
	if (entry->file && entry->text)
		undo->last = entry;
}

/* twice, since values restrict each other */
void cgroup_undo_apply(const struct cgroup_undo *undo)
{
	for (int round = 0; round < 2; round++)
		for (const struct cgroup_undo_entry *e = undo->last; e; e = e->before)
			(void)cgroup_dir_write(e->dir, e->file, e->text);
}

void cgroup_undo_freep(struct cgroup_undo *undo)
{
	oci_arena_free(&undo->arena);
	undo->last = NULL;
}
