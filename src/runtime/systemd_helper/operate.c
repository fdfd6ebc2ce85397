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

#define NAME "org.freedesktop.systemd1"
#define PATH "/org/freedesktop/systemd1"
#define MANAGER NAME ".Manager"
#define ERROR(name) NAME "." name

struct conversation {
	sd_bus *bus;
	bool direct;
	struct request *request;
	char *job;       /* the object that is waited for */
	char result[64]; /* of the job; "" while it runs */
};

static void unref_messagep(sd_bus_message **m)
{
	sd_bus_message_unref(*m);
}
#define CLEANUP_MESSAGE __attribute__((cleanup(unref_messagep)))
#define CLEANUP_BUS_ERROR __attribute__((cleanup(sd_bus_error_free)))

/* ---- failures ---- */

static int code_of(const sd_bus_error *error, int r)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = {
		{ ERROR("UnitExists"), EEXIST },
		{ ERROR("NoSuchUnit"), ENOENT },
		{ SD_BUS_ERROR_ACCESS_DENIED, EACCES },
		{ SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, EACCES },
		{ SD_BUS_ERROR_NO_REPLY, ETIMEDOUT },
		{ SD_BUS_ERROR_SERVICE_UNKNOWN, ENOTCONN },
		{ SD_BUS_ERROR_NAME_HAS_NO_OWNER, ENOTCONN },
		{ SD_BUS_ERROR_DISCONNECTED, ECONNRESET },
		{ SD_BUS_ERROR_UNKNOWN_METHOD, EOPNOTSUPP },
		{ SD_BUS_ERROR_PROPERTY_READ_ONLY, EINVAL },
		{ SD_BUS_ERROR_UNKNOWN_PROPERTY, EINVAL },
		{ SD_BUS_ERROR_INVALID_ARGS, EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (sd_bus_error_has_name(error, codes[i].name))
			return codes[i].code;
	return r < 0 ? -r : EIO;
}

static int failed(const char *what, const char *unit, const sd_bus_error *error, int r,
		  struct oci_error *err)
{
	int code = code_of(error, r);

	return err_set(err, code, "systemd: %s %s: %s", what, unit,
		       error && error->message ? error->message : strerror(code));
}

/* ---- messages ---- */

static int new_call(const struct conversation *c, const char *method, sd_bus_message **ret)
{
	return sd_bus_message_new_method_call(c->bus, ret, NAME, PATH, MANAGER, method);
}

static int call(const struct conversation *c, sd_bus_message *m, sd_bus_error *error,
		sd_bus_message **ret)
{
	return sd_bus_call(c->bus, m, (uint64_t)c->request->seconds * 1000000, error, ret);
}

static int append_properties(const struct conversation *c, sd_bus_message *m, struct oci_error *err)
{
	const struct request *request = c->request;
	int r = sd_bus_message_open_container(m, 'a', "(sv)");

	for (size_t i = 0; r >= 0 && i < request->properties_len; i++) {
		if (request->properties[i].left_out)
			continue;
		r = property_append(m, &request->properties[i]);
		if (r < 0)
			return err_sys(err, -r, "property %s of type %s",
				       request->properties[i].name,
				       request->properties[i].signature);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? err_sys(err, -r, "make a message for systemd") : 0;
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
static bool leave_out(struct request *request, const sd_bus_error *error)
{
	if (!error->message || (!sd_bus_error_has_name(error, SD_BUS_ERROR_PROPERTY_READ_ONLY) &&
				!sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_PROPERTY) &&
				!sd_bus_error_has_name(error, SD_BUS_ERROR_INVALID_ARGS)))
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

/* ---- jobs ---- */

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct conversation *c = userdata;
	const char *job, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) >= 0 && c->job &&
	    strcmp(job, c->job) == 0)
		(void)snprintf(c->result, sizeof(c->result), "%s", result);
	return 0;
}

static int watch_jobs(struct conversation *c, struct oci_error *err)
{
	/* a bus delivers it, systemd itself sends it to who asked for the job */
	int r = sd_bus_match_signal_async(c->bus, NULL, c->direct ? NULL : NAME, PATH, MANAGER,
					  "JobRemoved", on_job_removed, NULL, c);

	return r < 0 ? err_sys(err, -r, "systemd: watch jobs") : 0;
}

/* The reply to a call that made a job. What came in the meantime has not been dispatched yet. */
static int wait_job(struct conversation *c, sd_bus_message *reply, struct oci_error *err)
{
	const char *job;
	int r = sd_bus_message_read(reply, "o", &job);

	c->result[0] = '\0';
	if (r >= 0 && !(c->job = strdup(job)))
		r = -ENOMEM;
	while (r >= 0 && !c->result[0]) {
		r = sd_bus_process(c->bus, NULL);
		if (r == 0)
			r = sd_bus_wait(c->bus, UINT64_MAX);
	}
	free(c->job);
	c->job = NULL;
	if (r < 0)
		return err_sys(err, -r, "systemd: wait for the job of unit %s", c->request->unit);
	return 0;
}

static void reset_failed(struct conversation *c)
{
	(void)sd_bus_call_method(c->bus, NAME, PATH, MANAGER, "ResetFailedUnit", NULL, NULL, "s",
				 c->request->unit);
}

/* ---- stop ---- */

static int stop(struct conversation *c, struct oci_error *err)
{
	CLEANUP_MESSAGE sd_bus_message *m = NULL, *reply = NULL;
	CLEANUP_BUS_ERROR sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *unit = c->request->unit;
	int r = new_call(c, "StopUnit", &m);

	if (r >= 0)
		r = sd_bus_message_append(m, "ss", unit, "replace");
	if (r >= 0)
		r = call(c, m, &error, &reply);
	if (r < 0 && code_of(&error, r) == ENOENT)
		return 0;
	if (r < 0)
		return failed("stop unit", unit, &error, r, err);
	r = wait_job(c, reply, err);
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
	for (size_t i = 0; i < request->properties_len; i++) {
		const struct property *p = &request->properties[i];

		if (strcmp(p->name, "PIDs") == 0 && p->values_len > 0)
			return group_of_process(p->values[0], request->unit);
	}
	return NULL;
}

static int control_group(struct conversation *c, char **ret, struct oci_error *err)
{
	CLEANUP_BUS_ERROR sd_bus_error error = SD_BUS_ERROR_NULL;
	CLEANUP_FREE char *path = NULL;
	const char *unit = c->request->unit;
	size_t len = strlen(unit);
	bool is_slice = len > 6 && strcmp(unit + len - 6, ".slice") == 0;
	int r;

	*ret = group_of_first(c->request);
	if (*ret)
		return 0;
	r = sd_bus_path_encode(PATH "/unit", unit, &path);
	if (r >= 0)
		r = sd_bus_get_property_string(c->bus, NAME, path,
					       is_slice ? NAME ".Slice" : NAME ".Scope",
					       "ControlGroup", &error, ret);
	return r < 0 ? failed("look at unit", unit, &error, r, err) : 0;
}

/** check_empty - may this unit, which is there already, be replaced? Only a left-over without processes. */
static int check_empty(struct conversation *c, struct oci_error *err)
{
	CLEANUP_MESSAGE sd_bus_message *reply = NULL;
	CLEANUP_BUS_ERROR sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *path, *command;
	uint32_t pid;
	int r = sd_bus_call_method(c->bus, NAME, PATH, MANAGER, "GetUnitProcesses", &error, &reply,
				   "s", c->request->unit);

	if (r < 0 && code_of(&error, r) == ENOENT)
		return 0;
	if (r >= 0)
		r = sd_bus_message_enter_container(reply, 'a', "(sus)");
	if (r >= 0)
		r = sd_bus_message_read(reply, "(sus)", &path, &pid, &command);
	if (r < 0)
		return failed("list the processes of unit", c->request->unit, &error, r, err);
	if (r > 0)
		return err_set(err, EBUSY,
			       "systemd: unit %s is there already and has processes, such as %u",
			       c->request->unit, (unsigned)pid);
	return 0;
}

/** start_once - -EEXIST without words: a unit of this name is there. */
static int start_once(struct conversation *c, struct oci_error *err)
{
	CLEANUP_MESSAGE sd_bus_message *m = NULL, *reply = NULL;
	CLEANUP_BUS_ERROR sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *unit = c->request->unit;
	int r = new_call(c, "StartTransientUnit", &m);

	if (r >= 0)
		r = sd_bus_message_append(m, "ss", unit, "replace");
	if (r < 0)
		return err_sys(err, -r, "make a message for systemd");
	r = append_properties(c, m, err);
	if (r < 0)
		return r;
	r = sd_bus_message_append(m, "a(sa(sv))", 0);
	if (r >= 0)
		r = call(c, m, &error, &reply);
	if (r < 0 && code_of(&error, r) == EEXIST)
		return -EEXIST;
	if (r < 0 && leave_out(c->request, &error))
		return -EAGAIN;
	if (r < 0)
		return failed("start unit", unit, &error, r, err);
	r = wait_job(c, reply, err);
	if (r < 0 || strcmp(c->result, "done") == 0)
		return r;
	reset_failed(c);
	return err_set(err, EIO,
		       "systemd: start unit %s: the job's result is '%s'; see journalctl -u %s",
		       unit, c->result, unit);
}

static int start(struct conversation *c, char **ret, struct oci_error *err)
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

static int set_once(struct conversation *c, struct oci_error *err)
{
	CLEANUP_MESSAGE sd_bus_message *m = NULL;
	CLEANUP_BUS_ERROR sd_bus_error error = SD_BUS_ERROR_NULL;
	int runtime = 1;
	int r = new_call(c, "SetUnitProperties", &m);

	if (r >= 0)
		r = sd_bus_message_append(m, "sb", c->request->unit, runtime);
	if (r < 0)
		return err_sys(err, -r, "make a message for systemd");
	r = append_properties(c, m, err);
	if (r < 0)
		return r;
	r = call(c, m, &error, NULL);
	if (r < 0 && leave_out(c->request, &error))
		return -EAGAIN;
	return r < 0 ? failed("set properties of unit", c->request->unit, &error, r, err) : 0;
}

/*
 * systemd writes to the cgroup after it has answered, but before it takes the next message: when that is
 * answered too, the files may be written.
 */
static int set(struct conversation *c, struct oci_error *err)
{
	CLEANUP_BUS_ERROR sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	do
		r = set_once(c, err);
	while (r == -EAGAIN);
	if (r < 0)
		return r;
	r = sd_bus_call_method(c->bus, NAME, PATH, "org.freedesktop.DBus.Peer", "Ping", &error,
			       NULL, "");
	return r < 0 ? failed("wait for unit", c->request->unit, &error, r, err) : 0;
}

static int attach(struct conversation *c, struct oci_error *err)
{
	CLEANUP_MESSAGE sd_bus_message *m = NULL;
	CLEANUP_BUS_ERROR sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = new_call(c, "AttachProcessesToUnit", &m);

	if (r >= 0)
		r = sd_bus_message_append(m, "ss", c->request->unit, "");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "u");
	for (size_t i = 0; r >= 0 && i < c->request->pids_len; i++) {
		uint32_t pid;

		r = parse_u32(c->request->pids[i], &pid);
		if (r >= 0)
			r = sd_bus_message_append_basic(m, 'u', &pid);
	}
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = call(c, m, &error, NULL);
	return r < 0 ? failed("move a process into unit", c->request->unit, &error, r, err) : 0;
}

int operate(sd_bus *bus, bool direct, struct request *request, char **ret_answer,
	    struct oci_error *err)
{
	struct conversation c = { .bus = bus, .direct = direct, .request = request };
	const char *operation = request->operation;
	int r = 0;

	if (strcmp(operation, WIRE_START) == 0 || strcmp(operation, WIRE_STOP) == 0)
		r = watch_jobs(&c, err);
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
