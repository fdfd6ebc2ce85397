/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.h - linux.seccomp as a BPF program: compiled once, cached by content.
 */
#ifndef CARTE_RUNTIME_SECCOMP_H
#define CARTE_RUNTIME_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include <ocispec-lite/runtime.h>

/** struct seccomp_program - ready for seccomp(2); memory in the arena. */
struct seccomp_program {
	const struct sock_filter *filter;
	unsigned short len; /* instructions */
	unsigned flags;     /* SECCOMP_FILTER_FLAG_* */
	bool notify;        /* has SCMP_ACT_NOTIFY: a listener fd is made and must be sent */
	const char *listener_path;
	const char *listener_metadata;
};

/**
 * seccomp_check - everything about linux.seccomp that can be wrong without compiling it.
 */
int seccomp_check(const struct oci_seccomp *seccomp, struct oci_error *err);

/**
 * seccomp_prepare - in the parent: from the cache, or by libseccomp and then into the cache.
 * @cache_dirfd: folder of cached programs; -1: no cache. A file there is trusted only when it is a regular file of
 *               our uid, not writable by others, and holds the whole key (profile, library and kernel version).
 * A syscall newer than the newest one that the profile names gets ENOSYS, not the default errno.
 */
int seccomp_prepare(struct oci_arena *arena, const struct oci_seccomp *seccomp, int cache_dirfd,
		    struct seccomp_program **ret, struct oci_error *err);

/**
 * seccomp_install - in the child; the last step but execve when no_new_privs is set.
 * @ret_listener: fd when program->notify, else -1
 */
int seccomp_install(const struct seccomp_program *program, int *ret_listener,
		    struct oci_error *err);

/**
 * seccomp_send_listener - in the child, right after install: one message to the agent's connected socket: the
 * containerProcessState document and the fd. Uses sendmsg only.
 */
int seccomp_send_listener(int socket, const void *document, size_t length, int listener,
			  struct oci_error *err);

/** seccomp_features - what libseccomp and this kernel know; every list in the arena. */
int seccomp_features(struct oci_arena *arena, struct oci_features_seccomp **ret,
		     struct oci_error *err);

/** seccomp_library_version - "2.5.4", or NULL when built without. */
const char *seccomp_library_version(void);

#endif
