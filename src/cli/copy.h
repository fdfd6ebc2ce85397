/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy.h - files and folders between two trees, of which either may be a container's: no link is ever followed on the way.
 */
#ifndef CARTE_CLI_COPY_H
#define CARTE_CLI_COPY_H

#include <stdbool.h>
#include <sys/types.h>

struct oci_error;

struct copy_options {
	bool owners; /* keep them; else what is made belongs to: */
	uid_t uid;
	gid_t gid;
};

/**
 * copy_tree - @from_name in the folder @from becomes @to_name in the folder @to. A folder that is there is filled, a file or link
 * that is there is replaced; a folder never takes the place of something else. Devices and sockets are refused.
 * @place: for messages: the path of what is copied
 */
int copy_tree(int from, const char *from_name, int to, const char *to_name, const char *place,
	      const struct copy_options *options, struct oci_error *err);

/** copy_inside - all that is in the folder @from goes into the folder @to. */
int copy_inside(int from, int to, const char *place, const struct copy_options *options,
		struct oci_error *err);

#endif
