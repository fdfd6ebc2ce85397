/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_notify.c - seccomp_unotify(2), see trace_notify.h.
 *
 * Nothing here decides anything: each call is let go on, so what a process changes between our look and the kernel's
 * harms nobody but the trace of its own image. What is read of it is bounded.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "cartefile-to-oci/trace_calls.h"
#include "cartefile-to-oci/trace_notify.h"

#define MAP_LINES_MAX 65536 /* vm.max_map_count has this size */

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define OWN_ARCH AUDIT_ARCH_RISCV64
#elif defined(__i386__)
#define OWN_ARCH AUDIT_ARCH_I386
#elif defined(__arm__)
#define OWN_ARCH AUDIT_ARCH_ARM
#elif defined(__s390x__)
#define OWN_ARCH AUDIT_ARCH_S390X
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OWN_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__loongarch64)
#define OWN_ARCH AUDIT_ARCH_LOONGARCH64
#else
#define OWN_ARCH 0u /* no call is recognised */
#endif

/* ---- the set of nodes ------------------------------------------------------------------- */

static size_t slot_of(const struct trace_use *uses, size_t room, const struct tree_node *node)
{
	size_t i = ((uintptr_t)node >> 4) * (size_t)0x9E3779B97F4A7C15ull & (room - 1);

	while (uses[i].node && uses[i].node != node)
		i = (i + 1) & (room - 1);
	return i;
}

static bool grow(struct trace_watch *watch)
{
	size_t room = watch->room ? watch->room * 2 : 1024;
	struct trace_use *uses = calloc(room, sizeof(*uses));

	if (!uses)
		return false;
	for (size_t i = 0; i < watch->room; i++)
		if (watch->uses[i].node)
			uses[slot_of(uses, room, watch->uses[i].node)] = watch->uses[i];
	free(watch->uses);
	watch->uses = uses;
	watch->room = room;
	return true;
}

static void note(struct trace_watch *watch, struct tree_node *node, bool asked)
{
	size_t i;

	if (!watch->executed)
		return;
	if (watch->len * 2 >= watch->room && !grow(watch)) {
		watch->no_memory = true;
		return;
	}
	i = slot_of(watch->uses, watch->room, node);
	if (!watch->uses[i].node)
		watch->len++;
	watch->uses[i].node = node;
	watch->uses[i].asked = watch->uses[i].asked || asked;
}

/* A file on the way means that the path leads nowhere. */
static void passed(void *ctx, struct tree_node *node)
{
	if (node->type == TREE_DIR || node->type == TREE_LINK)
		note(ctx, node, false);
}

/* ---- what a process says ------------------------------------------------------------------ */

/* A string of its memory; false: it has none there, or one that is no path. */
static bool read_string(pid_t pid, uint64_t address, char buf[PATH_MAX])
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), used = 0;

	while (used < PATH_MAX) {
		size_t piece = page - (size_t)((address + used) & (page - 1));
		struct iovec to = { buf + used, piece < PATH_MAX - used ? piece : PATH_MAX - used };
		struct iovec from = { (void *)(uintptr_t)(address + used), to.iov_len };
		ssize_t n = process_vm_readv(pid, &to, 1, &from, 1, 0);

		if (n <= 0)
			return false;
		if (memchr(buf + used, '\0', (size_t)n))
			return true;
		used += (size_t)n;
	}
	return false;
}

/* /proc/PID/WORD as the container sees it: a path from its own root, which is not on our mount tree. */
static bool read_link(pid_t pid, const char *word, char buf[PATH_MAX])
{
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, word);
	n = readlink(path, buf, PATH_MAX - 1);
	if (n <= 0 || buf[0] != '/')
		return false;
	buf[n] = '\0';
	return true;
}

/* The folder that a path begins at. */
static struct tree_node *base_of(const struct trace_watch *watch, pid_t pid, int folder,
				 const char *path)
{
	char word[32], link[PATH_MAX];

	if (*path == '/')
		(void)snprintf(word, sizeof(word), "root");
	else if (folder == AT_FDCWD)
		(void)snprintf(word, sizeof(word), "cwd");
	else
		(void)snprintf(word, sizeof(word), "fd/%d", folder);
	return read_link(pid, word, link) ? tree_find(watch->tree, link) : NULL;
}

/* Who has just become another program: the kernel opened that, its interpreter and whatever came so far for it. */
static void note_mapped(struct trace_watch *watch, pid_t pid)
{
	char path[PATH_MAX + 128];
	CLEANUP_FCLOSE FILE *maps = NULL;
	struct tree_node *node;

	if (!read_link(pid, "exe", path))
		return;
	node = tree_find(watch->tree, path);
	if (!node)
		return;
	watch->confirmed = true;
	note(watch, node, true);
	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	for (int i = 0; maps && i < MAP_LINES_MAX && fgets(path, sizeof(path), maps); i++) {
		char *name = strchr(path, '/');

		path[strcspn(path, "\n")] = '\0';
		node = name ? tree_find(watch->tree, name) : NULL;
		if (node)
			note(watch, node, true);
	}
}

void trace_watch_look(struct trace_watch *watch, pid_t pid)
{
	note_mapped(watch, pid);
}

static void check_fresh(struct trace_watch *watch, pid_t pid)
{
	for (size_t i = 0; i < ARRAY_LEN(watch->fresh); i++) {
		if (watch->fresh[i] == pid) {
			watch->fresh[i] = 0;
			note_mapped(watch, pid);
		}
	}
}

/* ---- one call ------------------------------------------------------------------------------ */

struct request {
	pid_t pid;
	const uint64_t *args;
	const struct trace_call *call;
	char path[PATH_MAX];
};

static bool follows(const struct request *rq)
{
	uint64_t flags = rq->call->flags < 0 ? 0 : rq->args[rq->call->flags];

	switch ((enum trace_kind)rq->call->kind) {
	case TRACE_FOLLOW:
		return true;
	case TRACE_NOFOLLOW:
	case TRACE_PARENT:
		return false;
	case TRACE_AT:
		return !(flags & AT_SYMLINK_NOFOLLOW);
	case TRACE_AT_FOLLOW:
		return flags & AT_SYMLINK_FOLLOW;
	case TRACE_HOW: {
		struct open_how how = { 0 };
		struct iovec to = { &how, sizeof(how) };
		struct iovec from = { (void *)(uintptr_t)flags, sizeof(how) };

		if (process_vm_readv(rq->pid, &to, 1, &from, 1, 0) != sizeof(how))
			return true;
		flags = how.flags;
		break;
	}
	case TRACE_OPEN:
		break;
	}
	return !(flags & O_NOFOLLOW);
}

static struct tree_node *look_up(struct trace_watch *watch, const struct request *rq)
{
	int folder = rq->call->folder < 0 ? AT_FDCWD : (int)rq->args[rq->call->folder];
	struct tree_node *from = base_of(watch, rq->pid, folder, rq->path);

	if (!from)
		return NULL;
	/* "" with AT_EMPTY_PATH: what the descriptor is */
	if (!*rq->path)
		return from;
	if (*rq->path == '/')
		return tree_resolve(watch->tree, NULL, rq->path, follows(rq), passed, watch);
	passed(watch, from);
	return tree_resolve(watch->tree, from, rq->path, follows(rq), passed, watch);
}

static void execute(struct trace_watch *watch, pid_t pid, const struct tree_node *node)
{
	if (node && node->type == TREE_FILE)
		watch->executed = true;
	watch->fresh[watch->fresh_next] = pid;
	watch->fresh_next = (watch->fresh_next + 1) % ARRAY_LEN(watch->fresh);
}

static void handle_call(struct trace_watch *watch, const struct request *rq)
{
	struct tree_node *node;

	node = look_up(watch, rq);
	if (rq->call->executes) {
		bool first = !watch->executed;

		execute(watch, rq->pid, node);
		/* once more, because nothing was noted before */
		if (first && watch->executed)
			node = look_up(watch, rq);
	}
	if (node)
		note(watch, node, true);
}

/* The path is there, but not for us. */
static void handle_blind(struct trace_watch *watch, pid_t pid)
{
	struct tree_node *node;

	if (watch->executed || !watch->program)
		return;
	execute(watch, pid, tree_resolve(watch->tree, NULL, watch->program, true, NULL, NULL));
	node = tree_resolve(watch->tree, NULL, watch->program, true, passed, watch);
	if (node)
		note(watch, node, true);
}

static void handle(struct trace_watch *watch, int listener)
{
	const struct seccomp_notif *req = watch->request;
	uint64_t args[6];
	struct request rq = { .pid = (pid_t)req->pid, .args = args };

	if (req->data.arch != OWN_ARCH)
		return;
	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = req->data.args[i];
	if (watch->executed)
		check_fresh(watch, rq.pid);
	for (size_t i = 0; i < trace_calls_len; i++) {
		rq.call = &trace_calls[i];
		if (rq.call->nr != req->data.nr)
			continue;
		if (!read_string(rq.pid, args[rq.call->path], rq.path)) {
			if (rq.call->executes)
				handle_blind(watch, rq.pid);
			continue;
		}
		/* the number may be another process's by now, and what was read its memory */
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &req->id) < 0)
			return;
		handle_call(watch, &rq);
	}
}

int trace_notify(struct trace_watch *watch, int listener)
{
	memset(watch->request, 0, watch->request_size);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, watch->request) < 0)
		return errno == ENOENT || errno == EINTR || errno == EAGAIN ? 0 : -errno;
	handle(watch, listener);
	memset(watch->response, 0, watch->response_size);
	watch->response->id = watch->request->id;
	watch->response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE; /* 5.5 */
	/* ENOENT: it was interrupted or killed */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, watch->response) < 0 && errno != ENOENT)
		return -errno;
	return 1;
}

/* ---- before and after ----------------------------------------------------------------------- */

int trace_watch_init(struct trace_watch *watch, const struct tree *tree, struct oci_error *err)
{
	struct seccomp_notif_sizes sizes;
	int r = sys_seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes);

	*watch = (struct trace_watch){ .tree = tree };
	if (r < 0)
		return err_set_as(err, ERR_UNSUPPORTED, -r,
				  "trace: the kernel has no seccomp notifications (Linux 5.5)");
	/* a kernel that knows more than our headers writes more */
	watch->request_size = sizes.seccomp_notif > sizeof(*watch->request)
				      ? sizes.seccomp_notif
				      : sizeof(*watch->request);
	watch->response_size = sizes.seccomp_notif_resp > sizeof(*watch->response)
				       ? sizes.seccomp_notif_resp
				       : sizeof(*watch->response);
	watch->request = calloc(1, watch->request_size);
	watch->response = calloc(1, watch->response_size);
	if (!watch->request || !watch->response || !grow(watch)) {
		trace_watch_free(watch);
		return err_nomem(err);
	}
	return 0;
}

void trace_watch_free(struct trace_watch *watch)
{
	free(watch->uses);
	free(watch->request);
	free(watch->response);
	*watch = (struct trace_watch){ 0 };
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int trace_watch_paths(const struct trace_watch *watch, bool missing, struct oci_arena *arena,
		      char ***ret, size_t *ret_len, struct oci_error *err)
{
	char **paths = oci_arena_array(arena, watch->len + 1, sizeof(*paths));
	char buf[PATH_MAX];
	size_t n = 0;

	if (!paths || watch->no_memory)
		return err_nomem(err);
	for (size_t i = 0; i < watch->room; i++) {
		const struct trace_use *use = &watch->uses[i];

		if (!use->node || (missing && (!use->asked || !use->node->out)))
			continue;
		paths[n] = oci_arena_strdup(arena, tree_path(use->node, buf, sizeof(buf)));
		if (!paths[n++])
			return err_nomem(err);
	}
	qsort(paths, n, sizeof(*paths), by_path);
	*ret = paths;
	*ret_len = n;
	return 0;
}
