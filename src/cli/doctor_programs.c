/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_programs.c - programs, the disk, the supervisor; and whether other engines know our runtime.
 */
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/program.h"
#include "base/subid.h"
#include "cli/client.h"
#include "cli/doctor.h"
#include "cli/start.h"
#include "cli/store.h"
#include "cli/term.h"

#define ROOM_WARN (2LL << 30)
#define ROOM_BAD (256LL << 20)
#define TEXT_MAX (1u << 20)

/* ---- ours ----------------------------------------------------------------------------------------------------------- */

static void check_ours(struct findings *findings)
{
	static const char *const names[] = { "carte-runtime", "carte-scale", "cartefile-to-oci" };
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		bool found = start_find(names[i], path, NULL) == 0;

		doctor_add(findings, found ? DOCTOR_OK : DOCTOR_BAD, names[i],
			   "install all of carte, or put its folder into PATH", "%s",
			   found ? path : "not found");
	}
}

static void check_helpers(struct findings *findings)
{
	char path[PATH_MAX];
	bool root = geteuid() == 0;
	bool found = program_find("skopeo", path) == 0;

	doctor_add(findings, found ? DOCTOR_OK : DOCTOR_WARN, "skopeo", "apt install skopeo", "%s",
		   found ? path : "not installed: no images of registries (FROM docker://)");
	found = program_find("newuidmap", path) == 0 && program_find("newgidmap", path) == 0;
	doctor_add(findings,
		   found  ? DOCTOR_OK
		   : root ? DOCTOR_WARN
			  : DOCTOR_BAD,
		   "newuidmap", "apt install uidmap", "%s",
		   found ? path : "not installed: ordinary users' containers have one user only");
}

static void check_subids(struct findings *findings)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct subid_range *ranges;
	size_t len = 0;

	if (geteuid() == 0)
		return;
	(void)subid_load(&arena, SUBID_UIDS, getuid(), &ranges, &len, NULL);
	doctor_add(findings, len ? DOCTOR_OK : DOCTOR_WARN, "subordinate ids",
		   "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER (as root)",
		   "%s", len ? "this user has some in " SUBID_UIDS : "none in " SUBID_UIDS);
}

/* Of the store, or of the first folder above it that is there. */
static void check_store(struct findings *findings)
{
	const char *path;
	struct statvfs fs;
	char *up;
	long long room;

	if (store_path(&findings->arena, &path, NULL) < 0) {
		doctor_add(findings, DOCTOR_BAD, "store", "set HOME or CARTE_STORE",
			   "no place for it");
		return;
	}
	up = oci_arena_strdup(&findings->arena, path);
	while (up && statvfs(up, &fs) < 0 && strrchr(up, '/') > up)
		*strrchr(up, '/') = '\0';
	if (!up || statvfs(up, &fs) < 0) {
		doctor_add(findings, DOCTOR_BAD, "store", "set CARTE_STORE to a folder",
			   "%s is not there", path);
		return;
	}
	room = (long long)fs.f_bavail * (long long)fs.f_frsize;
	if (access(up, W_OK) < 0)
		doctor_add(findings, DOCTOR_BAD, "store", "set CARTE_STORE to a folder of yours",
			   "%s cannot be written", up);
	else
		doctor_add(findings,
			   room < ROOM_BAD    ? DOCTOR_BAD
			   : room < ROOM_WARN ? DOCTOR_WARN
					      : DOCTOR_OK,
			   "store", "carte system df, carte system prune", "%s, %s free", path,
			   words_size(&findings->arena, room));
}

static void check_supervisor(struct findings *findings)
{
	CLEANUP_JSON yajl_val info = NULL;
	struct oci_error err = OCI_ERROR_INIT;
	const char *socket;

	client_never_start();
	if (client_get(&info, &err, "/v1/info") == 0) {
		doctor_add(findings, DOCTOR_OK, "supervisor", NULL,
			   "runs, process %lld, version %s", json_int(info, "pid", 0),
			   json_text(info, "version"));
		return;
	}
	if (client_socket(&findings->arena, &socket, NULL) < 0)
		doctor_add(findings, DOCTOR_BAD, "supervisor",
			   "log in with a session that has XDG_RUNTIME_DIR", "%s", err.message);
	else if (err.code == ENOENT || err.code == ECONNREFUSED)
		doctor_add(findings, DOCTOR_OK, "supervisor", NULL,
			   "does not run; the first command that needs it starts it");
	else
		doctor_add(findings, DOCTOR_BAD, "supervisor",
			   "see its messages: journalctl -u carte-scale", "%s", err.message);
}

void doctor_programs(struct findings *findings)
{
	check_ours(findings);
	check_helpers(findings);
	check_subids(findings);
	check_store(findings);
	check_supervisor(findings);
}

/* ---- other engines ---------------------------------------------------------------------------------------------------- */

static const struct engine {
	const char *program, *name;
	const char *files[4]; /* patterns; one of them mentions the runtime */
	const char *mend;
} engines[] = {
	{ "podman",
	  "podman",
	  { "/etc/containers/containers.conf", "/etc/containers/containers.conf.d/*.conf",
	    "/usr/share/containers/containers.conf.d/*.conf", NULL },
	  "put the drop-in for podman of /usr/share/doc/carte into "
	  "/etc/containers/containers.conf.d" },
	{ "containerd",
	  "containerd",
	  { "/etc/containerd/config.toml", "/etc/containerd/conf.d/*.toml", NULL },
	  "add the runtime to /etc/containerd/config.toml and restart containerd" },
	{ "dockerd",
	  "docker",
	  { "/etc/docker/daemon.json", NULL },
	  "add \"runtimes\": {\"carte\": {\"path\": \"carte-runtime\"}} to "
	  "/etc/docker/daemon.json" },
};

static bool mentions_us(const char *file)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char *text;
	size_t length;

	return io_read_at(AT_FDCWD, file, TEXT_MAX, &arena, &text, &length) == 0 &&
	       strstr(text, "carte-runtime") != NULL;
}

static bool is_registered(const struct engine *engine)
{
	bool found = false;

	for (size_t i = 0; !found && engine->files[i]; i++) {
		glob_t paths;

		if (glob(engine->files[i], 0, NULL, &paths) != 0)
			continue;
		for (size_t n = 0; !found && n < paths.gl_pathc; n++)
			found = mentions_us(paths.gl_pathv[n]);
		globfree(&paths);
	}
	return found;
}

void doctor_engines(struct findings *findings)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
		bool known;

		if (program_find(engines[i].program, path) < 0)
			continue;
		known = is_registered(&engines[i]);
		/* nobody has to use it */
		doctor_add(findings, known ? DOCTOR_OK : DOCTOR_WARN, engines[i].name,
			   engines[i].mend, "%s",
			   known ? "knows carte-runtime"
				 : "is installed and does not know carte-runtime");
	}
}
