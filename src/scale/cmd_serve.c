/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_serve.c - carte-scale serve: one supervisor per state folder, until SIGTERM; containers outlive it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/places.h"
#include "base/program.h"
#include "scale/cmds.h"
#include "scale/http.h"
#include "scale/scaler.h"

#define LISTEN_DEFAULT "127.0.0.1:9700"
#define QUIESCE_MS 10000
#define OTHER_WAIT_MS 5000
#define ADOPT_MS 10000

struct serve_args {
	const char *listen, *state_dir, *run_dir, *runtime, *converter, *cni_path, *cgroup_parent;
	uint32_t idle_exit;
	bool no_tcp, daemon, systemd_cgroup;
};

static const struct opt serve_opts[] = {
	{ "listen", 0, OPT_STRING, offsetof(struct serve_args, listen), "ADDRESS:PORT",
	  "where the page and the API are served, with the token; default " LISTEN_DEFAULT },
	{ "no-tcp", 0, OPT_FLAG, offsetof(struct serve_args, no_tcp), NULL,
	  "serve the unix socket alone" },
	{ "daemon", 0, OPT_FLAG, offsetof(struct serve_args, daemon), NULL,
	  "go to the background, and return once the socket answers" },
	{ "runtime", 0, OPT_STRING, offsetof(struct serve_args, runtime), "PATH",
	  "the OCI runtime; default: carte-runtime" },
	{ "converter", 0, OPT_STRING, offsetof(struct serve_args, converter), "PATH",
	  "cartefile-to-oci, when it is not beside this program" },
	{ "cni-path", 0, OPT_STRING, offsetof(struct serve_args, cni_path), "DIR",
	  "the CNI plugins; default: /usr/lib/cni" },
	{ "cgroup-parent", 0, OPT_STRING, offsetof(struct serve_args, cgroup_parent), "NAME",
	  "containers are in cgroups NAME/PROJECT/ID; default: carte" },
	{ "systemd-cgroup", 0, OPT_FLAG, offsetof(struct serve_args, systemd_cgroup), NULL,
	  "systemd makes the cgroups; default for an ordinary user with a user manager and cgroup "
	  "v2" },
	{ "state-dir", 0, OPT_STRING, offsetof(struct serve_args, state_dir), "DIR",
	  "database, logs, volumes; default: /var/lib/carte/scale, or in ~/.local/share" },
	{ "run-dir", 0, OPT_STRING, offsetof(struct serve_args, run_dir), "DIR",
	  "socket and running state; default: /run/carte, or in $XDG_RUNTIME_DIR" },
	{ "idle-exit", 0, OPT_U32, offsetof(struct serve_args, idle_exit), "SECONDS",
	  "end when there has been nothing to supervise for so long; 0: never" },
	{ .name = NULL },
};

struct server {
	struct oci_arena arena;
	const struct serve_args *args;
	struct supervisor_options options;
	const char *socket_path;
	struct loop *loop;
	struct supervisor *sv;
	struct scaler *scaler;
	struct http *http;
	int lock, socket, signals;
	bool socket_is_given;
	struct loop_watch signal_watch;
	struct loop_timer idle_timer, quiesce_timer;
	bool idle_before, ending;
};

/* ---- where things are ------------------------------------------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Beside this program, as in a build tree or an unusual prefix; then as the shell would. */
static const char *find_program(struct server *s, const char *given, const char *name,
				struct oci_error *err)
{
	char path[PATH_MAX];
	ssize_t n;
	char *slash;

	if (given && strchr(given, '/'))
		return given;
	n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	if (n > 0 && !given) {
		path[n] = '\0';
		slash = strrchr(path, '/');
		(void)snprintf(slash + 1, 64, "%s", name);
		if (is_program(path))
			return oci_arena_strdup(&s->arena, path);
		/* programs of a build tree have folders of their own */
		(void)snprintf(slash + 1, 64, "%s/%s", name, name);
		if (is_program(path))
			return oci_arena_strdup(&s->arena, path);
	}
	if (program_find(given ? given : name, path) == 0)
		return oci_arena_strdup(&s->arena, path);
	(void)err_set_as(err, ERR_NOT_FOUND, ENOENT,
			 "%s is not found; give its path, or install it beside this program",
			 given ? given : name);
	return NULL;
}

static int make_place(const char *path, struct oci_error *err)
{
	return path[0] == '/'
		       ? folder_make(path, 0711, err)
		       : err_set_as(err, ERR_USAGE, EINVAL, "%s: expected an absolute path", path);
}

/*
 * An ordinary user's cgroups come from the user's systemd where there is one: what a session is in is not its user's, and what a unit
 * is in would be in that unit's way.
 */
static bool user_has_systemd(struct server *s)
{
	const char *folder = getenv("XDG_RUNTIME_DIR");
	const char *bus;

	if (geteuid() == 0 || !folder || *folder != '/' ||
	    access("/sys/fs/cgroup/cgroup.controllers", F_OK) < 0)
		return false;
	bus = oci_arena_printf(&s->arena, "%s/systemd/private", folder);
	return bus && access(bus, F_OK) == 0;
}

static int find_places(struct server *s, struct oci_error *err)
{
	const struct serve_args *args = s->args;
	int r;

	s->options = (struct supervisor_options){
		.state_dir = args->state_dir ? args->state_dir : places_state(&s->arena),
		.run_dir = args->run_dir ? args->run_dir : places_run(&s->arena),
		.store = getenv("CARTE_STORE"),
		.cni_path = args->cni_path ? args->cni_path : "/usr/lib/cni",
		.cgroup_parent = args->cgroup_parent ? args->cgroup_parent : "carte",
		.systemd_cgroup = args->systemd_cgroup || user_has_systemd(s),
	};
	if (!s->options.state_dir || !s->options.run_dir)
		return err_nomem(err);
	s->socket_path = places_socket(s->options.run_dir, &s->arena);
	if (!s->socket_path)
		return err_nomem(err);
	s->options.runtime = find_program(s, args->runtime, "carte-runtime", err);
	if (!s->options.runtime)
		return -ENOENT;
	s->options.converter = find_program(s, args->converter, "cartefile-to-oci", err);
	if (!s->options.converter)
		return -ENOENT;
	r = make_place(s->options.state_dir, err);
	return r < 0 ? r : make_place(s->options.run_dir, err);
}

/* ---- one of them, and its socket ------------------------------------------------------------------------------------------------------ */

static int take_lock(struct server *s, struct oci_error *err)
{
	char path[PATH_MAX], text[24];
	int length;

	(void)snprintf(path, sizeof(path), "%s/lock", s->options.state_dir);
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return err_sys(err, errno, "open %s", path);
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, errno, "lock %s", path);
		if (io_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
			(void)snprintf(text, sizeof(text), "unknown");
		return err_set_as(err, ERR_EXISTS, EBUSY,
				  "another carte-scale (process %s) supervises %s", text,
				  s->options.state_dir);
	}
	length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(s->lock, 0) == 0)
		(void)!pwrite(s->lock, text, (size_t)length, 0);
	return 0;
}

/* sd_listen_fds(3): the first is ours, when LISTEN_PID is us. */
static int given_socket(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	uint32_t number;

	if (!pid || !count || parse_u32(pid, &number) < 0 || number != (uint32_t)getpid() ||
	    parse_u32(count, &number) < 0 || number < 1)
		return -1;
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	(void)fcntl(3, F_SETFD, FD_CLOEXEC);
	/* systemd hands it over blocking (NonBlocking=no): accept(2) would wait for a second client, and nothing else would be done */
	if (fcntl(3, F_SETFL, O_NONBLOCK) < 0)
		return -1;
	return 3;
}

static int open_socket(struct server *s, struct oci_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int r;

	s->socket = given_socket();
	s->socket_is_given = s->socket >= 0;
	if (s->socket >= 0)
		return 0;
	if (strlen(s->socket_path) >= sizeof(address.sun_path))
		return err_set_as(err, ERR_USAGE, ENAMETOOLONG,
				  "%s: the path of a socket has at most %zu bytes", s->socket_path,
				  sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, s->socket_path, strlen(s->socket_path) + 1);
	s->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->socket < 0)
		return err_sys(err, errno, "socket");
	/* the lock says that nobody listens on what is there */
	(void)unlink(s->socket_path);
	mask = umask(0177);
	r = bind(s->socket, (struct sockaddr *)&address, sizeof(address));
	(void)umask(mask);
	if (r < 0 || listen(s->socket, 128) < 0)
		return err_sys(err, errno, "listen on %s", s->socket_path);
	return 0;
}

/* ---- signals, idleness, the end ----------------------------------------------------------------------------------------------------------- */

static void give_up(void *ctx)
{
	struct server *s = ctx;

	loop_stop(s->loop);
}

static void end_when_quiet(void *ctx)
{
	struct server *s = ctx;

	if (supervisor_quiesce(s->sv))
		loop_stop(s->loop);
	else
		(void)loop_timer_set(s->loop, &s->idle_timer, 10, end_when_quiet, s);
}

static void end_softly(struct server *s)
{
	if (s->ending)
		return;
	s->ending = true;
	(void)loop_timer_set(s->loop, &s->quiesce_timer, QUIESCE_MS, give_up, s);
	end_when_quiet(s);
}

static void signal_ready(void *ctx, uint32_t events)
{
	struct server *s = ctx;
	struct signalfd_siginfo info;

	(void)events;
	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			supervisor_reap(s->sv);
		else
			end_softly(s);
	}
}

static int watch_signals(struct server *s, struct oci_error *err)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(err, errno, "block signals");
	(void)signal(SIGHUP, SIG_IGN);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return err_sys(err, errno, "signalfd");
	return loop_watch_add(s->loop, &s->signal_watch, s->signals, EPOLLIN, signal_ready, s);
}

/* The project of `carte run` stays when its last container has gone: it is nothing to supervise. */
static bool has_services(const struct server *s)
{
	const struct project *project = supervisor_projects(s->sv);

	while (project && !project->services)
		project = project->next;
	return project != NULL;
}

static void idle_look(void *ctx)
{
	struct server *s = ctx;
	bool idle = !has_services(s) && http_busy(s->http) == 0;

	if (idle && s->idle_before) {
		end_softly(s);
		return;
	}
	s->idle_before = idle;
	(void)loop_timer_set(s->loop, &s->idle_timer, (int64_t)s->args->idle_exit * 1000, idle_look,
			     s);
}

/* ---- serving ---------------------------------------------------------------------------------------------------------------------------- */

static void say_ready(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path ? strlen(path) : 0;
	CLEANUP_CLOSE int fd = -EBADF;

	if (length == 0 || length >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, length);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	/* not the containers' */
	(void)unsetenv("NOTIFY_SOCKET");
}

static void end_asked(void *ctx)
{
	end_softly(ctx);
}

static int start_http(struct server *s, struct oci_error *err)
{
	char token[HTTP_TOKEN_SIZE];
	struct http_options options = {
		.socket = s->socket,
		.listen = s->args->no_tcp   ? NULL
			  : s->args->listen ? s->args->listen
					    : LISTEN_DEFAULT,
		.token = token,
		.scaler = s->scaler,
		.shutdown = end_asked,
		.ctx = s,
	};
	struct oci_error why = OCI_ERROR_INIT;
	int r = http_token(s->options.state_dir, token, err);

	if (r < 0)
		return r;
	r = http_new(s->sv, &options, &s->http, &why);
	if (r == -EADDRINUSE && options.listen) {
		supervisor_say(s->sv, "fail", why.message);
		why = (struct oci_error)OCI_ERROR_INIT;
		options.listen = NULL;
		r = http_new(s->sv, &options, &s->http, &why);
	}
	if (r < 0)
		return err_copy(err, &why);
	s->socket = -EBADF;
	return 0;
}

/* Who asks now waits in the socket's queue. A runtime that does not list its containers does not keep them waiting for ever. */
static void adopt_first(struct server *s)
{
	int64_t end = loop_now(s->loop) + ADOPT_MS;

	while (supervisor_adopting(s->sv) && !s->ending && loop_now(s->loop) < end)
		(void)loop_once(s->loop, 100);
}

static int start(struct server *s, struct oci_error *err)
{
	int r = take_lock(s, err);

	if (r == 0)
		r = open_socket(s, err);
	if (r == 0)
		r = loop_new(&s->loop, err);
	if (r == 0)
		r = watch_signals(s, err);
	if (r == 0)
		r = supervisor_new(s->loop, &s->options, &s->sv, err);
	if (r == 0)
		r = scaler_new(s->sv, &s->scaler, err);
	if (r == 0) {
		adopt_first(s);
		r = start_http(s, err);
	}
	if (r == 0 && s->args->idle_exit > 0)
		idle_look(s);
	return r;
}

static void finish(struct server *s)
{
	bool served = s->sv && !s->socket_is_given;

	http_free(s->http);
	scaler_free(s->scaler);
	supervisor_free(s->sv);
	if (s->loop) {
		loop_watch_remove(&s->signal_watch);
		loop_free(s->loop);
	}
	fd_closep(&s->signals);
	fd_closep(&s->socket);
	if (served)
		(void)unlink(s->socket_path);
	fd_closep(&s->lock);
	oci_arena_free(&s->arena);
}

/* What a client would meet: a supervisor that listens. */
static bool another_answers(const struct server *s)
{
	for (unsigned i = 0; i < OTHER_WAIT_MS / 50; i++) {
		CLEANUP_CLOSE int fd = io_connect_unix(SOCK_STREAM, s->socket_path);

		if (fd >= 0)
			return true;
		(void)usleep(50000);
	}
	return false;
}

/* The parent waits for one struct oci_error: empty, or why not. */
static int wait_for_child(int fd, struct oci_error *err)
{
	struct oci_error words = OCI_ERROR_INIT;
	ssize_t n = RETRY_EINTR(read(fd, &words, sizeof(words)));

	if (n != (ssize_t)sizeof(words))
		return err_set(err, EPIPE, "the supervisor ended before it served");
	return words.code ? err_copy(err, &words) : 0;
}

/* A session and standard streams of its own; its parent is init's. Return: 1 in the daemon, 0 and -errno in the caller. */
static int become_daemon(int *ret_pipe, struct oci_error *err)
{
	int fds[2], null;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	pid = fork();
	if (pid < 0)
		return err_sys(err, errno, "fork");
	if (pid > 0) {
		int r;

		(void)close(fds[1]);
		(void)RETRY_EINTR(waitpid(pid, NULL, 0));
		r = wait_for_child(fds[0], err);
		(void)close(fds[0]);
		return r;
	}
	(void)setsid();
	if (fork() != 0)
		_exit(0);
	(void)close(fds[0]);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < 3 && null >= 0; i++)
		(void)dup2(null, i);
	if (chdir("/") < 0)
		_exit(1);
	*ret_pipe = fds[1];
	return 1;
}

static int serve(struct server *s, int pipe, struct oci_error *err)
{
	int r = find_places(s, err);

	if (r == 0)
		r = start(s, err);
	/* two who found nobody there have both begun one: the first is as good */
	if (r == -EBUSY && pipe >= 0 && s->socket_path && another_answers(s)) {
		*err = (struct oci_error)OCI_ERROR_INIT;
		(void)io_write_all(pipe, err, sizeof(*err));
		return 0;
	}
	if (pipe >= 0) {
		(void)io_write_all(pipe, err, sizeof(*err));
		(void)close(pipe);
	}
	if (r < 0)
		return r;
	say_ready();
	/* told to end while it looked */
	return s->ending ? 0 : loop_run(s->loop, err);
}

static int serve_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct server s = { .args = options, .lock = -EBADF, .socket = -EBADF, .signals = -EBADF };
	int pipe = -1, r;

	(void)operands;
	(void)count;
	if (s.args->daemon) {
		r = become_daemon(&pipe, err);
		if (r <= 0)
			return r;
	}
	r = serve(&s, pipe, err);
	finish(&s);
	/* nobody reads what a daemon prints */
	if (s.args->daemon)
		_exit(r < 0 ? (int)err_kind(err) : 0);
	return r;
}

const struct cmd cmd_serve = {
	.command = {
		.name = "serve",
		.usage = "[OPTIONS]",
		.summary = "supervise this host's services",
		.opts = serve_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct serve_args),
	.run = serve_run,
};
