/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_skopeo.c - images of registries, fetched by skopeo(1) with its own credentials, certificates and mirrors; this program speaks to no network.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/program.h"
#include "cartefile-to-oci/image_source-private.h"

#define MESSAGE_MAX 8192

static int find_skopeo(char program[PATH_MAX], struct oci_error *err)
{
	int r = program_find("skopeo", program);

	if (r == -ENOENT)
		return err_set(err, ENOENT,
			       "images of registries are fetched by skopeo, which is not installed "
			       "(Debian: apt install skopeo)");
	return r < 0 ? err_sys(err, -r, "run skopeo") : 0;
}

/* "linux/arm/v7" as options; anything else was refused when the command line was read, or skopeo says so. */
static size_t add_platform(const char *platform, struct oci_arena *arena, char **argv)
{
	static const char *const options[] = { "--override-os", "--override-arch",
					       "--override-variant" };
	char *rest = platform ? oci_arena_strdup(arena, platform) : NULL;
	size_t n = 0;

	for (size_t i = 0; rest && *rest && i < ARRAY_LEN(options); i++) {
		char *word = rest;

		rest = strchr(rest, '/');
		if (rest)
			*rest++ = '\0';
		argv[n++] = (char *)options[i];
		argv[n++] = word;
	}
	return n;
}

/* The end of what it says on stderr. Reads all of it, so that it never waits for us. */
static void drain(int fd, char buf[MESSAGE_MAX])
{
	size_t have = 0;

	for (;;) {
		ssize_t n;

		if (have == MESSAGE_MAX - 1) {
			memmove(buf, buf + MESSAGE_MAX / 2, have - MESSAGE_MAX / 2);
			have -= MESSAGE_MAX / 2;
		}
		n = RETRY_EINTR(read(fd, buf + have, MESSAGE_MAX - 1 - have));
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	buf[have] = '\0';
}

static const char *last_line(char *text)
{
	size_t length = strlen(text);
	char *line;

	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	/* logrus: time="..." level=fatal msg="..." */
	if (strncmp(line, "time=", 5) == 0 && strstr(line, " msg=\""))
		return strstr(line, " msg=") + 5;
	return line;
}

static int run(char *const argv[], const struct image_want *want, struct oci_error *err)
{
	char said[MESSAGE_MAX];
	posix_spawn_file_actions_t actions;
	int status, r, ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	r = posix_spawn_file_actions_init(&actions);
	if (r == 0) {
		r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
						     0);
		if (r == 0)
			r = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
							     O_WRONLY, 0);
		if (r == 0)
			r = posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
		if (r == 0)
			r = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
		(void)posix_spawn_file_actions_destroy(&actions);
	}
	(void)close(ends[1]);
	if (r == 0)
		drain(ends[0], said);
	(void)close(ends[0]);
	if (r != 0)
		return err_sys(err, r, "run %s", argv[0]);
	if (RETRY_EINTR(waitpid(pid, &status, 0)) < 0)
		return err_sys(err, errno, "wait for skopeo");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(err, EIO, "%s: skopeo: %s", want->name,
		       *said ? last_line(said) : "was killed or said nothing");
}

int image_skopeo(const struct image_want *want, const char *folder, struct image_source *ret,
		 struct oci_error *err)
{
	char program[PATH_MAX], *argv[16] = { program };
	char *layout = oci_arena_printf(want->arena, "%s/layout", folder);
	size_t n = 1;
	int r;

	argv[n++] = (char *)"--tmpdir";
	argv[n++] = (char *)folder;
	n += add_platform(want->platform, want->arena, argv + n);
	argv[n++] = (char *)"copy";
	argv[n++] = (char *)"--quiet";
	argv[n++] = oci_arena_printf(want->arena, "docker://%s", want->text);
	argv[n++] = oci_arena_printf(want->arena, "oci:%s:base", layout);
	if (!layout || !argv[n - 1] || !argv[n - 2])
		return err_nomem(err);
	r = find_skopeo(program, err);
	if (r == 0)
		r = run(argv, want, err);
	return r < 0 ? r : image_open_layout(want, layout, "base", ret, err);
}
