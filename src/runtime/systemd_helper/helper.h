/* SPDX-License-Identifier: Apache-2.0 */
/*
 * helper.h - what the files of carte-systemd share.
 */
#ifndef CARTE_SYSTEMD_HELPER_H
#define CARTE_SYSTEMD_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <dbus/dbus.h>

#include <ocispec-lite/error.h>

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"

/* ---- request.c ---- */

struct property {
	const char *name;
	const char *signature;
	const char **values;
	size_t values_len;
	bool optional;
	bool left_out; /* this systemd does not know it */
};

/** struct words - of a text of at most @limit - @at bytes, up to @end there already; more comes from @fd, or -1. */
struct words {
	char *at;
	char *end;
	char *limit;
	int fd;
	bool bad;
};

/** struct request - parsed from stdin; all point into its text. @await: see request_parse_pids. */
struct request {
	struct words words; /* what is not parsed yet */
	bool has_pids;
	int (*await)(struct request *request, struct oci_error *err);
	const char *operation;
	const char *unit;
	struct property *properties;
	size_t properties_len;
	const char **pids;
	size_t pids_len;
};

/**
 * request_parse - all but the pids, from @request->words; request_parse_pids - those, for which it may wait long.
 * @request->await of operate is the latter, and puts off the limit of time; once they are there it does nothing.
 */
int request_parse(struct request *request, struct oci_error *err);
int request_parse_pids(struct request *request, struct oci_error *err);

/** property_append - one (sv) of a message's array. 0 or -errno; -EINVAL: a value does not fit its signature. */
int property_append(DBusMessageIter *array, const struct property *property);

/* ---- bus.c, client.c ---- */

struct bus {
	DBusConnection *connection;
	bool direct; /* to systemd itself, no bus daemon between */
};

/** bus_connect - until we are known there. -ENOTCONN: there is none; -ECONNRESET: it does not want us. */
int bus_connect(bool user_bus, struct bus *ret, struct oci_error *err);

/** client_set_uid - who we are for the other side, whose user namespace may be another. */
void client_set_uid(uid_t uid);

/* ---- call.c ---- */

struct conversation {
	struct bus bus;
	struct request *request;
};

#define CLEANUP_MESSAGE __attribute__((cleanup(call_unrefp)))
#define CLEANUP_BUS_ERROR __attribute__((cleanup(dbus_error_free)))
void call_unrefp(DBusMessage **message);

/** call_new - a call of the manager's method with @count strings, which are UTF-8. NULL: no memory. */
DBusMessage *call_new(const char *method, size_t count, const char *const *strings);

/**
 * call_send - and wait for the reply. @message: NULL is no memory.
 * Return: 0; -errno, and the words of systemd in @error.
 */
int call_send(const struct conversation *c, DBusMessage *message, DBusMessage **ret,
	      DBusError *error);

/** call_failed - "systemd: WHAT UNIT: ..." */
int call_failed(const struct conversation *c, const char *what, const DBusError *error, int r,
		struct oci_error *err);

/** call_watch_jobs - before a job is asked for. */
int call_watch_jobs(const struct conversation *c, struct oci_error *err);

/** call_wait_job - @reply: to what made the job; @ret_result: "done" or another word. */
int call_wait_job(const struct conversation *c, DBusMessage *reply, char ret_result[64],
		  struct oci_error *err);

/* ---- operate.c ---- */

/** operate - do what the request asks. @ret_answer: malloc'ed, or NULL for nothing to say. */
int operate(const struct bus *bus, struct request *request, char **ret_answer,
	    struct oci_error *err);

#endif
