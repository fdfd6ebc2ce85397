/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.h - run from an image of ourselves that nothing in a container can write to.
 *
 * A process that enters a container can be reached as /proc/PID/exe from
 * there, and through it the file on the host (CVE-2019-5736). So the verbs
 * that enter one first change over to the program as it is seen through a
 * read-only overlay mount that is in no mount namespace: in place, or by
 * executing it; without root they execute a copy in a sealed memfd.
 */
#ifndef CARTE_BASE_SEAL_H
#define CARTE_BASE_SEAL_H

#include <limits.h>

struct oci_error;

/**
 * seal_self - make this process safe to be seen in a container, or continue in a sealed copy; does not return when it
 * re-executes.
 *
 * Recognises a sealed image by its own exe link (memfd seals, or a file that
 * lies on no visible mount of overlay type that we made), never by an
 * environment variable or argument alone, which a caller could forge.
 * Return: 0 when already sealed, else -errno.
 */
int seal_self(char **argv, struct oci_error *err);

/**
 * seal_program_folder - the folder of the program's file, before it was sealed: what is installed beside it may be run.
 * Never from the arguments or the environment. Return: 0 or -ENOENT when it cannot be known any more.
 */
int seal_program_folder(char ret[PATH_MAX]);

/**
 * seal_move - the cheap way that seal_self tries first: go on from @fd, the same program in a sealed place, see seal_move.c.
 * Return: 0, or -errno when the kernel, the rights or the build do not allow it; then nothing is sealed.
 */
int seal_move(int fd);

#endif
