/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cartefile.h - a Cartefile read and checked: four instructions, see cartefile(5).
 */
#ifndef CARTEFILE_CARTEFILE_H
#define CARTEFILE_CARTEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ocispec-lite/arena.h>
#include <ocispec-lite/runtime.h>

struct oci_error;

enum cartefile_from {
	FROM_SCRATCH = 1,
	FROM_DIR,
	FROM_TAR,
	FROM_OCI, /* LAYOUT[:REF] */
	FROM_OCI_ARCHIVE,
	FROM_DOCKER_ARCHIVE,
	FROM_DOCKER, /* docker://REGISTRY/IMAGE[:TAG][@DIGEST] */
	FROM_STORE,  /* store:NAME, an image of the store */
};

struct cartefile_place {
	unsigned line, column; /* from 1; column in characters */
};

struct cartefile_path {
	struct cartefile_place place;        /* of the instruction */
	struct cartefile_place source_place; /* of the word SOURCE */
	char *source; /* as written, relative to the context; cleaned, no leading slash, "." is the context */
	char *destination; /* in the image, absolute, cleaned */
	bool into; /* DESTINATION ended in a slash: the source goes into it under its own name */
	bool is_folder; /* SOURCE ended in a slash, or is ".": what is in the folder is meant; never with @into */
	bool has_mode, has_owner;
	uint16_t mode; /* 07777, of files; folders get x where r is */
	uint32_t uid, gid;
};

struct cartefile {
	const char *name; /* of the file, for messages */
	enum cartefile_from from;
	struct cartefile_place from_place;
	char *from_text; /* behind the scheme: path, layout or image; NULL for scratch; of the store: normalised as image_name */
	char *from_ref;  /* FROM_OCI: REF or NULL */
	char *image_name; /* NAME, normalised: "localhost/school/login:1.0"; NULL without one */
	struct cartefile_place name_place;
	struct oci_pair *labels; /* key=value of NAME, as written: labels of the image */
	size_t labels_len;
	struct cartefile_path *paths;
	size_t paths_len;
	bool has_exe;
	struct cartefile_place exe_place, exe_path_place;
	char **env; /* VAR=value */
	size_t env_len;
	char *user;  /* "1000", "1000:1000", "www-data"; NULL: not given */
	char **argv; /* argv[0] absolute in the image */
	size_t argv_len;
};

/**
 * cartefile_parse - of @text (need not be NUL-terminated), at most 1 MiB.
 * @name: what messages begin with: "Cartefile"
 * Return: 0, -EINVAL with "Cartefile:LINE:COL: message", -EFBIG, -ENOMEM.
 */
int cartefile_parse(const char *name, const char *text, size_t length, struct oci_arena *arena,
		    struct cartefile **ret, struct oci_error *err);

/** cartefile_fail - record an error at a place: "Cartefile:3:7: ...". Return: -code. */
int cartefile_fail(const struct cartefile *file, struct cartefile_place place, int code,
		   struct oci_error *err, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/** cartefile_blame - put the place before an error that is recorded without one: "Cartefile:3:7: ". */
void cartefile_blame(const struct cartefile *file, struct cartefile_place place,
		     struct oci_error *err);

#endif
