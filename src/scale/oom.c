/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom.c - see oom.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/oom.h"
#include "scale/sampler-private.h"

/* v1 tells of the shortage, the kill follows: how often and how soon the counter is looked at */
#define LOOKS 5
#define LOOK_MS 20

struct oom_entry {
	struct oom_entry *next;
	struct oom *oom;
	void *ctx;
	int folder;  /* of the cgroup */
	int eventfd; /* v1; -1 */
	struct loop_watch watch;
	int wd; /* v2; -1 */
	int64_t kills;
	unsigned looks;
	struct loop_timer timer;
};

struct oom {
	struct loop *loop;
	void (*killed)(void *ctx);
	int inotify; /* made with the first v2 cgroup */
	struct loop_watch watch;
	struct oom_entry *entries;
};

struct place {
	int folder; /* -1: none yet */
	bool v1;
};

static void look_at(void *ctx, int folder, bool v2)
{
	struct place *place = ctx;

	/* of several hierarchies the one that has the controller */
	if (place->folder >= 0 ||
	    faccessat(folder, v2 ? "memory.events" : "memory.oom_control", F_OK, 0) < 0)
		return;
	place->folder = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	place->v1 = !v2;
}

static int open_cgroup(const char *path, pid_t pid, bool *ret_v1)
{
	struct place place = { .folder = -1 };

	(void)cgroup_each(path, pid, look_at, &place);
	*ret_v1 = place.v1;
	return place.folder >= 0 ? place.folder : -ENOENT;
}

static int64_t read_kills(int folder, bool v1)
{
	int64_t kills =
		sampler_key(folder, v1 ? "memory.oom_control" : "memory.events", "oom_kill");

	return kills > 0 ? kills : 0;
}

static int64_t entry_kills(const struct oom_entry *entry)
{
	return read_kills(entry->folder, entry->eventfd >= 0);
}

static void entry_free(struct oom_entry *entry)
{
	loop_watch_remove(&entry->watch);
	loop_timer_cancel(&entry->timer);
	if (entry->wd >= 0)
		(void)inotify_rm_watch(entry->oom->inotify, entry->wd);
	fd_closep(&entry->eventfd);
	fd_closep(&entry->folder);
	free(entry);
}

static void entry_look(void *ctx)
{
	struct oom_entry *entry = ctx;
	int64_t kills = entry_kills(entry);

	if (kills > entry->kills) {
		entry->kills = kills;
		entry->oom->killed(entry->ctx); /* may remove the entry */
	} else if (entry->looks > 0) {
		entry->looks--;
		(void)loop_timer_set(entry->oom->loop, &entry->timer, LOOK_MS, entry_look, entry);
	}
}

/* ---- v1 ---------------------------------------------------------------------------------------------------------- */

static void v1_ready(void *ctx, uint32_t events)
{
	struct oom_entry *entry = ctx;
	uint64_t count;

	(void)events;
	if (read(entry->eventfd, &count, sizeof(count)) != sizeof(count))
		return;
	entry->looks = LOOKS;
	entry_look(entry);
}

static int v1_add(struct oom_entry *entry)
{
	CLEANUP_CLOSE int control =
		openat(entry->folder, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	char text[32];
	int r;

	if (control < 0)
		return -errno;
	entry->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (entry->eventfd < 0)
		return -errno;
	(void)snprintf(text, sizeof(text), "%d %d", entry->eventfd, control);
	r = io_write_at(entry->folder, "cgroup.event_control", text);
	if (r < 0)
		return r;
	return loop_watch_add(entry->oom->loop, &entry->watch, entry->eventfd, EPOLLIN, v1_ready,
			      entry);
}

/* ---- v2 ---------------------------------------------------------------------------------------------------------- */

static struct oom_entry *find_wd(const struct oom *oom, int wd)
{
	for (struct oom_entry *entry = oom->entries; entry; entry = entry->next)
		if (entry->wd == wd)
			return entry;
	return NULL;
}

static void v2_ready(void *ctx, uint32_t events)
{
	struct oom *oom = ctx;
	_Alignas(struct inotify_event) char buf[4096];
	ssize_t n = read(oom->inotify, buf, sizeof(buf));

	(void)events;
	for (char *at = buf; n > 0 && at < buf + n;) {
		const struct inotify_event *event = (const void *)at;
		struct oom_entry *entry = find_wd(oom, event->wd);

		at += sizeof(*event) + event->len;
		if (!entry)
			continue;
		if (event->mask & IN_IGNORED)
			entry->wd = -1; /* the cgroup is gone */
		else
			entry_look(entry);
	}
}

static int v2_add(struct oom_entry *entry)
{
	struct oom *oom = entry->oom;
	char path[64];
	int r;

	if (faccessat(entry->folder, "memory.events", F_OK, 0) < 0)
		return -errno;
	if (oom->inotify < 0) {
		oom->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (oom->inotify < 0)
			return -errno;
		r = loop_watch_add(oom->loop, &oom->watch, oom->inotify, EPOLLIN, v2_ready, oom);
		if (r < 0) {
			fd_closep(&oom->inotify);
			return r;
		}
	}
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/memory.events", entry->folder);
	entry->wd = inotify_add_watch(oom->inotify, path, IN_MODIFY);
	return entry->wd < 0 ? -errno : 0;
}

/* ---- the watch --------------------------------------------------------------------------------------------------- */

int oom_new(struct loop *loop, void (*killed)(void *ctx), struct oom **ret, struct oci_error *err)
{
	struct oom *oom = calloc(1, sizeof(*oom));

	if (!oom)
		return err_nomem(err);
	oom->loop = loop;
	oom->killed = killed;
	oom->inotify = -1;
	*ret = oom;
	return 0;
}

void oom_free(struct oom *oom)
{
	if (!oom)
		return;
	while (oom->entries)
		oom_remove(oom, oom->entries->ctx);
	loop_watch_remove(&oom->watch);
	fd_closep(&oom->inotify);
	free(oom);
}

int oom_add(struct oom *oom, const char *path, pid_t pid, void *ctx)
{
	struct oom_entry *entry = calloc(1, sizeof(*entry));
	bool v1;
	int r;

	if (!entry)
		return -ENOMEM;
	*entry = (struct oom_entry){ .oom = oom, .ctx = ctx, .eventfd = -1, .wd = -1 };
	r = entry->folder = open_cgroup(path, pid, &v1);
	if (r >= 0)
		r = v1 ? v1_add(entry) : v2_add(entry);
	if (r < 0) {
		entry_free(entry);
		return r;
	}
	entry->kills = entry_kills(entry);
	entry->next = oom->entries;
	oom->entries = entry;
	return 0;
}

int64_t oom_kills(const struct oom *oom, const void *ctx)
{
	for (const struct oom_entry *entry = oom ? oom->entries : NULL; entry;
	     entry = entry->next) {
		int64_t kills;

		if (entry->ctx != ctx)
			continue;
		/* systemd removes the cgroup with its last process: then what was seen last */
		kills = entry_kills(entry);
		return kills > entry->kills ? kills : entry->kills;
	}
	return 0;
}

void oom_remove(struct oom *oom, const void *ctx)
{
	for (struct oom_entry **at = &oom->entries; *at;) {
		struct oom_entry *entry = *at;

		if (entry->ctx == ctx) {
			*at = entry->next;
			entry_free(entry);
		} else {
			at = &entry->next;
		}
	}
}
