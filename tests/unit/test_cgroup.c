/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cgroup.c - the parts of cgroup/ that touch nothing: where hierarchies are found, the model of
 * device rules, the checks of linux.resources and their messages, the JSON writer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/cgroup/internal.h"
#include "runtime/cgroup/json_text.h"

/* ---- a host made of strings ---- */

struct fake_host {
	const char *v1; /* mounts of v1 and v2, blank-separated */
	const char *v2;
	const char *existing; /* paths */
	const char *mountinfo;
	int mountinfo_reads;
};

static bool in_words(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words ? words : ""; (p = strstr(p, word)) != NULL; p += len)
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

static const char *fake_mountinfo(void *context)
{
	struct fake_host *host = context;

	host->mountinfo_reads++;
	return host->mountinfo;
}

static int fake_version(const char *path, void *context)
{
	struct fake_host *host = context;

	if (in_words(host->v1, path))
		return 1;
	return in_words(host->v2, path) ? 2 : 0;
}

static bool fake_exists(const char *path, void *context)
{
	struct fake_host *host = context;

	return in_words(host->existing, path);
}

#define ROOT "/sys/fs/cgroup"

struct discover_case {
	const char *name;
	const char *self_cgroup;
	struct fake_host host;
	const char *cgroups_path;
	enum cgroup_mode mode;
	const char *dirs; /* "controllers=mount:path" words */
	int mountinfo_reads;
	const char *error;
};

static const struct discover_case discover_cases[] = {
	{ "hybrid, default path",
	  "3:name=systemd:/\n2:pids:/x\n1:cpu:/\n0::/\n",
	  { .v1 = ROOT "/systemd " ROOT "/pids " ROOT "/cpu", .v2 = ROOT "/unified" },
	  NULL,
	  CGROUP_MODE_HYBRID,
	  "name=systemd=" ROOT "/systemd:/c1 pids=" ROOT "/pids:/c1 cpu=" ROOT "/cpu:/c1 =" ROOT
	  "/unified:/c1 ",
	  0,
	  NULL },
	{ "an empty path is none",
	  "1:cpu:/\n",
	  { .v1 = ROOT "/cpu" },
	  "",
	  CGROUP_MODE_V1,
	  "cpu=" ROOT "/cpu:/c1 ",
	  0,
	  NULL },
	{ "absolute path, cleaned",
	  "1:cpu:/own\n",
	  { .v1 = ROOT "/cpu" },
	  "//a/./b//c/",
	  CGROUP_MODE_V1,
	  "cpu=" ROOT "/cpu:/a/b/c ",
	  0,
	  NULL },
	{ "relative path",
	  "2:cpu:/own\n1:pids:/\n",
	  { .v1 = ROOT "/cpu " ROOT "/pids", .existing = ROOT "/cpu/own " ROOT "/pids/" },
	  "a/b",
	  CGROUP_MODE_V1,
	  "cpu=" ROOT "/cpu:/own/a/b pids=" ROOT "/pids:/a/b ",
	  0,
	  NULL },
	{ "relative path in a container without a cgroup namespace",
	  "1:cpu:/docker/f00\n",
	  { .v1 = ROOT "/cpu",
	    .existing = "",
	    .mountinfo = "31 30 0:1 /docker/f00 " ROOT "/cpu ro,nosuid - cgroup cgroup rw,cpu\n" },
	  "in",
	  CGROUP_MODE_V1,
	  "cpu=" ROOT "/cpu:/in ",
	  1,
	  NULL },
	{ "parents on the v2 side of a hybrid host",
	  "1:cpu:/\n0::/\n",
	  { .v1 = ROOT "/cpu", .v2 = ROOT "/unified", .existing = ROOT "/unified/other" },
	  "/pods/pod1/c1",
	  CGROUP_MODE_HYBRID,
	  "cpu=" ROOT "/cpu:/pods/pod1/c1 =" ROOT "/unified:/pods:pod1:c1 ",
	  0,
	  NULL },
	{ "parents that are there on the v2 side",
	  "1:cpu:/\n0::/\n",
	  { .v1 = ROOT "/cpu", .v2 = ROOT "/unified", .existing = ROOT "/unified/pods/pod1" },
	  "/pods/pod1/c1",
	  CGROUP_MODE_HYBRID,
	  "cpu=" ROOT "/cpu:/pods/pod1/c1 =" ROOT "/unified:/pods/pod1/c1 ",
	  0,
	  NULL },
	{ "joined controllers by their joined name",
	  "2:cpu,cpuacct:/\n0::/\n",
	  { .v1 = ROOT "/cpu,cpuacct " ROOT "/cpu" },
	  NULL,
	  CGROUP_MODE_V1,
	  "cpu,cpuacct=" ROOT "/cpu,cpuacct:/c1 ",
	  0,
	  NULL },
	{ "joined controllers by a single name",
	  "2:net_cls,net_prio:/\n",
	  { .v1 = ROOT "/net_prio" },
	  NULL,
	  CGROUP_MODE_V1,
	  "net_cls,net_prio=" ROOT "/net_prio:/c1 ",
	  0,
	  NULL },
	{ "a mount at an unusual place",
	  "2:memory:/\n1:cpu:/\n",
	  { .v1 = ROOT "/cpu",
	    .mountinfo = "20 1 0:5 / / rw - ext4 /dev/sda rw\n"
			 "33 31 0:30 / /cg/mem rw shared:9 master:2 - cgroup none rw,memory\n" },
	  NULL,
	  CGROUP_MODE_V1,
	  "memory=/cg/mem:/c1 cpu=" ROOT "/cpu:/c1 ",
	  1,
	  NULL },
	{ "not mounted, and mountinfo read but once",
	  "3:memory:/\n2:rdma:/\n1:cpu:/\n",
	  { .v1 = ROOT "/cpu", .mountinfo = "" },
	  NULL,
	  CGROUP_MODE_V1,
	  "cpu=" ROOT "/cpu:/c1 ",
	  1,
	  NULL },
	{ "named hierarchies other than systemd's are left alone",
	  "3:name=other:/\n1:cpu:/\n",
	  { .v1 = ROOT "/cpu " ROOT "/other" },
	  NULL,
	  CGROUP_MODE_V1,
	  "cpu=" ROOT "/cpu:/c1 ",
	  0,
	  NULL },
	{ "v2 only",
	  "0::/user.slice\n",
	  { .v2 = ROOT },
	  NULL,
	  CGROUP_MODE_V2,
	  "=" ROOT ":/c1 ",
	  0,
	  NULL },
	{ "v2 only, relative: beside the runtime's own, which has processes",
	  "0::/user.slice/run.scope\n",
	  { .v2 = ROOT, .existing = ROOT "/user.slice/run.scope" },
	  "a/b",
	  CGROUP_MODE_V2,
	  "=" ROOT ":/user.slice/a/b ",
	  0,
	  NULL },
	{ "v2 only, relative, from the root",
	  "0::/\n",
	  { .v2 = ROOT, .existing = ROOT "/" },
	  "a",
	  CGROUP_MODE_V2,
	  "=" ROOT ":/a ",
	  0,
	  NULL },
	{ "v2 only, absolute",
	  "0::/user.slice\n",
	  { .v2 = ROOT },
	  "/machine/../machine.slice/c",
	  CGROUP_MODE_V2,
	  NULL,
	  0,
	  "linux.cgroupsPath: /machine/../machine.slice/c: '..' is not allowed" },
	{ "v2 only, relative, in a container without a cgroup namespace",
	  "0::/docker/f00\n",
	  { .v2 = ROOT,
	    .existing = "",
	    .mountinfo = "31 30 0:1 /docker/f00 " ROOT " ro,nosuid - cgroup2 cgroup rw\n" },
	  "in",
	  CGROUP_MODE_V2,
	  "=" ROOT ":/in ",
	  1,
	  NULL },
	{ "v2 at an unusual place",
	  "0::/\n",
	  { .mountinfo = "33 31 0:30 / /cg2 rw - cgroup2 none rw\n" },
	  NULL,
	  CGROUP_MODE_V2,
	  "=/cg2:/c1 ",
	  1,
	  NULL },
	{ "nothing at all", "", { .v1 = "" }, NULL, CGROUP_MODE_NONE, "", 0, NULL },
	{ "dots",
	  "1:cpu:/\n",
	  { .v1 = ROOT "/cpu" },
	  "/a/../../b",
	  CGROUP_MODE_NONE,
	  NULL,
	  0,
	  "linux.cgroupsPath: /a/../../b: '..' is not allowed" },
	{ "dots at the end",
	  "1:cpu:/\n",
	  { .v1 = ROOT "/cpu" },
	  "a/..",
	  CGROUP_MODE_NONE,
	  NULL,
	  0,
	  "linux.cgroupsPath: a/..: '..' is not allowed" },
	{ "names with dots are fine",
	  "1:cpu:/\n",
	  { .v1 = ROOT "/cpu" },
	  "/..a/b..",
	  CGROUP_MODE_V1,
	  "cpu=" ROOT "/cpu:/..a/b.. ",
	  0,
	  NULL },
	{ "the root",
	  "1:cpu:/\n",
	  { .v1 = ROOT "/cpu" },
	  "/./",
	  CGROUP_MODE_NONE,
	  NULL,
	  0,
	  "linux.cgroupsPath: /./ is the root of the hierarchy" },
	{ "relative, outside of the namespace",
	  "1:cpu:/../x\n",
	  { .v1 = ROOT "/cpu", .mountinfo = "" },
	  "a",
	  CGROUP_MODE_NONE,
	  NULL,
	  1,
	  "linux.cgroupsPath: a is relative, and the runtime's own cgroup (/../x) is outside of its"
	  " cgroup namespace" },
};

static void discovers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(discover_cases); i++) {
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		const struct discover_case *c = &discover_cases[i];
		struct fake_host fake = c->host;
		struct cgroup_host host = { c->self_cgroup, fake_mountinfo, fake_version,
					    fake_exists, &fake };
		struct oci_error err = OCI_ERROR_INIT;
		struct cgroup cgroup = { .mode = CGROUP_MODE_NONE };
		char dirs[1024] = "";
		int r = cgroup_discover(&arena, &host, c->cgroups_path, "c1", &cgroup, &err);

		if (c->error) {
			assert_string_equal(err.message, c->error);
			assert_int_equal(r, -EINVAL);
			continue;
		}
		assert_int_equal(r, 0);
		for (size_t k = 0; k < cgroup.dirs_len; k++) {
			size_t at = strlen(dirs);

			snprintf(dirs + at, sizeof(dirs) - at, "%s=%s:%s ",
				 cgroup.dirs[k].controllers, cgroup.dirs[k].mount,
				 cgroup.dirs[k].path);
			assert_true(cgroup.dirs[k].made);
		}
		if (strcmp(dirs, c->dirs) != 0)
			fail_msg("%s: got '%s', expected '%s'", c->name, dirs, c->dirs);
		assert_int_equal(cgroup.mode, c->mode);
		assert_int_equal(fake.mountinfo_reads, c->mountinfo_reads);
	}
}

static void shortens_long_v2_names(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct fake_host fake = { .v1 = ROOT "/cpu", .v2 = ROOT "/unified" };
	struct cgroup_host host = { "1:cpu:/\n0::/\n", fake_mountinfo, fake_version, fake_exists,
				    &fake };
	struct oci_error err = OCI_ERROR_INIT;
	struct cgroup one = { .mode = CGROUP_MODE_NONE }, two = one;
	char path[600] = "/";

	(void)state;
	memset(path + 1, 'p', 200);
	path[201] = '/';
	memset(path + 202, 'c', 200);
	assert_int_equal(cgroup_discover(&arena, &host, path, "c", &one, &err), 0);
	path[1] = 'q'; /* what is cut off still counts */
	assert_int_equal(cgroup_discover(&arena, &host, path, "c", &two, &err), 0);
	assert_int_equal(strlen(one.dirs[1].path), 256);
	assert_string_equal(one.dirs[1].path + 18, two.dirs[1].path + 18);
	assert_string_not_equal(one.dirs[1].path, two.dirs[1].path);
	assert_int_equal(strspn(one.dirs[1].path + 1, "0123456789abcdef"), 16);
	assert_int_equal(one.dirs[1].path[17], ':');
}

/* ---- values of v2 ---- */

static void converts_shares(void **state)
{
	/* exact values: ceil(10^((l*l + 125*l) / 612 - 7/34)), l = log2(shares), with 40 digits */
	static const struct {
		uint64_t shares, weight;
	} cases[] = {
		{ 0, 1 },          { 1, 1 },          { 2, 1 },        { 3, 2 },
		{ 4, 2 },          { 10, 4 },         { 50, 10 },      { 100, 17 },
		{ 128, 21 },       { 256, 35 },       { 512, 59 },     { 1000, 99 },
		{ 1023, 100 },     { 1024, 100 },     { 1025, 101 },   { 2048, 174 },
		{ 10240, 639 },    { 16384, 942 },    { 65536, 3023 }, { 100000, 4340 },
		{ 262143, 10000 }, { 262144, 10000 },
	};
	uint64_t last = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (cgroup_weight_of_shares(cases[i].shares) != cases[i].weight)
			fail_msg("%llu shares: weight %llu, expected %llu",
				 (unsigned long long)cases[i].shares,
				 (unsigned long long)cgroup_weight_of_shares(cases[i].shares),
				 (unsigned long long)cases[i].weight);
	for (uint64_t shares = 0; shares < 300000; shares++) {
		uint64_t weight = cgroup_weight_of_shares(shares);

		assert_true(weight >= last && weight >= 1 && weight <= 10000);
		last = weight;
	}
	assert_int_equal(cgroup_weight_of_shares(UINT64_MAX), 10000);
	assert_int_equal(cgroup_io_weight_of_blkio(10), 1);
	assert_int_equal(cgroup_io_weight_of_blkio(500), 4950);
	assert_int_equal(cgroup_io_weight_of_blkio(1000), 10000);
}

/* FNV-1a over all weights from 2 to 262144, as computed with 40 digits */
static void converts_all_shares(void **state)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	(void)state;
	for (uint64_t shares = 2; shares <= 262144; shares++)
		hash = (hash ^ cgroup_weight_of_shares(shares)) * UINT64_C(1099511628211);
	assert_int_equal(hash, UINT64_C(10376851850643417751));
}

static void finds_words(void **state)
{
	(void)state;
	assert_true(cgroup_has_word("cpuset cpu io", "cpu"));
	assert_true(cgroup_has_word("cpuset cpu io", "io"));
	assert_false(cgroup_has_word("cpuset io", "cpu"));
	assert_false(cgroup_has_word("", "cpu"));
	assert_false(cgroup_has_word("netcpu cpus", "cpu"));
}

static void finds_controllers(void **state)
{
	struct cgroup_dir dirs[] = {
		{ (char *)"cpu,cpuacct", (char *)"/m/cpu", (char *)"/c", true },
		{ (char *)"name=systemd", (char *)"/m/systemd", (char *)"/c", true },
		{ (char *)"", (char *)"/m/unified", (char *)"/c", true },
	};
	struct cgroup cgroup = { .dirs = dirs, .dirs_len = 3 };
	char path[PATH_MAX];

	(void)state;
	assert_ptr_equal(cgroup_dir_find(&cgroup, "cpu"), &dirs[0]);
	assert_ptr_equal(cgroup_dir_find(&cgroup, "cpuacct"), &dirs[0]);
	assert_null(cgroup_dir_find(&cgroup, "cpuset"));
	assert_null(cgroup_dir_find(&cgroup, "cpuac"));
	assert_ptr_equal(cgroup_dir_find(&cgroup, "name=systemd"), &dirs[1]);
	assert_ptr_equal(cgroup_dir_find(&cgroup, ""), &dirs[2]);
	assert_int_equal(cgroup_dir_path(&dirs[0], "cpu.shares", path), 0);
	assert_string_equal(path, "/m/cpu/c/cpu.shares");
	assert_int_equal(cgroup_dir_path(&dirs[0], NULL, path), 0);
	assert_string_equal(path, "/m/cpu/c");
}

/* cgroup_plan with what these tests vary */
static int plan_cgroup(struct oci_arena *arena, enum cgroup_manager manager, const char *path,
		       const char *id, struct cgroup **ret, struct oci_error *err)
{
	struct cgroup_request request = { .manager = manager, .cgroups_path = path, .id = id };

	return cgroup_plan(arena, &request, ret, err);
}

static void names_managers(void **state)
{
	enum cgroup_manager manager = CGROUP_MANAGER_CGROUPFS;

	(void)state;
	assert_int_equal(cgroup_manager_parse("disabled", &manager), 0);
	assert_int_equal(manager, CGROUP_MANAGER_DISABLED);
	assert_string_equal(cgroup_manager_name(CGROUP_MANAGER_SYSTEMD), "systemd");
	assert_int_equal(cgroup_manager_parse("Systemd", &manager), -EINVAL);
}

/* ---- the container without a cgroup ---- */

static void does_without(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_pids pids = { { true, 5 } };
	struct oci_device_rule rule = { .allow = { true, false }, .access = (char *)"rwm" };
	struct oci_resources resources = { .devices = &rule, .devices_len = 1 };
	struct cgroup *cgroup;
	pid_t *list;
	size_t len = 9;

	(void)state;
	assert_int_equal(plan_cgroup(&arena, CGROUP_MANAGER_DISABLED, "/x", "c", &cgroup, &err), 0);
	assert_int_equal(cgroup->mode, CGROUP_MODE_NONE);
	assert_string_equal(cgroup->cgroups_path, "/x");
	assert_int_equal(cgroup_check(cgroup, &resources, &err), 0);
	assert_int_equal(cgroup_create(cgroup, &resources, &err), 0);
	assert_int_equal(cgroup_enter(cgroup, 0, false, &err), 0);
	assert_int_equal(cgroup_v2_fd(cgroup), -1);
	assert_false(cgroup_is_frozen(cgroup));
	assert_int_equal(cgroup_signal(cgroup, 9, &err), -ESRCH);
	assert_int_equal(cgroup_pids(cgroup, &arena, &list, &len, &err), 0);
	assert_int_equal(len, 0);
	assert_int_equal(cgroup_destroy(cgroup, &err), 0);
	assert_int_equal(err.code, 0);

	resources.pids = &pids;
	assert_int_equal(cgroup_create(cgroup, &resources, &err), -ENOTSUP);
	assert_string_equal(err.message,
			    "linux.resources.pids.limit: cannot be applied, cgroups are disabled");
	err.code = 0;
	assert_int_equal(cgroup_freeze(cgroup, true, &err), -ENOTSUP);
	assert_string_equal(err.message, "cannot pause: the container has no cgroup");
}

/* ---- device rules ---- */

#define DEFAULTS                                                                                 \
	"c *:* m,b *:* m,c 1:3 rwm,c 1:5 rwm,c 1:7 rwm,c 1:8 rwm,c 1:9 rwm,c 5:0 rwm,c 5:2 rwm," \
	"c 136:* rwm,c 10:200 rwm,"

struct rule_text {
	bool allow;
	const char *type;
	int64_t major; /* -1: absent */
	int64_t minor;
	const char *access;
};

struct device_case {
	struct rule_text rules[8];
	size_t len;
	const char *result; /* "deny:" or "allow:" (the default) and the exceptions */
	const char *error;
};

static const struct device_case device_cases[] = {
	{ .len = 0, .result = "deny:" DEFAULTS },
	{ { { false, NULL, -1, -1, "rwm" } }, 1, "deny:" DEFAULTS, NULL },
	{ { { false, "a", -1, -1, NULL } }, 1, "deny:" DEFAULTS, NULL },
	{ { { true, "a", -1, -1, "rwm" } }, 1, "allow:", NULL },
	{ { { true, NULL, -1, -1, "rwm" } }, 1, "allow:", NULL },
	/* the last "a" wins and forgets the rest */
	{ { { true, "c", 7, 7, "r" }, { true, "a", -1, -1, "" }, { false, "a", -1, -1, "" } },
	  3,
	  "deny:" DEFAULTS,
	  NULL },
	{ { { true, "a", -1, -1, "" }, { false, "b", 8, -1, "rw" } }, 2, "allow:b 8:* rw,", NULL },
	{ { { true, "a", -1, -1, "" }, { false, "b", 8, 0, "w" }, { false, "b", 8, 0, "r" } },
	  3,
	  "allow:b 8:0 rw,",
	  NULL },
	/* equal nodes are merged, also with the defaults */
	{ { { false, "a", -1, -1, "rwm" },
	    { true, "c", 1, 3, "r" },
	    { true, "c", 7, 7, "r" },
	    { true, "c", 7, 7, "wm" } },
	  4,
	  "deny:c 1:3 rwm,c 7:7 rwm,c *:* m,b *:* m,c 1:5 rwm,c 1:7 rwm,c 1:8 rwm,c 1:9 rwm,"
	  "c 5:0 rwm,c 5:2 rwm,c 136:* rwm,c 10:200 rwm,",
	  NULL },
	/* taking back */
	{ { { true, "b", 8, 1, "rwm" }, { false, "b", 8, 1, "w" } },
	  2,
	  "deny:b 8:1 rm," DEFAULTS,
	  NULL },
	{ { { true, "b", 8, 1, "rwm" }, { false, "b", 8, 1, "rwm" } }, 2, "deny:" DEFAULTS, NULL },
	{ { { true, "b", 8, 1, "rwm" }, { true, "b", 8, 2, "r" }, { false, "b", 8, -1, "rwm" } },
	  3,
	  "deny:" DEFAULTS,
	  NULL },
	{ { { false, "c", 9, 9, "rwm" } }, 1, "deny:" DEFAULTS, NULL },
	/* exceptions from wildcards */
	{ { { true, "b", 8, -1, "rw" }, { false, "b", 8, 1, "w" } },
	  2,
	  NULL,
	  "linux.resources.devices[1]: deny 'b 8:1 w' would be an exception from 'b 8:* rw', which"
	  " cgroup v1 cannot make" },
	{ { { true, "b", 8, -1, "rw" }, { false, "b", -1, 1, "w" } },
	  2,
	  NULL,
	  "linux.resources.devices[1]: deny 'b *:1 w' would be an exception from 'b 8:* rw', which"
	  " cgroup v1 cannot make" },
	{ { { true, "b", 8, -1, "r" }, { false, "b", 8, 1, "w" } },
	  2,
	  "deny:b 8:* r," DEFAULTS,
	  NULL },
	{ { { true, "a", -1, -1, "" }, { false, "c", -1, -1, "w" }, { true, "c", 9, 9, "w" } },
	  3,
	  NULL,
	  "linux.resources.devices[2]: allow 'c 9:9 w' would be an exception from 'c *:* w', which"
	  " cgroup v1 cannot make" },
	{ { { true, "a", -1, -1, "" }, { false, "c", 1, -1, "rwm" } },
	  2,
	  NULL,
	  "linux.resources.devices: 'c 1:* rw' is denied, but every container has 'c 1:3 rwm', and"
	  " cgroup v1 cannot make an exception" },
	/* mistakes */
	{ { { true, "d", 1, 3, "r" } },
	  1,
	  NULL,
	  "linux.resources.devices[0].type: 'd' is none of a, b and c" },
	{ { { true, "c", 1, 3, "rwx" } },
	  1,
	  NULL,
	  "linux.resources.devices[0].access: 'rwx' is not made of r, w and m" },
	{ { { true, "c", 1, 3, NULL } },
	  1,
	  NULL,
	  "linux.resources.devices[0].access: required field is missing" },
	{ { { true, "c", 1, 3, "" } }, 1, NULL, "linux.resources.devices[0].access: is empty" },
	{ { { true, "c", -2, 3, "r" } },
	  1,
	  NULL,
	  "linux.resources.devices[0].major: -2 is no device number" },
	{ { { true, "c", 1, 1LL << 32, "r" } },
	  1,
	  NULL,
	  "linux.resources.devices[0].minor: 4294967296 is no device number" },
};

/* The defaults without a rule of the case come in their own order: compare as sets of words. */
static bool same_words(const char *a, const char *b)
{
	char word[64];

	if (strlen(a) != strlen(b))
		return false;
	for (const char *p = a; *p;) {
		size_t n = strcspn(p, ",");

		snprintf(word, sizeof(word), "%.*s,", (int)n, p);
		if (!strstr(b, word))
			return false;
		p += n + 1;
	}
	return true;
}

static void plans_devices(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(device_cases); i++) {
		const struct device_case *c = &device_cases[i];
		struct oci_device_rule rules[8] = { 0 };
		struct oci_resources resources = { .devices = rules, .devices_len = c->len };
		struct oci_error err = OCI_ERROR_INIT;
		struct cgroup_device_set set = { 0 };
		char text[1024] = "", one[64];
		int r;

		for (size_t k = 0; k < c->len; k++) {
			rules[k].allow = (struct oci_bool){ true, c->rules[k].allow };
			rules[k].type = (char *)c->rules[k].type;
			rules[k].major =
				(struct oci_i64){ c->rules[k].major != -1, c->rules[k].major };
			/* absent and -1 mean the same */
			rules[k].minor = (struct oci_i64){ k % 2 || c->rules[k].minor != -1,
							   c->rules[k].minor };
			rules[k].access = (char *)c->rules[k].access;
		}
		r = cgroup_devices_plan(&resources, &set, &err);
		if (c->error) {
			assert_string_equal(err.message, c->error);
			assert_int_equal(r, -EINVAL);
			continue;
		}
		assert_string_equal(err.message, "");
		strcpy(text, set.allow_all ? "allow:" : "deny:");
		for (size_t k = 0; k < set.len; k++) {
			strcat(text, cgroup_device_format(&set.list[k], one));
			strcat(text, ",");
		}
		free(set.list);
		if (!same_words(strchr(text, ':') + 1, strchr(c->result, ':') + 1) ||
		    strncmp(text, c->result, 5) != 0)
			fail_msg("case %zu: got '%s', expected '%s'", i, text, c->result);
	}
}

/* ---- linux.resources: messages ---- */

static struct cgroup_dir all_dirs[] = {
	{ (char *)"cpu,cpuacct", (char *)"/nowhere", (char *)"/c", true },
	{ (char *)"cpuset", (char *)"/nowhere", (char *)"/c", true },
	{ (char *)"memory", (char *)"/nowhere", (char *)"/c", true },
	{ (char *)"pids", (char *)"/nowhere", (char *)"/c", true },
	{ (char *)"blkio", (char *)"/nowhere", (char *)"/c", true },
	{ (char *)"devices", (char *)"/nowhere", (char *)"/c", true },
};
static struct cgroup everything = { .mode = CGROUP_MODE_V1, .dirs = all_dirs, .dirs_len = 6 };
static struct cgroup nearly_nothing = { .mode = CGROUP_MODE_V1,
					.dirs = &all_dirs[5],
					.dirs_len = 1 };

#define I64(v)          \
	{               \
		true, v \
	}

static struct oci_weight_device weight_device = { .major = I64(8),
						  .minor = I64(0),
						  .weight = I64(5) };
static struct oci_weight_device node_less = { .major = I64(8) };
static struct oci_throttle_device negative_node = { .major = I64(-8), .minor = I64(0) };
static struct oci_throttle_device good_node = { .major = I64(8), .minor = I64(0) };
static struct oci_hugepage_limit bad_size = { (char *)"2M", I64(0) };
static struct oci_hugepage_limit odd_size = { (char *)"3MB", I64(0) };
static struct oci_interface_priority bad_name = { (char *)"eth 0", I64(1) };
static struct oci_interface_priority eth0 = { (char *)"eth0", I64(1) };
static struct oci_rdma rdma = { (char *)"mlx5_1", I64(3), I64(4) };
static struct oci_pair unified = { (char *)"memory.high", (char *)"1" };
static struct oci_pair unified_path = { (char *)"../memory.high", (char *)"1" };
static struct oci_pair unified_word = { (char *)"memory", (char *)"1" };

#define MEMORY(...)                    \
	.memory = &(struct oci_memory) \
	{                              \
		__VA_ARGS__            \
	}
#define CPU(...)                 \
	.cpu = &(struct oci_cpu) \
	{                        \
		__VA_ARGS__      \
	}
#define IO(...)                            \
	.block_io = &(struct oci_block_io) \
	{                                  \
		__VA_ARGS__                \
	}

static void checks_resources(void **state)
{
	const struct {
		const struct cgroup *cgroup;
		struct oci_resources resources;
		const char *error; /* behind "linux.resources."; NULL: fine */
	} cases[] = {
		{ &everything, { MEMORY(.limit = I64(1 << 20), .swap = I64(-1)) }, NULL },
		{ &everything, { MEMORY(.limit = I64(-1)) }, NULL },
		{ &everything, { MEMORY(.limit = I64(-2)) }, "memory.limit: -2 is negative" },
		{ &everything, { MEMORY(.swap = I64(-2)) }, "memory.swap: -2 is negative" },
		{ &everything,
		  { MEMORY(.limit = I64(4096), .swap = I64(4095)) },
		  "memory.swap: 4095 is less than memory.limit 4096 (it counts memory and swap "
		  "together)" },
		{ &everything, { MEMORY(.swappiness = I64(100)) }, NULL },
		{ &everything,
		  { MEMORY(.swappiness = I64(101)) },
		  "memory.swappiness: 101 is not in the range from 0 to 100" },
		{ &everything,
		  { CPU(.shares = I64(1)) },
		  "cpu.shares: 1 is not in the range from 2 to 262144" },
		{ &everything,
		  { CPU(.shares = I64(262145)) },
		  "cpu.shares: 262145 is not in the range from 2 to 262144" },
		{ &everything,
		  { CPU(.idle = I64(2)) },
		  "cpu.idle: 2 is not in the range from 0 to 1" },
		{ &everything, { CPU(.idle = I64(-1)) }, "cpu.idle: -1 is negative" },
		{ &everything,
		  { CPU(.realtime_runtime = I64(-1)) },
		  "cpu.realtimeRuntime: -1 is negative" },
		{ &everything, { CPU(.quota = I64(-5)) }, NULL },
		{ &everything,
		  { IO(.weight = I64(9)) },
		  "blockIO.weight: 9 is not in the range from 10 to 1000" },
		{ &everything,
		  { IO(.weight_device = &weight_device, .weight_device_len = 1) },
		  "blockIO.weightDevice[0].weight: 5 is not in the range from 10 to 1000" },
		{ &everything,
		  { IO(.weight_device = &node_less, .weight_device_len = 1) },
		  "blockIO.weightDevice[0].minor: required field is missing" },
		{ &everything,
		  { IO(.throttle_read_iops_device = &negative_node,
		       .throttle_read_iops_device_len = 1) },
		  "blockIO.throttleReadIOPSDevice[0]: -8:0 is no device number" },
		{ &everything,
		  { .hugepage_limits = &bad_size, .hugepage_limits_len = 1 },
		  "hugepageLimits[0].pageSize: '2M' is no size such as 64KB, 2MB or 1GB" },
		{ &everything,
		  { .hugepage_limits = &odd_size, .hugepage_limits_len = 1 },
		  "hugepageLimits[0].pageSize: this host has no huge pages of 3MB" },
		{ &everything,
		  { .network =
			    &(struct oci_network){ .priorities = &bad_name, .priorities_len = 1 } },
		  "network.priorities[0].name: 'eth 0' is no name of an interface" },
		{ &everything,
		  { .network = &(struct oci_network){ .priorities = &eth0, .priorities_len = 1 } },
		  "network.priorities: the net_prio cgroup controller is not mounted" },
		{ &everything,
		  { .network = &(struct oci_network){ .class_id = I64(7) } },
		  "network.classID: the net_cls cgroup controller is not mounted" },
		{ &everything,
		  { .rdma = &rdma, .rdma_len = 1 },
		  "rdma: the rdma cgroup controller is not mounted" },
		{ &everything,
		  { .unified = &unified, .unified_len = 1 },
		  "unified[\"memory.high\"]: needs cgroup v2, which is not mounted" },
		{ &everything,
		  { .unified = &unified_path, .unified_len = 1 },
		  "unified[\"../memory.high\"]: not a file name such as memory.high" },
		{ &everything,
		  { .unified = &unified_word, .unified_len = 1 },
		  "unified[\"memory\"]: not a file name such as memory.high" },
		/* what engines send for "leave it" needs no controller */
		{ &nearly_nothing,
		  { MEMORY(.limit = I64(0), .swap = I64(0), .reservation = I64(0),
			   .kernel = I64(-1), .swappiness = I64(UINT64_MAX),
			   .disable_oom_killer = { true, false }),
		    CPU(.shares = I64(0), .quota = I64(0), .period = I64(0), .burst = I64(0),
			.idle = I64(0), .realtime_period = I64(0), .realtime_runtime = I64(0),
			.cpus = (char *)"", .mems = NULL),
		    .pids = &(struct oci_pids){ I64(0) },
		    IO(.weight = I64(0), .leaf_weight = I64(0)),
		    .network = &(struct oci_network){ .class_id = I64(0) } },
		  NULL },
		{ &nearly_nothing, { .pids = &(struct oci_pids){ I64(-1) } }, NULL },
		{ &nearly_nothing, { CPU(.quota = I64(-1)) }, NULL },
		/* and everything else is refused by name */
		{ &nearly_nothing,
		  { MEMORY(.limit = I64(4096)) },
		  "memory.limit: the memory cgroup controller is not mounted" },
		{ &nearly_nothing,
		  { MEMORY(.swappiness = I64(0)) },
		  "memory.swappiness: the memory cgroup controller is not mounted" },
		{ &nearly_nothing,
		  { MEMORY(.disable_oom_killer = { true, true }) },
		  "memory.disableOOMKiller: the memory cgroup controller is not mounted" },
		{ &nearly_nothing,
		  { MEMORY(.use_hierarchy = { true, false }) },
		  "memory.useHierarchy: the memory cgroup controller is not mounted" },
		{ &nearly_nothing,
		  { MEMORY(.kernel_tcp = I64(1)) },
		  "memory.kernelTCP: the memory cgroup controller is not mounted" },
		{ &nearly_nothing,
		  { CPU(.burst = I64(1)) },
		  "cpu.burst: the cpu cgroup controller is not mounted" },
		{ &nearly_nothing,
		  { CPU(.mems = (char *)"0") },
		  "cpu.mems: the cpuset cgroup controller is not mounted" },
		{ &nearly_nothing,
		  { .pids = &(struct oci_pids){ I64(5) } },
		  "pids.limit: the pids cgroup controller is not mounted" },
		{ &nearly_nothing,
		  { IO(.throttle_write_bps_device = &good_node,
		       .throttle_write_bps_device_len = 1) },
		  "blockIO.throttleWriteBpsDevice: the blkio cgroup controller is not mounted" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_error err = OCI_ERROR_INIT;
		int r = cgroup_check(cases[i].cgroup, &cases[i].resources, &err);

		if (!cases[i].error) {
			assert_string_equal(err.message, "");
			assert_int_equal(r, 0);
			continue;
		}
		assert_memory_equal(err.message, "linux.resources.", strlen("linux.resources."));
		assert_string_equal(err.message + strlen("linux.resources."), cases[i].error);
		assert_true(r < 0);
	}
}

static void needs_the_devices_controller(void **state)
{
	struct oci_device_rule rule = { .allow = { true, false }, .access = (char *)"rwm" };
	struct oci_resources resources = { .devices = &rule, .devices_len = 1 };
	struct cgroup cgroup = { .mode = CGROUP_MODE_V1, .dirs = all_dirs, .dirs_len = 5 };
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	assert_int_equal(cgroup_check(&cgroup, &resources, &err), -ENOTSUP);
	assert_string_equal(
		err.message,
		"linux.resources.devices: the devices cgroup controller is not mounted");
}

static void writes_json(void **state)
{
	struct json_text json = JSON_TEXT_INIT;
	char *text = NULL;
	size_t length = 0;

	(void)state;
	json_open(&json, NULL, '{');
	json_string(&json, "a\"b", "\\\n\x7f\xc3\xa4", 5);
	json_open(&json, "list", '[');
	json_u64(&json, NULL, UINT64_MAX);
	json_i64(&json, NULL, INT64_MIN);
	json_open(&json, NULL, '{');
	json_close(&json, '}');
	json_close(&json, ']');
	json_raw(&json, "raw", "0.50", 4);
	json_close(&json, '}');
	assert_int_equal(json_take(&json, &text, &length), 0);
	assert_string_equal(
		text, "{\"a\\\"b\":\"\\\\\\u000a\\u007f\xc3\xa4\",\"list\":[18446744073709551615,"
		      "-9223372036854775808,{}],\"raw\":0.50}");
	assert_int_equal(length, strlen(text));
	free(text);
	json_freep(&json);
}

static void compares_places(void **state)
{
	static const struct {
		const char *mount, *path, *other;
		bool made;
		enum cgroup_overlap want;
	} cases[] = {
		{ "/cg/pids", "/a", "/a", true, CGROUP_SAME },
		{ "/cg/pids", "/a", "/a/b", true, CGROUP_BELOW },
		{ "/cg/pids", "/", "/a", true, CGROUP_BELOW },
		{ "/cg/pids", "/a/b", "/a", true, CGROUP_APART },
		{ "/cg/pids", "/a", "/ab", true, CGROUP_APART },
		{ "/cg/cpu", "/a", "/a", true, CGROUP_APART },
		{ "/cg/pids", "/a", "/a", false, CGROUP_APART },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cgroup_dir dirs[] = {
			{ (char *)"cpuset", (char *)"/cg/cpuset", (char *)"/x", true },
			{ (char *)"pids", (char *)cases[i].mount, (char *)cases[i].path,
			  cases[i].made },
		};
		struct cgroup_dir others[] = {
			{ (char *)"pids", (char *)"/cg/pids", (char *)cases[i].other, true },
			{ (char *)"cpuset", (char *)"/cg/cpuset", (char *)"/y", true },
		};
		struct cgroup cgroup = { .dirs = dirs, .dirs_len = 2 };
		struct cgroup other = { .dirs = others, .dirs_len = 2 };

		assert_int_equal(cgroup_overlap(&cgroup, &other), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(discovers),
		cmocka_unit_test(shortens_long_v2_names),
		cmocka_unit_test(converts_shares),
		cmocka_unit_test(converts_all_shares),
		cmocka_unit_test(finds_words),
		cmocka_unit_test(finds_controllers),
		cmocka_unit_test(names_managers),
		cmocka_unit_test(does_without),
		cmocka_unit_test(plans_devices),
		cmocka_unit_test(checks_resources),
		cmocka_unit_test(needs_the_devices_controller),
		cmocka_unit_test(writes_json),
		cmocka_unit_test(compares_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
