/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_service.c - start criu as "criu swrk FD" and talk to it (criu's rpc.proto, one message per packet).
 *
 * What must hold: a criu that restores does not outlive us, whatever it says
 * ends in one sentence, and nobody is left to be waited for. Descriptors in requests are
 * ours, which criu opens through /proc/PID/fd, but those to inherit, which
 * it must have itself.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/program.h"
#include "base/sys.h"
#include "runtime/checkpoint/criu.h"
#include "runtime/checkpoint/criu_log.h"
#include "runtime/checkpoint/criu_request.h"
#include "runtime/checkpoint/options.h"

#define LOCK_SKIP_VERSION 31800

bool criu_is_built(void)
{
	return true;
}

int criu_refuse(struct oci_error *err)
{
	(void)err;
	return 0;
}

/* ---- finding and starting ----------------------------------------------------- */

static int find_program(char ret[PATH_MAX], struct oci_error *err)
{
	if (program_find("criu", ret) == 0)
		return 0;
	return err_set(err, ENOENT, "the criu program is not in PATH: install it (Debian: criu)");
}

static int keep_fds(const struct criu_child *child, int socket, struct oci_error *err)
{
	int r = sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);

	/* without it, what is not ours to hand on stays open in criu, which closes it before a task runs */
	(void)r;
	for (size_t i = 0; i < child->fds_len; i++)
		if (fcntl(child->fds[i].fd, F_SETFD, 0) < 0)
			return err_sys(err, errno, "%s: keep descriptor %d", child->fds[i].key,
				       child->fds[i].fd);
	return fcntl(socket, F_SETFD, 0) < 0 ? err_sys(err, errno, "keep criu's socket") : 0;
}

static int pass_work_fd(const struct criu_child *child, int socket, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;
	int r;

	if (!child->work_path)
		return 0;
	/* by name: the caller's folder, as this mount namespace has it */
	fd = open(child->work_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "--work-path %s", child->work_path);
	r = io_send_fds(socket, "", 1, &fd, 1);
	return r < 0 ? err_sys(err, -r, "pass the work folder") : 0;
}

_Noreturn static void become_criu(const char *program, const struct criu_child *child, int socket,
				  pid_t parent, struct oci_error *err)
{
	char number[16];
	char *argv[] = { "criu", "swrk", number, NULL };
	int r;

	if (!child->finishes)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
	r = child->prepare ? child->prepare(child->arg, err) : 0;
	if (r == 0)
		r = pass_work_fd(child, socket, err);
	if (r == 0)
		r = keep_fds(child, socket, err);
	if (r < 0)
		_exit(1);
	/* it runs ip, iptables-restore and tar by name */
	if (!getenv("PATH"))
		(void)setenv("PATH", PROGRAM_DEFAULT_PATH, 1);
	if (child->mask)
		(void)sigprocmask(SIG_SETMASK, child->mask, NULL);
	snprintf(number, sizeof(number), "%d", socket);
	execv(program, argv);
	err_sys(err, errno, "execute %s", program);
	_exit(1);
}

static int spawn(struct criu *criu, const struct criu_child *child, struct oci_error *err)
{
	char program[PATH_MAX];
	int pair[2], r;
	pid_t parent = getpid();

	r = find_program(program, err);
	if (r < 0)
		return r;
	criu->shared = mmap(NULL, sizeof(*criu->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (criu->shared == MAP_FAILED) {
		criu->shared = NULL;
		return err_sys(err, errno, "mmap");
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, errno, "socketpair");
	criu->finishes = child->finishes;
	criu->pid = fork();
	if (criu->pid == 0)
		become_criu(program, child, pair[1], parent, criu->shared);
	(void)close(pair[1]);
	criu->socket = pair[0];
	if (criu->pid < 0) {
		criu->pid = 0;
		return err_sys(err, errno, "fork");
	}
	return 0;
}

void criu_close(struct criu *criu)
{
	fd_closep(&criu->socket);
	if (criu->pid > 0) {
		if (!criu->finishes)
			(void)kill(criu->pid, SIGKILL);
		(void)RETRY_EINTR(waitpid(criu->pid, NULL, 0));
		criu->pid = 0;
	}
	if (criu->shared)
		(void)munmap(criu->shared, sizeof(*criu->shared));
	criu->shared = NULL;
}

/* ---- messages ----------------------------------------------------------------- */

static int send_request(struct criu *criu, const CriuReq *req, struct oci_error *err)
{
	size_t length = criu_req__get_packed_size(req);
	CLEANUP_FREE uint8_t *data = malloc(length + 1);

	if (!data)
		return err_nomem(err);
	(void)criu_req__pack(req, data);
	/* EPIPE: its reason is read from the other direction */
	if (RETRY_EINTR(send(criu->socket, data, length, MSG_NOSIGNAL)) < 0 && errno != EPIPE)
		return err_sys(err, errno, "send a request to criu");
	return 0;
}

/* It has closed the socket without an answer. */
static int explain_end(struct criu *criu, struct oci_error *err)
{
	int status = 0;

	if (criu->pid > 0 && RETRY_EINTR(waitpid(criu->pid, &status, 0)) > 0)
		criu->pid = 0;
	if (criu->shared->code)
		return err_copy(err, criu->shared);
	if (WIFSIGNALED(status))
		return err_set(err, ECHILD, "criu was killed by signal %d (%s)", WTERMSIG(status),
			       strsignal(WTERMSIG(status)));
	return err_set(err, ECHILD, "criu ended without an answer, with status %d",
		       WEXITSTATUS(status));
}

/* @ret_fd: a descriptor that came along; NULL: none is wanted */
static int receive_answer(struct criu *criu, CriuResp **ret, int *ret_fd, struct oci_error *err)
{
	CLEANUP_FREE uint8_t *data = NULL;
	size_t fds = 0;
	int fd = -EBADF;
	ssize_t n;

	n = RETRY_EINTR(recv(criu->socket, NULL, 0, MSG_PEEK | MSG_TRUNC));
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return explain_end(criu, err);
	if (n < 0)
		return err_sys(err, errno, "receive from criu");
	data = malloc((size_t)n);
	if (!data)
		return err_nomem(err);
	n = io_recv_fds(criu->socket, data, (size_t)n, &fd, 1, &fds);
	if (n < 0)
		return err_sys(err, (int)-n, "receive from criu");
	*ret = criu_resp__unpack(NULL, (size_t)n, data);
	if (!*ret || !ret_fd) {
		fd_closep(&fd);
		return *ret ? 0 : err_set(err, EPROTO, "criu's answer cannot be read");
	}
	*ret_fd = fds ? fd : -EBADF;
	return 0;
}

static void resp_freep(CriuResp **resp)
{
	if (*resp)
		criu_resp__free_unpacked(*resp, NULL);
}
#define CLEANUP_RESP __attribute__((cleanup(resp_freep)))

static int ask(struct criu *criu, CriuReqType type, CriuFeatures *features, CriuResp **ret,
	       struct oci_error *err)
{
	CriuReq req = CRIU_REQ__INIT;
	int r;

	req.type = type;
	req.features = features;
	req.has_keep_open = req.keep_open = 1;
	r = send_request(criu, &req, err);
	return r < 0 ? r : receive_answer(criu, ret, NULL, err);
}

static int check_version(struct criu *criu, struct oci_error *err)
{
	CLEANUP_RESP CriuResp *resp = NULL;
	int r = ask(criu, CRIU_REQ_TYPE__VERSION, NULL, &resp, err);

	if (r < 0)
		return r;
	if (!resp->success || !resp->version)
		return err_set(err, EPROTO, "criu does not tell its version: it is too old");
	criu->version = resp->version->major_number * 10000 + resp->version->minor_number * 100 +
			resp->version->sublevel;
	if (criu->version < CRIU_VERSION_MIN)
		return err_set(err, ENOTSUP, "criu %d.%d is too old: %d.%d or newer is needed",
			       resp->version->major_number, resp->version->minor_number,
			       CRIU_VERSION_MIN / 10000, CRIU_VERSION_MIN / 100 % 100);
	return 0;
}

static int receive_work_fd(struct criu *criu, const struct criu_child *child, struct oci_error *err)
{
	size_t count = 0;
	int fd = -EBADF;
	char byte;
	ssize_t n;

	if (!child->work_path)
		return 0;
	n = io_recv_fds(criu->socket, &byte, 1, &fd, 1, &count);
	if (n == 0 || n == -ECONNRESET)
		return explain_end(criu, err);
	if (n < 0 || !count)
		return err_sys(err, n < 0 ? (int)-n : EPROTO, "receive the work folder");
	(void)close(*child->work_fd);
	*child->work_fd = fd;
	return 0;
}

int criu_start(struct criu *criu, const struct criu_child *child, struct oci_error *err)
{
	int r = spawn(criu, child, err);

	if (r == 0)
		r = receive_work_fd(criu, child, err);
	return r < 0 ? r : check_version(criu, err);
}

int criu_need_feature(struct criu *criu, bool mem_track, bool lazy_pages, struct oci_error *err)
{
	CLEANUP_RESP CriuResp *resp = NULL;
	CriuFeatures features = CRIU_FEATURES__INIT;
	int r;

	features.has_mem_track = features.mem_track = mem_track;
	features.has_lazy_pages = features.lazy_pages = lazy_pages;
	r = ask(criu, CRIU_REQ_TYPE__FEATURE_CHECK, &features, &resp, err);
	if (r < 0)
		return r;
	if (!resp->success || !resp->features)
		return err_set(err, ENOTSUP, "criu cannot say what this kernel allows");
	if (mem_track && !resp->features->mem_track)
		return err_set(err, ENOTSUP,
			       "--pre-dump: this kernel does not track memory changes "
			       "(CONFIG_MEM_SOFT_DIRTY)");
	if (lazy_pages && !resp->features->lazy_pages)
		return err_set(err, ENOTSUP,
			       "--lazy-pages: this kernel has no userfaultfd for it "
			       "(CONFIG_USERFAULTFD)");
	return 0;
}

/* ---- dump and restore --------------------------------------------------------- */

static int on_notify(const CriuNotify *notify, int fd, const struct criu_events *events,
		     struct oci_error *err)
{
	static const struct {
		const char *script;
		enum criu_event event;
	} scripts[] = {
		{ "setup-namespaces", CRIU_SETUP_NAMESPACES },
		{ "post-restore", CRIU_POST_RESTORE },
		{ "orphan-pts-master", CRIU_TERMINAL },
	};

	for (size_t i = 0; notify && notify->script && events && i < ARRAY_LEN(scripts); i++)
		if (strcmp(notify->script, scripts[i].script) == 0)
			return events->on_event(events->arg, scripts[i].event, notify->pid,
						TAKE_FD(fd), err);
	fd_closep(&fd);
	return 0;
}

static int confirm(struct criu *criu, bool success, struct oci_error *err)
{
	CriuReq req = CRIU_REQ__INIT;

	req.type = CRIU_REQ_TYPE__NOTIFY;
	req.has_notify_success = 1;
	req.notify_success = success;
	return send_request(criu, &req, err);
}

static int explain_failure(const struct cr_plan *plan, const CriuResp *resp, struct oci_error *err)
{
	static const char *const words[] = {
		[CR_DUMP] = "dump",
		[CR_PRE_DUMP] = "pre-dump",
		[CR_RESTORE] = "restore",
	};
	int code = resp->has_cr_errno && resp->cr_errno > 0 ? resp->cr_errno : EIO;
	char line[512];

	criu_log_read_error(plan->work_fd, plan->log_file, line, sizeof(line));
	if (!*line && resp->cr_errmsg)
		snprintf(line, sizeof(line), "%s", resp->cr_errmsg);
	line[strcspn(line, "\n")] = '\0';
	return err_set(err, code, "criu cannot %s: %s (log: %s/%s)", words[plan->action],
		       *line ? line : strerror(code), plan->options->work_path, plan->log_file);
}

static int await_end(struct criu *criu, const struct cr_plan *plan,
		     const struct criu_events *events, pid_t *ret_pid, struct oci_error *err)
{
	struct oci_error said = OCI_ERROR_INIT;

	for (;;) {
		CLEANUP_RESP CriuResp *resp = NULL;
		int fd = -EBADF;
		int r = receive_answer(criu, &resp, &fd, err);

		if (r < 0)
			break;
		if (resp->type == CRIU_REQ_TYPE__NOTIFY) {
			r = on_notify(resp->notify, fd, events, &said);
			r = confirm(criu, r == 0, err);
			if (r < 0)
				return r;
			continue;
		}
		fd_closep(&fd);
		if (said.code)
			break;
		if (!resp->success)
			return explain_failure(plan, resp, err);
		if (ret_pid)
			*ret_pid = resp->restore ? resp->restore->pid : 0;
		/* it has only its statistics to write */
		criu->finishes = true;
		return 0;
	}
	/* ours came first, whatever criu has made of it */
	return said.code ? err_copy(err, &said) : err->code ? -err->code : -EIO;
}

int criu_run(struct criu *criu, const struct cr_plan *plan, const struct criu_events *events,
	     pid_t *ret_pid, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CriuReq *req;
	int r;

	if (plan->options->network_lock == CR_LOCK_SKIP && criu->version < LOCK_SKIP_VERSION)
		return err_set(err, ENOTSUP, "--network-lock skip: criu %d.%d does not know it",
			       criu->version / 10000, criu->version / 100 % 100);
	r = criu_request_build(&arena, plan, &req, err);
	if (r == 0)
		r = send_request(criu, req, err);
	return r < 0 ? r : await_end(criu, plan, events, ret_pid, err);
}
