/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scale.h - what tests of carte-scale share: a temporary folder, a service with all defaults, files.
 */
#ifndef CARTE_TESTS_SCALE_H
#define CARTE_TESTS_SCALE_H

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/spec.h"

/* A new folder, whose path is valid until the next call. */
static inline const char *scale_folder(void)
{
	static char path[64];

	(void)snprintf(path, sizeof(path), "/tmp/carte-scale-XXXXXX");
	if (!mkdtemp(path))
		abort();
	return path;
}

static inline void scale_folder_remove(const char *path)
{
	if (folder_remove(AT_FDCWD, path) < 0)
		abort();
}

static inline char *scale_path(char path[PATH_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static inline char *scale_path(char path[PATH_MAX], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(path, PATH_MAX, format, ap);
	va_end(ap);
	return path;
}

static inline void scale_write(const char *folder, const char *name, const char *text)
{
	char path[PATH_MAX];
	CLEANUP_CLOSE int fd = open(scale_path(path, "%s/%s", folder, name),
				    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || io_write_all(fd, text, strlen(text)) < 0)
		abort();
}

/* The file's text, at most 64 KiB, or NULL; valid until the next call. */
static inline const char *scale_read(const char *folder, const char *name)
{
	static char text[65536];
	char path[PATH_MAX];
	CLEANUP_CLOSE int fd = open(scale_path(path, "%s/%s", folder, name), O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return NULL;
	while (have < sizeof(text) - 1 && (n = read(fd, text + have, sizeof(text) - 1 - have)) > 0)
		have += (size_t)n;
	text[have] = '\0';
	return text;
}

/* Nothing is given: what the reader of Compose files makes of an empty service. */
static inline struct spec_service scale_service(const char *name, const char *image)
{
	return (struct spec_service){
		.name = name,
		.image = image,
		.probe = { .kind = SPEC_PROBE_IMAGE },
		.restart = { .max_attempts = -1, .delay_ms = 1000, .window_ms = -1 },
		.stop_grace_ms = 10000,
		.shm_size = -1,
		.oom_score_adj = INT64_MIN,
		.log_max_size = 10 << 20,
		.log_max_files = 3,
		.replicas = 1,
		.resources = { .cpu_milli = -1,
			       .memory = -1,
			       .memory_swap = -1,
			       .pids = -1,
			       .cpu_reserved_milli = -1,
			       .memory_reserved = -1,
			       .cpu_shares = -1 },
		.scale = { .min = 1,
			   .max = 1,
			   .tolerance = 0.1,
			   .period_ms = 2000,
			   .window_down_ms = 60000,
			   .drain_ms = -1,
			   .up = { .replicas = -1, .percent = -1 },
			   .down = { .replicas = -1, .percent = -1 } },
	};
}

#endif
