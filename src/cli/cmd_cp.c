/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_cp.c - between a container and the host. The container's side is looked up inside its root, whatever its links say.
 *
 * With "-" the other side is a tar archive. tar(1) works in a private folder on the host, never in the container's tree, for it would
 * follow that tree's links as links of the host's.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/path.h"
#include "base/program.h"
#include "cli/common.h"
#include "cli/copy.h"
#include "cli/start.h"
#include "cli/user.h"

struct cp_args {
	bool archive;
};

static const struct opt cp_opts[] = {
	{ "archive", 'a', OPT_FLAG, offsetof(struct cp_args, archive), NULL,
	  "keep owners; default: root in the container, you on the host" },
	{ "follow-link", 'L', OPT_IGNORED_FLAG, 0, NULL,
	  "accepted for compatibility; SOURCE itself may be a link, links in it are copied" },
	{ .name = NULL },
};

/* One side: a root that paths are looked up in. */
struct side {
	const char *text; /* as it was given */
	const char *path;
	int root;   /* the container's, or the host's "/" */
	char *full; /* heap: absolute in the root */
	bool host;
};

static void side_freep(struct side *side)
{
	fd_closep(&side->root);
	mem_freep(&side->full);
}
#define CLEANUP_SIDE __attribute__((cleanup(side_freep)))

/* "CONTAINER:PATH"; "./a:b" and "/a:b" are the host's. */
static const char *path_in_container(const char *text)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text || text[0] == '/' || text[0] == '.')
		return NULL;
	return colon + 1;
}

static int open_host(struct side *side, struct oci_error *err)
{
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);

	side->host = true;
	side->path = side->text;
	side->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (side->root < 0 || !cwd)
		return err_sys(err, errno, "the current folder");
	if (asprintf(&side->full, "%s%s%s", side->text[0] == '/' ? "" : cwd,
		     side->text[0] == '/' ? "" : "/", side->text) < 0) {
		side->full = NULL;
		return err_nomem(err);
	}
	return 0;
}

/* The host's number of the container's root. */
static void root_owner(pid_t pid, struct copy_options *options)
{
	char path[64], text[128];
	unsigned inside, outside;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	if (io_read_small(AT_FDCWD, path, text, sizeof(text)) > 0 &&
	    sscanf(text, "%u %u", &inside, &outside) == 2 && inside == 0)
		options->uid = outside;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	if (io_read_small(AT_FDCWD, path, text, sizeof(text)) > 0 &&
	    sscanf(text, "%u %u", &inside, &outside) == 2 && inside == 0)
		options->gid = outside;
}

static int open_container(struct side *side, struct copy_options *options, bool target,
			  struct oci_error *err)
{
	CLEANUP_JSON yajl_val container = NULL;
	CLEANUP_FREE char *ref = strndup(side->text, (size_t)(side->path - side->text) - 1);
	int r = ref ? common_container(ref, &container, err) : err_nomem(err);

	if (r < 0)
		return r;
	if (!*side->path)
		return err_set_as(err, ERR_USAGE, EINVAL, "'%s' has no path behind the ':'",
				  side->text);
	r = container_root(container, err);
	if (r < 0)
		return r;
	side->root = r;
	if (target)
		root_owner((pid_t)json_int(container, "pid", 0), options);
	if (asprintf(&side->full, "/%s", side->path) < 0) {
		side->full = NULL;
		return err_nomem(err);
	}
	return 0;
}

static int open_side(struct side *side, struct copy_options *options, bool target,
		     struct oci_error *err)
{
	side->path = path_in_container(side->text);
	if (!side->path) {
		options->uid = target ? geteuid() : options->uid;
		options->gid = target ? getegid() : options->gid;
		return open_host(side, err);
	}
	return open_container(side, options, target, err);
}

/* ---- one to the other -------------------------------------------------------------------------------------------------- */

/* "x/." means what is in x. */
static bool means_inside(const char *path)
{
	size_t n = strlen(path);

	return n >= 2 && path[n - 1] == '.' && path[n - 2] == '/';
}

static int open_folder(const struct side *side, const char *path)
{
	return path_open_in_root(side->root, path, O_RDONLY | O_DIRECTORY, 0);
}

/* The folder that holds the source, and its name there; links of the last part are followed first. */
static int open_source(struct side *side, const char **ret_name, struct oci_error *err)
{
	char link[32], real[PATH_MAX], root[PATH_MAX];
	CLEANUP_CLOSE int fd = path_open_in_root(side->root, side->full, O_PATH, 0);
	CLEANUP_FREE char *copy = NULL;
	size_t prefix;
	ssize_t n, m;
	int parent;

	if (fd < 0)
		return err_sys(err, -fd, "%s", side->text);
	n = readlink(path_fd_link(fd, link), real, sizeof(real) - 1);
	m = readlink(path_fd_link(side->root, link), root, sizeof(root) - 1);
	if (n < 0 || m < 0)
		return err_sys(err, errno, "%s", side->text);
	real[n] = root[m] = '\0';
	prefix = strcmp(root, "/") == 0 || strncmp(real, root, (size_t)m) != 0 ? 0 : (size_t)m;
	copy = strdup(real + prefix);
	if (!copy)
		return err_nomem(err);
	mem_freep(&side->full);
	side->full = TAKE_PTR(copy);
	parent = path_open_parent_in_root(side->root, side->full, false, ret_name);
	return parent < 0 ? err_sys(err, -parent, "%s", side->text) : parent;
}

static int copy_contents(struct side *from, struct side *to, const struct copy_options *options,
			 struct oci_error *err)
{
	CLEANUP_CLOSE int in = open_folder(from, from->full);
	CLEANUP_CLOSE int out = -1;

	if (in < 0)
		return err_sys(err, -in, "%s", from->text);
	out = open_folder(to, to->full);
	if (out == -ENOENT) {
		const char *name;
		CLEANUP_CLOSE int parent =
			path_open_parent_in_root(to->root, to->full, false, &name);

		if (parent >= 0 && mkdirat(parent, name, 0755) == 0)
			out = open_folder(to, to->full);
	}
	if (out < 0)
		return err_sys(err, -out, "%s", to->text);
	return copy_inside(in, out, from->text, options, err);
}

static int copy_named(struct side *from, struct side *to, const struct copy_options *options,
		      struct oci_error *err)
{
	const char *name = NULL, *to_name = NULL;
	CLEANUP_CLOSE int source = open_source(from, &name, err);
	CLEANUP_CLOSE int target = -1;

	if (source < 0)
		return source;
	target = open_folder(to, to->full);
	if (target >= 0)
		return copy_tree(source, name, target, name, from->text, options, err);
	if (target != -ENOENT && target != -ENOTDIR)
		return err_sys(err, -target, "%s", to->text);
	target = path_open_parent_in_root(to->root, to->full, false, &to_name);
	if (target < 0)
		return err_sys(err, target == -EINVAL ? ENOTDIR : -target, "%s", to->text);
	return copy_tree(source, name, target, to_name, from->text, options, err);
}

static int copy_sides(struct side *from, struct side *to, const struct copy_options *options,
		      struct oci_error *err)
{
	return means_inside(from->text) ? copy_contents(from, to, options, err)
					: copy_named(from, to, options, err);
}

/* ---- tar --------------------------------------------------------------------------------------------------------------- */

static int run_tar(const char *mode, const char *folder, const char *name, struct oci_error *err)
{
	char program[PATH_MAX];
	int r = program_find("tar", program);

	if (r < 0)
		return err_set(err, ENOENT, "'-' needs tar, which is not installed");
	r = start_wait((const char *const[]){ program, mode, "-", "-C", folder, name, NULL }, err);
	return r > 0 ? err_set(err, EIO, "tar ended with status %d", r) : r;
}

static int remove_folder(const char *folder)
{
	char program[PATH_MAX];

	return program_find("rm", program) < 0
		       ? -ENOENT
		       : start_wait((const char *const[]){ program, "-rf", "--", folder, NULL },
				    NULL);
}

static int make_folder(char folder[PATH_MAX], struct oci_error *err)
{
	const char *temp = getenv("TMPDIR");

	if (snprintf(folder, PATH_MAX, "%s/carte-cp-XXXXXX",
		     temp && *temp == '/' ? temp : "/tmp") >= PATH_MAX)
		return err_set(err, ENAMETOOLONG, "TMPDIR is too long");
	return mkdtemp(folder) ? 0 : err_sys(err, errno, "make a folder for tar");
}

static int from_tar(const char *folder, struct side *to, const struct copy_options *options,
		    struct oci_error *err)
{
	CLEANUP_CLOSE int in = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int out = open_folder(to, to->full);
	int r;

	if (out < 0)
		return err_sys(err, -out, "%s", to->text);
	if (in < 0)
		return err_sys(err, errno, "%s", folder);
	r = run_tar("-xf", folder, NULL, err);
	return r < 0 ? r : copy_inside(in, out, "-", options, err);
}

static int to_tar(struct side *from, const char *folder, const struct copy_options *options,
		  struct oci_error *err)
{
	const char *name = NULL;
	CLEANUP_CLOSE int source = open_source(from, &name, err);
	CLEANUP_CLOSE int out = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (source < 0)
		return source;
	if (out < 0)
		return err_sys(err, errno, "%s", folder);
	r = copy_tree(source, name, out, name, from->text, options, err);
	return r < 0 ? r : run_tar("-cf", folder, name, err);
}

static int cp_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct cp_args *args = options;
	CLEANUP_SIDE struct side from = { .text = operands[0], .root = -1 };
	CLEANUP_SIDE struct side to = { .text = operands[1], .root = -1 };
	struct copy_options copy = { .owners = args->archive };
	bool in = strcmp(operands[0], "-") == 0, out = strcmp(operands[1], "-") == 0;
	char folder[PATH_MAX];
	int r;

	(void)count;
	if (!path_in_container(operands[0]) == !path_in_container(operands[1]))
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "one of the two must be CONTAINER:PATH, and one must not");
	r = in ? 0 : open_side(&from, &copy, false, err);
	if (r == 0 && !out)
		r = open_side(&to, &copy, true, err);
	if (r == 0 && !in && !out)
		return copy_sides(&from, &to, &copy, err);
	if (r == 0)
		r = make_folder(folder, err);
	if (r < 0)
		return r;
	copy.owners |= out;
	r = in ? from_tar(folder, &to, &copy, err) : to_tar(&from, folder, &copy, err);
	(void)remove_folder(folder);
	return r;
}

const struct cmd cmd_cp = {
	.command = {
		.name = "cp",
		.usage = "[OPTIONS] CONTAINER:PATH PATH|- | PATH|- CONTAINER:PATH",
		.summary = "copy files and folders out of a container or into it",
		.opts = cp_opts,
		.positional_after = -1,
		.min_operands = 2,
		.max_operands = 2,
	},
	.options_size = sizeof(struct cp_args),
	.run = cp_run,
};
