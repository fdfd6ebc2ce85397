/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signals.c - signal names.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/signals.h"

/* What signal(7) lists for all architectures; the first name of a number is the one that is printed. */
static const struct {
	const char *name;
	int number;
} names[] = {
	{ "HUP", SIGHUP },       { "INT", SIGINT },       { "QUIT", SIGQUIT },
	{ "ILL", SIGILL },       { "TRAP", SIGTRAP },     { "ABRT", SIGABRT },
	{ "IOT", SIGIOT },       { "BUS", SIGBUS },       { "FPE", SIGFPE },
	{ "KILL", SIGKILL },     { "USR1", SIGUSR1 },     { "SEGV", SIGSEGV },
	{ "USR2", SIGUSR2 },     { "PIPE", SIGPIPE },     { "ALRM", SIGALRM },
	{ "TERM", SIGTERM },     { "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD },
	{ "CLD", SIGCHLD },      { "CONT", SIGCONT },     { "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP },     { "TTIN", SIGTTIN },     { "TTOU", SIGTTOU },
	{ "URG", SIGURG },       { "XCPU", SIGXCPU },     { "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM }, { "PROF", SIGPROF },     { "WINCH", SIGWINCH },
	{ "IO", SIGIO },         { "POLL", SIGPOLL },     { "PWR", SIGPWR },
	{ "SYS", SIGSYS },
};

/* "RTMIN", "RTMIN+n", "RTMAX", "RTMAX-n"; libc keeps the first two of the kernel's for itself. */
static bool parse_realtime(const char *name, int *ret)
{
	bool min = strncasecmp(name, "RTMIN", 5) == 0;
	uint32_t offset = 0;

	if (!min && strncasecmp(name, "RTMAX", 5) != 0)
		return false;
	if (name[5]) {
		if (name[5] != (min ? '+' : '-') || parse_u32(name + 6, &offset) < 0)
			return false;
	}
	if (offset > (uint32_t)(SIGRTMAX - SIGRTMIN))
		return false;
	*ret = min ? SIGRTMIN + (int)offset : SIGRTMAX - (int)offset;
	return true;
}

int signal_parse(const char *text, int *ret, struct oci_error *err)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	uint32_t number;

	if (parse_u32(text, &number) == 0 && number <= (uint32_t)SIGRTMAX) {
		*ret = (int)number;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcasecmp(names[i].name, name) == 0) {
			*ret = names[i].number;
			return 0;
		}
	}
	if (parse_realtime(name, ret))
		return 0;
	return err_set_as(err, ERR_USAGE, EINVAL, "unknown signal \"%s\"", text);
}

const char *signal_name(int sig, char *buf, size_t size)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].number == sig) {
			(void)snprintf(buf, size, "SIG%s", names[i].name);
			return buf;
		}
	}
	if (sig == SIGRTMIN)
		(void)snprintf(buf, size, "SIGRTMIN");
	else if (sig > SIGRTMIN && sig <= SIGRTMAX)
		(void)snprintf(buf, size, "SIGRTMIN+%d", sig - SIGRTMIN);
	else
		(void)snprintf(buf, size, "%d", sig);
	return buf;
}
