/* SPDX-License-Identifier: Apache-2.0 */
/*
 * places.c - see places.h.
 */
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/places.h"

static const char *from_environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* What is no absolute path is to be passed over (XDG Base Directory Specification). */
static const char *absolute(const char *name)
{
	const char *value = from_environment(name);

	return value && *value == '/' ? value : NULL;
}

static const char *home_folder(void)
{
	const char *home = absolute("HOME");
	const struct passwd *pw;

	if (home)
		return home;
	pw = getpwuid(geteuid());
	return pw ? pw->pw_dir : "/";
}

const char *places_state(struct oci_arena *arena)
{
	const char *given = from_environment("CARTE_STATE_DIR"), *data = absolute("XDG_DATA_HOME");

	if (given)
		return given;
	if (geteuid() == 0)
		return "/var/lib/carte/scale";
	return data ? oci_arena_printf(arena, "%s/carte/scale", data)
		    : oci_arena_printf(arena, "%s/.local/share/carte/scale", home_folder());
}

const char *places_run(struct oci_arena *arena)
{
	const char *given = from_environment("CARTE_RUN_DIR"), *user = absolute("XDG_RUNTIME_DIR");

	if (given)
		return given;
	if (geteuid() == 0)
		return "/run/carte";
	return user ? oci_arena_printf(arena, "%s/carte", user)
		    : oci_arena_printf(arena, "/run/user/%u/carte", (unsigned)geteuid());
}

const char *places_socket(const char *run, struct oci_arena *arena)
{
	const char *given = from_environment("CARTE_SOCKET");

	if (given)
		return given;
	if (!run)
		run = places_run(arena);
	return run ? oci_arena_printf(arena, "%s/carte.sock", run) : NULL;
}
