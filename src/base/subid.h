/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subid.h - the ids that /etc/subuid and /etc/subgid lend to an ordinary user, and the mapping made of them.
 */
#ifndef CARTE_BASE_SUBID_H
#define CARTE_BASE_SUBID_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ocispec-lite/arena.h>

struct oci_error;

#define SUBID_UIDS "/etc/subuid"
#define SUBID_GIDS "/etc/subgid"

struct subid_range {
	uint32_t first;
	uint32_t count;
};

/** struct subid_mapping - a line of /proc/PID/uid_map (user_namespaces(7)). */
struct subid_mapping {
	uint32_t inside;
	uint32_t outside;
	uint32_t count;
};

/**
 * subid_parse - the lines of a user, by name or by number (subuid(5)); what is no such line is passed over.
 * @name: NULL: by number only
 * @ret: in the arena, in the order of the file; 0 ranges are no error
 */
int subid_parse(struct oci_arena *arena, const char *text, const char *name, uid_t uid,
		struct subid_range **ret, size_t *ret_len);

/**
 * subid_user_name - the name of a user in the text of /etc/passwd, or NULL. getpwuid(3) would have to load other
 * sources' shared objects, which a static program cannot.
 */
const char *subid_user_name(struct oci_arena *arena, const char *passwd, uid_t uid);

/** subid_load - the ranges of a user in @file; no such file: none. */
int subid_load(struct oci_arena *arena, const char *file, uid_t uid, struct subid_range **ret,
	       size_t *ret_len, struct oci_error *err);

/**
 * subid_map - @own becomes 0, the ranges follow from 1 on; what would be mapped twice is left out.
 * @ret: in the arena, at least one entry
 */
int subid_map(struct oci_arena *arena, uint32_t own, const struct subid_range *ranges, size_t len,
	      struct subid_mapping **ret, size_t *ret_len, struct oci_error *err);

/**
 * subid_check - may the calling user map all this: itself alone, and its ranges in @file?
 * @where: "linux.uidMappings"
 * Return: 0, or -EPERM with words that name the entry and the file
 */
int subid_check(const char *file, uint32_t own, const struct subid_mapping *map, size_t count,
		const char *where, struct oci_error *err);

#endif
