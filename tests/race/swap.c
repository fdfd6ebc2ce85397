/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swap.c - the hostile process: what is looked up is never what is used.
 *
 *	swap ROOT PATH=TARGET...
 *
 * For each PATH below ROOT (made as a folder, or as a file with a trailing "!", when it is missing) a symlink to TARGET
 * stands beside it, and the two are exchanged by RENAME_EXCHANGE without pause until a signal comes; then the number of exchanges is
 * printed. It is static, so that it runs from inside a container whose root is ROOT too. What must hold: nothing
 * outside ROOT is touched by this program itself.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PLACES 64

struct place {
	int dir; /* that holds both */
	char name[64], link[80];
};

static volatile sig_atomic_t over;

static void end(int signal)
{
	(void)signal;
	over = 1;
}

/* The folders above it, as far as they are missing; by O_NOFOLLOW, so that a swap of another place leads nowhere. */
static int open_parent(int root, char *path, char **ret_name)
{
	int fd = dup(root);

	for (char *slash; (slash = strchr(path, '/')); path = slash + 1) {
		int next;

		*slash = '\0';
		if (mkdirat(fd, path, 0755) && errno != EEXIST)
			err(2, "mkdir %s", path);
		next = openat(fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			err(2, "%s", path);
		(void)close(fd);
		fd = next;
	}
	*ret_name = path;
	return fd;
}

/* The folder or file where it was. */
static void place_restore(const struct place *p)
{
	struct stat st;

	if (!fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode) &&
	    renameat2(p->dir, p->name, p->dir, p->link, RENAME_EXCHANGE))
		err(2, "exchange %s", p->name);
}

static void place_make(struct place *p, int root, char *text)
{
	char *target = strchr(text, '='), *name;
	size_t length;

	if (!target)
		errx(2, "%s: expected PATH=TARGET", text);
	*target++ = '\0';
	p->dir = open_parent(root, text, &name);
	length = strlen(name);
	if (length && name[length - 1] == '!') {
		name[length - 1] = '\0';
		if (mknodat(p->dir, name, S_IFREG | 0644, 0) && errno != EEXIST)
			err(2, "%s", name);
	} else if (mkdirat(p->dir, name, 0755) && errno != EEXIST) {
		err(2, "mkdir %s", name);
	}
	if (snprintf(p->name, sizeof(p->name), "%s", name) >= (int)sizeof(p->name))
		errx(2, "%s: too long", name);
	snprintf(p->link, sizeof(p->link), ".swap-%s", p->name);
	place_restore(p); /* another one of these may have been killed */
	(void)unlinkat(p->dir, p->link, 0);
	if (symlinkat(target, p->dir, p->link))
		err(2, "symlink %s", p->link);
}

int main(int argc, char **argv)
{
	static struct place places[MAX_PLACES];
	unsigned long done = 0;
	int root, n = argc - 2;

	if (n < 1 || n > MAX_PLACES)
		errx(2, "usage: swap ROOT PATH=TARGET...");
	root = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		err(2, "%s", argv[1]);
	for (int i = 0; i < n; i++)
		place_make(&places[i], root, argv[i + 2]);
	signal(SIGTERM, end);
	signal(SIGINT, end);
	printf("swapping\n");
	fflush(stdout);
	while (!over) {
		/* the container's own mounts are in the way for moments (EBUSY): they end with it */
		for (int i = 0; i < n; i++)
			done += !renameat2(places[i].dir, places[i].name, places[i].dir,
					   places[i].link, RENAME_EXCHANGE);
	}
	for (int i = 0; i < n; i++)
		place_restore(&places[i]);
	printf("%lu exchanges\n", done);
	return 0;
}
