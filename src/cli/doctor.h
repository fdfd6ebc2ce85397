/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor.h - what the host has of what containers need. Nothing is changed and nothing is started by looking.
 */
#ifndef CARTE_CLI_DOCTOR_H
#define CARTE_CLI_DOCTOR_H

#include <stdbool.h>

#include <ocispec-lite/arena.h>

struct oci_error;

enum verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_BAD };

/** struct finding - one line. */
struct finding {
	const char *what;
	enum verdict verdict;
	const char *words; /* what was found */
	const char *mend;  /* how to mend it; NULL: nothing to mend */
};

struct findings {
	struct finding items[40];
	size_t len;
	struct oci_arena arena;
};

/** doctor_add - @words is a format; @mend is kept as it is. */
void doctor_add(struct findings *findings, enum verdict verdict, const char *what, const char *mend,
		const char *words, ...) __attribute__((format(printf, 5, 6)));

void doctor_kernel(
	struct findings *findings); /* version, cgroups, pressure, overlay, namespaces, seccomp */
void doctor_network(struct findings *findings); /* nftables, CNI, forwarding, names */
void doctor_programs(
	struct findings *findings); /* ours, skopeo, newuidmap, the store's disk, the supervisor */
void doctor_engines(struct findings *findings); /* registration in podman, containerd, docker */

/** doctor_report - all of it on stdout. Return: 0, or 1 when something is bad, or -errno. */
int doctor_report(bool json, struct oci_error *err);

#endif
