/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operate.c - the operations: start, set, stop, attach.
 *
 * org.freedesktop.systemd1(5). Starting and stopping are jobs; their end is a
 * signal, which is subscribed to before the job is asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/systemd_wire.h"
#include "runtime/systemd_helper/helper.h"

#define PROPERTY_ARRAY "(sv)"
#define AUXILIARY_ARRAY "(sa(sv))" /* units that are started along; we have none */

static int no_message(struct oci_error *err)
{
	return err_sys(err, ENOMEM, "make a message for systemd");
}

/* ---- properties ---- */

/*
 * The process that a unit is started around: its pid comes last, so that all else is ready for it.
 */
static int append_processes(struct request *request, DBusMessageIter *array, struct oci_error *err)
{
	struct property pids = { .name = "PIDs", .signature = "au" };
	int r = request->await(request, err);

	if (r < 0 || request->pids_len == 0)
		return r;
	pids.values = request->pids;
	pids.values_len = request->pids_len;
	r = property_append(array, &pids);
	return r < 0 ? err_sys(err, -r, "property %s of type %s", pids.name, pids.signature) : 0;
}

/** append_properties - @m: NULL is no memory. */
static int append_properties(const struct conversation *c, DBusMessage *m, struct oci_error *err)
{
	const struct request *request = c->request;
	DBusMessageIter at, array;
	int r = 0;

	if (!m)
		return no_message(err);
	dbus_message_iter_init_append(m, &at);
	if (!dbus_message_iter_open_container(&at, DBUS_TYPE_ARRAY, PROPERTY_ARRAY, &array))
		return no_message(err);
	for (size_t i = 0; r == 0 && i < request->properties_len; i++) {
		const struct property *p = &request->properties[i];

		r = p->left_out ? 0 : property_append(&array, p);
		if (r < 0)
			r = err_sys(err, -r, "property %s of type %s", p->name, p->signature);
	}
	if (r == 0 && strcmp(request->operation, WIRE_START) == 0)
		r = append_processes(c->request, &array, err);
	if (r < 0) {
		dbus_message_iter_abandon_container(&at, &array);
		return r;
	}
	return dbus_message_iter_close_container(&at, &array) ? 0 : no_message(err);
}

static bool names(const char *message, const char *property)
{
	size_t len = strlen(property);

	for (const char *p = message; (p = strstr(p, property)) != NULL; p += len)
		if ((p == message || strchr(" '\"", p[-1])) &&
		    (p[len] == '\0' || strchr(" ,'\".:", p[len])))
			return true;
	return false;
}

/** leave_out - an older systemd says that it does not know a property, or a value of it, which a file has too. */
static bool leave_out(struct request *request, const DBusError *error)
{
	if (!error->message || (!dbus_error_has_name(error, DBUS_ERROR_PROPERTY_READ_ONLY) &&
				!dbus_error_has_name(error, DBUS_ERROR_UNKNOWN_PROPERTY) &&
				!dbus_error_has_name(error, DBUS_ERROR_INVALID_ARGS)))
		return false;
	for (size_t i = 0; i < request->properties_len; i++) {
		struct property *p = &request->properties[i];

		if (p->optional && !p->left_out && names(error->message, p->name)) {
			p->left_out = true;
			return true;
		}
	}
	return false;
}

static void reset_failed(const struct conversation *c)
{
	CLEANUP_MESSAGE DBusMessage *m = call_new("ResetFailedUnit", 1, &c->request->unit);
	CLEANUP_BUS_ERROR DBusError error = DBUS_ERROR_INIT;

	(void)call_send(c, m, NULL, &error);
}

/* ---- stop ---- */

static int stop(const struct conversation *c, struct oci_error *err)
{
	const char *const words[] = { c->request->unit, "replace" };
	CLEANUP_MESSAGE DBusMessage *m = call_new("StopUnit", 2, words), *reply = NULL;
	CLEANUP_BUS_ERROR DBusError error = DBUS_ERROR_INIT;
	char result[64];
	int r = call_send(c, m, &reply, &error);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return call_failed(c, "stop unit", &error, r, err);
	r = call_wait_job(c, reply, result, err);
	if (r == 0)
		reset_failed(c);
	return r;
}

/* ---- start ---- */

/*
 * Where the kernel has the process, in the unit's folder: that is what systemd would say, without asking it. Not so
 * with a view of its own of the cgroups, which shows what is outside as "/..".
 */
static char *group_of_process(const char *pid, const char *unit)
{
	static const char *const hierarchies[] = { ":name=systemd:/", "\n0::/" };
	const size_t unit_len = strlen(unit);
	char path[64], text[16384] = "\n";
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%s/cgroup", pid);
	n = io_read_small(AT_FDCWD, path, text + 1, sizeof(text) - 1);
	for (size_t i = 0; n > 0 && i < ARRAY_LEN(hierarchies); i++) {
		char *at = strstr(text, hierarchies[i]);
		size_t len;

		if (!at)
			continue;
		at += strlen(hierarchies[i]) - 1;
		len = strcspn(at, "\n");
		at[len] = '\0';
		if (len > unit_len && at[len - unit_len - 1] == '/' &&
		    strcmp(at + len - unit_len, unit) == 0 && !strstr(at, "/../"))
			return strdup(at);
	}
	return NULL;
}

static char *group_of_first(const struct request *request)
{
	return request->pids_len > 0 ? group_of_process(request->pids[0], request->unit) : NULL;
}

/** path_of_unit - its object, in the reply. */
static int path_of_unit(const struct conversation *c, DBusMessage **ret_reply, const char **ret,
			DBusError *error)
{
	CLEANUP_MESSAGE DBusMessage *m = call_new("GetUnit", 1, &c->request->unit);
	int r = call_send(c, m, ret_reply, error);

	if (r == 0 && !dbus_message_get_args(*ret_reply, error, DBUS_TYPE_OBJECT_PATH, ret,
					     DBUS_TYPE_INVALID))
		r = -EPROTO;
	return r;
}

/** get_text - a property of the unit's object. @ret: malloc'ed */
static int get_text(const struct conversation *c, const char *path, const char *interface,
		    const char *name, char **ret, DBusError *error)
{
	CLEANUP_MESSAGE DBusMessage *m =
		dbus_message_new_method_call(SYSTEMD_NAME, path, DBUS_INTERFACE_PROPERTIES, "Get");
	CLEANUP_MESSAGE DBusMessage *reply = NULL;
	DBusMessageIter at, variant;
	const char *text;
	int r;

	if (!m || !dbus_message_append_args(m, DBUS_TYPE_STRING, &interface, DBUS_TYPE_STRING,
					    &name, DBUS_TYPE_INVALID))
		return -ENOMEM;
	r = call_send(c, m, &reply, error);
	if (r < 0)
		return r;
	if (!dbus_message_has_signature(reply, DBUS_TYPE_VARIANT_AS_STRING))
		return -EPROTO;
	dbus_message_iter_init(reply, &at);
	dbus_message_iter_recurse(&at, &variant);
	if (dbus_message_iter_get_arg_type(&variant) != DBUS_TYPE_STRING)
		return -EPROTO;
	dbus_message_iter_get_basic(&variant, &text);
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static int control_group(const struct conversation *c, char **ret, struct oci_error *err)
{
	CLEANUP_BUS_ERROR DBusError error = DBUS_ERROR_INIT;
	CLEANUP_MESSAGE DBusMessage *reply = NULL;
	const char *unit = c->request->unit, *path;
	size_t len = strlen(unit);
	bool is_slice = len > 6 && strcmp(unit + len - 6, ".slice") == 0;
	int r;

	*ret = group_of_first(c->request);
	if (*ret)
		return 0;
	r = path_of_unit(c, &reply, &path, &error);
	if (r == 0)
		r = get_text(c, path, is_slice ? SYSTEMD_NAME ".Slice" : SYSTEMD_NAME ".Scope",
			     "ControlGroup", ret, &error);
	return r < 0 ? call_failed(c, "look at unit", &error, r, err) : 0;
}

/** check_empty - may this unit, which is there already, be replaced? Only a left-over without processes. */
static int check_empty(const struct conversation *c, struct oci_error *err)
{
	CLEANUP_MESSAGE DBusMessage *m = call_new("GetUnitProcesses", 1, &c->request->unit);
	CLEANUP_MESSAGE DBusMessage *reply = NULL;
	CLEANUP_BUS_ERROR DBusError error = DBUS_ERROR_INIT;
	DBusMessageIter at, array, process;
	dbus_uint32_t pid;
	int r = call_send(c, m, &reply, &error);

	if (r == -ENOENT)
		return 0;
	if (r == 0 && !dbus_message_has_signature(reply, "a(sus)"))
		r = -EPROTO;
	if (r < 0)
		return call_failed(c, "list the processes of unit", &error, r, err);
	dbus_message_iter_init(reply, &at);
	dbus_message_iter_recurse(&at, &array);
	if (dbus_message_iter_get_arg_type(&array) != DBUS_TYPE_STRUCT)
		return 0;
	dbus_message_iter_recurse(&array, &process);
	(void)dbus_message_iter_next(&process);
	dbus_message_iter_get_basic(&process, &pid);
	return err_set(err, EBUSY,
		       "systemd: unit %s is there already and has processes, such as %u",
		       c->request->unit, (unsigned)pid);
}

static int start_message(const struct conversation *c, DBusMessage **ret, struct oci_error *err)
{
	const char *const words[] = { c->request->unit, "replace" };
	DBusMessage *m = call_new("StartTransientUnit", 2, words);
	DBusMessageIter at, array;
	int r = append_properties(c, m, err);

	if (r == 0) {
		dbus_message_iter_init_append(m, &at);
		if (!dbus_message_iter_open_container(&at, DBUS_TYPE_ARRAY, AUXILIARY_ARRAY,
						      &array) ||
		    !dbus_message_iter_close_container(&at, &array))
			r = no_message(err);
	}
	if (r < 0)
		call_unrefp(&m);
	else
		*ret = m;
	return r;
}

/** start_once - -EEXIST, -EAGAIN without words: a unit of this name is there; a property has been left out. */
static int start_once(const struct conversation *c, struct oci_error *err)
{
	CLEANUP_MESSAGE DBusMessage *m = NULL, *reply = NULL;
	CLEANUP_BUS_ERROR DBusError error = DBUS_ERROR_INIT;
	const char *unit = c->request->unit;
	char result[64];
	int r = start_message(c, &m, err);

	if (r < 0)
		return r;
	r = call_send(c, m, &reply, &error);
	if (r == -EEXIST)
		return r;
	if (r < 0 && leave_out(c->request, &error))
		return -EAGAIN;
	if (r < 0)
		return call_failed(c, "start unit", &error, r, err);
	r = call_wait_job(c, reply, result, err);
	if (r < 0 || strcmp(result, "done") == 0)
		return r;
	reset_failed(c);
	return err_set(err, EIO,
		       "systemd: start unit %s: the job's result is '%s'; see journalctl -u %s",
		       unit, result, unit);
}

static int start(const struct conversation *c, char **ret, struct oci_error *err)
{
	bool replaced = false;
	int r;

	for (;;) {
		r = start_once(c, err);
		if (r == -EAGAIN)
			continue; /* with one property less */
		if (r != -EEXIST)
			break;
		if (replaced)
			return err_set(err, EEXIST, "systemd: unit %s is there already",
				       c->request->unit);
		r = check_empty(c, err);
		if (r == 0)
			r = stop(c, err);
		if (r < 0)
			return r;
		reset_failed(c);
		replaced = true;
	}
	return r < 0 ? r : control_group(c, ret, err);
}

/* ---- set, attach ---- */

static int set_once(const struct conversation *c, struct oci_error *err)
{
	CLEANUP_MESSAGE DBusMessage *m = call_new("SetUnitProperties", 1, &c->request->unit);
	CLEANUP_BUS_ERROR DBusError error = DBUS_ERROR_INIT;
	const dbus_bool_t runtime = TRUE;
	int r;

	if (!m || !dbus_message_append_args(m, DBUS_TYPE_BOOLEAN, &runtime, DBUS_TYPE_INVALID))
		return no_message(err);
	r = append_properties(c, m, err);
	if (r < 0)
		return r;
	r = call_send(c, m, NULL, &error);
	if (r < 0 && leave_out(c->request, &error))
		return -EAGAIN;
	return r < 0 ? call_failed(c, "set properties of unit", &error, r, err) : 0;
}

/*
 * systemd writes to the cgroup after it has answered, but before it takes the next message: when that is
 * answered too, the files may be written.
 */
static int set(const struct conversation *c, struct oci_error *err)
{
	CLEANUP_MESSAGE DBusMessage *m = dbus_message_new_method_call(SYSTEMD_NAME, SYSTEMD_PATH,
								      DBUS_INTERFACE_PEER, "Ping");
	CLEANUP_BUS_ERROR DBusError error = DBUS_ERROR_INIT;
	int r;

	do
		r = set_once(c, err);
	while (r == -EAGAIN);
	if (r < 0)
		return r;
	r = call_send(c, m, NULL, &error);
	return r < 0 ? call_failed(c, "wait for unit", &error, r, err) : 0;
}

static int append_pids(const struct request *request, DBusMessage *m)
{
	DBusMessageIter at, array;
	bool good;

	dbus_message_iter_init_append(m, &at);
	if (!dbus_message_iter_open_container(&at, DBUS_TYPE_ARRAY, DBUS_TYPE_UINT32_AS_STRING,
					      &array))
		return -ENOMEM;
	good = true;
	for (size_t i = 0; good && i < request->pids_len; i++) {
		dbus_uint32_t pid;

		good = parse_u32(request->pids[i], &pid) == 0 &&
		       dbus_message_iter_append_basic(&array, DBUS_TYPE_UINT32, &pid);
	}
	if (good)
		return dbus_message_iter_close_container(&at, &array) ? 0 : -ENOMEM;
	dbus_message_iter_abandon_container(&at, &array);
	return -EINVAL;
}

static int attach(const struct conversation *c, struct oci_error *err)
{
	const char *const words[] = { c->request->unit, "" };
	CLEANUP_MESSAGE DBusMessage *m = call_new("AttachProcessesToUnit", 2, words);
	CLEANUP_BUS_ERROR DBusError error = DBUS_ERROR_INIT;
	int r = m ? append_pids(c->request, m) : -ENOMEM;

	if (r == 0)
		r = call_send(c, m, NULL, &error);
	return r < 0 ? call_failed(c, "move a process into unit", &error, r, err) : 0;
}

int operate(const struct bus *bus, struct request *request, char **ret_answer,
	    struct oci_error *err)
{
	const struct conversation c = { .bus = *bus, .request = request };
	const char *operation = request->operation;
	int r = 0;

	if (strcmp(operation, WIRE_START) == 0 || strcmp(operation, WIRE_STOP) == 0)
		r = call_watch_jobs(&c, err);
	if (r < 0)
		return r;
	if (strcmp(operation, WIRE_START) == 0)
		return start(&c, ret_answer, err);
	if (strcmp(operation, WIRE_STOP) == 0)
		return stop(&c, err);
	if (strcmp(operation, WIRE_SET) == 0)
		return set(&c, err);
	if (strcmp(operation, WIRE_ATTACH) == 0)
		return attach(&c, err);
	return err_set(err, EPROTO, "carte-systemd: unknown operation '%s'", operation);
}
