/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_overlay.c - roots made of layers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/container.h"

#define LAYERS "\"io.carte.rootfs.layers\":"
#define UPPER "\"io.carte.rootfs.upper\":"
#define WORK "\"io.carte.rootfs.work\":"

static const char *unable;
static bool classic;

static int begin(void **state)
{
	static struct container c;

	container_begin(&c);
	c.classic = classic;
	c.map_first = 100000;
	container_mkdir(&c, "a");
	container_mkdir(&c, "b");
	container_file(&c, "a/both", "a");
	container_file(&c, "b/both", "b");
	container_file(&c, "b/only-b", "b");
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

static const char *config(const char *annotations)
{
	static char members[1 << 17];

	(void)snprintf(members, sizeof(members), "\"annotations\":{%s}", annotations);
	return container_config(CONTAINER_DEV, "", members);
}

static void refused(void **state)
{
	static const struct {
		const char *annotations, *message;
	} bad[] = {
		{ LAYERS "\"[]\"",
		  "annotations.io.carte.rootfs.layers: at least one layer is required" },
		{ LAYERS "\"[\\\"a\\\",\\\"\\\"]\"",
		  "annotations.io.carte.rootfs.layers[1]: is empty" },
		{ UPPER "\"x\"",
		  "annotations.io.carte.rootfs.upper: needs io.carte.rootfs.layers" },
		{ WORK "\"x\"", "annotations.io.carte.rootfs.work: needs io.carte.rootfs.layers" },
		{ LAYERS "\"[\\\"a\\\"]\"," UPPER "\"x\"",
		  "annotations.io.carte.rootfs.work: required with io.carte.rootfs.upper" },
		{ LAYERS "\"[\\\"a\\\"]\"," WORK "\"x\"",
		  "annotations.io.carte.rootfs.upper: required with io.carte.rootfs.work" },
		{ LAYERS "\"[\\\"a\\\"]\"," UPPER "\"tmpfs\"," WORK "\"x\"",
		  "annotations.io.carte.rootfs.work: does not go with upper \"tmpfs\"" },
	};
	struct container *c = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_PLAN_FAILS(c, config(bad[i].annotations), bad[i].message);
	/* not JSON, or not strings: the parser's words, and the annotation's name */
	assert_true(container_plan(c, config(LAYERS "\"[1]\"")) < 0);
	assert_int_equal(strncmp(c->err.message, "annotations.io.carte.rootfs.layers", 34), 0);
	assert_true(container_plan(c, config(LAYERS "\"a:b\"")) < 0);
	assert_int_equal(strncmp(c->err.message, "annotations.io.carte.rootfs.layers", 34), 0);
}

static void too_many(void **state)
{
	static char annotations[1 << 16];
	struct container *c = *state;
	size_t used = (size_t)snprintf(annotations, sizeof(annotations), LAYERS "\"[");

	for (int i = 0; i < 501; i++)
		used += (size_t)snprintf(annotations + used, sizeof(annotations) - used,
					 "%s\\\"a\\\"", i ? "," : "");
	(void)snprintf(annotations + used, sizeof(annotations) - used, "]\"");
	ASSERT_PLAN_FAILS(
		c, config(annotations),
		"annotations.io.carte.rootfs.layers: 501 layers, the kernel takes at most 500");
}

static void body_layers(void *arg)
{
	struct container_mount m;
	struct stat st;

	(void)arg;
	REQUIRE(container_find_mount("/", &m) && !strcmp(m.type, "overlay"));
	REQUIRE(container_file_is("/both", "a") && container_file_is("/only-b", "b"));
	REQUIRE(stat("/", &st) == 0 && (st.st_mode & 07777) == 0711 && st.st_uid == 12);
	REQUIRE(mkdir("/new", 0755) == 0 && unlink("/only-b") == 0);
	REQUIRE(access("/proc/self", F_OK) == 0 && access("/dev/null", F_OK) == 0);
	REQUIRE(!container_find_mount("/overlay", &m));
}

static void layers(void **state)
{
	struct container *c = *state;

	skip_unable();
	assert_int_equal(chmod(container_path(c, "a"), 0711), 0);
	assert_int_equal(chown(container_path(c, "a"), 12, 0), 0);
	ASSERT_RUN(c, config(LAYERS "\"[\\\"a\\\",\\\"%B/b\\\"]\""), body_layers);
	/* what was written is in the bundle, the layers are untouched, nothing is mounted */
	assert_int_equal(access(container_path(c, "overlay/upper/new"), F_OK), 0);
	assert_int_equal(access(container_path(c, "b/only-b"), F_OK), 0);
	assert_true(access(container_path(c, "a/proc"), F_OK) < 0);
	assert_true(access(container_path(c, "rootfs/both"), F_OK) < 0);
}

static void body_second(void *arg)
{
	(void)arg;
	REQUIRE(access("/new", F_OK) == 0 && access("/only-b", F_OK) < 0);
}

static void upper_is_kept(void **state)
{
	struct container *c = *state;

	skip_unable();
	assert_int_equal(chmod(container_path(c, "a"), 0711), 0);
	assert_int_equal(chown(container_path(c, "a"), 12, 0), 0);
	ASSERT_RUN(c, config(LAYERS "\"[\\\"a\\\",\\\"b\\\"]\""), body_layers);
	ASSERT_RUN(c, config(LAYERS "\"[\\\"a\\\",\\\"b\\\"]\""), body_second);
}

static void own_upper(void **state)
{
	struct container *c = *state;

	skip_unable();
	assert_int_equal(mkdir(container_path(c, "my-upper"), 0711), 0);
	assert_int_equal(chmod(container_path(c, "my-upper"), 0711), 0);
	assert_int_equal(chown(container_path(c, "my-upper"), 12, 0), 0);
	container_mkdir(c, "my-work");
	ASSERT_RUN(c,
		   config(LAYERS "\"[\\\"a\\\",\\\"b\\\"]\"," UPPER "\"my-upper\"," WORK
				 "\"%B/my-work\""),
		   body_layers);
	assert_int_equal(access(container_path(c, "my-upper/new"), F_OK), 0);
	assert_true(access(container_path(c, "overlay"), F_OK) < 0);
}

static void throwaway(void **state)
{
	struct container *c = *state;

	skip_unable();
	assert_int_equal(chmod(container_path(c, "a"), 0711), 0);
	assert_int_equal(chown(container_path(c, "a"), 12, 0), 0);
	for (int i = 0; i < 2; i++)
		ASSERT_RUN(c, config(LAYERS "\"[\\\"a\\\",\\\"b\\\"]\"," UPPER "\"tmpfs\""),
			   body_layers);
	assert_true(access(container_path(c, "overlay"), F_OK) < 0);
	assert_true(access(container_path(c, "rootfs/upper"), F_OK) < 0);
}

static void body_read_only(void *arg)
{
	(void)arg;
	REQUIRE(mkdir("/new", 0755) < 0 && errno == EROFS);
	REQUIRE(container_file_is("/both", "a"));
}

static void read_only_root(void **state)
{
	struct container *c = *state;

	skip_unable();
	ASSERT_RUN(c,
		   "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
		   "\"mounts\":[" CONTAINER_DEV "],\"linux\":{\"namespaces\":[" CONTAINER_NS
		   "]},\"annotations\":{" LAYERS "\"[\\\"a\\\"]\"}}",
		   body_read_only);
}

static void missing_layer(void **state)
{
	struct container *c = *state;
	char message[512];

	skip_unable();
	(void)snprintf(message, sizeof(message),
		       "annotations.io.carte.rootfs.layers[1]: %s/none: No such file or directory",
		       c->bundle);
	ASSERT_RUN_FAILS(c, config(LAYERS "\"[\\\"a\\\",\\\"none\\\"]\""), message);
	container_file(c, "file", "");
	(void)snprintf(message, sizeof(message),
		       "annotations.io.carte.rootfs.layers[2]: %s/file: Not a directory",
		       c->bundle);
	ASSERT_RUN_FAILS(c, config(LAYERS "\"[\\\"a\\\",\\\"b\\\",\\\"file\\\"]\""), message);
	(void)snprintf(message, sizeof(message),
		       "annotations.io.carte.rootfs.upper: %s/nowhere: No such file or directory",
		       c->bundle);
	ASSERT_RUN_FAILS(c, config(LAYERS "\"[\\\"a\\\"]\"," UPPER "\"nowhere\"," WORK "\"w\""),
			 message);
}

static void body_odd_names(void *arg)
{
	(void)arg;
	REQUIRE(access("/colon", F_OK) == 0 && access("/comma", F_OK) == 0 &&
		access("/back", F_OK) == 0);
}

static void odd_names(void **state)
{
	struct container *c = *state;

	skip_unable();
	container_mkdir(c, "with:colon");
	container_file(c, "with:colon/colon", "");
	container_mkdir(c, "with,comma");
	container_file(c, "with,comma/comma", "");
	container_mkdir(c, "with\\back");
	container_file(c, "with\\back/back", "");
	ASSERT_RUN(
		c,
		config(LAYERS
		       "\"[\\\"with:colon\\\",\\\"with,comma\\\",\\\"with\\\\\\\\back\\\"]\"," UPPER
		       "\"tmpfs\""),
		body_odd_names);
}

static void body_many(void *arg)
{
	char name[32];

	(void)arg;
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "/f%d", i);
		REQUIRE(access(name, F_OK) == 0);
	}
}

static void many_layers(void **state)
{
	static char annotations[1 << 16];
	struct container *c = *state;
	size_t used = (size_t)snprintf(annotations, sizeof(annotations), LAYERS "\"[");
	char name[64];

	skip_unable();
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "l%d", i);
		container_mkdir(c, name);
		(void)snprintf(name, sizeof(name), "l%d/f%d", i, i);
		container_file(c, name, "");
		used += (size_t)snprintf(annotations + used, sizeof(annotations) - used,
					 "%s\\\"l%d\\\"", i ? "," : "", i);
	}
	(void)snprintf(annotations + used, sizeof(annotations) - used, "]\"");
	ASSERT_RUN(c, config(annotations), body_many);
}

/* An overlay cannot lie on an overlay's upper folder. */
static void unsupported_child(void *arg)
{
	struct container *c = arg;
	char data[1024];
	int status;

	REQUIRE(unshare(CLONE_NEWNS) == 0);
	REQUIRE(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	container_mkdir(c, "u1");
	container_mkdir(c, "w1");
	container_mkdir(c, "o");
	(void)snprintf(data, sizeof(data), "lowerdir=%s/a,upperdir=%s/u1,workdir=%s/w1", c->bundle,
		       c->bundle, c->bundle);
	REQUIRE(mount("o", container_path(c, "o"), "overlay", 0, data) == 0);
	container_mkdir(c, "o/upper");
	container_mkdir(c, "o/work");
	REQUIRE(container_run(
			c, config(LAYERS "\"[\\\"b\\\"]\"," UPPER "\"o/upper\"," WORK "\"o/work\""),
			container_nothing, NULL, &status) < 0);
	REQUIRE(strstr(c->err.message, "/o/upper"));
	REQUIRE(strstr(c->err.message, "upper"));
	dprintf(STDOUT_FILENO, "%s\n", c->err.message);
}

static void unsupported_upper(void **state)
{
	skip_unable();
	assert_int_equal(forked(unsupported_child, *state), 0);
}

static void body_userns(void *arg)
{
	(void)arg;
	REQUIRE(container_file_is("/both", "a") && mkdir("/new", 0755) == 0);
}

static void user_namespace(void **state)
{
	struct container *c = *state;
	char json[4096];

	skip_unable();
	assert_int_equal(chown(container_path(c, "a"), 100000, 100000), 0);
	assert_int_equal(chmod(c->bundle, 0700), 0);
	(void)snprintf(json, sizeof(json),
		       "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"mounts\":"
		       "[" CONTAINER_DEV "],\"linux\":{\"namespaces\":[" CONTAINER_NS
		       ",{\"type\":\"user\"}],"
		       "\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}],"
		       "\"gidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":65536}]},"
		       "\"annotations\":{" LAYERS "\"[\\\"a\\\",\\\"b\\\"]\"}}");
	ASSERT_RUN(c, json, body_userns);
	assert_int_equal(access(container_path(c, "overlay/upper/new"), F_OK), 0);
}

#define LIVE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest plans[] = { LIVE(refused), LIVE(too_many) };
	const struct CMUnitTest live[] = {
		LIVE(layers),    LIVE(upper_is_kept),  LIVE(own_upper),
		LIVE(throwaway), LIVE(read_only_root), LIVE(missing_layer),
		LIVE(odd_names), LIVE(many_layers),    LIVE(unsupported_upper),
	};
	const struct CMUnitTest userns[] = { LIVE(user_namespace) };
	int failed;

	unable = container_unable();
	failed = cmocka_run_group_tests_name("plan", plans, NULL, NULL);
	failed += cmocka_run_group_tests_name("by fds", live, NULL, NULL);
	failed += cmocka_run_group_tests_name("in a user namespace", userns, NULL, NULL);
	classic = true;
	failed += cmocka_run_group_tests_name("by names", live, NULL, NULL);
	return failed;
}
