/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scene.h - one worker's containers: bundles, commands, and the search for what is left.
 *
 * Whoever owns a scene is the subreaper of all processes that come of it, so
 * "no process is left" is "I have no child". With no process and no mount left
 * no namespace can be left either: nothing else holds one.
 */
#ifndef CARTE_TESTS_FAULT_SCENE_H
#define CARTE_TESTS_FAULT_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "trace.h"

enum variant {
	VARIANT_FULL,     /* all hooks, seccomp, limits, sysctl, every namespace but user */
	VARIANT_USER,     /* user namespace and an overlay for a root */
	VARIANT_TERMINAL, /* a terminal through a console socket */
	VARIANT_JOIN,     /* into another pid namespace, by way of a go-between */
	VARIANT_COUNT
};

extern const char *const variant_names[VARIANT_COUNT];

/** struct verdict - what is wrong, one remark behind the other. */
struct verdict {
	char text[2048];
	size_t len;
};

__attribute__((format(printf, 2, 3))) void complain(struct verdict *v, const char *format, ...);

#define MASTERS_MAX 8

struct scene {
	const char *runtime;
	char work[64]; /* everything of this scene is in it */
	char id[48];
	enum variant variant;
	int null, out, err;       /* stdin; memfds */
	int console;              /* listening socket; -1 */
	int masters[MASTERS_MAX]; /* of terminals that came over it */
	size_t masters_len;
	pid_t holder;       /* whose pid namespace VARIANT_JOIN enters */
	char *listing;      /* the files of work, before anything was done */
	char *picture;      /* what a good container says */
	char *exec_picture; /* what a good further process in it says */
};

/** scene_open - make folders and bundles. scene_close - remove them. Both end the program when they cannot. */
void scene_open(struct scene *s, const char *runtime, const char *witness, enum variant variant,
		pid_t holder, int number);
void scene_close(struct scene *s);

#define ARGS_MAX 16

/** struct arguments - a command line of the runtime, with the strings that it needs. */
struct arguments {
	char *argv[ARGS_MAX];
	char text[8][128];
	struct command command;
};

/**
 * scene_arguments - the command line of a verb: "create", "run", "run-detached", "start", "exec", "state", "delete",
 * "delete-force". @pause: from the bundle whose program stays.
 */
void scene_arguments(const struct scene *s, const char *verb, bool pause, struct arguments *ret);

/** scene_run - a command that must succeed without a word on stderr; else a remark. */
bool scene_run(struct scene *s, const char *verb, bool pause, struct verdict *v);

/** scene_read - what is in out or err, emptied by that; the caller frees it. */
char *scene_read(int fd);

/** scene_pid, scene_exec_pid - of the pid file; 0: there is none. */
pid_t scene_pid(const struct scene *s);
pid_t scene_exec_pid(const struct scene *s);

/** scene_reap - until no child is left. Return: false when some is still there after a while. */
bool scene_reap(const struct scene *s);
/** scene_wait - until this child has ended. */
void scene_wait(pid_t pid);

/** scene_has_words - has the container said anything? scene_wait_words - until it has said all. */
bool scene_has_words(struct scene *s);
void scene_wait_words(struct scene *s);

/** scene_check_gone - no process, mount, cgroup, file. Puts the scene right again when something is left. */
void scene_check_gone(struct scene *s, const char *when, struct verdict *v);

/** scene_reset - forget what containers and hooks have said so far. */
void scene_reset(struct scene *s);

/** scene_picture - what the container and its hooks have said since; the caller frees it. */
char *scene_picture(struct scene *s);

/** scene_check_picture - does the container describe itself as the first one did? */
void scene_check_picture(struct scene *s, const char *wanted, struct verdict *v);

/** scene_forget_pid_file - remove it. */
void scene_forget_pid_file(const struct scene *s);

#endif
