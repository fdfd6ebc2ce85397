/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlay.c - a root made of layers: annotations io.carte.rootfs.layers, .upper and .work.
 *
 * The overlay is mounted inside the container's mount namespace and dies with
 * it; the host keeps nothing but the upper and work folders in the bundle.
 * Layers are handed over as fds, so their names may hold any character.
 * Kernels older than 6.13 take names only: one string, escaped, relative to
 * the folder that all have in common, because it must fit into a page.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <ocispec-lite/table.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "runtime/rootfs-private.h"

#define KEY_LAYERS "io.carte.rootfs.layers"
#define KEY_UPPER "io.carte.rootfs.upper"
#define KEY_WORK "io.carte.rootfs.work"
#define LAYERS_MAX 500 /* fs/overlayfs: OVL_MAX_STACK */
#define DATA_MAX 4096  /* mount(2): one page */

struct overlay_plan {
	char **layers; /* absolute, top first */
	size_t layers_len;
	const char *upper; /* NULL: a tmpfs */
	const char *work;
	const char *folder; /* of the default upper and work, to be made; NULL: they are given */
	bool made;          /* the folder is new */
};

/* ---- planning ------------------------------------------------------------------- */

static char *absolute(struct oci_arena *arena, const char *bundle, const char *path)
{
	char *full = *path == '/' ? oci_arena_strdup(arena, path)
				  : oci_arena_printf(arena, "%s/%s", bundle, path);

	return full ? path_clean(full) : NULL;
}

static int plan_layers(struct oci_arena *arena, const char *json, const char *bundle,
		       struct overlay_plan *o, struct oci_error *err)
{
	int r = oci_strings_parse(arena, "annotations." KEY_LAYERS, json, strlen(json), &o->layers,
				  &o->layers_len, err);

	if (r < 0) {
		err_forget_document(err);
		return r;
	}
	if (!o->layers_len)
		return err_set(err, EINVAL,
			       "annotations." KEY_LAYERS ": at least one layer is required");
	if (o->layers_len > LAYERS_MAX)
		return err_set(err, E2BIG,
			       "annotations." KEY_LAYERS
			       ": %zu layers, the kernel takes at most %d",
			       o->layers_len, LAYERS_MAX);
	for (size_t i = 0; i < o->layers_len; i++) {
		if (!*o->layers[i])
			return err_set(err, EINVAL, "annotations." KEY_LAYERS "[%zu]: is empty", i);
		o->layers[i] = absolute(arena, bundle, o->layers[i]);
		if (!o->layers[i])
			return err_nomem(err);
	}
	return 0;
}

static int plan_upper(struct oci_arena *arena, const struct oci_config *config, const char *bundle,
		      struct overlay_plan *o, struct oci_error *err)
{
	const char *upper = oci_annotation(config->annotations, config->annotations_len, KEY_UPPER);
	const char *work = oci_annotation(config->annotations, config->annotations_len, KEY_WORK);

	if (upper && !strcmp(upper, "tmpfs")) {
		if (work)
			return err_set(err, EINVAL,
				       "annotations." KEY_WORK
				       ": does not go with upper \"tmpfs\"");
		return 0;
	}
	if (!upper != !work || (upper && (!*upper || !*work)))
		return err_set(err, EINVAL, "annotations.%s: required with %s",
			       upper && *upper ? KEY_WORK : KEY_UPPER,
			       upper && *upper ? KEY_UPPER : KEY_WORK);
	if (!upper)
		o->folder = absolute(arena, bundle, "overlay");
	o->upper = absolute(arena, bundle, upper ? upper : "overlay/upper");
	o->work = absolute(arena, bundle, work ? work : "overlay/work");
	return (!upper && !o->folder) || !o->upper || !o->work ? err_nomem(err) : 0;
}

int overlay_plan(struct oci_arena *arena, const struct oci_config *config, struct rootfs *rf,
		 struct oci_error *err)
{
	const char *json = oci_annotation(config->annotations, config->annotations_len, KEY_LAYERS);
	struct overlay_plan *o;
	int r;

	if (!json) {
		static const char *const others[] = { KEY_UPPER, KEY_WORK };

		for (size_t i = 0; i < ARRAY_LEN(others); i++)
			if (oci_annotation(config->annotations, config->annotations_len, others[i]))
				return err_set(err, EINVAL, "annotations.%s: needs " KEY_LAYERS,
					       others[i]);
		return 0;
	}
	o = oci_arena_alloc(arena, sizeof(*o));
	if (!o)
		return err_nomem(err);
	r = plan_layers(arena, json, rf->options.bundle, o, err);
	if (r >= 0)
		r = plan_upper(arena, config, rf->options.bundle, o, err);
	if (r < 0)
		return r;
	rf->overlay = o;
	return 0;
}

/* ---- upper and work --------------------------------------------------------------- */

static int open_layer(const struct overlay_plan *o, size_t i, struct oci_error *err)
{
	/* by name: layers are the host's own folders */
	int fd = open(o->layers[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	return err_sys(err, errno, "annotations." KEY_LAYERS "[%zu]: %s", i, o->layers[i]);
}

/* The root of an overlay looks like its upper folder, so a new one must look like the topmost layer. */
static int make_folders(const struct overlay_plan *o, int dir, const char *where,
			struct oci_error *err)
{
	CLEANUP_CLOSE int top = -1;
	CLEANUP_CLOSE int upper = -1;
	struct stat st;

	if (mkdirat(dir, "work", 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "%s/work", where);
	/* upper last and renamed, or a kill between mkdir and chmod would leave a wrong root for good */
	if (faccessat(dir, "upper", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	top = open_layer(o, 0, err);
	if (top < 0)
		return top;
	if (fstat(top, &st) < 0)
		return err_sys(err, errno, "annotations." KEY_LAYERS "[0]: %s", o->layers[0]);
	if (mkdirat(dir, "upper.new", 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "%s/upper", where);
	upper = openat(dir, "upper.new", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (upper < 0 || fchown(upper, st.st_uid, st.st_gid) < 0 ||
	    fchmod(upper, st.st_mode & 07777) < 0 || renameat(dir, "upper.new", dir, "upper") < 0)
		return err_sys(err, errno, "%s/upper", where);
	return 0;
}

int overlay_prepare(struct overlay_plan *o, struct oci_error *err)
{
	CLEANUP_CLOSE int dir = -1;

	if (!o->folder)
		return 0;
	/* by name: the bundle is the host's own */
	o->made = mkdir(o->folder, 0700) == 0;
	if (!o->made && errno != EEXIST)
		return err_sys(err, errno, "%s", o->folder);
	/* by name: the same */
	dir = open(o->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "%s", o->folder);
	return make_folders(o, dir, o->folder, err);
}

#define UNDO_DEPTH 64

/* What a container that never came to be has left in a folder that was made for it. */
static void remove_tree(int at, const char *name, int depth)
{
	CLEANUP_CLOSEDIR DIR *d = NULL;
	CLEANUP_CLOSE int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *e;

	if (fd < 0 || depth > UNDO_DEPTH || !(d = fdopendir(fd)))
		return;
	(void)TAKE_FD(fd);
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlinkat(dirfd(d), e->d_name, 0) < 0 && errno == EISDIR)
			remove_tree(dirfd(d), e->d_name, depth + 1);
	}
	(void)unlinkat(at, name, AT_REMOVEDIR);
}

void overlay_undo(struct overlay_plan *o)
{
	if (!o->made)
		return;
	o->made = false;
	/* by name: the bundle is the host's own */
	remove_tree(AT_FDCWD, o->folder, 0);
}

/* ---- what went wrong, in words ------------------------------------------------------ */

static int explain(const struct overlay_plan *o, const char *message, int code,
		   struct oci_error *err)
{
	struct statfs fs;
	struct stat st;

	/* by name: the host's own folders */
	for (size_t i = 0; i < o->layers_len; i++) {
		if (stat(o->layers[i], &st) < 0)
			return err_sys(err, errno, "annotations." KEY_LAYERS "[%zu]: %s", i,
				       o->layers[i]);
		if (!S_ISDIR(st.st_mode))
			return err_sys(err, ENOTDIR, "annotations." KEY_LAYERS "[%zu]: %s", i,
				       o->layers[i]);
	}
	if (o->upper && statfs(o->upper, &fs) < 0)
		return err_sys(err, errno, "annotations." KEY_UPPER ": %s", o->upper);
	if (o->work && statfs(o->work, &fs) < 0)
		return err_sys(err, errno, "annotations." KEY_WORK ": %s", o->work);
	if (o->upper && !strcmp(o->upper, o->work))
		return err_set(err, EINVAL,
			       "annotations." KEY_WORK ": %s: is the upper folder too, must be "
			       "another one on the same file system",
			       o->work);
	if (*message)
		return err_set(err, code, "overlay root: %s", message);
	if (o->upper && code == EINVAL && statfs(o->upper, &fs) == 0)
		return err_set(err, EINVAL,
			       "overlay root: %s: its file system (type 0x%lx) cannot hold the "
			       "upper layer, or %s is on another one, or %zu layers are too many "
			       "for this kernel",
			       o->upper, (unsigned long)fs.f_type, o->work, o->layers_len);
	return err_sys(err, code, "overlay root of %zu layers", o->layers_len);
}

/* ---- by fds (6.13) ------------------------------------------------------------------ */

static int give_fd(int fs, const char *key, int fd)
{
	int r = sys_fsconfig_fd(fs, key, fd);

	(void)close(fd);
	return r;
}

/* -EOPNOTSUPP: this kernel wants names. */
static int give_layers(const struct overlay_plan *o, int fs, struct oci_error *err)
{
	char message[256] = "";

	for (size_t i = 0; i < o->layers_len; i++) {
		int fd = open_layer(o, i, err);
		int r;

		if (fd < 0)
			return fd;
		r = give_fd(fs, "lowerdir+", fd);
		if (r == -EINVAL && i == 0)
			return -EOPNOTSUPP;
		if (r < 0) {
			sys_fs_message(fs, message, sizeof(message));
			return err_set(err, -r, "annotations." KEY_LAYERS "[%zu]: %s: %s", i,
				       o->layers[i], *message ? message : strerror(-r));
		}
	}
	return 0;
}

static int give_upper(const struct overlay_plan *o, int fs, int upper_dir, struct oci_error *err)
{
	static const char *const keys[] = { "upperdir", "workdir" };
	static const char *const names[] = { "upper", "work" };
	static const char *const annotations[] = { KEY_UPPER, KEY_WORK };
	const char *const paths[] = { o->upper, o->work };
	char message[256] = "";

	for (size_t i = 0; i < 2; i++) {
		/* by name: the host's own folders, or those in a tmpfs of ours */
		int fd = upper_dir >= 0 ? openat(upper_dir, names[i],
						 O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
					/* by name: the host's own folders */
					: open(paths[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		int r;

		if (fd < 0)
			return err_sys(err, errno, "annotations.%s: %s", annotations[i],
				       paths[i] ? paths[i] : "tmpfs");
		r = give_fd(fs, keys[i], fd);
		if (r < 0) {
			sys_fs_message(fs, message, sizeof(message));
			return err_set(err, -r, "annotations.%s: %s: %s", annotations[i],
				       paths[i] ? paths[i] : "tmpfs",
				       *message ? message : strerror(-r));
		}
	}
	return 0;
}

static int mount_by_fds(const struct overlay_plan *o, const struct rootfs *rf, int upper_dir,
			bool in_userns, struct oci_error *err)
{
	CLEANUP_CLOSE int fs = sys_fsopen("overlay");
	char message[512] = "";
	int r;

	if (mount_is_missing(fs))
		return -EOPNOTSUPP;
	if (fs == -ENODEV)
		return err_set(err, ENODEV, "overlay root: this kernel has no overlay file system");
	if (fs < 0)
		return err_sys(err, -fs, "overlay root");
	r = give_layers(o, fs, err);
	if (r >= 0)
		r = give_upper(o, fs, upper_dir, err);
	if (r < 0)
		return r;
	r = sys_fsconfig_string(fs, "source", "overlay");
	if (r >= 0 && in_userns)
		r = sys_fsconfig_flag(fs, "userxattr");
	if (r >= 0 && rf->label_data) {
		const char *value = strchr(rf->label_data, '=') + 1;
		char key[32], label[256];

		(void)snprintf(key, sizeof(key), "%.*s", (int)(value - rf->label_data - 1),
			       rf->label_data);
		(void)snprintf(label, sizeof(label), "%.*s", (int)strlen(value) - 2, value + 1);
		r = sys_fsconfig_string(fs, key, label);
	}
	if (r >= 0)
		r = sys_fsconfig_create(fs);
	if (r >= 0)
		r = sys_fsmount(fs, 0);
	if (r >= 0)
		return r;
	sys_fs_message(fs, message, sizeof(message));
	return explain(o, message, -r, err);
}

/* ---- by names ----------------------------------------------------------------------- */

/* How many bytes of @a and @b are the same leading folders. */
static size_t common(const char *a, const char *b, size_t limit)
{
	size_t last = 0;

	for (size_t i = 0; i < limit && a[i] && a[i] == b[i]; i++)
		if (a[i] == '/')
			last = i + 1;
	return last;
}

static size_t common_folder(const struct overlay_plan *o, bool with_upper)
{
	const char *first = o->layers[0];
	size_t n = (size_t)(strrchr(first, '/') - first) + 1;

	for (size_t i = 1; i < o->layers_len; i++)
		n = common(first, o->layers[i], n);
	if (with_upper) {
		n = common(first, o->upper, n);
		n = common(first, o->work, n);
	}
	return n;
}

/* One name, with what overlayfs and mount(2) take for separators escaped; false: no room. */
static bool add_name(char *data, size_t *used, const char *name)
{
	for (; *name; name++) {
		if (*used + 3 > DATA_MAX)
			return false;
		if (*name == '\\' || *name == ':' || *name == ',')
			data[(*used)++] = '\\';
		data[(*used)++] = *name;
	}
	data[*used] = '\0';
	return true;
}

static bool add_word(char *data, size_t *used, const char *word)
{
	size_t n = strlen(word);

	if (*used + n + 1 > DATA_MAX)
		return false;
	memcpy(data + *used, word, n + 1);
	*used += n;
	return true;
}

static bool build_data(const struct overlay_plan *o, const struct rootfs *rf, size_t skip,
		       const char *upper, const char *work, bool in_userns, char *data)
{
	size_t used = 0;
	bool ok = add_word(data, &used, "lowerdir=");

	for (size_t i = 0; ok && i < o->layers_len; i++)
		ok = (!i || add_word(data, &used, ":")) &&
		     add_name(data, &used, o->layers[i] + skip);
	ok = ok && add_word(data, &used, ",upperdir=") && add_name(data, &used, upper) &&
	     add_word(data, &used, ",workdir=") && add_name(data, &used, work);
	if (ok && in_userns)
		ok = add_word(data, &used, ",userxattr");
	if (ok && rf->label_data)
		ok = add_word(data, &used, ",") && add_word(data, &used, rf->label_data);
	return ok;
}

static int mount_by_names(const struct overlay_plan *o, struct rootfs *rf, bool tmpfs,
			  bool in_userns, struct oci_error *err)
{
	CLEANUP_FREE char *data = malloc(DATA_MAX);
	CLEANUP_FREE char *upper = NULL, *work = NULL, *folder = NULL;
	size_t skip = common_folder(o, !tmpfs);
	int fd, code;

	if (tmpfs) { /* it is mounted on the root folder itself */
		if (asprintf(&upper, "%s/upper", rf->path) < 0 ||
		    asprintf(&work, "%s/work", rf->path) < 0)
			return err_nomem(err);
	} else if (!(upper = strdup(o->upper + skip)) || !(work = strdup(o->work + skip))) {
		return err_nomem(err);
	}
	folder = strndup(o->layers[0], skip);
	if (!data || !folder)
		return err_nomem(err);
	if (!build_data(o, rf, skip, upper, work, in_userns, data))
		return err_set(
			err, E2BIG,
			"annotations." KEY_LAYERS
			": the names of %zu layers are too long for a kernel older than 6.13",
			o->layers_len);
	rf->cwd_fd = -1;
	/* by name: all are the host's own folders, seen before the root is entered */
	if (chdir(folder) < 0)
		return err_sys(err, errno, "annotations." KEY_LAYERS ": %s", folder);
	/* by name: the root folder, as above */
	if (mount("overlay", rf->path, "overlay", 0, data) < 0) {
		code = errno;
		return explain(o, "", code, err);
	}
	/* by name: the overlay that lies there now */
	fd = open(rf->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "overlay root") : fd;
}

/* ---- mounting ----------------------------------------------------------------------- */

/* A tmpfs that is mounted nowhere; as a layer it does from Linux 6.15 on. */
static int open_throwaway(const struct overlay_plan *o, struct oci_error *err)
{
	CLEANUP_CLOSE int fs = sys_fsopen("tmpfs");
	CLEANUP_CLOSE int dir = -1;
	int r = fs;

	if (r >= 0)
		r = sys_fsconfig_string(fs, "mode", "700");
	if (r >= 0)
		r = sys_fsconfig_create(fs);
	if (r >= 0)
		r = dir = sys_fsmount(fs, MOUNT_ATTR_NODEV);
	if (r >= 0)
		r = make_folders(o, dir, "tmpfs", err);
	return r < 0 ? r : TAKE_FD(dir);
}

/* A tmpfs below the overlay's own mount point: out of sight, and gone with the old root. */
static int mount_throwaway(const struct overlay_plan *o, const struct rootfs *rf,
			   struct oci_error *err)
{
	CLEANUP_CLOSE int dir = -1;
	int r;

	for (size_t i = 0; i < o->layers_len; i++)
		if (path_is_below(o->layers[i], rf->path))
			return err_set(err, EINVAL,
				       "annotations." KEY_LAYERS
				       "[%zu]: %s: a layer in root.path, with "
				       "a throw-away upper folder, needs Linux 6.15",
				       i, o->layers[i]);
	/* by name: the root folder on the host, before anything of the container runs */
	if (mount("overlay-upper", rf->path, "tmpfs", MS_NODEV, "mode=700") < 0)
		return err_sys(err, errno, "annotations." KEY_UPPER ": tmpfs");
	/* by name: the tmpfs that lies there now */
	dir = open(rf->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "annotations." KEY_UPPER ": tmpfs");
	r = make_folders(o, dir, "tmpfs", err);
	return r < 0 ? r : TAKE_FD(dir);
}

int overlay_tree(const struct overlay_plan *o, struct rootfs *rf, struct oci_error *err)
{
	int tree;

	if (!o->upper)
		return -EOPNOTSUPP;
	tree = mount_by_fds(o, rf, -1, false, err);
	return tree;
}

int overlay_mount(const struct overlay_plan *o, struct rootfs *rf, bool *ret_attached,
		  struct oci_error *err)
{
	CLEANUP_CLOSE int upper_dir = -1;
	bool in_userns = rf->options.new_user_ns;
	int tree;

	*ret_attached = false;
	if (!o->upper && !rf->force_classic) {
		upper_dir = open_throwaway(o, NULL);
		tree = upper_dir < 0 ? upper_dir : mount_by_fds(o, rf, upper_dir, in_userns, NULL);
		if (tree >= 0)
			return tree;
		fd_closep(&upper_dir);
	}
	if (!o->upper) {
		upper_dir = mount_throwaway(o, rf, err);
		if (upper_dir < 0)
			return upper_dir;
	}
	tree = rf->force_classic ? -EOPNOTSUPP : mount_by_fds(o, rf, upper_dir, in_userns, err);
	*ret_attached = tree == -EOPNOTSUPP;
	if (*ret_attached)
		tree = mount_by_names(o, rf, upper_dir >= 0, in_userns, err);
	return tree;
}
