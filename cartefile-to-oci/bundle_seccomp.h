/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_seccomp.h - linux.seccomp of a bundle.
 */
#ifndef CARTEFILE_BUNDLE_SECCOMP_H
#define CARTEFILE_BUNDLE_SECCOMP_H

#include <ocispec-lite/runtime.h>

/**
 * bundle_seccomp - the default profile for a platform and a set of capabilities: what a program needs is allowed, what
 * only a machine's owner needs is EPERM, what is unknown ENOSYS, so that C libraries use what was there before it.
 * @architecture: GOARCH word; one that has no name in the runtime-spec: the runtime's own
 * @caps: NULL-terminated, "CAP_SYS_ADMIN" ...: each opens the calls that it is for
 */
int bundle_seccomp(const char *architecture, char *const *caps, struct oci_arena *arena,
		   struct oci_seccomp **ret, struct oci_error *err);

/** bundle_seccomp_caps - what each capability opens, as JSON: [{"cap":"CAP_BPF","calls":["bpf"]}, ...]; NULL: out of memory. */
char *bundle_seccomp_caps(struct oci_arena *arena);

/** bundle_seccomp_trace - everything is allowed, calls that name files are told to the socket @listener. */
int bundle_seccomp_trace(const char *architecture, const char *listener, struct oci_arena *arena,
			 struct oci_seccomp **ret, struct oci_error *err);

#endif
