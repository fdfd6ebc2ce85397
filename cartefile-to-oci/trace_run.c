/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_run.c - before and after a traced run: bundle, socket, runtime, and nothing of them left; see trace_run.h.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/program.h"
#include "base/sys.h"
#include "cartefile-to-oci/bundle.h"
#include "cartefile-to-oci/store-private.h"
#include "cartefile-to-oci/rootless.h"
#include "cartefile-to-oci/trace_loop.h"

#define DELETE_SECONDS 20
#define COMMAND_SECONDS 300 /* what should end by itself */

/* ---- which runtime ------------------------------------------------------------------------- */

/* Beside this program, where both were installed; or one folder higher, as in a build folder. */
static bool beside(const char *name, char ret[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);
	char *slash;

	if (n <= 0)
		return false;
	ret[n] = '\0';
	slash = strrchr(ret, '/');
	if (!slash || (size_t)(slash - ret) + 2 + strlen(name) > PATH_MAX)
		return false;
	strcpy(slash + 1, name);
	return access(ret, X_OK) == 0;
}

int trace_find_runtime(const char *wanted, char ret[PATH_MAX], struct oci_error *err)
{
	static const char *const names[] = { "carte-runtime", "crun", "runc" };
	int r;

	if (wanted && strchr(wanted, '/')) {
		if (!realpath(wanted, ret))
			return err_sys(err, errno, "runtime %s", wanted);
		return 0;
	}
	if (wanted) {
		r = program_find(wanted, ret);
		return r < 0 ? err_sys(err, -r, "runtime %s", wanted) : 0;
	}
	if (beside(names[0], ret) || beside("../carte-runtime", ret))
		return 0;
	if (access(BINDIR "/carte-runtime", X_OK) == 0) {
		strcpy(ret, BINDIR "/carte-runtime");
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (program_find(names[i], ret) == 0)
			return 0;
	return err_set(err, ENOENT,
		       "no runtime to run the image with: carte-runtime is neither beside this "
		       "program nor in $PATH, nor is crun or runc");
}

static bool is_carte(const char *runtime)
{
	const char *name = strrchr(runtime, '/');

	return strncmp(name ? name + 1 : runtime, "carte-runtime", 13) == 0;
}

struct trace_plan trace_plan_for(const struct build_options *options, const struct layout *layout,
				 const struct image_docs *image)
{
	return (struct trace_plan){
		.store = options->store,
		.layout = layout,
		.image = image,
		.runtime = options->runtime,
		.seconds = options->trace_seconds ? options->trace_seconds : COMMAND_SECONDS,
	};
}

/* ---- the run ------------------------------------------------------------------------------- */

struct run {
	const struct trace_plan *plan;
	struct oci_arena arena;
	char runtime[PATH_MAX];
	int temp_fd;
	char *temp;   /* the temporary folder */
	char *bundle; /* in it */
	char *state;
	char *socket;
	char *id;
	sigset_t old_mask;
	struct trace_loop loop;
};

static int make_temp(struct run *run, struct oci_error *err)
{
	int r = store_temp_folder(run->plan->store, &run->temp_fd, &run->temp, err);

	if (r < 0)
		return r;
	run->bundle = oci_arena_printf(&run->arena, "%s/bundle", run->temp);
	run->state = oci_arena_printf(&run->arena, "%s/state", run->temp);
	run->socket = oci_arena_printf(&run->arena, "%s/seccomp", run->temp);
	run->id = oci_arena_printf(&run->arena, "carte-trace-%d", (int)getpid());
	return run->bundle && run->state && run->socket && run->id ? 0 : err_nomem(err);
}

static int make_bundle(struct run *run, struct oci_error *err)
{
	static const char *const throw_away[] = { "io.carte.rootfs.upper=tmpfs" };
	const struct trace_plan *plan = run->plan;
	struct bundle_options options = {
		.copy = !is_carte(run->runtime),
		.net = plan->exercise ? "host" : NULL,
		.seccomp_listener = run->socket,
	};

	if (!options.copy) {
		options.annotations = throw_away;
		options.annotations_len = ARRAY_LEN(throw_away);
	}
	if (plan->words_len) {
		options.entrypoint = plan->words[0];
		options.args = plan->words + 1;
		options.args_len = plan->words_len - 1;
	}
	return bundle_write(plan->store, plan->layout, plan->image, run->bundle, &options, err);
}

/* The program's path in the image: as execvp(3) finds it, with the image's $PATH. */
static const char *find_program(struct run *run, const struct tree *tree)
{
	const struct oci_container_config *config = run->plan->image->config->config;
	const char *name = run->plan->words_len               ? run->plan->words[0]
			   : config && config->entrypoint_len ? config->entrypoint[0]
			   : config && config->cmd_len        ? config->cmd[0]
							      : "/";
	const char *path = PROGRAM_DEFAULT_PATH, *cwd;
	size_t length;

	cwd = config && config->working_dir && *config->working_dir ? config->working_dir : "/";
	if (strchr(name, '/'))
		return *name == '/' ? name : oci_arena_printf(&run->arena, "%s/%s", cwd, name);
	for (size_t i = 0; config && i < config->env_len; i++)
		if (strncmp(config->env[i], "PATH=", 5) == 0)
			path = config->env[i] + 5;
	for (; *path; path += length + (path[length] == ':')) {
		const struct tree_node *node;
		char *full;

		length = strcspn(path, ":");
		full = oci_arena_printf(&run->arena, "%.*s/%s", (int)length, path, name);
		node = full ? tree_resolve(tree, NULL, full, true, NULL, NULL) : NULL;
		if (node && node->type == TREE_FILE)
			return full;
	}
	return NULL;
}

/* By the folder's descriptor, because a socket's path has 107 bytes at most. */
static int make_socket(struct run *run, struct oci_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP_CLOSE int folder = -EBADF;
	int fd;

	/* by name: made by this process */
	folder = open(run->temp, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return err_sys(err, errno, "open %s", run->temp);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/seccomp",
		       folder);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, errno, "socket");
	run->loop.socket = fd;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
		return err_sys(err, errno, "listen on %s", run->socket);
	return 0;
}

static int block_signals(struct run *run, struct oci_error *err)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(ending); i++)
		(void)sigaddset(&set, ending[i]);
	if (sigprocmask(SIG_BLOCK, &set, &run->old_mask) < 0)
		return err_sys(err, errno, "sigprocmask");
	run->loop.spawn_mask = run->old_mask;
	run->loop.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return run->loop.signals < 0 ? err_sys(err, errno, "signalfd") : 0;
}

/* The ends of a pipe: ours to read, theirs to write. */
static int make_pipe(int *ret_read, int *ret_write, struct oci_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	*ret_read = ends[0];
	*ret_write = ends[1];
	return 0;
}

static int start(struct run *run, struct oci_error *err)
{
	static char root[] = "--root", verb[] = "run", bundle[] = "--bundle";
	char *const argv[] = { run->runtime, root,        run->state, verb,
			       bundle,       run->bundle, run->id,    NULL };
	CLEANUP_CLOSE int out = -EBADF;
	CLEANUP_CLOSE int err_end = -EBADF;
	int r = 0;

	if (run->plan->capture) {
		r = make_pipe(&run->loop.out, &out, err);
		if (r == 0)
			r = make_pipe(&run->loop.err, &err_end, err);
	}
	if (r < 0)
		return r;
	r = trace_spawn(argv, out < 0 ? STDERR_FILENO : out, err_end < 0 ? STDERR_FILENO : err_end,
			&run->loop.spawn_mask, &run->loop.runtime);
	if (r < 0)
		return err_sys(err, -r, "run %s", run->runtime);
	run->loop.runtime_fd = sys_pidfd_open(run->loop.runtime, 0);
	if (run->loop.runtime_fd < 0) {
		(void)kill(-run->loop.runtime, SIGKILL);
		(void)RETRY_EINTR(waitpid(run->loop.runtime, NULL, 0));
		return err_sys(err, -run->loop.runtime_fd, "pidfd_open");
	}
	return 0;
}

/* ---- nothing is left ------------------------------------------------------------------------- */

/* A runtime that was killed has not deleted its container. */
static void delete_container(const struct run *run)
{
	static char root[] = "--root", verb[] = "delete", force[] = "--force";
	char runtime[PATH_MAX], *argv[] = { runtime, root, run->state, verb, force, run->id, NULL };
	CLEANUP_CLOSE int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	CLEANUP_CLOSE int fd = -EBADF;
	char path[PATH_MAX];
	pid_t pid;

	strcpy(runtime, run->runtime);
	if (null < 0 ||
	    (size_t)snprintf(path, sizeof(path), "%s/%s", run->state, run->id) >= sizeof(path) ||
	    access(path, F_OK) < 0 || trace_spawn(argv, null, null, &run->old_mask, &pid) < 0)
		return;
	fd = sys_pidfd_open(pid, 0);
	if (fd < 0 || poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, DELETE_SECONDS * 1000) <= 0)
		(void)kill(-pid, SIGKILL);
	(void)RETRY_EINTR(waitpid(pid, NULL, 0));
}

static int remove_bundle(void *ctx, const struct rootless *ids, struct oci_error *err)
{
	const struct run *run = ctx;
	/* by name: made by this process */
	CLEANUP_CLOSE int fd = open(run->temp, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : folder_remove(fd, "bundle");

	(void)ids;
	return r < 0 ? err_sys(err, -r, "remove %s", run->bundle) : 0;
}

static void clean_up(struct run *run)
{
	if (run->id)
		delete_container(run);
	/* it may have files of ids that only the namespace can remove */
	if (run->bundle && access(run->bundle, F_OK) == 0)
		(void)rootless_run(remove_bundle, run, NULL);
	if (run->temp)
		store_temp_remove(run->temp_fd, run->temp);
	fd_closep(&run->loop.socket);
	fd_closep(&run->loop.signals);
	fd_closep(&run->loop.runtime_fd);
	fd_closep(&run->loop.out);
	fd_closep(&run->loop.err);
	oci_arena_free(&run->arena);
}

static int prepare(struct run *run, struct oci_error *err)
{
	int r = trace_find_runtime(run->plan->runtime, run->runtime, err);

	if (r == 0)
		r = make_temp(run, err);
	if (r == 0)
		r = make_socket(run, err);
	if (r == 0)
		r = make_bundle(run, err);
	run->loop.watch->program = find_program(run, run->loop.watch->tree);
	return r == 0 ? start(run, err) : r;
}

/* Where it is the runtime that failed; its one line when we have it. */
static int check_started(const struct run *run, const struct trace_outcome *outcome,
			 struct oci_error *err)
{
	const char *words = outcome->err.text ? outcome->err.text : "";

	if (run->loop.watch->confirmed || outcome->stopped ||
	    (run->loop.watch->executed && outcome->exit_status == 0))
		return 0;
	return err_set(err, ENOEXEC, "%s did not start the program (status %d)%s%.*s", run->runtime,
		       outcome->exit_status, *words ? ": " : "", (int)strcspn(words, "\n"), words);
}

int trace_run_once(const struct trace_plan *plan, struct trace_watch *watch,
		   struct trace_outcome *ret, struct oci_error *err)
{
	struct run run = { .plan = plan, .arena = OCI_ARENA_INIT, .temp_fd = -1 };
	struct trace_outcome outcome = { 0 };
	int r;

	run.loop = (struct trace_loop){ .plan = plan,
					.watch = watch,
					.outcome = &outcome,
					.socket = -1,
					.signals = -1,
					.runtime_fd = -1,
					.out = -1,
					.err = -1 };
	r = block_signals(&run, err);
	if (r < 0)
		return r;
	r = prepare(&run, err);
	if (r == 0)
		r = trace_loop_run(&run.loop, err);
	if (r == 0)
		r = check_started(&run, &outcome, err);
	watch->program = NULL; /* it is of the run's memory */
	clean_up(&run);
	(void)sigprocmask(SIG_SETMASK, &run.old_mask, NULL);
	if (r == 0)
		*ret = outcome;
	else
		trace_outcome_free(&outcome);
	return r;
}

void trace_outcome_free(struct trace_outcome *outcome)
{
	free(outcome->out.text);
	free(outcome->err.text);
	*outcome = (struct trace_outcome){ 0 };
}
