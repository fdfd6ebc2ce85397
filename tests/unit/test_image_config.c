/* SPDX-License-Identifier: Apache-2.0 */
/* image_config.c: what a base says is kept, what the Cartefile says wins, the history counts the layers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/image_config.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static struct oci_arena arena;
static struct oci_error err;
static struct image_docs base;
static struct cartefile file;
static struct image_plan plan;

static const char base_config[] =
	"{\"created\":\"2020-01-01T00:00:00Z\",\"author\":\"x\",\"architecture\":\"arm64\",\"os\":"
	"\"linux\",\"variant\":\"v8\","
	"\"config\":{\"User\":\"33\",\"Env\":[\"PATH=/bin\",\"A=1\"],\"Entrypoint\":[\"/"
	"old\"],\"Cmd\":[\"old\"],\"WorkingDir\":\"/srv\","
	"\"ExposedPorts\":{\"80/tcp\":{}},\"Volumes\":{\"/"
	"data\":{}},\"StopSignal\":\"SIGQUIT\",\"Labels\":{\"a\":\"1\",\"b\":\"2\"},"
	"\"Healthcheck\":{\"Test\":[\"CMD\",\"/check\"],\"Interval\":1000000000}},"
	"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" A "\",\"" B
	"\"]},\"history\":[%HISTORY%]}";
static const char base_manifest[] =
	"{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_DOCKER_MANIFEST
	"\",\"config\":{\"mediaType\":\"" OCI_MEDIA_TYPE_DOCKER_CONFIG "\",\"digest\":\"" C
	"\",\"size\":2},\"layers\":["
	"{\"mediaType\":\"" OCI_MEDIA_TYPE_DOCKER_LAYER_GZIP "\",\"digest\":\"" B "\",\"size\":10},"
	"{\"mediaType\":\"" OCI_MEDIA_TYPE_DOCKER_LAYER "\",\"digest\":\"" A "\",\"size\":20}]}";

static int begin(void **state)
{
	(void)state;
	arena = (struct oci_arena)OCI_ARENA_INIT;
	err = (struct oci_error)OCI_ERROR_INIT;
	file = (struct cartefile){ .name = "Cartefile", .from = FROM_SCRATCH };
	plan = (struct image_plan){ .file = &file,
				    .list = { .words = { "directories", "files", "executable" },
					      .count = 3,
					      .used = { true, false, true } } };
	image_platform_parse("linux/amd64", &arena, &plan.platform, &err);
	plan.layers[0].size = 100;
	plan.layers[1].size = 200;
	return 0;
}

static int end(void **state)
{
	(void)state;
	oci_arena_free(&arena);
	return 0;
}

static void use_base(const char *history)
{
	char *at = strstr(base_config, "%HISTORY%"), *text;

	text = oci_arena_printf(&arena, "%.*s%s%s", (int)(at - base_config), base_config, history,
				at + strlen("%HISTORY%"));
	assert_int_equal(
		oci_image_config_parse(&arena, "config", text, strlen(text), &base.config, &err),
		0);
	assert_int_equal(oci_manifest_parse(&arena, "manifest", base_manifest,
					    strlen(base_manifest), &base.manifest, &err),
			 0);
	plan.base = &base;
	file.from = FROM_STORE;
	file.from_text = (char *)"localhost/base:1";
}

static struct oci_image_config *make(void)
{
	struct oci_image_config *config;
	char *text;
	size_t length;

	assert_int_equal(image_config_make(&plan, &arena, &config, &err), 0);
	/* what is made can be written and read */
	assert_int_equal(oci_image_config_emit(config, 0, &text, &length, &err), 0);
	assert_int_equal(oci_image_config_parse(&arena, "config", text, length, &config, &err), 0);
	free(text);
	return config;
}

static struct oci_manifest *make_manifest(void)
{
	struct digest digest = { { 0 } };
	struct oci_manifest *manifest;

	assert_int_equal(image_manifest_make(&plan, &digest, 7, &arena, &manifest, &err), 0);
	return manifest;
}

static size_t filled_steps(const struct oci_image_config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->history_len; i++)
		count += !config->history[i].empty_layer.value;
	return count;
}

static void set_program(void)
{
	static char *argv[] = { (char *)"/bin/server", (char *)"-p", (char *)"80", NULL };
	static char *env[] = { (char *)"A=2", (char *)"B=3", NULL };

	file.has_exe = true;
	file.argv = argv;
	file.argv_len = 3;
	file.env = env;
	file.env_len = 2;
	file.user = (char *)"1000:1000";
}

static void from_scratch(void **state)
{
	struct oci_image_config *config;

	(void)state;
	set_program();
	config = make();
	assert_string_equal(config->created, "1970-01-01T00:00:00Z");
	assert_string_equal(config->architecture, "amd64");
	assert_int_equal(config->config->entrypoint_len, 1);
	assert_string_equal(config->config->entrypoint[0], "/bin/server");
	assert_int_equal(config->config->cmd_len, 2);
	assert_string_equal(config->config->cmd[1], "80");
	assert_int_equal(config->config->env_len, 3);
	assert_string_equal(config->config->env[0],
			    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	assert_string_equal(config->config->user, "1000:1000");
	assert_int_equal(config->rootfs->diff_ids_len, 2);
	assert_int_equal(filled_steps(config), 2);
	assert_string_equal(config->history[config->history_len - 1].created_by,
			    "cartefile-to-oci: exe_PATH /bin/server -p 80");
}

static void base_is_kept(void **state)
{
	struct oci_image_config *config;

	(void)state;
	use_base("");
	config = make();
	assert_string_equal(config->author, "x");
	assert_string_equal(config->config->entrypoint[0], "/old");
	assert_string_equal(config->config->cmd[0], "old");
	assert_string_equal(config->config->working_dir, "/srv");
	assert_string_equal(config->config->exposed_ports[0], "80/tcp");
	assert_string_equal(config->config->volumes[0], "/data");
	assert_string_equal(config->config->stop_signal, "SIGQUIT");
	assert_string_equal(config->config->healthcheck->test[1], "/check");
	assert_string_equal(config->config->user, "33");
	assert_int_equal(config->config->env_len, 2);
	assert_string_equal(config->config->env[0], "PATH=/bin");
}

static void cartefile_wins(void **state)
{
	static struct oci_pair labels[] = { { (char *)"b", (char *)"3" },
					    { (char *)"c", (char *)"4" } };
	static char *argv[] = { (char *)"/bin/new", NULL };
	struct oci_image_config *config;

	(void)state;
	use_base("");
	set_program();
	file.argv = argv;
	file.argv_len = 1;
	file.labels = labels;
	file.labels_len = 2;
	config = make();
	assert_string_equal(config->config->entrypoint[0], "/bin/new");
	/* was for the base's program */
	assert_int_equal(config->config->cmd_len, 0);
	assert_int_equal(config->config->env_len, 3);
	assert_string_equal(config->config->env[1], "A=2");
	assert_string_equal(config->config->env[2], "B=3");
	assert_int_equal(config->config->labels_len, 3);
	assert_string_equal(config->config->labels[1].value, "3");
	assert_string_equal(config->config->labels[2].key, "c");
}

/* As many as layers, whatever the base's history says. */
static void history_counts(void **state)
{
	static const char *const histories[] = {
		"",
		"{\"created_by\":\"one\"}",
		"{\"created_by\":\"one\"},{\"created_by\":\"two\"}",
		"{\"created_by\":\"one\"},{\"created_by\":\"e\",\"empty_layer\":true},{\"created_"
		"by\":\"two\"}",
		"{},{},{}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(histories); i++) {
		struct oci_image_config *config;

		end(NULL);
		begin(NULL);
		use_base(histories[i]);
		config = make();
		assert_int_equal(filled_steps(config), 4);
		assert_int_equal(config->rootfs->diff_ids_len, 4);
		if (i == 3)
			assert_string_equal(config->history[1].created_by, "e");
	}
}

static void manifest_of_a_base(void **state)
{
	struct oci_manifest *manifest;

	(void)state;
	use_base("");
	manifest = make_manifest();
	assert_string_equal(manifest->media_type, OCI_MEDIA_TYPE_MANIFEST);
	assert_string_equal(manifest->config->media_type, OCI_MEDIA_TYPE_CONFIG);
	assert_int_equal(manifest->layers_len, 4);
	assert_string_equal(manifest->layers[0].media_type, OCI_MEDIA_TYPE_LAYER_GZIP);
	assert_string_equal(manifest->layers[0].digest, B);
	assert_string_equal(manifest->layers[1].media_type, OCI_MEDIA_TYPE_LAYER);
	assert_string_equal(manifest->layers[2].media_type, OCI_MEDIA_TYPE_LAYER_GZIP);
	assert_int_equal(manifest->layers[3].size.value, 200);
	assert_int_equal(manifest->annotations_len, 3);
	assert_string_equal(manifest->annotations[0].key, "io.carte.compressor");
	assert_string_equal(manifest->annotations[1].key, "org.opencontainers.image.base.digest");
	assert_string_equal(manifest->annotations[2].key, "org.opencontainers.image.base.name");
	assert_string_equal(manifest->annotations[2].value, "localhost/base:1");
}

static void flattened_base(void **state)
{
	struct oci_image_config *config;

	(void)state;
	use_base("{\"created_by\":\"one\"},{\"created_by\":\"two\"}");
	plan.flattened = true;
	config = make();
	assert_int_equal(config->rootfs->diff_ids_len, 2);
	assert_int_equal(filled_steps(config), 2);
	assert_string_equal(config->config->working_dir, "/srv");
	assert_int_equal(make_manifest()->layers_len, 2);
}

static void layer_history_names_paths(void **state)
{
	static struct cartefile_path paths[60];
	struct oci_image_config *config;

	(void)state;
	paths[0].source = (char *)"app";
	paths[0].destination = (char *)"/srv/app";
	file.paths = paths;
	file.paths_len = 1;
	config = make();
	assert_string_equal(config->history[0].created_by,
			    "cartefile-to-oci: directories: PATH app /srv/app");
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		paths[i] = paths[0];
	file.paths_len = ARRAY_LEN(paths);
	config = make();
	assert_int_equal(strlen(config->history[0].created_by), 511);
	assert_string_equal(config->history[0].created_by + 508, "...");
}

static void times(void **state)
{
	(void)state;
	plan.created = 1700000000;
	assert_string_equal(make()->created, "2023-11-14T22:13:20Z");
	assert_string_equal(image_time(253402300799, &arena), "9999-12-31T23:59:59Z");
}

static void platforms(void **state)
{
	static const char *const bad[] = { "amd64",          "linux/",
					   "/amd64",         "linux/amd64/",
					   "Linux/amd64",    "linux/arm 64",
					   "linux/arm/v7/x", "" };
	struct oci_platform platform;

	(void)state;
	assert_int_equal(image_platform_parse("linux/arm/v7", &arena, &platform, &err), 0);
	assert_string_equal(platform.architecture, "arm");
	assert_string_equal(platform.variant, "v7");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		err = (struct oci_error)OCI_ERROR_INIT;
		assert_int_equal(image_platform_parse(bad[i], &arena, &platform, &err), -EINVAL);
		assert_non_null(strstr(
			err.message, ": expected OS/ARCH or OS/ARCH/VARIANT, such as linux/arm64"));
	}
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(image_platform_parse("windows/amd64", &arena, &platform, &err), -EINVAL);
	assert_string_equal(err.message, "--platform windows/amd64: only linux images are made");
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(from_scratch),
		T(base_is_kept),
		T(cartefile_wins),
		T(history_counts),
		T(manifest_of_a_base),
		T(flattened_base),
		T(layer_history_names_paths),
		T(times),
		T(platforms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
