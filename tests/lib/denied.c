/* SPDX-License-Identifier: Apache-2.0 */
/*
 * denied.c - run a command, and all that it starts, on a kernel without some system calls.
 *
 *	denied CALL[,CALL...]=ERRNO[/N]... -- COMMAND [ARG...]
 *	CALL: openat2 open_tree move_mount fsopen fsmount mount_setattr clone3 close_range
 *	ERRNO: ENOSYS EAGAIN EPERM; with /N each call fails N times and then is let through, as EAGAIN does
 *
 * A seccomp filter says so, which is how old kernels and the filters of outer containers look from inside. What must
 * hold: the command's own exit status. With /N this process stays as the judge of each call (user notification, Linux
 * 5.5), otherwise it becomes the command.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#endif
#define MAX_CALLS 16
#define FAILED 125 /* as env(1) and its kin have it */

struct denial {
	long nr;
	int code;
	unsigned times; /* 0: always */
	unsigned count;
};

static struct denial denials[MAX_CALLS];
static size_t denials_len;

static long number_of(const char *name)
{
	static const struct {
		const char *name;
		long nr;
	} calls[] = {
		{ "openat2", SYS_openat2 },       { "open_tree", SYS_open_tree },
		{ "move_mount", SYS_move_mount }, { "fsopen", SYS_fsopen },
		{ "fsmount", SYS_fsmount },       { "mount_setattr", SYS_mount_setattr },
		{ "clone3", SYS_clone3 },         { "close_range", SYS_close_range },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, name))
			return calls[i].nr;
	errx(FAILED, "unknown call %s", name);
}

static int code_of(const char *name)
{
	if (!strcmp(name, "ENOSYS"))
		return ENOSYS;
	if (!strcmp(name, "EAGAIN"))
		return EAGAIN;
	if (!strcmp(name, "EPERM"))
		return EPERM;
	errx(FAILED, "unknown errno %s", name);
}

/* Return: is it one that needs a judge? */
static bool parse(char *text)
{
	char *code = strchr(text, '='), *times;

	if (!code)
		errx(FAILED, "%s: expected CALL=ERRNO", text);
	*code++ = '\0';
	times = strchr(code, '/');
	if (times)
		*times++ = '\0';
	for (char *name = strtok(text, ","); name; name = strtok(NULL, ",")) {
		if (denials_len == MAX_CALLS)
			errx(FAILED, "too many calls");
		denials[denials_len++] = (struct denial){
			.nr = number_of(name),
			.code = code_of(code),
			.times = times ? (unsigned)strtoul(times, NULL, 10) : 0,
		};
	}
	return times;
}

/* Return: the listener with @flags of one, else 0. */
static int install(unsigned flags)
{
	struct sock_filter code[5 + 2 * MAX_CALLS];
	struct sock_fprog program = { .filter = code };
	unsigned short n = 0;
	long fd;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < denials_len; i++) {
		const struct denial *d = &denials[i];

		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)d->nr,
							 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(
			BPF_RET | BPF_K,
			d->times ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ERRNO | (unsigned)d->code);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = n;
	/* root needs no "no new privileges", which the command would be left with */
	if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		err(FAILED, "PR_SET_NO_NEW_PRIVS");
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (fd < 0)
		err(FAILED, "seccomp");
	return (int)fd;
}

_Noreturn static void become(char **argv)
{
	execvp(argv[0], argv);
	err(FAILED, "%s", argv[0]);
}

static void answer(int listener)
{
	struct seccomp_notif asked;
	struct seccomp_notif_resp said = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	memset(&asked, 0, sizeof(asked));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
		return; /* it was killed meanwhile */
	said.id = asked.id;
	for (size_t i = 0; i < denials_len; i++) {
		struct denial *d = &denials[i];

		if (d->nr != asked.data.nr || ++d->count % (d->times + 1) == 0)
			continue;
		said.flags = 0;
		said.error = -d->code;
	}
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &said);
}

/* The command's status, once it is over; what it left running loses its judge, and with it the calls (ENOSYS). */
static int judge(int listener, int pidfd, pid_t pid)
{
	struct pollfd fds[] = { { .fd = listener, .events = POLLIN },
				{ .fd = pidfd, .events = POLLIN } };
	int status;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			err(FAILED, "poll");
		if (fds[0].revents & POLLIN)
			answer(listener);
		if (fds[1].revents)
			break;
		if (fds[0].revents & POLLHUP)
			fds[0].fd = -1;
	}
	if (waitpid(pid, &status, 0) < 0)
		err(FAILED, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_judged(char **argv)
{
	int up[2], down[2], number, listener, pidfd;
	char byte = 0;
	pid_t pid;

	if (pipe(up) || pipe(down))
		err(FAILED, "pipe");
	pid = fork();
	if (pid < 0)
		err(FAILED, "fork");
	if (!pid) {
		number = install(SECCOMP_FILTER_FLAG_NEW_LISTENER);
		if (write(up[1], &number, sizeof(number)) != sizeof(number) ||
		    read(down[0], &byte, 1) != 1)
			_exit(FAILED);
		(void)close(number);
		for (int i = 0; i < 2; i++) {
			(void)close(up[i]);
			(void)close(down[i]);
		}
		become(argv);
	}
	(void)close(up[1]);
	if (read(up[0], &number, sizeof(number)) != sizeof(number))
		errx(FAILED, "no filter");
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	listener = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
	if (listener < 0 || write(down[1], &byte, 1) != 1)
		err(FAILED, "the listener");
	return judge(listener, pidfd, pid);
}

int main(int argc, char **argv)
{
	bool judged = false;
	int i = 1;

	for (; i < argc && strcmp(argv[i], "--") != 0; i++)
		judged |= parse(argv[i]);
	if (i + 1 >= argc || !denials_len)
		errx(FAILED, "usage: denied CALL[,CALL...]=ERRNO[/N]... -- COMMAND [ARG...]");
	argv += i + 1;
	if (judged)
		return run_judged(argv);
	(void)install(0);
	become(argv);
}
