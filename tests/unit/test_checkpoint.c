/* SPDX-License-Identifier: Apache-2.0 */
/* test_checkpoint.c - options, external mounts, namespaces, cgroups, descriptors and the log, without criu. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/checkpoint/criu_log.h"
#include "runtime/checkpoint/descriptors.h"
#include "runtime/checkpoint/images.h"
#include "runtime/checkpoint/options.h"
#include "runtime/checkpoint/plan.h"
#include "runtime/namespaces.h"
#include "runtime/rootfs-private.h"

/* ---- options ------------------------------------------------------------------ */

static void options_are_understood(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const char *empty[] = { "network" };
	struct cr_words w = { .image_path = "/a/b/../c",
			      .work_path = "/w",
			      .parent_path = "../pre",
			      .manage_cgroups_mode = "strict",
			      .page_server = "[::1]:9876",
			      .network_lock = "nftables",
			      .empty_ns = { empty, 1 },
			      .lazy_pages = true };
	struct oci_error err = OCI_ERROR_INIT;
	struct cr_options o;

	(void)state;
	assert_int_equal(cr_options_check(&arena, &w, false, &o, &err), 0);
	assert_string_equal(o.image_path, "/a/c");
	assert_string_equal(o.work_path, "/w");
	assert_string_equal(o.page_address, "[::1]");
	assert_int_equal(o.page_port, 9876);
	assert_int_equal(o.cgroups, CR_CGROUPS_STRICT);
	assert_int_equal(o.network_lock, CR_LOCK_NFTABLES);
	assert_int_equal(o.empty_ns, CLONE_NEWNET);
	assert_int_equal(o.status_fd, -1);
}

static void options_have_defaults(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	struct oci_error err = OCI_ERROR_INIT;
	struct cr_words w = { .image_path = NULL };
	struct cr_options o;

	(void)state;
	assert_int_equal(cr_options_check(&arena, &w, true, &o, &err), 0);
	assert_string_equal(o.image_path, oci_arena_printf(&arena, "%s/checkpoint", cwd));
	assert_string_equal(o.work_path, o.image_path);
	assert_int_equal(o.cgroups, CR_CGROUPS_SOFT);
	assert_null(o.page_address);
	assert_int_equal(o.empty_ns, 0);
}

static void options_are_refused(void **state)
{
	static const char *ipc[] = { "ipc" };
	static const struct {
		struct cr_words words;
		const char *message;
	} cases[] = {
		{ { .manage_cgroups_mode = "hard" },
		  "--manage-cgroups-mode hard: expected soft, full, strict or ignore" },
		{ { .page_server = "localhost" },
		  "--page-server localhost: expected ADDRESS:PORT" },
		{ { .page_server = ":80" }, "--page-server :80: expected ADDRESS:PORT" },
		{ { .page_server = "a:65536" }, "--page-server a:65536: expected ADDRESS:PORT" },
		{ { .status_fd = "x" }, "--status-fd x: expected a file descriptor" },
		{ { .status_fd = "1000" }, "--status-fd 1000: is not open for writing" },
		{ { .network_lock = "ebtables" },
		  "--network-lock ebtables: expected iptables, nftables or skip" },
		{ { .empty_ns = { ipc, 1 } }, "--empty-ns ipc: is not supported, only network is" },
		{ { .parent_path = "/pre" },
		  "--parent-path /pre: must be relative to the image folder" },
		{ { .lazy_pages = true },
		  "--lazy-pages needs --page-server ADDRESS:PORT, where the pages are asked for" },
		{ { .tcp_established = true, .tcp_close = true },
		  "--tcp-established and --tcp-close exclude each other" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		struct oci_error err = OCI_ERROR_INIT;
		struct cr_options o;

		assert_true(cr_options_check(&arena, &cases[i].words, false, &o, &err) < 0);
		assert_string_equal(err.message, cases[i].message);
	}
}

/* ---- folders ------------------------------------------------------------------ */

static void folders_are_made_or_missed(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char top[] = "/tmp/carte-images.XXXXXX";
	struct oci_error err = OCI_ERROR_INIT;
	struct cr_words w = { .parent_path = "../none" };
	struct cr_options o = { .words = &w };
	struct images images = IMAGES_INIT;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(top));
	o.image_path = oci_arena_printf(&arena, "%s/a/b", top);
	o.work_path = oci_arena_printf(&arena, "%s/w", top);
	assert_int_equal(images_open(&o, &images, &err), -ENOENT);
	assert_string_equal(err.message, oci_arena_printf(&arena,
							  "--image-path %s: No such file or "
							  "directory",
							  o.image_path));
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(images_make(&o, &images, &err), -ENOENT);
	assert_string_equal(err.message,
			    oci_arena_printf(&arena,
					     "--parent-path ../none: in %s: No such file or "
					     "directory",
					     o.image_path));
	err = (struct oci_error)OCI_ERROR_INIT;
	w.parent_path = NULL;
	assert_int_equal(images_make(&o, &images, &err), 0);
	assert_int_equal(fstat(images.images_fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	images_closep(&images);
	assert_int_equal(images_open(&o, &images, &err), -ENOENT);
	assert_string_equal(err.message,
			    oci_arena_printf(&arena,
					     "--image-path %s: holds no checkpoint: inventory.img: "
					     "No such file or directory",
					     o.image_path));
	(void)rmdir(o.image_path);
	(void)rmdir(o.work_path);
	(void)rmdir(oci_arena_printf(&arena, "%s/a", top));
	(void)rmdir(top);
}

/* ---- mountinfo and mounts ----------------------------------------------------- */

static void mountinfo_is_read(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char text[] = "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw\n"
		      "bad line\n"
		      "37 36 0:5 /null /proc/kcore rw - devtmpfs udev rw\n";
	struct oci_error err = OCI_ERROR_INIT;
	struct cr_mounts m;

	(void)state;
	assert_int_equal(cr_mounts_parse(&arena, text, &m, &err), 0);
	assert_int_equal(m.len, 2);
	assert_int_equal(m.items[0].id, 36);
	assert_string_equal(m.items[0].root, "/mnt1");
	assert_string_equal(m.items[0].point, "/mnt 2");
	assert_string_equal(m.items[0].type, "ext3");
	assert_string_equal(m.items[1].type, "devtmpfs");
}

/* A root folder with /run, /var/run -> /run and files; mounts that only the texts know of. */
struct scene {
	struct oci_arena arena;
	char root[64];
	int root_fd;
	struct rootfs rf;
	struct cr_plan plan;
	struct cr_mounts inside, outside;
	struct cr_place place;
	struct oci_error err;
};

static struct mount_plan scene_mounts[] = {
	{ .kind = MOUNT_BIND,
	  .destination = "/data",
	  .source = "/srv/data",
	  .options = { .flags = MS_BIND | MS_REC } },
	{ .kind = MOUNT_BIND,
	  .index = 1,
	  .destination = "/var/run/s",
	  .source = "/srv/s",
	  .options = { .flags = MS_BIND } },
	{ .kind = MOUNT_FS, .index = 2, .destination = "/tmp", .type = "tmpfs" },
	{ .kind = MOUNT_BIND, .index = 3, .destination = "/gone", .source = "/srv/gone" },
	{ .kind = MOUNT_CGROUP, .index = 4, .destination = "/sys/fs/cgroup", .type = "cgroup" },
};

static char *scene_masked[] = { "/kcore", "/folder" };
static struct cgroup_dir scene_dirs[] = {
	{ "cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "/ct", true },
	{ "freezer", "/sys/fs/cgroup/freezer", "/ct", true },
};
static struct cgroup scene_cgroup = { .mode = CGROUP_MODE_V1, .dirs = scene_dirs, .dirs_len = 2 };

static void scene_path(struct scene *s, const char *path, bool dir)
{
	char full[128];

	snprintf(full, sizeof(full), "%s%s", s->root, path);
	if (dir)
		assert_int_equal(mkdir(full, 0755), 0);
	else
		assert_int_equal(close(open(full, O_CREAT | O_WRONLY, 0644)), 0);
}

static void scene_begin(struct scene *s, enum cr_action action)
{
	char link[128];
	char *inside = oci_arena_strdup(
		&s->arena, "1 0 8:1 / / rw - ext4 a rw\n"
			   "2 1 8:2 /data /data rw - ext4 b rw\n"
			   "3 2 8:3 / /data/sub rw - ext4 c rw\n"
			   "4 2 8:4 / /data/own rw - tmpfs t rw\n"
			   "5 1 8:2 /s /run/s rw - ext4 b rw\n"
			   "6 1 0:9 / /tmp rw - tmpfs t rw\n"
			   "7 1 0:5 /null /kcore rw - tmpfs t rw\n"
			   "8 1 0:7 / /folder ro - tmpfs t ro\n"
			   "9 1 0:31 /ct /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw\n");
	char *outside = oci_arena_strdup(&s->arena, "1 0 8:1 / / rw - ext4 a rw\n"
						    "2 1 8:2 / /srv rw - ext4 b rw\n"
						    "3 2 8:3 / /srv/data/sub rw - ext4 c rw\n"
						    "4 2 8:3 / /srv/data2 rw - ext4 c rw\n");

	strcpy(s->root, "/tmp/carte-scene.XXXXXX");
	assert_non_null(mkdtemp(s->root));
	for (size_t i = 0; i < 2; i++)
		scene_path(s, i ? "/var" : "/run", true);
	scene_path(s, "/run/s", false);
	scene_path(s, "/data", true);
	scene_path(s, "/data/sub", true);
	scene_path(s, "/kcore", false);
	scene_path(s, "/folder", true);
	snprintf(link, sizeof(link), "%s/var/run", s->root);
	assert_int_equal(symlink("/run", link), 0);
	s->root_fd = open(s->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	s->rf = (struct rootfs){ .path = s->root,
				 .mounts = scene_mounts,
				 .mounts_len = ARRAY_LEN(scene_mounts),
				 .masked = scene_masked,
				 .masked_len = ARRAY_LEN(scene_masked) };
	assert_int_equal(cr_mounts_parse(&s->arena, inside, &s->inside, &s->err), 0);
	assert_int_equal(cr_mounts_parse(&s->arena, outside, &s->outside, &s->err), 0);
	s->plan.action = action;
	s->place = (struct cr_place){ .rootfs = &s->rf,
				      .cgroup = &scene_cgroup,
				      .root_fd = s->root_fd,
				      .inside = action == CR_DUMP ? &s->inside : NULL,
				      .outside = &s->outside };
}

static void scene_end(struct scene *s)
{
	char command[128];

	(void)close(s->root_fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", s->root);
	assert_int_equal(system(command), 0);
	oci_arena_free(&s->arena);
}

static const char *value_of(const struct cr_pairs *pairs, const char *key)
{
	const char *found = NULL;

	for (size_t i = 0; i < pairs->len; i++)
		if (strcmp(pairs->items[i].key, key) == 0)
			found = pairs->items[i].value;
	return found;
}

#define same(pairs, key, value) assert_string_equal(value_of(pairs, key), value)

static void dump_names_what_is_mounted(void **state)
{
	struct scene s = { .arena = OCI_ARENA_INIT, .err = OCI_ERROR_INIT };

	(void)state;
	scene_begin(&s, CR_DUMP);
	assert_int_equal(cr_plan_mounts(&s.arena, &s.place, &s.plan, &s.err), 0);
	same(&s.plan.mounts, "/data", "/data");
	/* came along with the bind; what the container itself has mounted there is its own */
	same(&s.plan.mounts, "/data/sub", "/data/sub");
	assert_null(value_of(&s.plan.mounts, "/data/own"));
	/* criu knows the mount point, config.json the way to it */
	same(&s.plan.mounts, "/run/s", "/var/run/s");
	assert_null(value_of(&s.plan.mounts, "/gone"));
	assert_null(value_of(&s.plan.mounts, "/tmp"));
	same(&s.plan.mounts, "/kcore", "/dev/null");
	assert_null(value_of(&s.plan.mounts, "/folder"));
	same(&s.plan.mounts, "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct");
	assert_int_equal(s.plan.mounts.len, 5);
	scene_end(&s);
}

static void restore_says_where_from(void **state)
{
	struct scene s = { .arena = OCI_ARENA_INIT, .err = OCI_ERROR_INIT };

	(void)state;
	scene_begin(&s, CR_RESTORE);
	assert_int_equal(cr_plan_mounts(&s.arena, &s.place, &s.plan, &s.err), 0);
	same(&s.plan.mounts, "/data", "/srv/data");
	same(&s.plan.mounts, "/data/sub", "/srv/data/sub");
	/* under both names: other runtimes use the mount point */
	same(&s.plan.mounts, "/var/run/s", "/srv/s");
	same(&s.plan.mounts, "/run/s", "/srv/s");
	same(&s.plan.mounts, "/dev/null", "/dev/null");
	same(&s.plan.mounts, "/sys/fs/cgroup/freezer", "/sys/fs/cgroup/freezer/ct");
	scene_end(&s);
}

static void restore_refuses_mapped_mounts(void **state)
{
	struct scene s = { .arena = OCI_ARENA_INIT, .err = OCI_ERROR_INIT };
	struct mount_plan mapped = scene_mounts[1];

	(void)state;
	scene_begin(&s, CR_RESTORE);
	mapped.options.idmap = MOUNT_IDMAP_TOP;
	s.rf.mounts = &mapped;
	s.rf.mounts_len = 1;
	assert_int_equal(cr_plan_mounts(&s.arena, &s.place, &s.plan, &s.err), -ENOTSUP);
	assert_string_equal(s.err.message, "mounts[1]: criu cannot restore an id-mapped mount");
	scene_end(&s);
}

/* ---- namespaces, cgroups, settings -------------------------------------------- */

static void namespaces_stay_outside(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct ns_plan ns = {
		.joins = { { CLONE_NEWNET, "/proc/self/ns/net", -EBADF, 0 },
			   { CLONE_NEWIPC, "/proc/self/ns/ipc", -EBADF, 1 },
			   { CLONE_NEWTIME, "/proc/self/ns/time", -EBADF, 2 } },
		.joins_len = 3,
	};
	struct oci_error err = OCI_ERROR_INIT;
	struct cr_plan dump = { .action = CR_DUMP }, restore = { .action = CR_RESTORE };
	struct stat st;

	(void)state;
	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	assert_int_equal(cr_plan_namespaces(&arena, &ns, &dump, &err), 0);
	assert_int_equal(dump.external.len, 1);
	assert_string_equal(
		dump.external.items[0].key,
		oci_arena_printf(&arena, "net[%lu]:extRootNetNS", (unsigned long)st.st_ino));
	assert_int_equal(cr_plan_namespaces(&arena, &ns, &restore, &err), 0);
	assert_int_equal(restore.fds_len, 1);
	assert_string_equal(restore.fds[0].key, "extRootNetNS");
	assert_int_equal(close(restore.fds[0].fd), 0);
	same(&restore.joins, "ipc", "/proc/self/ns/ipc");
	same(&restore.joins, "time", "/proc/self/ns/time");
}

static void namespaces_are_refused(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct ns_plan ns = { .joins = { { CLONE_NEWNS, "/proc/self/ns/mnt", -EBADF, 4 } },
			      .joins_len = 1 };
	struct cr_plan restore = { .action = CR_RESTORE }, dump = { .action = CR_DUMP };
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	assert_int_equal(cr_plan_namespaces(&arena, &ns, &restore, &err), -ENOTSUP);
	assert_string_equal(err.message,
			    "linux.namespaces[4].path: criu cannot restore into a mount namespace "
			    "that is there already");
	err = (struct oci_error)OCI_ERROR_INIT;
	ns.joins[0] = (struct ns_join){ CLONE_NEWNET, "/no/such", -EBADF, 4 };
	assert_int_equal(cr_plan_namespaces(&arena, &ns, &dump, &err), -ENOENT);
	assert_string_equal(err.message,
			    "linux.namespaces[4].path: /no/such: No such file or directory");
}

static void freezer_is_the_containers_own(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct cgroup_dir v2 = { "", "/sys/fs/cgroup", "/ct", true };
	struct cgroup unified = { .mode = CGROUP_MODE_V2, .dirs = &v2, .dirs_len = 1 };
	struct oci_error err = OCI_ERROR_INIT;
	struct cr_plan plan = { .action = CR_DUMP };

	(void)state;
	assert_int_equal(cr_plan_freezer(&arena, &scene_cgroup, &plan, &err), 0);
	assert_string_equal(plan.freeze_cgroup, "/sys/fs/cgroup/freezer/ct");
	plan.freeze_cgroup = NULL;
	assert_int_equal(cr_plan_freezer(&arena, &unified, &plan, &err), 0);
	assert_string_equal(plan.freeze_cgroup, "/sys/fs/cgroup/ct");
	plan.freeze_cgroup = NULL;
	v2.made = false;
	assert_int_equal(cr_plan_freezer(&arena, &unified, &plan, &err), 0);
	assert_null(plan.freeze_cgroup);
}

static void cgroup_roots_by_controller(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char text[] = "4:cpu,cpuacct:/a\n1:name=systemd:/b:c\n0::/d\n";
	struct oci_error err = OCI_ERROR_INIT;
	struct cr_plan plan = { .action = CR_RESTORE };

	(void)state;
	assert_int_equal(cr_plan_cgroup_roots(&arena, text, &plan, &err), 0);
	assert_int_equal(plan.cgroup_roots.len, 4);
	same(&plan.cgroup_roots, "cpu", "/a");
	same(&plan.cgroup_roots, "cpuacct", "/a");
	same(&plan.cgroup_roots, "name=systemd", "/b:c");
	same(&plan.cgroup_roots, "", "/d");
}

static void settings_by_annotation(void **state)
{
	struct oci_pair pair = { "org.criu.config", "/my.conf" };
	struct oci_config config = { .annotations = &pair, .annotations_len = 1 };
	struct cr_plan plan = { .action = CR_DUMP };

	(void)state;
	cr_plan_config_file(&config, &plan);
	assert_string_equal(plan.config_file, "/my.conf");
	pair.value = "";
	cr_plan_config_file(&config, &plan);
	assert_null(plan.config_file);
}

/* ---- descriptors -------------------------------------------------------------- */

static void descriptors_go_around(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char dir[] = "/tmp/carte-fds.XXXXXX", text[64];
	struct oci_error err = OCI_ERROR_INIT;
	struct cr_plan plan = { .action = CR_RESTORE };
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	plan.images_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* none: images of a container without */
	assert_int_equal(descriptors_restore(&arena, &plan, &err), 0);
	assert_int_equal(plan.fds_len, 0);
	fd = openat(plan.images_fd, DESCRIPTORS_FILE, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	strcpy(text, "[\"/dev/null\",\"pipe:[12]\",\"file[1a:2b]\"]");
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(descriptors_restore(&arena, &plan, &err), 0);
	assert_int_equal(plan.fds_len, 2);
	assert_int_equal(plan.fds[0].fd, 1);
	assert_string_equal(plan.fds[0].key, "pipe:[12]");
	assert_int_equal(plan.fds[1].fd, 2);
	assert_string_equal(plan.fds[1].key, "file[1a:2b]");
	assert_int_equal(ftruncate(fd, 5), 0);
	assert_true(descriptors_restore(&arena, &plan, &err) < 0);
	assert_non_null(strstr(err.message, DESCRIPTORS_FILE));
	(void)close(fd);
	(void)unlinkat(plan.images_fd, DESCRIPTORS_FILE, 0);
	(void)close(plan.images_fd);
	(void)rmdir(dir);
}

/* ---- log ---------------------------------------------------------------------- */

static void log_tells_the_last_error(void **state)
{
	char text[] =
		"(00.000001) Version: 3.17 (gitid 0)\n"
		"(00.000200) Error (criu/a.c:1): first\n"
		"(00.000300)      1: Error (criu/b.c:2): mnt: no such \x01 mount\n"
		"(00.000400) 	says Error (not one of criu's own lines, too far to the right) x\n"
		"(00.000410) Error (criu/cr-dump.c:1635): Dump files (pid: 7) failed with -1\n"
		"(00.000420)      1: Error (criu/files.c:1213): Unable to open fd=1 id=0x3\n"
		"(00.000500) Error (criu/cr-dump.c:2053): Dumping FAILED.\n";
	char none[] =
		"(00.1) Error (criu/cr-restore.c:2536): Restoring FAILED.\nError (no stamp)\n";

	(void)state;
	assert_string_equal(criu_log_find_error(none) ? "found" : "none", "none");
	assert_string_equal(criu_log_find_error(text),
			    "Error (criu/b.c:2): mnt: no such \x01 mount");
}

static void log_is_read_printable(void **state)
{
	static const char text[] = "(00.1) Error (a.c:1): a\tb\n";
	char dir[] = "/tmp/carte-log.XXXXXX", line[64], cut[12];
	int top, fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	criu_log_read_error(top, "l", line, sizeof(line));
	assert_string_equal(line, "");
	fd = openat(top, "l", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, text, sizeof(text) - 1), (ssize_t)sizeof(text) - 1);
	(void)close(fd);
	criu_log_read_error(top, "l", line, sizeof(line));
	assert_string_equal(line, "Error (a.c:1): a?b");
	criu_log_read_error(top, "l", cut, sizeof(cut));
	assert_string_equal(cut, "Error (a.c:");
	(void)unlinkat(top, "l", 0);
	(void)close(top);
	(void)rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_understood),
		cmocka_unit_test(options_have_defaults),
		cmocka_unit_test(options_are_refused),
		cmocka_unit_test(folders_are_made_or_missed),
		cmocka_unit_test(mountinfo_is_read),
		cmocka_unit_test(dump_names_what_is_mounted),
		cmocka_unit_test(restore_says_where_from),
		cmocka_unit_test(restore_refuses_mapped_mounts),
		cmocka_unit_test(namespaces_stay_outside),
		cmocka_unit_test(namespaces_are_refused),
		cmocka_unit_test(freezer_is_the_containers_own),
		cmocka_unit_test(cgroup_roots_by_controller),
		cmocka_unit_test(settings_by_annotation),
		cmocka_unit_test(descriptors_go_around),
		cmocka_unit_test(log_tells_the_last_error),
		cmocka_unit_test(log_is_read_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
