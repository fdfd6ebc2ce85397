/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.c - find and open the way to systemd.
 *
 * An address in the environment is what the caller wants. Else systemd's own
 * socket is tried first, as systemctl does: it works without a bus daemon and
 * spares it the work. Then the bus. What must hold: no address makes this
 * program execute another one, so libdbus's defaults ("autolaunch:") are not asked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/systemd_helper/helper.h"

#define SYSTEM_SOCKET "/run/systemd/private"
#define SYSTEM_BUS "/run/dbus/system_bus_socket"
#define USER_SOCKET "/systemd/private" /* below $XDG_RUNTIME_DIR */
#define USER_BUS "/bus"

/* Nobody else has it, and its end is not ours: that is for a program's only connection to its session. */
static int open_address(const char *address, struct bus *ret, DBusError *error)
{
	ret->connection = dbus_connection_open_private(address, error);
	if (!ret->connection)
		return -ENOTCONN;
	dbus_connection_set_exit_on_disconnect(ret->connection, FALSE);
	return 0;
}

static int open_socket(bool user_bus, const char *name, struct bus *ret, DBusError *error)
{
	const char *folder = user_bus ? getenv("XDG_RUNTIME_DIR") : "";
	CLEANUP_FREE char *path = NULL, *address = NULL;
	char *escaped;
	int n;

	if (!folder) {
		dbus_set_error_const(error, DBUS_ERROR_NO_SERVER, "XDG_RUNTIME_DIR is not set");
		return -ENOTCONN;
	}
	if (asprintf(&path, "%s%s", folder, name) < 0)
		return -ENOMEM;
	escaped = dbus_address_escape_value(path);
	n = escaped ? asprintf(&address, "unix:path=%s", escaped) : -1;
	dbus_free(escaped);
	return n < 0 ? -ENOMEM : open_address(address, ret, error);
}

static int open_any(bool user_bus, const char *address, struct bus *ret, DBusError *error)
{
	int r;

	if (address && *address)
		return open_address(address, ret, error);
	if (open_socket(user_bus, user_bus ? USER_SOCKET : SYSTEM_SOCKET, ret, error) == 0) {
		ret->direct = true;
		return 0;
	}
	dbus_error_free(error);
	r = open_socket(user_bus, user_bus ? USER_BUS : SYSTEM_BUS, ret, error);
	return r;
}

static int no_bus(bool user_bus, const DBusError *error, struct oci_error *err)
{
	const char *why = error->message ? error->message : strerror(ENOMEM);

	if (user_bus)
		return err_set(
			err, ENOTCONN,
			"cannot reach the user's systemd (%s): is there a login session, are "
			"XDG_RUNTIME_DIR and DBUS_SESSION_BUS_ADDRESS set? "
			"--cgroup-manager cgroupfs does without",
			why);
	return err_set(
		err, ENOTCONN,
		"cannot reach systemd (%s): does it run? --cgroup-manager cgroupfs does without",
		why);
}

/* ADDRESS[;ADDRESS...]; libdbus knows those that run a program ("unixexec:", "autolaunch:"), too */
static bool is_socket(const char *address)
{
	for (; *address; address += strcspn(address, ";"), address += *address == ';')
		if (strncmp(address, "unix:", 5) != 0)
			return false;
	return true;
}

/* Whether it is told to the caller before or after a request, it is the same; now there is time. */
static int introduce(const struct bus *bus, DBusError *error, struct oci_error *err)
{
	while (!dbus_connection_get_is_authenticated(bus->connection))
		if (!dbus_connection_read_write(bus->connection, -1))
			return err_set(
				err, ECONNRESET,
				"systemd: the other side closed the connection before it had "
				"accepted us as user %u",
				(unsigned)geteuid());
	if (!bus->direct && !dbus_bus_register(bus->connection, error))
		return err_set(err, ECONNRESET, "systemd: the bus did not take us: %s",
			       error->message);
	return 0;
}

int bus_connect(bool user_bus, struct bus *ret, struct oci_error *err)
{
	const char *name = user_bus ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS";
	const char *address = getenv(name);
	CLEANUP_BUS_ERROR DBusError error = DBUS_ERROR_INIT;

	if (address && !is_socket(address))
		return err_set(err, EINVAL, "%s: only addresses of sockets (unix:) are taken",
			       name);
	if (open_any(user_bus, address, ret, &error) < 0)
		return no_bus(user_bus, &error, err);
	return introduce(ret, &error, err);
}
