/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rootfs.c - mounts, masks, propagation and the pivot, planned and for real; and the known attacks on them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "unit/container.h"

static const char *unable;
static bool classic; /* which of the two runs of the live tests this is */

static int begin(void **state)
{
	static struct container c;

	container_begin(&c);
	c.classic = classic;
	c.map_first = 100000;
	*state = &c;
	return 0;
}

static int end(void **state)
{
	container_end(*state);
	return 0;
}

static void skip_unable(void)
{
	if (unable) {
		print_message("skipped: %s\n", unable);
		skip();
	}
}

/* ---- planning ------------------------------------------------------------------- */

static void plan_messages(void **state)
{
	static const struct {
		const char *mounts, *linux_members, *members, *message;
	} bad[] = {
		{ "{\"destination\":\"/\",\"type\":\"tmpfs\"}", "", "",
		  "mounts[0].destination: nothing can be mounted on /" },
		{ "{\"destination\":\"/a/../\",\"type\":\"tmpfs\"}", "", "",
		  "mounts[0].destination: nothing can be mounted on /" },
		{ CONTAINER_DEV ",{\"destination\":\"/x\"}", "", "",
		  "mounts[2].type: required unless it is a bind mount" },
		{ "{\"destination\":\"/x\",\"type\":\"none\"}", "", "",
		  "mounts[0].options: bind or rbind is missing for type \"none\"" },
		{ "{\"destination\":\"/x\",\"type\":\"bind\"}", "", "",
		  "mounts[0].source: required for a bind mount" },
		{ "{\"destination\":\"/x\",\"source\":\"/y\",\"options\":[\"bind\",\"mode=7\"]}",
		  "", "", "mounts[0].options[1]: \"mode=7\": is no option of a bind mount" },
		{ "{\"destination\":\"/proc\",\"type\":\"tmpfs\"}", "", "",
		  "mounts[0].type: only proc can be mounted on /proc, not \"tmpfs\"" },
		{ "{\"destination\":\"/proc/sys\",\"type\":\"tmpfs\"}", "", "",
		  "mounts[0].destination: /proc/sys: cannot be mounted because it is inside "
		  "/proc" },
		{ "{\"destination\":\"/x/../proc/self/attr\",\"source\":\"/"
		  "y\",\"options\":[\"bind\"]}",
		  "", "",
		  "mounts[0].destination: /proc/self/attr: cannot be mounted because it is inside "
		  "/proc" },
		{ "{\"destination\":\"/proc/cpuinfo/x\",\"source\":\"/y\",\"options\":[\"bind\"]}",
		  "", "",
		  "mounts[0].destination: /proc/cpuinfo/x: cannot be mounted because it is inside "
		  "/proc" },
		{ "{\"destination\":\"/proc/cpuinfo\",\"type\":\"tmpfs\"}", "", "",
		  "mounts[0].destination: /proc/cpuinfo: cannot be mounted because it is inside "
		  "/proc" },
		{ "{\"destination\":\"/x\",\"type\":\"proc\",\"options\":[\"tmpcopyup\"]}", "", "",
		  "mounts[0].options: tmpcopyup is for tmpfs only" },
		{ "{\"destination\":\"/x\",\"type\":\"tmpfs\",\"options\":[\"src-nofollow\"]}", "",
		  "", "mounts[0].options: copy-symlink and src-nofollow are for bind mounts only" },
		{ "{\"destination\":\"/x\",\"type\":\"tmpfs\",\"options\":[\"idmap\"]}", "", "",
		  "mounts[0]: only bind mounts can be id-mapped" },
		{ "{\"destination\":\"/x\",\"source\":\"/y\",\"options\":[\"bind\",\"idmap\"]}", "",
		  "",
		  "mounts[0].options: idmap needs uidMappings and gidMappings, or a user namespace "
		  "to take them from" },
		{ "{\"destination\":\"/x\",\"source\":\"/"
		  "y\",\"options\":[\"bind\"],\"uidMappings\":"
		  "[{\"containerID\":0,\"hostID\":1,\"size\":1}]}",
		  "", "", "mounts[0].gidMappings: required with uidMappings" },
		{ "{\"destination\":\"/"
		  "x\",\"type\":\"tmpfs\",\"options\":[\"shared\",\"slave\",\"shared\","
		  "\"slave\",\"shared\"]}",
		  "", "", "mounts[0].options[4]: \"shared\": more than 4 propagation options" },
		{ "{\"destination\":\"/x\",\"source\":\"/"
		  "y\",\"options\":[\"bind\",\"idmap=uids=1-2\"]}",
		  "", "",
		  "mounts[0].options[1]: idmap must be like uids=0-1000-10;gids=0-1000-10" },
		{ "{\"destination\":\"/x\",\"source\":\"/"
		  "y\",\"options\":[\"bind\",\"idmap=uids=1-2-3\"]}",
		  "", "",
		  "mounts[0].options[1]: idmap must be like uids=0-1000-10;gids=0-1000-10" },
		{ "{\"destination\":\"/x\",\"source\":\"/"
		  "y\",\"options\":[\"bind\",\"ridmap=uids=@1-2-3;gids=1-2-3\"]}",
		  "", "",
		  "mounts[0].options[1]: idmap must be like uids=0-1000-10;gids=0-1000-10" },
		{ "", "\"maskedPaths\":[\"/a\",\"b\"]", "",
		  "linux.maskedPaths[1]: \"b\": must be an absolute path" },
		{ "", "\"readonlyPaths\":[\"proc\"]", "",
		  "linux.readonlyPaths[0]: \"proc\": must be an absolute path" },
	};
	struct container *c = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_PLAN_FAILS(
			c, container_config(bad[i].mounts, bad[i].linux_members, bad[i].members),
			bad[i].message);
}

static void plan_proc_files(void **state)
{
	static const char *const good[] = {
		"cpuinfo",
		"diskstats",
		"meminfo",
		"stat",
		"swaps",
		"uptime",
		"loadavg",
		"slabinfo",
		"sys/kernel/ns_last_pid",
		"sys/crypto/fips_enabled",
	};
	struct container *c = *state;
	char mount[256];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		(void)snprintf(
			mount, sizeof(mount),
			"{\"destination\":\"/proc/%s\",\"source\":\"/y\",\"options\":[\"bind\"]}",
			good[i]);
		assert_int_equal(container_plan(c, container_config(mount, "", "")), 0);
	}
}

static void plan_needs_mount_namespace(void **state)
{
	struct container *c = *state;

	ASSERT_PLAN_FAILS(c,
			  "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"linux\":{"
			  "\"namespaces\":"
			  "[{\"type\":\"pid\"}]}}",
			  "linux.namespaces: a mount namespace is required: the root would be "
			  "mounted over the host's");
}

static void plan_no_pivot(void **state)
{
	struct container *c = *state;

	c->no_pivot = true;
	ASSERT_PLAN_FAILS(c, container_config("", "\"rootfsPropagation\":\"private\"", ""),
			  "linux.rootfsPropagation: private does not go with --no-pivot: the "
			  "host's mounts would stay");
}

static void plan_root_path(void **state)
{
	struct container *c = *state;

	assert_int_equal(container_plan(c, container_config("", "", "")), 0);
	assert_string_equal(rootfs_path(c->rf), container_path(c, "rootfs"));
	assert_int_equal(
		container_plan(c, "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"/a/./b//../c\"},"
				  "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}"),
		0);
	assert_string_equal(rootfs_path(c->rf), "/a/c");
}

static void prepare_refuses_bad_roots(void **state)
{
	struct container *c = *state;
	char message[512];

	assert_int_equal(rmdir(container_path(c, "rootfs")), 0);
	assert_int_equal(container_plan(c, container_config("", "", "")), 0);
	assert_int_equal(rootfs_prepare(c->rf, &c->err), -ENOENT);
	(void)snprintf(message, sizeof(message), "root.path: %s/rootfs: No such file or directory",
		       c->bundle);
	assert_string_equal(c->err.message, message);

	container_link(c, "/", "rootfs");
	c->err.code = 0;
	assert_int_equal(rootfs_prepare(c->rf, &c->err), -ELOOP);
	(void)snprintf(message, sizeof(message), "root.path: %s/rootfs: is a symlink or below one",
		       c->bundle);
	assert_string_equal(c->err.message, message);

	assert_int_equal(unlink(container_path(c, "rootfs")), 0);
	container_file(c, "rootfs", "");
	c->err.code = 0;
	assert_int_equal(rootfs_prepare(c->rf, &c->err), -ENOTDIR);
	(void)snprintf(message, sizeof(message), "root.path: %s/rootfs: is not a folder",
		       c->bundle);
	assert_string_equal(c->err.message, message);
}

/* ---- for real ------------------------------------------------------------------- */

static const char default_mounts[] = CONTAINER_DEV
	",{\"destination\":\"/dev/"
	"pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":[\"nosuid\",\"noexec\","
	"\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]}"
	",{\"destination\":\"/dev/"
	"shm\",\"type\":\"tmpfs\",\"source\":\"shm\",\"options\":[\"nosuid\",\"noexec\","
	"\"nodev\",\"mode=1777\",\"size=65536k\"]}"
	",{\"destination\":\"/dev/"
	"mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\",\"options\":[\"nosuid\","
	"\"noexec\",\"nodev\"]}"
	",{\"destination\":\"/"
	"sys\",\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":[\"nosuid\",\"noexec\","
	"\"nodev\",\"ro\"]}";
static const char default_linux[] =
	"\"maskedPaths\":[\"/proc/acpi\",\"/proc/kcore\",\"/proc/keys\",\"/proc/timer_list\",\"/"
	"sys/firmware\","
	"\"/nowhere\",\"/masked/file\",\"/masked/folder\",\"/masked/other\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/nowhere\",\"/"
	"etc/ro\"]";

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		(void)closedir(dir);
	return n;
}

static void body_default(void *arg)
{
	struct container_mount m;
	struct statfs fs;
	struct stat a, b;

	(void)arg;
	REQUIRE(container_find_mount("/", &m) && container_has(m.options, "ro"));
	REQUIRE(mkdir("/new", 0755) < 0 && errno == EROFS);
	REQUIRE(statfs("/proc", &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC);
	REQUIRE(statfs("/sys", &fs) == 0 && fs.f_type == SYSFS_MAGIC);
	REQUIRE(container_find_mount("/sys", &m) && container_has(m.options, "ro"));
	REQUIRE(container_find_mount("/dev", &m));
	REQUIRE(container_has(m.options, "nosuid") && !container_has(m.options, "relatime"));
	REQUIRE(container_has(m.super, "mode=755") && container_has(m.super, "size=65536k"));
	REQUIRE(container_find_mount("/dev/pts", &m) && container_has(m.super, "gid=5"));
	REQUIRE(container_find_mount("/dev/shm", &m) && container_has(m.options, "noexec"));
	REQUIRE(container_find_mount("/dev/mqueue", &m) && !strcmp(m.type, "mqueue"));
	/* read-only paths */
	REQUIRE(container_find_mount("/proc/sys", &m) && container_has(m.options, "ro"));
	REQUIRE(open("/proc/sys/kernel/hostname", O_WRONLY) < 0 && errno == EROFS);
	REQUIRE(container_find_mount("/etc/ro", &m) && container_has(m.options, "ro"));
	/* masks */
	REQUIRE(container_find_mount("/proc/keys", &m) && !strcmp(m.root, "/null"));
	REQUIRE(stat("/masked/file", &a) == 0 && S_ISCHR(a.st_mode) && a.st_rdev == makedev(1, 3));
	REQUIRE(count_entries("/masked/folder") == 2 && count_entries("/sys/firmware") == 2);
	REQUIRE(stat("/masked/folder", &a) == 0 && stat("/masked/other", &b) == 0);
	REQUIRE(mkdir("/masked/folder/x", 0755) < 0 && errno == EROFS);
	/* nothing of the host is left */
	REQUIRE(access("/tmp", F_OK) < 0);
	REQUIRE(container_find_mount("/tmp", &m) == false);
}

/* All masked folders share one superblock, when the interface for it is there. */
static void body_shared_mask(void *arg)
{
	struct stat a, b;

	body_default(arg);
	REQUIRE(stat("/masked/folder", &a) == 0 && stat("/masked/other", &b) == 0);
	REQUIRE(a.st_dev == b.st_dev);
}

static void default_container(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "rootfs/etc");
	container_file(c, "rootfs/etc/ro", "x");
	container_mkdir(c, "rootfs/masked");
	container_file(c, "rootfs/masked/file", "secret");
	container_mkdir(c, "rootfs/masked/folder");
	container_file(c, "rootfs/masked/folder/secret", "secret");
	container_mkdir(c, "rootfs/masked/other");
	char json[8192];

	(void)snprintf(json, sizeof(json),
		       "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
		       "\"mounts\":[%s],"
		       "\"linux\":{\"namespaces\":[" CONTAINER_NS "],%s}}",
		       default_mounts, default_linux);
	ASSERT_RUN(c, json, classic ? body_default : body_shared_mask);
}

static void body_binds(void *arg)
{
	struct container_mount m;

	(void)arg;
	REQUIRE(container_file_is("/made/by/us/file", "one"));
	REQUIRE(container_find_mount("/ro", &m) && container_has(m.options, "ro"));
	REQUIRE(container_has(m.options, "nosuid") && container_has(m.options, "noatime"));
	REQUIRE(open("/ro/new", O_WRONLY | O_CREAT, 0644) < 0 && errno == EROFS);
	REQUIRE(container_file_is("/etc/hosts", "two"));
	REQUIRE(container_find_mount("/etc/hosts", &m) && container_has(m.options, "rw"));
	REQUIRE(container_file_is("/dev/inside", "two"));
	REQUIRE(container_file_is("/target/file", "one"));
	REQUIRE(container_file_is("/rel/file", "one"));
}

static void binds(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "source");
	container_file(c, "source/file", "one");
	container_file(c, "hosts", "two");
	container_mkdir(c, "rootfs/target");
	/* a symlink in the root is followed inside the root */
	container_link(c, "/target", "rootfs/link");
	ASSERT_RUN(
		c,
		container_config(
			CONTAINER_DEV
			",{\"destination\":\"/made/by/us\",\"source\":\"%B/"
			"source\",\"options\":[\"bind\"]}"
			",{\"destination\":\"/ro\",\"source\":\"%B/"
			"source\",\"type\":\"bind\",\"options\":[\"ro\","
			"\"nosuid\",\"noatime\"]}"
			",{\"destination\":\"/etc/hosts\",\"source\":\"%B/"
			"hosts\",\"options\":[\"rbind\",\"rprivate\",\"rw\"]}"
			",{\"destination\":\"/dev/inside\",\"source\":\"%B/"
			"hosts\",\"options\":[\"bind\"]}"
			",{\"destination\":\"/link\",\"source\":\"%B/"
			"source\",\"options\":[\"bind\"]}"
			",{\"destination\":\"rel\",\"source\":\"source\",\"options\":[\"bind\"]}",
			"", ""),
		body_binds);
}

static void bind_messages(void **state)
{
	struct container *c = *state;
	char message[512];

	skip_unable();
	container_file(c, "file", "");
	container_mkdir(c, "rootfs/folder");
	(void)snprintf(message, sizeof(message),
		       "mounts[0]: bind %s/none on /x: source %s/none: No such file or directory",
		       c->bundle, c->bundle);
	ASSERT_RUN_FAILS(
		c,
		container_config(
			"{\"destination\":\"/x\",\"source\":\"%B/none\",\"options\":[\"bind\"]}",
			"", ""),
		message);
	(void)snprintf(message, sizeof(message),
		       "mounts[0]: bind %s/file on /folder: one of source %s/file and mount point "
		       "/folder is a folder, the other is not",
		       c->bundle, c->bundle);
	ASSERT_RUN_FAILS(c,
			 container_config("{\"destination\":\"/folder\",\"source\":\"%B/"
					  "file\",\"options\":[\"bind\"]}",
					  "", ""),
			 message);
}

static void fs_messages(void **state)
{
	struct container *c = *state;

	skip_unable();
	ASSERT_RUN_FAILS(
		c,
		container_config(
			"{\"destination\":\"/x\",\"type\":\"tmpfs\",\"options\":[\"foo\"]}", "",
			""),
		"mounts[0]: mount tmpfs on /x: tmpfs: Unknown parameter 'foo'");
	ASSERT_RUN_FAILS(
		c, container_config("{\"destination\":\"/x\",\"type\":\"nofs\"}", "", ""),
		"mounts[0]: mount nofs on /x: this kernel has no file system of type \"nofs\"");
	ASSERT_RUN_FAILS(
		c,
		container_config(
			"{\"destination\":\"/x\",\"type\":\"tmpfs\",\"options\":[\"size=many\"]}",
			"", ""),
		"mounts[0]: mount tmpfs on /x: tmpfs: Bad value for 'size'");
}

static void body_recursive(void *arg)
{
	struct container_mount m;

	(void)arg;
	REQUIRE(container_find_mount("/r", &m) && container_has(m.options, "ro"));
	REQUIRE(container_find_mount("/r/sub", &m) && container_has(m.options, "ro"));
	REQUIRE(container_has(m.options, "noexec"));
	REQUIRE(container_find_mount("/n", &m) && container_has(m.options, "ro"));
	REQUIRE(container_find_mount("/n/sub", &m) && !container_has(m.options, "ro"));
	REQUIRE(container_find_mount("/t", &m) && container_has(m.options, "nosymfollow"));
}

/* In a mount namespace of the test's own, so that the host sees nothing. */
static void recursive_child(void *arg)
{
	struct container *c = arg;
	int status;

	REQUIRE(unshare(CLONE_NEWNS) == 0);
	REQUIRE(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	REQUIRE(mount("t", container_path(c, "source/sub"), "tmpfs", 0, NULL) == 0);
	if (container_run(c,
			  container_config(CONTAINER_DEV
					   ",{\"destination\":\"/r\",\"source\":\"%B/"
					   "source\",\"options\":[\"rbind\",\"rro\",\"rnoexec\"]}"
					   ",{\"destination\":\"/n\",\"source\":\"%B/"
					   "source\",\"options\":[\"rbind\",\"ro\"]}"
					   ",{\"destination\":\"/"
					   "t\",\"type\":\"tmpfs\",\"options\":[\"rnosymfollow\"]}",
					   "", ""),
			  body_recursive, NULL, &status) < 0) {
		REQUIRE_TEXT(c->err.message, "");
	}
	REQUIRE(status == 0);
}

static void recursive_options(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "source");
	container_mkdir(c, "source/sub");
	assert_int_equal(forked(recursive_child, c), 0);
}

static void body_copyup(void *arg)
{
	char link[64];
	struct stat st;

	(void)arg;
	REQUIRE(container_file_is("/data/file", "text"));
	REQUIRE(stat("/data/file", &st) == 0 && st.st_uid == 7 && (st.st_mode & 07777) == 04711);
	REQUIRE(container_file_is("/data/sub/deep", "deep"));
	REQUIRE(stat("/data/sub", &st) == 0 && (st.st_mode & 07777) == 0700);
	REQUIRE(readlink("/data/link", link, sizeof(link)) == 11 &&
		!memcmp(link, "/etc/shadow", 11));
	REQUIRE(lstat("/data/fifo", &st) == 0 && S_ISFIFO(st.st_mode));
	REQUIRE(stat("/data", &st) == 0 && (st.st_mode & 07777) == 0751);
	REQUIRE(open("/data/new", O_WRONLY | O_CREAT, 0644) < 0 && errno == EROFS);
	REQUIRE(stat("/plain", &st) == 0 && (st.st_mode & 07777) == 0751);
	REQUIRE(count_entries("/plain") == 2);
}

static void copy_up(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "rootfs/data");
	container_mkdir(c, "rootfs/plain");
	container_mkdir(c, "rootfs/data/sub");
	container_file(c, "rootfs/data/file", "text");
	container_file(c, "rootfs/data/sub/deep", "deep");
	container_file(c, "rootfs/plain/hidden", "");
	container_link(c, "/etc/shadow", "rootfs/data/link");
	assert_int_equal(mkfifo(container_path(c, "rootfs/data/fifo"), 0600), 0);
	assert_int_equal(chown(container_path(c, "rootfs/data/file"), 7, 7), 0);
	assert_int_equal(chmod(container_path(c, "rootfs/data/file"), 04711), 0);
	assert_int_equal(chmod(container_path(c, "rootfs/data/sub"), 0700), 0);
	assert_int_equal(chmod(container_path(c, "rootfs/data"), 0751), 0);
	assert_int_equal(chmod(container_path(c, "rootfs/plain"), 0751), 0);
	ASSERT_RUN(c,
		   container_config(CONTAINER_DEV
				    ",{\"destination\":\"/"
				    "data\",\"type\":\"tmpfs\",\"options\":[\"tmpcopyup\",\"ro\"]}"
				    ",{\"destination\":\"/plain\",\"type\":\"tmpfs\"}",
				    "", ""),
		   body_copyup);
}

static void body_propagation(void *arg)
{
	struct container_mount m;

	(void)arg;
	REQUIRE(container_find_mount("/s", &m) && strstr(m.optional, "shared:"));
	REQUIRE(container_find_mount("/p", &m) && !strstr(m.optional, "shared:"));
	REQUIRE(container_find_mount("/u", &m) && strstr(m.optional, "unbindable"));
	REQUIRE(container_find_mount("/t", &m) && strstr(m.optional, "shared:"));
	REQUIRE(container_find_mount("/", &m) && strstr(m.optional, "unbindable"));
}

static void propagation(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "source");
	ASSERT_RUN(c,
		   container_config(
			   CONTAINER_DEV
			   ",{\"destination\":\"/s\",\"source\":\"%B/"
			   "source\",\"options\":[\"bind\",\"rshared\"]}"
			   ",{\"destination\":\"/p\",\"source\":\"%B/"
			   "source\",\"options\":[\"bind\",\"private\"]}"
			   ",{\"destination\":\"/u\",\"source\":\"%B/"
			   "source\",\"options\":[\"bind\",\"unbindable\"]}"
			   ",{\"destination\":\"/t\",\"type\":\"tmpfs\",\"options\":[\"shared\"]}",
			   "\"rootfsPropagation\":\"unbindable\"", ""),
		   body_propagation);
}

static void body_mounts_back(void *arg)
{
	(void)arg;
	REQUIRE(mount("t", "/s/from", "tmpfs", 0, NULL) == 0);
	REQUIRE(mkdir("/s/from/inside", 0755) == 0);
	/* this one is on the root, and stays there */
	REQUIRE(mount("t", "/own", "tmpfs", 0, NULL) == 0);
	REQUIRE(mkdir("/own/inside", 0755) == 0);
}

/* rootfsPropagation shared: a bind of a shared source sends its mounts back, the root does not. */
static void shared_child(void *arg)
{
	struct container *c = arg;
	int status;

	REQUIRE(unshare(CLONE_NEWNS) == 0);
	REQUIRE(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	/* the bundle lies on a shared mount of this test's own */
	REQUIRE(mount(c->bundle, c->bundle, NULL, MS_BIND, NULL) == 0);
	REQUIRE(mount(NULL, c->bundle, NULL, MS_SHARED, NULL) == 0);
	if (container_run(c,
			  container_config(CONTAINER_DEV
					   ",{\"destination\":\"/s\",\"source\":\"%B/"
					   "source\",\"options\":[\"rbind\",\"rshared\"]}",
					   "\"rootfsPropagation\":\"rshared\"", ""),
			  body_mounts_back, NULL, &status) < 0)
		REQUIRE_TEXT(c->err.message, "");
	REQUIRE(status == 0);
	REQUIRE(access(container_path(c, "source/from/inside"), F_OK) == 0);
	REQUIRE(access(container_path(c, "rootfs/own/inside"), F_OK) < 0);
	REQUIRE(access(container_path(c, "rootfs/proc/self"), F_OK) < 0);
	/* and by default nothing comes back at all */
	REQUIRE(umount(container_path(c, "source/from")) == 0);
	if (container_run(c,
			  container_config(CONTAINER_DEV
					   ",{\"destination\":\"/s\",\"source\":\"%B/"
					   "source\",\"options\":[\"rbind\",\"rshared\"]}",
					   "", ""),
			  body_mounts_back, NULL, &status) < 0)
		REQUIRE_TEXT(c->err.message, "");
	REQUIRE(status == 0);
	REQUIRE(access(container_path(c, "source/from/inside"), F_OK) < 0);
}

static void shared_root(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "source");
	container_mkdir(c, "source/from");
	container_mkdir(c, "rootfs/own");
	assert_int_equal(forked(shared_child, c), 0);
}

static void body_no_pivot(void *arg)
{
	struct container_mount m;

	(void)arg;
	REQUIRE(access("/marker", F_OK) == 0 && access("/tmp", F_OK) < 0);
	REQUIRE(container_find_mount("/proc", &m) && !strcmp(m.type, "proc"));
	REQUIRE(access("/../../tmp", F_OK) < 0);
	/* the classic way out of a chroot: the host's procfs is not to be found there */
	REQUIRE(mkdir("/sub", 0755) == 0 && chroot("/sub") == 0);
	for (int i = 0; i < 32; i++)
		REQUIRE(chdir("..") == 0);
	REQUIRE(chroot(".") == 0);
	REQUIRE(access("/proc/self", F_OK) < 0 || access("/marker", F_OK) == 0);
}

static void no_pivot(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_file(c, "rootfs/marker", "");
	c->no_pivot = true;
	ASSERT_RUN(c, container_config(CONTAINER_DEV, "", ""), body_no_pivot);
}

static void body_root_is_slash(void *arg)
{
	struct statfs fs;

	(void)arg;
	REQUIRE(statfs("/proc", &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC);
	REQUIRE(access("/etc/passwd", F_OK) == 0);
	REQUIRE(mkdir("/carte-rootfs-test", 0755) < 0 && errno == EROFS);
}

static void root_is_slash(void **state)
{
	struct container *c = *state;

	skip_unable();
	ASSERT_RUN(c,
		   "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"/"
		   "\",\"readonly\":true},\"mounts\":[" CONTAINER_DEV
		   "],\"linux\":{\"namespaces\":[" CONTAINER_NS "]}}",
		   body_root_is_slash);
}

static void body_remount(void *arg)
{
	struct container_mount m;

	(void)arg;
	REQUIRE(container_find_mount("/t", &m) && container_has(m.options, "ro"));
	REQUIRE(container_has(m.super, "size=64k"));
}

static void remount(void **state)
{
	struct container *c = *state;

	skip_unable();
	ASSERT_RUN(c,
		   container_config(CONTAINER_DEV
				    ",{\"destination\":\"/t\",\"type\":\"tmpfs\"}"
				    ",{\"destination\":\"/t\",\"type\":\"tmpfs\",\"options\":"
				    "[\"remount\",\"ro\",\"size=64k\"]}",
				    "", ""),
		   body_remount);
}

static void body_late(void *arg)
{
	struct container_mount m;

	(void)arg;
	REQUIRE(container_find_mount("/dev", &m) && container_has(m.options, "ro"));
	REQUIRE(access("/dev/null", F_OK) == 0 && access("/dev/shm", F_OK) == 0);
	REQUIRE(container_find_mount("/t", &m) && container_has(m.options, "ro"));
	REQUIRE(container_find_mount("/t/inside", &m) && container_has(m.options, "rw"));
	REQUIRE(mkdir("/dev/x", 0755) < 0 && errno == EROFS);
}

/* "ro" on a tmpfs that something else is made in */
static void late_readonly(void **state)
{
	skip_unable();
	ASSERT_RUN(
		(struct container *)*state,
		container_config("{\"destination\":\"/proc\",\"type\":\"proc\"}"
				 ",{\"destination\":\"/"
				 "dev\",\"type\":\"tmpfs\",\"options\":[\"ro\",\"mode=755\"]}"
				 ",{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\"}"
				 ",{\"destination\":\"/t\",\"type\":\"tmpfs\",\"options\":[\"ro\"]}"
				 ",{\"destination\":\"/t/inside\",\"type\":\"tmpfs\"}",
				 "", ""),
		body_late);
}

static void body_links(void *arg)
{
	char to[64];
	ssize_t n;

	(void)arg;
	n = readlink("/etc/link", to, sizeof(to));
	REQUIRE(n == 6 && !memcmp(to, "target", 6));
	n = readlink("/shown", to, sizeof(to));
	REQUIRE(n == 6 && !memcmp(to, "target", 6));
	REQUIRE(access("/victim", F_OK) < 0);
}

/* crun's options for symlinks as sources and targets */
static void symlink_options(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_link(c, "target", "link");
	container_link(c, "/victim", "rootfs/shown");
	ASSERT_RUN(c,
		   container_config(CONTAINER_DEV ",{\"destination\":\"/etc/link\",\"source\":\"%B/"
						  "link\",\"options\":[\"bind\",\"copy-symlink\"]}"
						  ",{\"destination\":\"/shown\",\"source\":\"%B/"
						  "link\",\"options\":[\"bind\",\"src-nofollow\","
						  "\"dest-nofollow\"]}",
				    "", ""),
		   body_links);
}

/* ---- user namespaces -------------------------------------------------------------- */

static const char *userns_config(const char *mounts, const char *linux_members)
{
	static char json[1 << 16];

	(void)snprintf(
		json, sizeof(json),
		"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"mounts\":[%s],"
		"\"linux\":{"
		"\"namespaces\":[" CONTAINER_NS ",{\"type\":\"user\"}],"
		"\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
		"\"gidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}]%s%s}}",
		mounts, *linux_members ? "," : "", linux_members);
	return json;
}

static void body_userns(void *arg)
{
	struct container_mount m;
	struct stat st;
	int fd;

	(void)arg;
	REQUIRE(container_file_is("/deep/file", "one"));
	REQUIRE(container_find_mount("/deep", &m) && !strstr(m.optional, "shared:"));
	REQUIRE(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
	fd = open("/dev/null", O_WRONLY);
	REQUIRE(fd >= 0 && write(fd, "x", 1) == 1);
	REQUIRE(container_find_mount("/dev/null", &m));
	REQUIRE(stat("/dev/tty", &st) == 0 && st.st_rdev == makedev(5, 0));
	REQUIRE(container_find_mount("/proc/keys", &m) && !strcmp(m.root, "/null"));
}

static void user_namespace(void **state)
{
	struct container *c = *state;

	skip_unable();
	/* neither the source nor the root can be reached by the user namespace's root */
	container_mkdir(c, "closed");
	container_mkdir(c, "closed/source");
	container_file(c, "closed/source/file", "one");
	assert_int_equal(chmod(container_path(c, "closed"), 0700), 0);
	assert_int_equal(chown(container_path(c, "rootfs"), 100000, 100000), 0);
	assert_int_equal(chmod(c->bundle, 0700), 0);
	ASSERT_RUN(c,
		   userns_config(default_mounts
				 /* what the default asks for is there, and more */
				 ,
				 "\"maskedPaths\":[\"/proc/keys\"]"),
		   container_nothing);
	char mounts[4096];

	(void)snprintf(mounts, sizeof(mounts),
		       "%s,{\"destination\":\"/deep\",\"source\":\"%s/closed/"
		       "source\",\"options\":[\"rbind\",\"rw\"]}",
		       default_mounts, c->bundle);
	ASSERT_RUN(c, userns_config(mounts, "\"maskedPaths\":[\"/proc/keys\"]"), body_userns);
}

static void body_host_sysfs(void *arg)
{
	struct container_mount m;

	(void)arg;
	REQUIRE(container_find_mount("/sys", &m) && container_has(m.options, "ro"));
	REQUIRE(container_has(m.options, "noexec"));
	/* nothing below it is writable either (CVE-2023-25809) */
	REQUIRE(!container_find_mount("/sys/fs/cgroup", &m) || container_has(m.options, "ro"));
	REQUIRE(container_find_mount("/dev/mqueue", &m) && !strcmp(m.type, "mqueue"));
}

/* The host's network and a user namespace: a new sysfs is refused, the host's is shown read-only. */
static void host_sysfs(void **state)
{
	struct container *c = *state;
	char json[4096];

	skip_unable();
	assert_int_equal(chown(container_path(c, "rootfs"), 100000, 100000), 0);
	(void)snprintf(json, sizeof(json),
		       "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"mounts\":[%s],"
		       "\"linux\":{"
		       "\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"ipc\"},"
		       "{\"type\":\"user\"}],"
		       "\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
		       "\"gidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}]}}",
		       default_mounts);
	ASSERT_RUN(c, json, body_host_sysfs);
}

static void body_idmap(void *arg)
{
	struct stat st;

	(void)arg;
	REQUIRE(stat("/mapped/file", &st) == 0 && st.st_uid == 0 && st.st_gid == 0);
	REQUIRE(stat("/plain/file", &st) == 0 && st.st_uid == 65534);
}

static void body_own_map(void *arg)
{
	struct stat st;

	(void)arg;
	REQUIRE(stat("/mapped/file", &st) == 0 && st.st_uid == 5000 && st.st_gid == 6000);
}

static void idmap(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "source");
	container_file(c, "source/file", "one");
	assert_int_equal(chown(container_path(c, "rootfs"), 100000, 100000), 0);
	ASSERT_RUN(c,
		   userns_config(CONTAINER_DEV ",{\"destination\":\"/mapped\",\"source\":\"%B/"
					       "source\",\"options\":[\"rbind\",\"ridmap\"]}"
					       ",{\"destination\":\"/plain\",\"source\":\"%B/"
					       "source\",\"options\":[\"rbind\"]}",
				 ""),
		   body_idmap);
	ASSERT_RUN(c,
		   container_config(
			   CONTAINER_DEV
			   ",{\"destination\":\"/mapped\",\"source\":\"%B/"
			   "source\",\"options\":[\"bind\"],"
			   "\"uidMappings\":[{\"containerID\":0,\"hostID\":5000,\"size\":10}],"
			   "\"gidMappings\":[{\"containerID\":0,\"hostID\":6000,\"size\":10}]}",
			   "", ""),
		   body_own_map);
	ASSERT_RUN(c,
		   container_config(CONTAINER_DEV
				    ",{\"destination\":\"/mapped\",\"source\":\"%B/"
				    "source\",\"options\":[\"bind\","
				    "\"idmap=uids=0-5000-10#10-1-1;gids=0-6000-10\"]}",
				    "", ""),
		   body_own_map);
}

/* ---- attacks ----------------------------------------------------------------------- */

/* CVE-2019-19921, CVE-2023-27561: /proc of the image is a symlink */
static void attack_proc_symlink(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "rootfs/fake");
	container_link(c, "/fake", "rootfs/proc");
	ASSERT_RUN_FAILS(c, container_config(CONTAINER_DEV, "", ""),
			 "mounts[0]: mount proc on /proc: /proc must be a real folder in the root, "
			 "not a symlink or below one");
	assert_int_equal(unlink(container_path(c, "rootfs/proc")), 0);
	container_link(c, "/fake", "rootfs/sys");
	ASSERT_RUN_FAILS(c,
			 container_config("{\"destination\":\"/sys\",\"type\":\"sysfs\"}", "", ""),
			 "mounts[0]: mount sysfs on /sys: /sys must be a real folder in the root, "
			 "not a symlink or below one");
}

/* CVE-2021-30465 and kin: a mount point that is a symlink to the host's files stays inside the root */
static void body_target_link(void *arg)
{
	struct container *c = arg;

	REQUIRE(container_file_is("/etc/passwd-of-test", "evil"));
	(void)c;
}

static void attack_target_symlink(void **state)
{
	struct container *c = *state;
	char victim[PATH_MAX + 32];

	skip_unable();
	container_file(c, "source", "evil");
	container_file(c, "victim", "good");
	container_mkdir(c, "rootfs/etc");
	container_link(c, "../../../../../../etc/passwd-of-test", "rootfs/escape");
	ASSERT_RUN(c,
		   container_config(CONTAINER_DEV ",{\"destination\":\"/escape\",\"source\":\"%B/"
						  "source\",\"options\":[\"bind\"]}",
				    "", ""),
		   body_target_link);
	assert_true(access("/etc/passwd-of-test", F_OK) < 0);

	/* an absolute link to a file of the host is one to the same name in the root */
	(void)snprintf(victim, sizeof(victim), "%s/victim", c->bundle);
	container_link(c, victim, "rootfs/absolute");
	ASSERT_RUN(c,
		   container_config(CONTAINER_DEV ",{\"destination\":\"/absolute\",\"source\":\"%B/"
						  "source\",\"options\":[\"bind\"]}",
				    "", ""),
		   container_nothing);
	assert_true(container_file_is(victim, "good"));
}

/* A mount point whose symlink leads into /proc: the label of the runtime would be written to a fake file. */
static void attack_link_into_proc(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "rootfs/proc");
	container_link(c, "/proc/sys/kernel", "rootfs/volume");
	container_link(c, "/proc/self/attr", "rootfs/attr");
	ASSERT_RUN_FAILS(c,
			 container_config(CONTAINER_DEV
					  ",{\"destination\":\"/volume\",\"type\":\"tmpfs\"}",
					  "", ""),
			 "mounts[2]: mount tmpfs on /volume: /volume: a symlink in the root leads "
			 "into /proc");
	ASSERT_RUN_FAILS(
		c,
		container_config(CONTAINER_DEV ",{\"destination\":\"/attr\",\"type\":\"tmpfs\"}",
				 "", ""),
		"mounts[2]: mount tmpfs on /attr: /attr: a symlink in the root leads into /proc");
}

/* A bind of a folder that only looks like a procfs */
static void attack_fake_proc(void **state)
{
	struct container *c = *state;
	char message[512];

	skip_unable();
	container_mkdir(c, "source");
	(void)snprintf(message, sizeof(message),
		       "mounts[0]: bind %s/source on /proc: only the root of a procfs can be "
		       "bind-mounted on /proc",
		       c->bundle);
	ASSERT_RUN_FAILS(c,
			 container_config("{\"destination\":\"/proc\",\"source\":\"%B/"
					  "source\",\"options\":[\"bind\"]}",
					  "", ""),
			 message);
	ASSERT_RUN_FAILS(c,
			 container_config("{\"destination\":\"/proc\",\"source\":\"/proc/"
					  "sys\",\"options\":[\"bind\"]}",
					  "", ""),
			 "mounts[0]: bind /proc/sys on /proc: only the root of a procfs can be "
			 "bind-mounted on /proc");
	ASSERT_RUN(
		c,
		container_config(
			"{\"destination\":\"/proc\",\"source\":\"/proc\",\"options\":[\"rbind\"]}",
			"", ""),
		container_nothing);
}

/* CVE-2025-31133: the image's /dev/null is not the null device */
static void attack_null(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "rootfs/proc");
	container_mkdir(c, "rootfs/dev");
	container_link(c, "/proc/sys/kernel/core_pattern", "rootfs/dev/null");
	ASSERT_RUN_FAILS(c,
			 container_config("{\"destination\":\"/proc\",\"type\":\"proc\"}",
					  "\"maskedPaths\":[\"/proc/keys\"]", ""),
			 "device /dev/null: exists in the root and is another kind of file");
}

static void body_masked_link(void *arg)
{
	struct container_mount m;
	struct stat st;

	(void)arg;
	/* the link was followed inside the root: there it hides, and nowhere else */
	REQUIRE(stat("/inside", &st) == 0 && S_ISCHR(st.st_mode));
	REQUIRE(container_find_mount("/inside", &m));
}

static void attack_masked_symlink(void **state)
{
	struct container *c = *state;
	struct stat st;

	skip_unable();
	container_file(c, "rootfs/inside", "");
	container_link(c, "../../../inside", "rootfs/masked");
	container_link(c, "/proc/self/root/inside", "rootfs/magic");
	ASSERT_RUN(c, container_config(CONTAINER_DEV, "\"maskedPaths\":[\"/masked\"]", ""),
		   body_masked_link);
	assert_int_equal(stat(container_path(c, "rootfs/inside"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	ASSERT_RUN_FAILS(c, container_config(CONTAINER_DEV, "\"readonlyPaths\":[\"/magic\"]", ""),
			 "linux.readonlyPaths[0]: /magic: open: Too many levels of symbolic links");
}

/* CVE-2024-45310: folders made for a mount point stay inside the root */
static void attack_mkdirs(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_link(c, "/../../../../tmp/carte-rootfs-escape", "rootfs/up");
	ASSERT_RUN(c,
		   container_config(CONTAINER_DEV
				    ",{\"destination\":\"/up/x/y\",\"type\":\"tmpfs\"}",
				    "", ""),
		   container_nothing);
	assert_true(access("/tmp/carte-rootfs-escape", F_OK) < 0);
}

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static void body_race(void *arg)
{
	FILE *in = fopen("/proc/self/mountinfo", "re");
	char line[8192];
	bool found = false;

	(void)arg;
	/* a mount outside of the root would have gone with the old root */
	while (in && fgets(line, sizeof(line), in))
		found |= strstr(line, "/source ") != NULL;
	REQUIRE(found);
}

/* CVE-2021-30465: someone exchanges a folder of the root and a symlink to outside, all the time */
static void attack_race(void **state)
{
	struct container *c = *state;
	int runs = 0, status;
	pid_t pid;

	skip_unable();
	container_mkdir(c, "source");
	container_mkdir(c, "rootfs/swap");
	container_mkdir(c, "rootfs/swap/sub");
	container_mkdir(c, "outside");
	container_mkdir(c, "outside/sub");
	container_link(c, container_path(c, "outside"), "rootfs/link");
	pid = fork();
	if (pid == 0) {
		const char *a = container_path(c, "rootfs/swap"),
			   *b = container_path(c, "rootfs/link");

		for (;;)
			(void)renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
	}
	for (int i = 0; i < 20; i++) {
		int r = container_run(
			c,
			container_config(CONTAINER_DEV
					 ",{\"destination\":\"/swap/sub\",\"source\":\"%B/"
					 "source\",\"options\":[\"bind\"]}",
					 "\"maskedPaths\":[\"/swap/sub\"]", ""),
			body_race, NULL, &status);

		if (r >= 0)
			assert_int_equal(status, 0);
		runs += r >= 0;
		assert_int_equal(access(container_path(c, "outside/sub"), F_OK), 0);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	print_message("%d of 20 runs against the race went through, none outside\n", runs);
	assert_true(runs > 0);
}

#define LIVE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest plans[] = {
		LIVE(plan_messages),  LIVE(plan_proc_files),
		LIVE(plan_no_pivot),  LIVE(plan_needs_mount_namespace),
		LIVE(plan_root_path), LIVE(prepare_refuses_bad_roots),
	};
	const struct CMUnitTest live[] = {
		LIVE(default_container),     LIVE(binds),
		LIVE(bind_messages),         LIVE(copy_up),
		LIVE(propagation),           LIVE(no_pivot),
		LIVE(root_is_slash),         LIVE(remount),
		LIVE(attack_proc_symlink),   LIVE(attack_target_symlink),
		LIVE(attack_link_into_proc), LIVE(attack_fake_proc),
		LIVE(attack_null),           LIVE(attack_masked_symlink),
		LIVE(attack_mkdirs),         LIVE(late_readonly),
		LIVE(attack_race),
	};
	/* what mount(2) alone cannot do */
	const struct CMUnitTest modern[] = {
		LIVE(fs_messages),     LIVE(recursive_options), LIVE(shared_root),
		LIVE(symlink_options), LIVE(user_namespace),    LIVE(idmap),
		LIVE(host_sysfs),
	};
	int failed;

	unable = container_unable();
	failed = cmocka_run_group_tests_name("plan", plans, NULL, NULL);
	failed += cmocka_run_group_tests_name("by mount fds", live, NULL, NULL);
	failed += cmocka_run_group_tests_name("only by mount fds", modern, NULL, NULL);
	classic = true;
	failed += cmocka_run_group_tests_name("by mount(2)", live, NULL, NULL);
	return failed;
}
