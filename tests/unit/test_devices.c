/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_devices.c - device nodes, the links of /dev, and what a hostile /dev of an image can not do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/sysmacros.h>

#include "unit/container.h"

static const char *unable;
static bool classic;

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

static void refused(void **state)
{
	static const struct {
		const char *device, *message;
	} bad[] = {
		{ "{\"type\":\"x\",\"path\":\"/dev/a\"}",
		  "linux.devices[0].type: \"x\": must be b, c, u or p" },
		{ "{\"type\":\"c\",\"path\":\"dev/a\",\"major\":1,\"minor\":3}",
		  "linux.devices[0].path: \"dev/a\": must be an absolute path" },
		{ "{\"type\":\"c\",\"path\":\"/dev/a\",\"major\":1}",
		  "linux.devices[0].minor: required for type \"c\"" },
		{ "{\"type\":\"b\",\"path\":\"/dev/a\",\"minor\":1}",
		  "linux.devices[0].major: required for type \"b\"" },
		{ "{\"type\":\"c\",\"path\":\"/dev/a\",\"major\":4096,\"minor\":1}",
		  "linux.devices[0].major: 4096: must be 0..4095" },
		{ "{\"type\":\"c\",\"path\":\"/dev/a\",\"major\":1,\"minor\":-1}",
		  "linux.devices[0].minor: -1: must be 0..1048575" },
		{ "{\"type\":\"p\",\"path\":\"/proc/a\"}",
		  "linux.devices[0].path: /proc/a: no device can be made there" },
		{ "{\"type\":\"p\",\"path\":\"/dev/a\"},{\"type\":\"p\",\"path\":\"/dev//a\"}",
		  "linux.devices[1].path: /dev/a: given twice" },
	};
	struct container *c = *state;
	char members[512];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		(void)snprintf(members, sizeof(members), "\"devices\":[%s]", bad[i].device);
		/* a document check may have its own words for some; they must name the same place */
		assert_true(container_plan(c, container_config("", members, "")) < 0);
		if (strncmp(c->err.message, "config.json: ", 13) != 0)
			assert_string_equal(c->err.message, bad[i].message);
		else
			assert_non_null(strstr(c->err.message, "linux.devices["));
	}
}

static bool is_device(const char *path, mode_t type, unsigned major_, unsigned minor_, mode_t mode)
{
	struct stat st;

	return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == type &&
	       st.st_rdev == makedev(major_, minor_) && (st.st_mode & 07777) == mode;
}

static bool is_link(const char *path, const char *target)
{
	char to[PATH_MAX];
	ssize_t n = readlink(path, to, sizeof(to) - 1);

	if (n < 0)
		return false;
	to[n] = '\0';
	return !strcmp(to, target);
}

static void body_nodes(void *arg)
{
	struct stat st;

	(void)arg;
	REQUIRE(is_device("/dev/null", S_IFCHR, 1, 3,
			  0600)); /* the config's own wins over the default */
	REQUIRE(is_device("/dev/zero", S_IFCHR, 1, 5, 0666));
	REQUIRE(is_device("/dev/full", S_IFCHR, 1, 7, 0666));
	REQUIRE(is_device("/dev/random", S_IFCHR, 1, 8, 0666));
	REQUIRE(is_device("/dev/urandom", S_IFCHR, 1, 9, 0666));
	REQUIRE(is_device("/dev/tty", S_IFCHR, 5, 0, 0666));
	REQUIRE(is_device("/dev/net/tun", S_IFCHR, 10, 200, 0660));
	REQUIRE(stat("/dev/net/tun", &st) == 0 && st.st_uid == 3 && st.st_gid == 4);
	REQUIRE(is_device("/dev/disk", S_IFBLK, 7, 9, 0666));
	REQUIRE(stat("/dev/pipe", &st) == 0 && S_ISFIFO(st.st_mode) &&
		(st.st_mode & 07777) == 0622);
	REQUIRE(is_device("/srv/node", S_IFCHR, 1, 3, 0666));
	REQUIRE(is_link("/dev/fd", "/proc/self/fd") && is_link("/dev/stdin", "/proc/self/fd/0"));
	REQUIRE(is_link("/dev/stdout", "/proc/self/fd/1") &&
		is_link("/dev/stderr", "/proc/self/fd/2"));
	REQUIRE(is_link("/dev/ptmx", "pts/ptmx"));
	REQUIRE((access("/proc/kcore", F_OK) == 0) == is_link("/dev/core", "/proc/kcore"));
}

static const char devices[] =
	"\"devices\":[{\"type\":\"c\",\"path\":\"/dev/"
	"null\",\"major\":1,\"minor\":3,\"fileMode\":384},"
	"{\"type\":\"u\",\"path\":\"/dev/net/"
	"tun\",\"major\":10,\"minor\":200,\"fileMode\":8624,\"uid\":3,\"gid\":4},"
	"{\"type\":\"b\",\"path\":\"/dev/disk\",\"major\":7,\"minor\":9},"
	"{\"type\":\"p\",\"path\":\"/dev/pipe\",\"fileMode\":402},"
	"{\"type\":\"c\",\"path\":\"/dev/ptmx\",\"major\":5,\"minor\":2},"
	"{\"type\":\"c\",\"path\":\"/srv/node\",\"major\":1,\"minor\":3}]";

static void nodes(void **state)
{
	struct container *c = *state;

	skip_unable();
	ASSERT_RUN(c, container_config(CONTAINER_DEV, devices, ""), body_nodes);
}

/* Without a mount on it, the image's own /dev is used; what fits is kept, and ptmx replaced. */
static void image_dev(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "rootfs/dev");
	container_mkdir(c, "rootfs/proc");
	assert_int_equal(mknod(container_path(c, "rootfs/dev/zero"), S_IFCHR | 0666, makedev(1, 5)),
			 0);
	container_file(c, "rootfs/dev/ptmx", "old");
	container_link(c, "/proc/self/fd", "rootfs/dev/fd");
	ASSERT_RUN(c,
		   container_config("{\"destination\":\"/proc\",\"type\":\"proc\"}", devices, ""),
		   body_nodes);
}

static void body_bound(void *arg)
{
	(void)arg;
	REQUIRE(access("/dev/marker", F_OK) == 0);
	REQUIRE(access("/dev/null", F_OK) < 0 && access("/dev/fd", F_OK) < 0);
}

static void bound_dev(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "dev");
	container_file(c, "dev/marker", "");
	ASSERT_RUN(
		c,
		container_config(
			"{\"destination\":\"/dev\",\"source\":\"%B/dev\",\"options\":[\"bind\"]}",
			"", ""),
		body_bound);
}

/* CVE-2026-41579: the image's /dev is a symlink out of the root */
static void attack_dev_symlink(void **state)
{
	struct container *c = *state;
	/* a folder of this run alone: the same test may run beside it */
	char outside[] = "/tmp/carte-devices-escape.XXXXXX";
	char link[128];

	skip_unable();
	container_mkdir(c, "rootfs/proc");
	assert_non_null(mkdtemp(outside));
	(void)snprintf(link, sizeof(link), "../../../../../../../..%s", outside);
	container_link(c, link, "rootfs/dev");
	ASSERT_RUN(c, container_config("{\"destination\":\"/proc\",\"type\":\"proc\"}", "", ""),
		   container_nothing);
	/* it would not be empty otherwise */
	assert_int_equal(rmdir(outside), 0);
	(void)snprintf(link, sizeof(link), "rootfs%s/null", outside);
	assert_true(access(container_path(c, link), F_OK) == 0);
}

static void attack_wrong_file(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "rootfs/dev");
	container_file(c, "rootfs/dev/urandom", "4");
	ASSERT_RUN_FAILS(c, container_config("", "", ""),
			 "device /dev/urandom: exists in the root and is another kind of file");
}

static void body_userns(void *arg)
{
	struct stat st;
	int fd;

	(void)arg;
	REQUIRE(stat("/dev/null", &st) == 0 && st.st_rdev == makedev(1, 3));
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	REQUIRE(fd >= 0 && write(fd, "x", 1) == 1);
	REQUIRE(stat("/dev/pipe", &st) == 0 && S_ISFIFO(st.st_mode));
}

static const char *userns_config(const char *device)
{
	static char json[4096];

	(void)snprintf(json, sizeof(json),
		       "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"mounts\":"
		       "[" CONTAINER_DEV "],\"linux\":{\"namespaces\":[" CONTAINER_NS
		       ",{\"type\":\"user\"}],"
		       "\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
		       "\"gidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
		       "\"devices\":[{\"type\":\"p\",\"path\":\"/dev/pipe\"}%s]}}",
		       device);
	return json;
}

static void user_namespace(void **state)
{
	struct container *c = *state;

	skip_unable();
	assert_int_equal(chown(container_path(c, "rootfs"), 100000, 100000), 0);
	ASSERT_RUN_FAILS(
		c,
		userns_config(",{\"type\":\"c\",\"path\":\"/dev/full\",\"major\":1,\"minor\":3}"),
		"linux.devices[1]: /dev/full: the host's /dev/full is not the device 1:3");
	assert_true(access("/srv/deep/zero", F_OK) < 0);
	ASSERT_RUN_FAILS(
		c,
		userns_config(
			",{\"type\":\"c\",\"path\":\"/srv/deep/zero\",\"major\":1,\"minor\":5}"),
		"linux.devices[1]: /srv/deep/zero: the host's /srv/deep/zero: No such file or "
		"directory");
}

static void user_namespace_bind(void **state)
{
	struct container *c = *state;

	skip_unable();
	assert_int_equal(chown(container_path(c, "rootfs"), 100000, 100000), 0);
	ASSERT_RUN(
		c,
		userns_config(",{\"type\":\"c\",\"path\":\"/dev/zero\",\"major\":1,\"minor\":5}"),
		body_userns);
}

#define LIVE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest plans[] = { LIVE(refused) };
	const struct CMUnitTest live[] = {
		LIVE(nodes),
		LIVE(image_dev),
		LIVE(bound_dev),
		LIVE(attack_dev_symlink),
		LIVE(attack_wrong_file),
	};
	const struct CMUnitTest userns[] = { LIVE(user_namespace), LIVE(user_namespace_bind) };
	int failed;

	unable = container_unable();
	failed = cmocka_run_group_tests_name("plan", plans, NULL, NULL);
	failed += cmocka_run_group_tests_name("by mount fds", live, NULL, NULL);
	failed += cmocka_run_group_tests_name("in a user namespace", userns, NULL, NULL);
	classic = true;
	failed += cmocka_run_group_tests_name("by mount(2)", live, NULL, NULL);
	return failed;
}
