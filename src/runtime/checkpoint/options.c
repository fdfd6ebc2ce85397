/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c - the words of checkpoint and restore, checked before anything is touched.
 */
#include "runtime/checkpoint/options.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ocispec-lite/arena.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"

static int absolute(struct oci_arena *arena, const char *path, const char **ret,
		    struct oci_error *err)
{
	CLEANUP_FREE char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);
	char *full;

	if (*path != '/' && !cwd)
		return err_sys(err, errno, "find the current folder");
	full = cwd ? oci_arena_printf(arena, "%s/%s", cwd, path) : oci_arena_strdup(arena, path);
	if (!full)
		return err_nomem(err);
	*ret = path_clean(full);
	return 0;
}

static int check_cgroups(const char *word, enum cr_cgroups *ret, struct oci_error *err)
{
	static const char *const modes[] = {
		[CR_CGROUPS_SOFT] = "soft",
		[CR_CGROUPS_FULL] = "full",
		[CR_CGROUPS_STRICT] = "strict",
		[CR_CGROUPS_IGNORE] = "ignore",
	};

	*ret = CR_CGROUPS_SOFT;
	if (!word)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (strcmp(word, modes[i]) == 0) {
			*ret = (enum cr_cgroups)i;
			return 0;
		}
	}
	return err_set(err, EINVAL,
		       "--manage-cgroups-mode %s: expected soft, full, strict or ignore", word);
}

static int check_lock(const char *word, enum cr_network_lock *ret, struct oci_error *err)
{
	*ret = CR_LOCK_DEFAULT;
	if (!word)
		return 0;
	if (strcmp(word, "iptables") == 0)
		*ret = CR_LOCK_IPTABLES;
	else if (strcmp(word, "nftables") == 0)
		*ret = CR_LOCK_NFTABLES;
	else if (strcmp(word, "skip") == 0)
		*ret = CR_LOCK_SKIP;
	else
		return err_set(err, EINVAL,
			       "--network-lock %s: expected iptables, nftables or skip", word);
	return 0;
}

/* ADDRESS:PORT; the last colon, so that an IPv6 address may have its own */
static int check_page_server(struct oci_arena *arena, const char *word, struct cr_options *o,
			     struct oci_error *err)
{
	const char *colon = word ? strrchr(word, ':') : NULL;
	uint32_t port;
	char *address;

	if (!word)
		return 0;
	if (!colon || colon == word || parse_u32(colon + 1, &port) < 0 || !port || port > 65535)
		return err_set(err, EINVAL, "--page-server %s: expected ADDRESS:PORT", word);
	address = oci_arena_strdup(arena, word);
	if (!address)
		return err_nomem(err);
	address[colon - word] = '\0';
	o->page_address = address;
	o->page_port = (uint16_t)port;
	return 0;
}

static int check_status_fd(const char *word, int *ret, struct oci_error *err)
{
	uint32_t fd;
	int flags;

	*ret = -1;
	if (!word)
		return 0;
	if (parse_u32(word, &fd) < 0 || fd > INT32_MAX)
		return err_set(err, EINVAL, "--status-fd %s: expected a file descriptor", word);
	flags = fcntl((int)fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return err_set(err, EBADF, "--status-fd %s: is not open for writing", word);
	*ret = (int)fd;
	return 0;
}

/* As runc does: other namespaces cannot be left empty by criu. */
static int check_empty_ns(const struct opt_list *list, uint32_t *ret, struct oci_error *err)
{
	*ret = 0;
	for (size_t i = 0; i < list->len; i++) {
		if (strcmp(list->items[i], "network") != 0)
			return err_set(err, EINVAL,
				       "--empty-ns %s: is not supported, only network is",
				       list->items[i]);
		*ret |= CLONE_NEWNET;
	}
	return 0;
}

static int check_parent(const struct cr_words *w, struct oci_error *err)
{
	/* criu links to it from the image folder, so that both can be moved together */
	if (w->parent_path && w->parent_path[0] == '/')
		return err_set(err, EINVAL,
			       "--parent-path %s: must be relative to the image folder",
			       w->parent_path);
	return 0;
}

int cr_options_check(struct oci_arena *arena, const struct cr_words *w, bool restore,
		     struct cr_options *ret, struct oci_error *err)
{
	struct cr_options o = { .words = w, .status_fd = -1 };
	int r;

	if (!restore && w->lazy_pages && !w->page_server)
		return err_set(err, EINVAL,
			       "--lazy-pages needs --page-server ADDRESS:PORT, where the pages "
			       "are asked for");
	if (w->tcp_established && w->tcp_close)
		return err_set(err, EINVAL, "--tcp-established and --tcp-close exclude each other");
	r = absolute(arena, w->image_path ? w->image_path : "checkpoint", &o.image_path, err);
	if (r == 0)
		r = absolute(arena, w->work_path ? w->work_path : o.image_path, &o.work_path, err);
	if (r == 0)
		r = check_parent(w, err);
	if (r == 0)
		r = check_cgroups(w->manage_cgroups_mode, &o.cgroups, err);
	if (r == 0)
		r = check_lock(w->network_lock, &o.network_lock, err);
	if (r == 0)
		r = check_page_server(arena, w->page_server, &o, err);
	if (r == 0)
		r = check_status_fd(w->status_fd, &o.status_fd, err);
	if (r == 0)
		r = check_empty_ns(&w->empty_ns, &o.empty_ns, err);
	if (r == 0)
		*ret = o;
	return r;
}
