/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.c - find and open the way to systemd.
 *
 * An address in the environment is what the caller wants. Else systemd's own
 * socket is tried first, as systemctl does: it works without a bus daemon and
 * spares it the work. Then the bus. What must hold: no address makes this
 * program execute another one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/systemd_helper/helper.h"

#define SYSTEM_SOCKET "/run/systemd/private"
#define USER_SOCKET "/systemd/private" /* below $XDG_RUNTIME_DIR */

/* Of a path in a D-Bus address what is not plain is %xx (D-Bus specification, Server Addresses). */
static char *escaped_address(const char *path)
{
	static const char head[] = "unix:path=";
	char *address = malloc(sizeof(head) + 3 * strlen(path));
	char *at = address;

	if (!address)
		return NULL;
	at = stpcpy(at, head);
	for (const char *p = path; *p; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr("-_/.", *p))
			*at++ = *p;
		else
			at += sprintf(at, "%%%02x", (unsigned char)*p);
	}
	*at = '\0';
	return address;
}

static int open_direct(bool user_bus, sd_bus **ret)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	CLEANUP_FREE char *path = NULL, *address = NULL;
	sd_bus *bus = NULL;
	int r;

	if (user_bus && !runtime_dir)
		return -ENOENT;
	if (asprintf(&path, "%s%s", user_bus ? runtime_dir : "",
		     user_bus ? USER_SOCKET : SYSTEM_SOCKET) < 0)
		return -ENOMEM;
	address = escaped_address(path);
	if (!address)
		return -ENOMEM;
	r = sd_bus_new(&bus);
	if (r >= 0)
		r = sd_bus_set_address(bus, address);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return r;
	}
	*ret = bus;
	return 0;
}

static int no_bus(bool user_bus, int code, struct oci_error *err)
{
	if (user_bus)
		return err_set(
			err, ENOTCONN,
			"cannot reach the user's systemd (%s): is there a login session, are "
			"XDG_RUNTIME_DIR and DBUS_SESSION_BUS_ADDRESS set? "
			"--cgroup-manager cgroupfs does without",
			strerror(code));
	return err_set(
		err, ENOTCONN,
		"cannot reach systemd (%s): does it run? --cgroup-manager cgroupfs does without",
		strerror(code));
}

/* ADDRESS[;ADDRESS...]; sd-bus(3) knows those that run a program ("unixexec:") or enter a container, too */
static bool is_socket(const char *address)
{
	for (; *address; address += strcspn(address, ";"), address += *address == ';')
		if (strncmp(address, "unix:", 5) != 0)
			return false;
	return true;
}

int bus_connect(bool user_bus, sd_bus **ret, bool *ret_direct, struct oci_error *err)
{
	const char *name = user_bus ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS";
	const char *address = getenv(name);
	int r;

	if (address && !is_socket(address))
		return err_set(err, EINVAL, "%s: only addresses of sockets (unix:) are taken",
			       name);
	if ((!address || !*address) && open_direct(user_bus, ret) == 0) {
		*ret_direct = true;
		return 0;
	}
	r = user_bus ? sd_bus_open_user(ret) : sd_bus_open_system(ret);
	return r < 0 ? no_bus(user_bus, -r, err) : 0;
}
