/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - how many wrong passwords a name and an address may try: a bucket of each, which fills within a minute.
 *
 * The buckets are in a database of their own that all replicas share, or an attacker would get as many tries more as
 * there are replicas. What is in it may be lost.
 */
#ifndef METAVERSE_LIMITS_H
#define METAVERSE_LIMITS_H

#include <sqlite3.h>

struct oci_error;

struct limits {
	sqlite3 *db;
	sqlite3_stmt *take, *look, *give, *prune;
	unsigned name_tries, address_tries; /* in a minute */
	unsigned taken;                     /* since old buckets were thrown away */
};

/** limits_open - @folder/limits.db; set the tries before. limits_close may follow in any case. 0 or -errno with words. */
int limits_open(struct limits *limits, const char *folder, struct oci_error *err);
void limits_close(struct limits *limits);

/**
 * limits_take - one try of each, before the password is looked at, so that many at the same time are counted too.
 * Return: 0: go on; more: come again after so many seconds; -errno.
 */
int limits_take(struct limits *limits, const char *name, const char *address);

/** limits_give - the password was right: it does not count. */
void limits_give(struct limits *limits, const char *name, const char *address);

#endif
