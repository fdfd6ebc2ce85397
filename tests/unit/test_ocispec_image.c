/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ocispec_image.c - the documents of images: what real tools write, what is written, and bad ones with their messages.
 */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ocispec-lite/image.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX
#define DESCRIPTOR "{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\",\"size\":7}"
#define WITH(member, value) \
	"{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\",\"size\":7,\"" member "\":" value "}"
#define MANIFEST(members) "{\"schemaVersion\":2," members "}"
#define INDEX(members) "{\"schemaVersion\":2,\"manifests\":[]," members "}"
#define CONFIG(members)                                                                        \
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_" \
	"ids\":[]}," members "}"
#define MISSING ": required field is missing"

enum document { DESC = 1, IDX, MAN, CONF, LAY };

struct row {
	enum document document;
	const char *json;
	const char *message; /* NULL: it is good */
};

static int parse(enum document document, struct oci_arena *arena, const char *json,
		 struct oci_error *err)
{
	size_t length = strlen(json);
	void *ret = NULL;
	int r = -1;

	switch (document) {
	case DESC:
		r = oci_descriptor_parse(arena, "d", json, length, (struct oci_descriptor **)&ret,
					 err);
		break;
	case IDX:
		r = oci_index_parse(arena, "d", json, length, (struct oci_index **)&ret, err);
		break;
	case MAN:
		r = oci_manifest_parse(arena, "d", json, length, (struct oci_manifest **)&ret, err);
		break;
	case CONF:
		r = oci_image_config_parse(arena, "d", json, length,
					   (struct oci_image_config **)&ret, err);
		break;
	case LAY:
		r = oci_image_layout_parse(arena, "d", json, length,
					   (struct oci_image_layout **)&ret, err);
		break;
	}
	assert_true(!r == !!ret);
	return r;
}

static const struct row rows[] = {
	{ DESC, DESCRIPTOR, NULL },
	{ DESC, "{}", "d: mediaType" MISSING },
	{ DESC, "{\"mediaType\":\"a/b\"}", "d: digest" MISSING },
	{ DESC, "{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\"}", "d: size" MISSING },
	{ DESC, "{\"mediaType\":\"\"}", "d: mediaType: expected a media type, got ''" },
	{ DESC, "{\"mediaType\":\"text\"}", "d: mediaType: expected a media type, got 'text'" },
	{ DESC, "{\"mediaType\":\"/x\"}", "d: mediaType: expected a media type, got '/x'" },
	{ DESC, "{\"mediaType\":\"x/\"}", "d: mediaType: expected a media type, got 'x/'" },
	{ DESC, "{\"mediaType\":\"a/b/c\"}", "d: mediaType: expected a media type, got 'a/b/c'" },
	{ DESC, "{\"mediaType\":\".a/b\"}", "d: mediaType: expected a media type, got '.a/b'" },
	{ DESC, "{\"digest\":\"" HEX "\"}", "d: digest: expected a digest, got '" HEX "'" },
	{ DESC, "{\"digest\":\"sha256:0123\"}", "d: digest: expected a digest, got 'sha256:0123'" },
	{ DESC, "{\"digest\":\"sha256:../../../etc/passwd\"}",
	  "d: digest: expected a digest, got 'sha256:../../../etc/passwd'" },
	{ DESC, "{\"digest\":\"sha256:" HEX "0\"}",
	  "d: digest: expected a digest, got 'sha256:" HEX "0'" },
	{ DESC, "{\"digest\":\"sha256:A" HEX "\"}",
	  "d: digest: expected a digest, got 'sha256:A" HEX "'" },
	{ DESC,
	  "{\"digest\":\"sha256:"
	  "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\"}",
	  "d: digest: expected a digest, got "
	  "'sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef'" },
	{ DESC, "{\"digest\":\"sha512:" HEX "\"}",
	  "d: digest: expected a digest, got 'sha512:" HEX "'" },
	{ DESC, "{\"mediaType\":\"a/b\",\"digest\":\"sha512:" HEX HEX "\",\"size\":0}", NULL },
	{ DESC, "{\"mediaType\":\"a/b\",\"digest\":\"a+b.c_d-e:x=_-\",\"size\":0}", NULL },
	{ DESC, "{\"digest\":\"a++b:x\"}", "d: digest: expected a digest, got 'a++b:x'" },
	{ DESC, "{\"digest\":\"+a:x\"}", "d: digest: expected a digest, got '+a:x'" },
	{ DESC, "{\"digest\":\":x\"}", "d: digest: expected a digest, got ':x'" },
	{ DESC, "{\"digest\":\"a:\"}", "d: digest: expected a digest, got 'a:'" },
	{ DESC, "{\"digest\":\"a:x/y\"}", "d: digest: expected a digest, got 'a:x/y'" },
	{ DESC, "{\"size\":-1}",
	  "d: size: expected integer from 0 to 9223372036854775807, got -1" },
	{ DESC, "{\"size\":9223372036854775808}",
	  "d: size: expected integer from 0 to 9223372036854775807, got 9223372036854775808" },
	{ DESC, "{\"size\":\"7\"}", "d: size: expected integer, got string" },
	{ DESC, WITH("annotations", "null"), NULL },
	{ DESC, WITH("annotations", "{\"a\":1}"), "d: annotations.a: expected string, got number" },
	{ DESC, WITH("platform", "{\"os\":\"linux\"}"), "d: platform.architecture" MISSING },
	{ DESC, WITH("platform", "{\"architecture\":\"arm64\"}"), "d: platform.os" MISSING },
	{ DESC, WITH("size", "8"), "d: size: duplicate key" },
	{ DESC, WITH("artifactType", "\"\""), NULL },
	{ IDX, "{}", "d: schemaVersion" MISSING },
	{ IDX, "{\"schemaVersion\":1}", "d: schemaVersion: expected 2, got 1" },
	{ IDX, "{\"schemaVersion\":2}", "d: manifests" MISSING },
	{ IDX, "{\"schemaVersion\":2,\"manifests\":null}", "d: manifests" MISSING },
	{ IDX, INDEX("\"mediaType\":\"\""), NULL },
	{ IDX, INDEX("\"layers\":[]"), "d: layers: does not belong in this kind of document" },
	{ IDX, INDEX("\"config\":{}"), "d: config: does not belong in this kind of document" },
	{ IDX, "{\"schemaVersion\":2,\"manifests\":[" DESCRIPTOR ",{}]}",
	  "d: manifests[1].mediaType" MISSING },
	{ IDX, "{\"schemaVersion\":2,\"manifests\":{}}",
	  "d: manifests: expected array, got object" },
	{ MAN, MANIFEST("\"layers\":[]"), "d: config" MISSING },
	{ MAN, MANIFEST("\"config\":" DESCRIPTOR), "d: layers" MISSING },
	{ MAN, MANIFEST("\"config\":" DESCRIPTOR ",\"layers\":[" DESCRIPTOR "]"), NULL },
	{ MAN, MANIFEST("\"config\":" DESCRIPTOR ",\"layers\":[],\"manifests\":[]"),
	  "d: manifests: does not belong in this kind of document" },
	{ MAN, MANIFEST("\"config\":" DESCRIPTOR ",\"layers\":[null]"),
	  "d: layers[0]: expected object, got null" },
	{ CONF, "{\"os\":\"linux\",\"architecture\":\"\"}", "d: architecture" MISSING },
	{ CONF, "{\"architecture\":\"amd64\"}", "d: os" MISSING },
	{ CONF, "{\"architecture\":\"amd64\",\"os\":\"linux\"}", "d: rootfs" MISSING },
	{ CONF, "{\"rootfs\":{\"type\":\"layers\"}}", "d: rootfs.diff_ids" MISSING },
	{ CONF, "{\"rootfs\":{\"diff_ids\":[]}}", "d: rootfs.type" MISSING },
	{ CONF, "{\"rootfs\":{\"type\":\"x\"}}",
	  "d: rootfs.type: unknown value 'x', expected one of: layers" },
	{ CONF, "{\"rootfs\":{\"diff_ids\":[\"x\"]}}",
	  "d: rootfs.diff_ids[0]: expected a digest, got 'x'" },
	{ CONF,
	  CONFIG("\"config\":{\"Env\":null,\"Cmd\":null,\"Labels\":null,\"Volumes\":null,"
		 "\"ExposedPorts\":null,\"Entrypoint\":null,\"OnBuild\":null,\"Memory\":0},"
		 "\"history\":null"),
	  NULL },
	{ CONF, CONFIG("\"config\":{\"ExposedPorts\":{\"80/tcp\":{\"x\":[1]},\"81\":{}}}"), NULL },
	{ CONF, CONFIG("\"config\":{\"ExposedPorts\":[\"80/tcp\"]}"),
	  "d: config.ExposedPorts: expected object, got array" },
	{ CONF, CONFIG("\"config\":{\"ExposedPorts\":{\"80/tcp\":null}}"),
	  "d: config.ExposedPorts.80/tcp: expected object, got null" },
	{ CONF, CONFIG("\"config\":{\"ExposedPorts\":{\"80/tcp\":\"\"}}"),
	  "d: config.ExposedPorts.80/tcp: expected object, got string" },
	{ CONF, CONFIG("\"config\":{\"ExposedPorts\":{\"80/tcp\":[]}}"),
	  "d: config.ExposedPorts.80/tcp: expected object, got array" },
	{ CONF, CONFIG("\"config\":{\"ExposedPorts\":{\"80/tcp\":true}}"),
	  "d: config.ExposedPorts.80/tcp: expected object, got boolean" },
	{ CONF, CONFIG("\"config\":{\"ExposedPorts\":{\"80/tcp\":1}}"),
	  "d: config.ExposedPorts.80/tcp: expected object, got number" },
	{ CONF, CONFIG("\"config\":{\"Volumes\":{\"/a\":{},\"/b\":{},\"/a\":{}}}"),
	  "d: config.Volumes./a: duplicate key" },
	{ CONF, CONFIG("\"config\":{\"Healthcheck\":{\"Interval\":1.5}}"),
	  "d: config.Healthcheck.Interval: expected integer, got number 1.5" },
	{ CONF, CONFIG("\"config\":{\"Env\":\"A=b\"}"),
	  "d: config.Env: expected array, got string" },
	{ CONF, CONFIG("\"history\":[{\"empty_layer\":\"yes\"}]"),
	  "d: history[0].empty_layer: expected boolean, got string" },
	{ LAY, "{}", "d: imageLayoutVersion" MISSING },
	{ LAY, "{\"imageLayoutVersion\":1}", "d: imageLayoutVersion: expected string, got number" },
};

static void bad_documents(void **unused)
{
	int wrong = 0;

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct oci_arena arena = OCI_ARENA_INIT;
		struct oci_error err = OCI_ERROR_INIT;
		int r = parse(rows[i].document, &arena, rows[i].json, &err);
		const char *message = rows[i].message ? rows[i].message : "";

		if (strcmp(err.message, message) != 0 || r != (message[0] ? -EINVAL : 0)) {
			print_error("%s\n  got  %s\n  not  %s\n", rows[i].json, err.message,
				    message);
			wrong++;
		}
		oci_arena_free(&arena);
	}
	assert_int_equal(wrong, 0);
}

/* as BuildKit and containerd write it: everything that has a member here, in the order of the Go types */
static const char full_config[] =
	"{\"created\":\"2023-01-02T03:04:05Z\",\"author\":\"someone\",\"architecture\":\"arm64\","
	"\"variant\":\"v8\","
	"\"os\":\"linux\",\"os.version\":\"1\",\"os.features\":[\"f\"],\"config\":{\"User\":\"1:"
	"2\","
	"\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}},\"Env\":[\"PATH=/"
	"bin\",\"A=\"],\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\",\"d\"],"
	"\"Volumes\":{\"/data\":{}},\"WorkingDir\":\"/"
	"w\",\"Labels\":{\"a\":\"b\",\"c\":\"\"},\"StopSignal\":\"SIGQUIT\","
	"\"ArgsEscaped\":true,\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Interval\":5000000000,"
	"\"Timeout\":1,"
	"\"StartPeriod\":2,\"StartInterval\":3,\"Retries\":4},\"Shell\":[\"/bin/"
	"sh\",\"-c\"],\"OnBuild\":[\"RUN x\"]},"
	"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST "\"]},"
	"\"history\":[{\"created\":\"2023-01-02T03:04:05Z\",\"created_by\":\"by\",\"author\":\"a\","
	"\"comment\":\"c\","
	"\"empty_layer\":true},{}]}";

static void config_members(void **unused)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_container_config *c;
	struct oci_image_config *config;
	char *text;
	size_t length;

	(void)unused;
	assert_int_equal(oci_image_config_parse(&arena, "c", full_config, sizeof(full_config) - 1,
						&config, &err),
			 0);
	c = config->config;
	assert_string_equal(config->architecture, "arm64");
	assert_string_equal(config->variant, "v8");
	assert_int_equal(c->exposed_ports_len, 2);
	assert_string_equal(c->exposed_ports[0], "80/tcp");
	assert_string_equal(c->exposed_ports[1], "53/udp");
	assert_null(c->exposed_ports[2]);
	assert_int_equal(c->volumes_len, 1);
	assert_string_equal(c->volumes[0], "/data");
	assert_int_equal(c->healthcheck->interval.value, 5000000000);
	assert_int_equal(config->rootfs->type, OCI_ROOTFS_LAYERS);
	assert_int_equal(config->history_len, 2);
	assert_true(config->history[0].empty_layer.value);
	assert_false(config->history[1].empty_layer.present);
	assert_int_equal(oci_image_config_emit(config, 0, &text, &length, &err), 0);
	assert_string_equal(text, full_config);
	free(text);
	oci_arena_free(&arena);
}

static void manifest_members(void **unused)
{
	static const char json[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_DOCKER_MANIFEST "\","
		"\"artifactType\":\"x/y\",\"config\":" DESCRIPTOR
		",\"layers\":[{\"mediaType\":\"" OCI_MEDIA_TYPE_DOCKER_LAYER_GZIP
		"\",\"digest\":\"" DIGEST "\",\"size\":9223372036854775807,\"urls\":[\"http://"
		"x\"],\"annotations\":{\"k\":\"v\"},\"data\":\"YQ==\","
		"\"platform\":{\"architecture\":\"arm\",\"os\":\"linux\",\"os.version\":\"1\",\"os."
		"features\":[\"f\"],"
		"\"variant\":\"v7\"},\"artifactType\":\"z/w\"}],\"subject\":" DESCRIPTOR
		",\"annotations\":{\"a\":\"b\"}}";
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_manifest *manifest;
	char *text;
	size_t length;

	(void)unused;
	assert_int_equal(oci_manifest_parse(&arena, "m", json, sizeof(json) - 1, &manifest, &err),
			 0);
	assert_int_equal(manifest->layers_len, 1);
	assert_int_equal(manifest->layers[0].size.value, INT64_MAX);
	assert_string_equal(manifest->layers[0].platform->variant, "v7");
	assert_int_equal(oci_manifest_emit(manifest, 0, &text, &length, &err), 0);
	assert_string_equal(text, json);
	free(text);
	oci_arena_free(&arena);
}

static void refused_keys_are_never_written(void **unused)
{
	struct oci_index index = { .schema_version = { true, 2 } };
	struct oci_error err = OCI_ERROR_INIT;
	char *text;

	(void)unused;
	assert_int_equal(oci_index_emit(&index, 0, &text, NULL, &err), 0);
	assert_string_equal(text, "{\"schemaVersion\":2,\"manifests\":[]}");
	free(text);
}

static void docker_list(void **unused)
{
	static const char json[] = "[{\"Config\":\"a.json\",\"RepoTags\":[\"x:1\",\"y:2\"],"
				   "\"Layers\":[\"l/layer.tar\"],"
				   "\"LayerSources\":{\"sha256:x\":{}}},{\"Config\":\"b.json\","
				   "\"RepoTags\":null,\"Layers\":[]}]";
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_docker_image *images;
	size_t length;
	char *text;

	(void)unused;
	assert_int_equal(oci_docker_images_parse(&arena, "manifest.json", json, sizeof(json) - 1,
						 &images, &length, &err),
			 0);
	assert_int_equal(length, 2);
	assert_string_equal(images[0].repo_tags[1], "y:2");
	assert_null(images[1].repo_tags);
	assert_int_equal(oci_docker_image_emit(&images[0], 0, &text, NULL, &err), 0);
	assert_string_equal(text, "{\"Config\":\"a.json\",\"RepoTags\":[\"x:1\",\"y:2\"],"
				  "\"Layers\":[\"l/layer.tar\"]}");
	free(text);
	assert_int_equal(
		oci_docker_images_parse(&arena, "manifest.json", "[{}]", 4, &images, &length, &err),
		-EINVAL);
	assert_string_equal(err.message, "manifest.json: [0].Config: required field is missing");
	oci_arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_documents),
		cmocka_unit_test(config_members),
		cmocka_unit_test(manifest_members),
		cmocka_unit_test(refused_keys_are_never_written),
		cmocka_unit_test(docker_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
