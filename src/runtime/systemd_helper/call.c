/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.c - ask systemd, and wait for its answer or for the end of a job.
 *
 * No call has a time limit of its own: the program has one (main.c).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/systemd_helper/helper.h"

#define ERROR(name) SYSTEMD_NAME "." name

void call_unrefp(DBusMessage **message)
{
	if (*message)
		dbus_message_unref(*message);
	*message = NULL;
}

/* ---- failures ---- */

static int code_of(const struct conversation *c, const DBusError *error)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = {
		{ ERROR("UnitExists"), EEXIST },
		{ ERROR("NoSuchUnit"), ENOENT },
		{ DBUS_ERROR_ACCESS_DENIED, EACCES },
		{ DBUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, EACCES },
		{ DBUS_ERROR_NO_MEMORY, ENOMEM },
		{ DBUS_ERROR_NO_REPLY, ETIMEDOUT },
		{ DBUS_ERROR_TIMEOUT, ETIMEDOUT },
		{ DBUS_ERROR_SERVICE_UNKNOWN, ENOTCONN },
		{ DBUS_ERROR_NAME_HAS_NO_OWNER, ENOTCONN },
		{ DBUS_ERROR_DISCONNECTED, ECONNRESET },
		{ DBUS_ERROR_UNKNOWN_METHOD, EOPNOTSUPP },
		{ DBUS_ERROR_PROPERTY_READ_ONLY, EINVAL },
		{ DBUS_ERROR_UNKNOWN_PROPERTY, EINVAL },
		{ DBUS_ERROR_INVALID_ARGS, EINVAL },
	};

	/* which libdbus calls NoReply, like a reply that does not come */
	if (!dbus_connection_get_is_connected(c->bus.connection))
		return ECONNRESET;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (dbus_error_has_name(error, codes[i].name))
			return codes[i].code;
	return EIO;
}

int call_failed(const struct conversation *c, const char *what, const DBusError *error, int r,
		struct oci_error *err)
{
	const char *words = error && error->message ? error->message : strerror(-r);

	if (r == -ECONNRESET)
		words = "the connection was closed";
	return err_set(err, -r, "systemd: %s %s: %s", what, c->request->unit, words);
}

/* ---- calls ---- */

DBusMessage *call_new(const char *method, size_t count, const char *const *strings)
{
	DBusMessage *m =
		dbus_message_new_method_call(SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method);
	bool good = m != NULL;

	for (size_t i = 0; good && i < count; i++)
		good = dbus_message_append_args(m, DBUS_TYPE_STRING, &strings[i],
						DBUS_TYPE_INVALID);
	if (!good)
		call_unrefp(&m);
	return m;
}

int call_send(const struct conversation *c, DBusMessage *message, DBusMessage **ret,
	      DBusError *error)
{
	DBusMessage *reply;

	if (!message)
		return -ENOMEM;
	reply = dbus_connection_send_with_reply_and_block(c->bus.connection, message,
							  DBUS_TIMEOUT_INFINITE, error);
	if (!reply)
		return -code_of(c, error);
	if (ret)
		*ret = reply;
	else
		dbus_message_unref(reply);
	return 0;
}

/* ---- jobs ---- */

int call_watch_jobs(const struct conversation *c, struct oci_error *err)
{
	CLEANUP_BUS_ERROR DBusError error = DBUS_ERROR_INIT;

	/* a bus delivers what is asked for; systemd itself sends this to who asked for the job */
	if (c->bus.direct)
		return 0;
	dbus_bus_add_match(c->bus.connection,
			   "type='signal',sender='" SYSTEMD_NAME "',path='" SYSTEMD_PATH
			   "',interface='" SYSTEMD_MANAGER "',member='JobRemoved'",
			   &error);
	return dbus_error_is_set(&error)
		       ? call_failed(c, "watch the jobs of unit", &error, -code_of(c, &error), err)
		       : 0;
}

/** is_end - JobRemoved of @job? */
static bool is_end(DBusMessage *m, const char *job, char ret_result[64])
{
	const char *removed, *unit, *result;
	dbus_uint32_t id;

	if (!dbus_message_is_signal(m, SYSTEMD_MANAGER, "JobRemoved") ||
	    !dbus_message_get_args(m, NULL, DBUS_TYPE_UINT32, &id, DBUS_TYPE_OBJECT_PATH, &removed,
				   DBUS_TYPE_STRING, &unit, DBUS_TYPE_STRING, &result,
				   DBUS_TYPE_INVALID) ||
	    strcmp(removed, job) != 0)
		return false;
	(void)snprintf(ret_result, 64, "%s", result);
	return true;
}

/* What came while the reply was waited for is in the queue. */
int call_wait_job(const struct conversation *c, DBusMessage *reply, char ret_result[64],
		  struct oci_error *err)
{
	CLEANUP_BUS_ERROR DBusError error = DBUS_ERROR_INIT;
	const char *job;

	if (!dbus_message_get_args(reply, &error, DBUS_TYPE_OBJECT_PATH, &job, DBUS_TYPE_INVALID))
		return call_failed(c, "take the job of unit", &error, -EPROTO, err);
	do {
		for (;;) {
			CLEANUP_MESSAGE DBusMessage *m =
				dbus_connection_pop_message(c->bus.connection);

			if (!m)
				break;
			if (is_end(m, job, ret_result))
				return 0;
		}
	} while (dbus_connection_read_write(c->bus.connection, -1));
	return call_failed(c, "wait for the job of unit", NULL, -ECONNRESET, err);
}
