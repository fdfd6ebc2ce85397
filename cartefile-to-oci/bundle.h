/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.h - an image becomes an OCI bundle: config.json by image-spec conversion.md, rootfs as overlay layers or copied.
 */
#ifndef CARTEFILE_BUNDLE_H
#define CARTEFILE_BUNDLE_H

#include "cartefile-to-oci/store.h"

struct bundle_options {
	bool copy; /* --rootfs copy: unpacked into the bundle, for any runtime; else layers of the store by annotation */
	bool read_only;
	bool terminal;
	bool no_seccomp;
	bool template; /* --template: files for who makes bundles of many containers from this one */
	const char *memory; /* "200M" */
	const char *cpus;   /* "0.4" */
	const char *pids;
	const char *net;  /* "none" (default: a namespace of its own, only lo), "host", "ns:PATH" */
	const char *user; /* overrides the image's */
	const char *workdir;
	const char *hostname;
	const char *entrypoint; /* a JSON array or one word */
	const char *const *env;
	size_t env_len;
	const char *const *mounts;
	size_t mounts_len; /* -v SRC:DST[:ro] */
	const char *const *cap_add;
	size_t cap_add_len;
	const char *const *cap_drop;
	size_t cap_drop_len;
	const char *const *annotations;
	size_t annotations_len;
	char *const *args;
	size_t args_len; /* instead of Cmd */
	const char *
		seccomp_listener; /* trace: notify everything that names files, listener socket's path; NULL: the default profile */
};

/** bundle_write - @folder must be empty or new; config.json appears last. On failure what was made is removed. */
int bundle_write(const struct store *store, const struct layout *layout,
		 const struct image_docs *image, const char *folder,
		 const struct bundle_options *options, struct oci_error *err);

#endif
