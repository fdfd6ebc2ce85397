/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs.h - a procfs that nobody else can have tampered with.
 *
 * /proc by name may be a tmpfs or have files mounted over it (CVE-2019-16884,
 * CVE-2019-19921, CVE-2025-52881), so whatever is written for security's sake
 * goes through a private mount made by fsopen. Where that is not allowed, the
 * visible /proc is used, but only after its magic, root inode and every
 * opened file were verified.
 */
#ifndef CARTE_BASE_PROCFS_H
#define CARTE_BASE_PROCFS_H

#include <sys/types.h>

struct oci_error;

/**
 * procfs_open_root - a dirfd for the root of a procfs of the caller's pid namespace.
 * Return: fd or -errno.
 */
int procfs_open_root(struct oci_error *err);

/**
 * procfs_open - open "self/attr/exec", "sys/net/ipv4/ip_forward", ... below @procfd
 * with RESOLVE_BENEATH|NO_XDEV|NO_MAGICLINKS|NO_SYMLINKS ("self" and "thread-self" are
 * resolved by us) and verify that the file is on procfs.
 * Return: fd or -errno.
 */
int procfs_open(int procfd, const char *path, int flags, struct oci_error *err);

/** procfs_write - procfs_open, one write(2), close. */
int procfs_write(int procfd, const char *path, const char *text, struct oci_error *err);

#endif
