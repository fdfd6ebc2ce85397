/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.c - one walk over two trees, see view.h.
 *
 * The image's own names win. Where it has a folder, the host's folder of that name shines through, even if the host has it
 * behind a link (/lib of a merged-usr system); where it has nothing, links and folders of the host are passed as they are there.
 * The host's side is looked at component by component, never through a link, so that a --sysroot cannot lead out of itself.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "cartefile-to-oci/view.h"

#define LINKS_MAX 40 /* path_resolution(7) */

struct walk {
	const struct view *view;
	struct view_hit *hit;   /* NULL: only where it leads */
	struct tree_node *node; /* the folder in the tree, or NULL when only the host has it */
	bool hosted;            /* the host has a folder here, at @host */
	bool done;              /* what we are at is no folder */
	char at[PATH_MAX], host[PATH_MAX], rest[PATH_MAX];
	unsigned links;
	struct oci_error *err;
};

static void begin(struct walk *w, bool with_tree)
{
	w->at[0] = w->host[0] = '\0';
	w->node = with_tree ? w->view->tree->root : NULL;
	w->hosted = w->view->sysroot != NULL;
	w->done = false;
}

static bool append(char path[PATH_MAX], const char *name, size_t length)
{
	size_t have = strlen(path);

	if (have + length + 2 > PATH_MAX)
		return false;
	path[have] = '/';
	memcpy(path + have + 1, name, length);
	path[have + 1 + length] = '\0';
	return true;
}

static const char *host_name(const char *path)
{
	return path[0] ? path + 1 : ".";
}

static struct view_step *add_step(struct walk *w)
{
	struct view_step *step;

	if (!w->hit)
		return NULL;
	step = oci_arena_alloc(w->view->scratch, sizeof(*step));
	if (!step)
		return NULL;
	if (w->hit->last)
		w->hit->last->next = step;
	else
		w->hit->first = step;
	w->hit->last = step;
	return step;
}

static int walk_path(struct walk *w, const char *path, bool follow_last, bool with_tree);

/* Where the host has @path itself, if that is a folder. */
static bool host_folder(const struct walk *w, const char *path, char ret[PATH_MAX])
{
	struct walk *other = calloc(1, sizeof(*other));
	bool found = false;

	if (other && w->view->sysroot) {
		other->view = w->view;
		found = walk_path(other, path, true, false) == 1 && !other->done;
		if (found)
			(void)strcpy(ret, other->at);
	}
	free(other);
	return found;
}

static int step_up(struct walk *w)
{
	char *slash = strrchr(w->at, '/');

	if (slash)
		*slash = '\0';
	if (w->hit || w->node) {
		w->node = tree_find(w->view->tree, w->at);
		w->hosted = host_folder(w, w->at, w->host);
		return 0;
	}
	(void)strcpy(w->host, w->at);
	return 0;
}

/* A link: its target comes before what is left of the path. */
static int follow(struct walk *w, const char *target, bool with_tree)
{
	char rest[PATH_MAX];
	int n = snprintf(rest, sizeof(rest), "%s/%s", target, w->rest);

	if (n < 0 || (size_t)n >= sizeof(rest) || ++w->links > LINKS_MAX || !target[0])
		return 0;
	(void)strcpy(w->rest, rest);
	if (target[0] == '/')
		begin(w, with_tree);
	return 1;
}

static int pass_node(struct walk *w, struct tree_node *node, size_t length, bool follow_it)
{
	struct view_step *step = add_step(w);

	if (!step)
		return err_nomem(w->err);
	step->node = node;
	step->type = node->type;
	if (node->type == TREE_LINK && follow_it)
		return follow(w, node->target, true);
	if (!append(w->at, node->name, length))
		return 0;
	w->node = node;
	w->done = node->type != TREE_DIR;
	if (w->hosted)
		w->hosted = !w->done && append(w->host, node->name, length) &&
			    host_folder(w, w->host, w->host);
	return 1;
}

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int fill_step(struct walk *w, struct view_step *step, const struct stat *st,
		     const char *target)
{
	struct oci_arena *arena = w->view->scratch;

	step->path = oci_arena_strdup(arena, w->at);
	step->host = oci_arena_strdup(arena, host_name(w->host));
	step->type = S_ISDIR(st->st_mode) ? TREE_DIR : S_ISLNK(st->st_mode) ? TREE_LINK : TREE_FILE;
	step->executable = (st->st_mode & S_IXUSR) != 0;
	step->size = (uint64_t)st->st_size;
	step->dev = st->st_dev;
	step->ino = st->st_ino;
	step->mtime = nanoseconds(st->st_mtim);
	step->ctime = nanoseconds(st->st_ctim);
	if (target)
		step->target = oci_arena_strdup(arena, target);
	return step->path && step->host && (!target || step->target) ? 0 : err_nomem(w->err);
}

/* The host's: @w->at and @w->host are already those of the child. */
static int pass_host(struct walk *w, bool follow_it)
{
	int top = w->view->sysroot->fd;
	char target[PATH_MAX];
	struct stat st;

	w->node = NULL;
	if (fstatat(top, host_name(w->host), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return 0;
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlinkat(top, host_name(w->host), target, sizeof(target) - 1);

		if (n <= 0)
			return 0;
		target[n] = '\0';
	}
	if (w->hit) {
		struct view_step *step = add_step(w);
		int e = step ? fill_step(w, step, &st, S_ISLNK(st.st_mode) ? target : NULL)
			     : err_nomem(w->err);

		if (e < 0)
			return e;
	}
	if (S_ISLNK(st.st_mode) && follow_it) {
		*strrchr(w->at, '/') = '\0';
		*strrchr(w->host, '/') = '\0';
		if (w->hit)
			w->node = tree_find(w->view->tree, w->at);
		return follow(w, target, w->hit != NULL);
	}
	w->done = !S_ISDIR(st.st_mode);
	return 1;
}

static int pass(struct walk *w, const char *name, size_t length, bool follow_it)
{
	struct tree_node *node;

	if (w->done)
		return 0;
	node = w->node ? tree_child(w->node, name, length) : NULL;
	if (node)
		return pass_node(w, node, length, follow_it);
	if (!w->hosted || !append(w->at, name, length) || !append(w->host, name, length))
		return 0;
	return pass_host(w, follow_it);
}

static int walk_path(struct walk *w, const char *path, bool follow_last, bool with_tree)
{
	if (strlen(path) >= sizeof(w->rest))
		return 0;
	(void)strcpy(w->rest, path);
	begin(w, with_tree);
	for (;;) {
		char name[NAME_MAX + 1], *at = w->rest + strspn(w->rest, "/");
		size_t length = strcspn(at, "/");
		bool last;
		int e;

		if (length == 0)
			return 1;
		if (length > NAME_MAX)
			return 0;
		memcpy(name, at, length);
		name[length] = '\0';
		at += length;
		last = at[strspn(at, "/")] == '\0';
		memmove(w->rest, at, strlen(at) + 1);
		if (strcmp(name, ".") == 0)
			continue;
		e = strcmp(name, "..") == 0 ? (w->done ? 0 : step_up(w) + 1)
					    : pass(w, name, length, follow_last || !last);
		if (e <= 0)
			return e;
	}
}

/* A node to read from that is in no tree: messages say its whole path. */
static const struct tree_node *loose_file(const struct view *view, const struct view_step *step,
					  const char *path)
{
	struct oci_arena *arena = view->scratch;
	struct tree_node *root = oci_arena_alloc(arena, sizeof(*root));
	struct tree_node *node = oci_arena_alloc(arena, sizeof(*node));
	struct tree_content *content = oci_arena_alloc(arena, sizeof(*content));

	if (!root || !node || !content)
		return NULL;
	*content = (struct tree_content){
		.source = view->sysroot,
		.path = step->host,
		.size = step->size,
		.links = 1,
		.host_dev = step->dev,
		.host_ino = step->ino,
		.host_mtime = step->mtime,
		.host_ctime = step->ctime,
	};
	*root = (struct tree_node){ .name = "", .type = TREE_DIR };
	*node = (struct tree_node){ .parent = root,
				    .name = path + 1,
				    .type = TREE_FILE,
				    .mode = step->executable ? 0755 : 0644,
				    .content = content };
	return node;
}

static int find(const struct view *view, const char *path, bool follow_last, struct view_hit *ret,
		struct oci_error *err)
{
	CLEANUP_FREE struct walk *w = calloc(1, sizeof(*w));
	struct view_hit hit = { 0 };
	int e;

	if (!w)
		return err_nomem(err);
	w->view = view;
	w->hit = &hit;
	w->err = err;
	e = walk_path(w, path, follow_last, true);
	if (e <= 0)
		return e;
	hit.path = oci_arena_strdup(view->scratch, w->at[0] ? w->at : "/");
	if (!hit.path)
		return err_nomem(err);
	hit.type = hit.last && w->done ? hit.last->type : TREE_DIR;
	if (hit.type == TREE_FILE) {
		hit.file = hit.last->node ? hit.last->node : loose_file(view, hit.last, hit.path);
		if (!hit.file)
			return err_nomem(err);
	}
	*ret = hit;
	return 1;
}

int view_find(const struct view *view, const char *path, struct view_hit *ret,
	      struct oci_error *err)
{
	return find(view, path, true, ret, err);
}

int view_find_link(const struct view *view, const char *path, struct view_hit *ret,
		   struct oci_error *err)
{
	return find(view, path, false, ret, err);
}

/* ---- listing ---- */

struct names {
	const char **names;
	size_t len, room;
};

static int add_name(const struct view *view, struct names *names, const char *name,
		    struct oci_error *err)
{
	if (names->len == names->room) {
		size_t room = names->room ? names->room * 2 : 16;
		const char **more = oci_arena_array(view->scratch, room, sizeof(*more));

		if (!more)
			return err_nomem(err);
		if (names->len > 0)
			memcpy(more, names->names, names->len * sizeof(*more));
		names->names = more;
		names->room = room;
	}
	names->names[names->len] = oci_arena_strdup(view->scratch, name);
	return names->names[names->len++] ? 0 : err_nomem(err);
}

static int add_host_names(const struct view *view, const char *host, struct names *names,
			  struct oci_error *err)
{
	int fd = sys_openat2(view->sysroot->fd, host_name(host),
			     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0,
			     RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH);
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;
	int e = 0;

	if (fd == -ENOSYS)
		fd = openat(view->sysroot->fd, host_name(host),
			    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		fd_closep(&fd);
		return err_nomem(err);
	}
	while (e == 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			e = add_name(view, names, entry->d_name, err);
	return e;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int view_list(const struct view *view, const char *path, const char ***ret, size_t *ret_len,
	      struct oci_error *err)
{
	CLEANUP_FREE struct walk *w = calloc(1, sizeof(*w));
	struct names names = { 0 };
	struct view_hit hit = { 0 };
	size_t len = 0;
	int e;

	if (!w)
		return err_nomem(err);
	w->view = view;
	w->hit = &hit;
	w->err = err;
	e = walk_path(w, path, true, true);
	if (e < 0)
		return e;
	if (e == 1 && !w->done) {
		for (size_t i = 0; e >= 0 && w->node && i < w->node->children_len; i++)
			e = add_name(view, &names, w->node->children[i]->name, err);
		if (e >= 0 && w->hosted)
			e = add_host_names(view, w->host, &names, err);
		if (e < 0)
			return e;
	}
	if (names.len > 1)
		qsort(names.names, names.len, sizeof(*names.names), by_name);
	for (size_t i = 0; i < names.len; i++)
		if (len == 0 || strcmp(names.names[len - 1], names.names[i]) != 0)
			names.names[len++] = names.names[i];
	*ret = names.names;
	*ret_len = len;
	return 0;
}
