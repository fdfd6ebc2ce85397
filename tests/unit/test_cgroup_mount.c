/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cgroup_mount.c - what a container is shown of control groups: with a cgroup namespace, without, in a user namespace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include "runtime/cgroup/cgroup.h"
#include "unit/container.h"

#define CGROUP_MOUNT                                                                  \
	",{\"destination\":\"/sys/fs/"                                                \
	"cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\",\"options\":[\"nosuid\"," \
	"\"noexec\",\"nodev\",\"relatime\"%s]}"

static struct cgroup_dir dirs[16];
static struct cgroup host = { .mode = CGROUP_MODE_V1, .dirs = dirs };
static const char *unable;
static bool classic;

/* The hierarchies that this process is in, as the runtime would find them. */
static void find_host(void)
{
	FILE *in = fopen("/proc/self/cgroup", "re");
	char line[512], mount[600];

	while (in && host.dirs_len < ARRAY_LEN(dirs) && fgets(line, sizeof(line), in)) {
		char *controllers = strchr(line, ':'),
		     *path = controllers ? strchr(controllers + 1, ':') : NULL;
		const char *name;

		if (!path)
			continue;
		controllers++;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		name = !strncmp(controllers, "name=", 5) ? controllers + 5 : controllers;
		(void)snprintf(mount, sizeof(mount), "/sys/fs/cgroup/%s", *name ? name : "unified");
		if (access(mount, F_OK) < 0)
			continue;
		dirs[host.dirs_len++] = (struct cgroup_dir){
			.controllers = strdup(controllers),
			.mount = strdup(mount),
			.path = strdup(path),
		};
		if (!*controllers)
			host.mode = CGROUP_MODE_HYBRID;
	}
	if (in)
		(void)fclose(in);
}

static int begin(void **state)
{
	static struct container c;

	container_begin(&c);
	c.classic = classic;
	c.cgroup = &host;
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

static const char *config(const char *more_ns, const char *maps, const char *options)
{
	static char json[4096];
	char mount[512];

	(void)snprintf(mount, sizeof(mount), CGROUP_MOUNT, options);
	(void)snprintf(json, sizeof(json),
		       "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"mounts\":"
		       "[" CONTAINER_DEV "%s],\"linux\":{\"namespaces\":[" CONTAINER_NS "%s]%s}}",
		       mount, more_ns, maps);
	return json;
}

static const char *point_of(const struct cgroup_dir *dir)
{
	static char path[1024];

	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s", strrchr(dir->mount, '/'));
	return path;
}

static void each_hierarchy(bool readonly, bool namespaced)
{
	struct container_mount m;
	struct statfs fs;

	REQUIRE(container_find_mount("/sys/fs/cgroup", &m) && !strcmp(m.type, "tmpfs"));
	REQUIRE(container_has(m.options, "nosuid") && container_has(m.options, "noexec"));
	REQUIRE(!readonly || container_has(m.options, "ro"));
	for (size_t i = 0; i < host.dirs_len; i++) {
		const char *point = point_of(&dirs[i]);
		bool v2 = !*dirs[i].controllers;

		REQUIRE(container_find_mount(point, &m));
		REQUIRE(!strcmp(m.type, v2 ? "cgroup2" : "cgroup"));
		REQUIRE(container_has(m.options, "nosuid") && container_has(m.options, "nodev") &&
			container_has(m.options, "noexec"));
		REQUIRE(container_has(m.options, readonly ? "ro" : "rw"));
		REQUIRE(v2 || container_has(m.super, dirs[i].controllers));
		if (namespaced)
			REQUIRE_TEXT(m.root, "/");
		else
			REQUIRE_TEXT(m.root, dirs[i].path);
		REQUIRE(statfs(point, &fs) == 0 &&
			fs.f_type == (v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC));
	}
}

static void body_namespace_ro(void *arg)
{
	(void)arg;
	REQUIRE(((struct container *)arg)->awaited == 1);
	each_hierarchy(true, true);
}

static void body_namespace_rw(void *arg)
{
	(void)arg;
	each_hierarchy(false, true);
}

static void body_bound_ro(void *arg)
{
	(void)arg;
	each_hierarchy(true, false);
}

static void with_namespace(void **state)
{
	skip_unable();
	ASSERT_RUN((struct container *)*state, config(",{\"type\":\"cgroup\"}", "", ",\"ro\""),
		   body_namespace_ro);
	ASSERT_RUN((struct container *)*state, config(",{\"type\":\"cgroup\"}", "", ""),
		   body_namespace_rw);
}

static void without_namespace(void **state)
{
	skip_unable();
	ASSERT_RUN((struct container *)*state, config("", "", ",\"ro\""), body_bound_ro);
}

/* CVE-2023-25809: nothing writable, whatever the config says */
static void in_user_namespace(void **state)
{
	struct container *c = *state;

	skip_unable();
	assert_int_equal(chown(container_path(c, "rootfs"), 100000, 100000), 0);
	ASSERT_RUN(c,
		   config(",{\"type\":\"user\"}",
			  ",\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
			  "\"gidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}]",
			  ",\"rw\""),
		   body_bound_ro);
}

static void body_empty(void *arg)
{
	struct container_mount m;

	(void)arg;
	REQUIRE(container_find_mount("/sys/fs/cgroup", &m) && !strcmp(m.type, "tmpfs"));
	REQUIRE(container_has(m.options, "ro"));
}

/* --cgroup-manager disabled on a v1 host: there is nothing of its own to show */
static void without_cgroups(void **state)
{
	struct container *c = *state;
	struct statfs fs;

	skip_unable();
	if (statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
		print_message("skipped: a v2 host shows its hierarchy\n");
		skip();
	}
	c->cgroup = NULL;
	ASSERT_RUN(c, config("", "", ""), body_empty);
}

static void body_links(void *arg)
{
	char to[64];

	(void)arg;
	REQUIRE(readlink("/sys/fs/cgroup/cpu", to, sizeof(to)) == 11 &&
		!memcmp(to, "cpu,cpuacct", 11));
	REQUIRE(readlink("/sys/fs/cgroup/cpuacct", to, sizeof(to)) == 11);
	REQUIRE(container_file_is("/sys/fs/cgroup/cpu/marker", "x"));
}

/* Hosts that mount two controllers together: each has a name of its own as well. */
static void comounted(void **state)
{
	struct container *c = *state;
	struct cgroup_dir dir = { .controllers = (char *)"cpu,cpuacct", .path = (char *)"/web" };
	struct cgroup cgroup = { .mode = CGROUP_MODE_V1, .dirs = &dir, .dirs_len = 1 };
	char mount[256];

	skip_unable();
	container_mkdir(c, "cpu,cpuacct");
	container_mkdir(c, "cpu,cpuacct/web");
	container_file(c, "cpu,cpuacct/web/marker", "x");
	(void)snprintf(mount, sizeof(mount), "%s/cpu,cpuacct", c->bundle);
	dir.mount = mount;
	c->cgroup = &cgroup;
	ASSERT_RUN(c, config("", "", ",\"ro\""), body_links);
}

#define LIVE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE(with_namespace),  LIVE(without_namespace), LIVE(in_user_namespace),
		LIVE(without_cgroups), LIVE(comounted),
	};
	int failed;

	unable = container_unable();
	find_host();
	if (!unable && !host.dirs_len)
		unable = "no cgroup v1 hierarchy is mounted";
	failed = cmocka_run_group_tests_name("by mount fds", tests, NULL, NULL);
	classic = true;
	return failed + cmocka_run_group_tests_name("by mount(2)", tests, NULL, NULL);
}
