/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foreground.c - the runtime between its caller and a container's process: terminal, signals, exit status.
 *
 * One poll over everything, no threads, no timers. Only the pty's master is non-blocking: stdin and stdout are shared with
 * the caller, so their flags are not ours to change; they are read and written only when poll says so, and in pieces of
 * at most PIPE_BUF, which poll promises room for (pipe(7)).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/notify_socket.h"
#include "runtime/signals.h"
#include "runtime/terminal.h"

#define DRAIN_LIMIT (1024 * 1024) /* bytes after the process has ended, when others still write */

struct buffer {
	size_t start;
	size_t length;
	char bytes[PIPE_BUF];
};

enum {
	WATCH_SIGNALS,
	WATCH_PID,
	WATCH_NOTIFY,
	WATCH_STDIN,
	WATCH_MASTER,
	WATCH_STDOUT,
	WATCH_COUNT
};

struct relay {
	const struct foreground *fg;
	int signals;
	int notify;    /* -1 when READY was passed on */
	int hung;      /* epoll fd that tells when somebody opens the slave again; -1: it is open */
	bool in_eof;   /* nothing more from stdin */
	bool out_gone; /* stdout takes nothing more: throw away */
	bool exited;
	bool interrupted;
	int status;
	size_t drained;
	char last_in; /* last byte that went in */
	struct buffer in;
	struct buffer out;
};

/* ---- the caller's terminal ---------------------------------------------- */

static int raw_fd = -1;
static struct termios raw_saved;

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };

static void raw_leave(void)
{
	sigset_t ttou, old;

	if (raw_fd < 0)
		return;
	/* in the background by now: the change is allowed with the signal blocked, tcsetattr(3) */
	(void)sigemptyset(&ttou);
	(void)sigaddset(&ttou, SIGTTOU);
	(void)sigprocmask(SIG_BLOCK, &ttou, &old);
	(void)tcsetattr(raw_fd, TCSANOW, &raw_saved);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	raw_fd = -1;
}

/* Our own crash must not leave the caller with a terminal that echoes nothing. */
static void raw_leave_on_signal(int sig)
{
	int saved = errno;

	raw_leave();
	(void)raise(sig); /* SA_RESETHAND: this time it kills */
	errno = saved;
}

static void raw_enter(int fd)
{
	struct sigaction action = { .sa_handler = raw_leave_on_signal,
				    .sa_flags = SA_RESETHAND | SA_NODEFER };
	struct termios raw;

	if (tcgetattr(fd, &raw_saved) < 0)
		return; /* no terminal */
	raw = raw_saved;
	cfmakeraw(&raw);
	raw_fd = fd;
	for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++)
		(void)sigaction(fatal_signals[i], &action, NULL);
	(void)sigaction(SIGABRT, &action, NULL); /* abort(3) unblocks it */
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		raw_fd = -1;
}

static void copy_size(const struct relay *relay)
{
	struct winsize size;

	if (relay->fg->master < 0)
		return;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 &&
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return;
	/* a pty that nobody has given a size yet: consoleSize stays */
	if (size.ws_row || size.ws_col)
		(void)ioctl(relay->fg->master, TIOCSWINSZ, &size);
}

/* ---- bytes -------------------------------------------------------------- */

static void fill_from_stdin(struct relay *relay)
{
	struct buffer *in = &relay->in;
	ssize_t n = read(STDIN_FILENO, in->bytes, sizeof(in->bytes));
	struct termios mode;

	if (n > 0) {
		in->start = 0;
		in->length = (size_t)n;
		relay->last_in = in->bytes[n - 1];
		return;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	relay->in_eof = true;
	/*
	 * A reader of lines is told by the end-of-file character, as script(1) does; twice behind an unfinished line,
	 * where the first one only hands that line over (termios(3)). Others see no more input, as with runc.
	 */
	if (tcgetattr(relay->fg->master, &mode) < 0 || !(mode.c_lflag & ICANON))
		return;
	in->start = 0;
	in->bytes[in->length++] = (char)mode.c_cc[VEOF];
	if (relay->last_in != '\n')
		in->bytes[in->length++] = (char)mode.c_cc[VEOF];
}

static void flush_to_master(struct relay *relay)
{
	struct buffer *in = &relay->in;
	ssize_t n = write(relay->fg->master, in->bytes + in->start, in->length);

	if (n < 0) {
		if (errno != EINTR && errno != EAGAIN)
			in->length = 0;
		return;
	}
	in->start += (size_t)n;
	in->length -= (size_t)n;
}

/* Nobody has the slave open: poll would report that without end, an edge-triggered epoll reports only changes. */
static void watch_hung(struct relay *relay)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	relay->hung = epoll_create1(EPOLL_CLOEXEC);
	if (relay->hung < 0)
		return;
	(void)epoll_ctl(relay->hung, EPOLL_CTL_ADD, relay->fg->master, &event);
	(void)epoll_wait(relay->hung, &event, 1, 0); /* the state that we know */
}

/* Return: was there anything? */
static bool fill_from_master(struct relay *relay)
{
	struct buffer *out = &relay->out;
	ssize_t n;

	if (relay->fg->master < 0)
		return false;
	fd_closep(&relay->hung);
	n = read(relay->fg->master, out->bytes, sizeof(out->bytes));
	if (n <= 0) {
		if (n == 0 || (errno != EINTR && errno != EAGAIN))
			watch_hung(relay);
		return false;
	}
	out->start = 0;
	out->length = relay->out_gone ? 0 : (size_t)n;
	if (relay->exited)
		relay->drained += (size_t)n;
	return true;
}

static void flush_to_stdout(struct relay *relay)
{
	struct buffer *out = &relay->out;
	ssize_t n = write(STDOUT_FILENO, out->bytes + out->start, out->length);

	if (n < 0) {
		if (errno == EINTR || errno == EAGAIN)
			return;
		/* The container must not block on a reader that has gone. */
		relay->out_gone = true;
		out->length = 0;
		return;
	}
	out->start += (size_t)n;
	out->length -= (size_t)n;
}

/* ---- signals and children ----------------------------------------------- */

static void reap(struct relay *relay)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (pid != relay->fg->pid)
			continue; /* an orphan of the container: we may be its subreaper */
		relay->exited = true;
		relay->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

/* The pidfd tells of the end at once, but a tracer (strace, a debugger) is given the status before the parent is: ptrace(2). */
static void reap_ended(struct relay *relay)
{
	siginfo_t info;

	reap(relay);
	if (!relay->exited && RETRY_EINTR(waitid(P_PID, (id_t)relay->fg->pid, &info,
						 WEXITED | WNOWAIT | __WALL)) == 0)
		reap(relay);
}

static bool asks_to_end(int sig)
{
	return sig == SIGTERM || sig == SIGINT || sig == SIGHUP || sig == SIGQUIT;
}

static int take_signal(struct relay *relay, struct oci_error *err)
{
	struct signalfd_siginfo info;
	char name[16];
	int sig;

	if (RETRY_EINTR(read(relay->signals, &info, sizeof(info))) != sizeof(info))
		return err_sys(err, errno, "read a signal");
	sig = (int)info.ssi_signo;
	if (sig == SIGCHLD) {
		reap(relay);
	} else if (sig == SIGWINCH) {
		copy_size(relay);
	} else if (sig == SIGPIPE || sig == SIGURG) {
		/* write(2) has told us; SIGURG is nobody's request */
	} else if (relay->exited || !relay->fg->forward_signals) {
		if (!asks_to_end(sig))
			return 0;
		relay->interrupted = true;
		if (!relay->exited)
			return err_set(err, EINTR, "interrupted by %s",
				       signal_name(sig, name, sizeof(name)));
	} else {
		/* ESRCH: it has ended, and pidfd is about to say so */
		(void)sys_pidfd_send_signal(relay->fg->pidfd, sig);
	}
	return 0;
}

static int open_signals(const sigset_t *mask, struct oci_error *err)
{
	sigset_t set;
	int fd;

	if (sigprocmask(SIG_SETMASK, NULL, &set) < 0)
		return err_sys(err, errno, "read the signal mask");
	/* what the caller had blocked already is its own business */
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (mask && sigismember(mask, sig) == 1 && sig != SIGCHLD)
			(void)sigdelset(&set, sig);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "signalfd");
	return fd;
}

int foreground_block_signals(sigset_t *ret_mask, struct oci_error *err)
{
	/* TTIN, TTOU: job control of the caller's shell stops us as it stops everybody */
	static const int left[] = { SIGTTIN, SIGTTOU };
	/* nohup(1), and jobs of a shell without job control: what is ignored stays so */
	static const int ignorable[] = { SIGHUP, SIGINT, SIGQUIT };
	struct sigaction action;
	sigset_t set;

	(void)sigfillset(&set);
	for (size_t i = 0; i < ARRAY_LEN(left); i++)
		(void)sigdelset(&set, left[i]);
	for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++)
		(void)sigdelset(&set, fatal_signals[i]);
	for (size_t i = 0; i < ARRAY_LEN(ignorable); i++)
		if (sigaction(ignorable[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			(void)sigdelset(&set, ignorable[i]);
	/* inherited as ignored, it would take the exit status away (waitpid(2), NOTES) */
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR)
		return err_sys(err, errno, "signal SIGCHLD");
	if (sigprocmask(SIG_BLOCK, &set, ret_mask) < 0)
		return err_sys(err, errno, "block signals");
	return 0;
}

/* ---- the loop ----------------------------------------------------------- */

static void watch(const struct relay *relay, struct pollfd fds[WATCH_COUNT])
{
	bool terminal = relay->fg->master >= 0;

	for (int i = 0; i < WATCH_COUNT; i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	fds[WATCH_SIGNALS].fd = relay->signals;
	if (terminal && relay->out.length) {
		fds[WATCH_STDOUT].fd = STDOUT_FILENO;
		fds[WATCH_STDOUT].events = POLLOUT;
	}
	if (relay->exited)
		return;
	fds[WATCH_PID].fd = relay->fg->pidfd;
	fds[WATCH_NOTIFY].fd = relay->notify;
	if (!terminal)
		return;
	if (!relay->in_eof && !relay->in.length)
		fds[WATCH_STDIN].fd = STDIN_FILENO;
	fds[WATCH_MASTER].events =
		(short)((relay->out.length ? 0 : POLLIN) | (relay->in.length ? POLLOUT : 0));
	if (relay->hung >= 0) {
		fds[WATCH_MASTER].fd = relay->hung;
		fds[WATCH_MASTER].events = POLLIN;
	} else if (fds[WATCH_MASTER].events) {
		fds[WATCH_MASTER].fd = relay->fg->master;
	}
}

static void move_bytes(struct relay *relay, const struct pollfd fds[WATCH_COUNT])
{
	bool ready;

	if (fds[WATCH_STDOUT].revents)
		flush_to_stdout(relay);
	if (fds[WATCH_MASTER].revents & POLLOUT)
		flush_to_master(relay);
	if (fds[WATCH_MASTER].revents & ~POLLOUT && !relay->out.length)
		(void)fill_from_master(relay);
	if (fds[WATCH_STDIN].revents)
		fill_from_stdin(relay);
	if (fds[WATCH_NOTIFY].revents) {
		/* A manager that has gone is no reason to stop the container. */
		if (notify_socket_relay(relay->notify, relay->fg->pid, &ready, NULL) < 0 || ready)
			relay->notify = -1;
	}
}

static int relay_loop(struct relay *relay, struct oci_error *err)
{
	struct pollfd fds[WATCH_COUNT];
	int r;

	for (;;) {
		/* All that it wrote is in the pty by now (n_tty flushes its work before EAGAIN). */
		if (relay->exited && !relay->out.length) {
			if (relay->drained > DRAIN_LIMIT || relay->out_gone ||
			    !fill_from_master(relay))
				return 0;
		}
		watch(relay, fds);
		if (RETRY_EINTR(poll(fds, WATCH_COUNT, -1)) < 0)
			return err_sys(err, errno, "poll");
		if (fds[WATCH_SIGNALS].revents) {
			r = take_signal(relay, err);
			if (r < 0 || relay->interrupted)
				return r;
		}
		move_bytes(relay, fds);
		if (fds[WATCH_PID].revents && !relay->exited) {
			reap_ended(relay);
			if (!relay->exited)
				return err_set(err, ECHILD,
					       "process %d is not a child of this runtime",
					       (int)relay->fg->pid);
		}
	}
}

int foreground_run(struct foreground *fg, const sigset_t *mask, int *ret_status,
		   struct oci_error *err)
{
	CLEANUP_CLOSE int signals = open_signals(mask, err);
	struct relay relay;
	int flags, r;

	if (signals < 0)
		return signals;
	/* the buffers are left alone: without a terminal their pages are never touched */
	memset(&relay, 0, offsetof(struct relay, in));
	relay.in.length = relay.out.length = 0;
	relay.fg = fg;
	relay.signals = signals;
	relay.notify = fg->notify_socket;
	relay.hung = -1;
	relay.last_in = '\n';
	if (fg->master >= 0) {
		flags = fcntl(fg->master, F_GETFL);
		if (flags < 0 || fcntl(fg->master, F_SETFL, flags | O_NONBLOCK) < 0)
			return err_sys(err, errno, "make the terminal non-blocking");
		copy_size(&relay);
		raw_enter(STDIN_FILENO);
	}
	r = relay_loop(&relay, err);
	raw_leave();
	fd_closep(&relay.hung);
	if (r == 0)
		*ret_status = relay.status;
	return r;
}
