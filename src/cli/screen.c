/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen.c - the alternate screen, one write for each page, so that nothing flickers.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cli/screen.h"
#include "cli/term.h"

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define LINE_END "\033[K\r\n"
#define BELOW "\033[J"

/* Lines of @text that fit, each cleared to its end. */
static int put_page(const char *text, int rows)
{
	CLEANUP_FREE char *page = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&page, &size);
	int r;

	if (!out)
		return -ENOMEM;
	fputs(HOME, out);
	for (int row = 0; *text && row < rows - 1; row++) {
		size_t length = strcspn(text, "\n");

		(void)fwrite(text, 1, length, out);
		fputs(LINE_END, out);
		text += length + (text[length] == '\n');
	}
	fputs(BELOW, out);
	if (fclose(out) != 0)
		return -ENOMEM;
	r = io_write_all(STDOUT_FILENO, page, size);
	return r;
}

static int draw_page(int (*draw)(void *ctx, FILE *out, struct oci_error *err), void *ctx,
		     struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		return err_nomem(err);
	r = draw(ctx, out, err);
	if (fclose(out) != 0)
		return r < 0 ? r : err_nomem(err);
	if (r < 0)
		return r;
	r = put_page(text, term_height() > 0 ? term_height() : 24);
	return r < 0 ? err_sys(err, -r, "write to the terminal") : 0;
}

/* 1: enough */
static int wait_key(int signals, int period_ms)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = signals, .events = POLLIN } };
	struct signalfd_siginfo info;
	char key = 0;

	if (poll(fds, ARRAY_LEN(fds), period_ms) <= 0)
		return 0;
	if (fds[1].revents)
		return read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info) &&
		       info.ssi_signo != SIGWINCH;
	return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q' || key == 3;
}

static int screen_loop(int signals, int period_ms,
		       int (*draw)(void *ctx, FILE *out, struct oci_error *err), void *ctx,
		       struct oci_error *err)
{
	int r;

	do
		r = draw_page(draw, ctx, err);
	while (r == 0 && !wait_key(signals, period_ms));
	return r;
}

int screen_run(int period_ms, int (*draw)(void *ctx, FILE *out, struct oci_error *err), void *ctx,
	       struct oci_error *err)
{
	CLEANUP_CLOSE int signals = -1;
	struct termios before, raw;
	sigset_t set;
	int r;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) < 0)
		return draw(ctx, stdout, err);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return err_sys(err, errno, "signals");
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	(void)io_write_all(STDOUT_FILENO, ENTER, strlen(ENTER));
	r = screen_loop(signals, period_ms, draw, ctx, err);
	(void)io_write_all(STDOUT_FILENO, LEAVE, strlen(LEAVE));
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return r;
}
