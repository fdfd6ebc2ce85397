/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_mount_options.c - every mount option does what its row says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/mount.h>

#include "base/mem.h"
#include "base/sys.h"
#include "runtime/mount_options.h"
#include "runtime/rootfs.h"

static struct mount_options parse(const char *words)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	static char text[1024], data[1024];
	char *options[32];
	struct oci_error err = OCI_ERROR_INIT;
	struct mount_options o;
	size_t n = 0;

	(void)snprintf(text, sizeof(text), "%s", words);
	for (char *save, *word = strtok_r(text, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		options[n++] = word;
	assert_int_equal(mount_options_parse(&arena, options, n, &o, &err), 0);
	if (o.data) {
		(void)snprintf(data, sizeof(data), "%s", o.data);
		o.data = data;
	}
	return o;
}

static void names_are_sorted(void **state)
{
	const char *const *names = rootfs_mount_option_names();

	(void)state;
	assert_non_null(names[0]);
	for (size_t i = 1; names[i]; i++)
		assert_true(strcmp(names[i - 1], names[i]) < 0);
}

/* Engines look for some of these in the output of `features`. */
static void names_are_complete(void **state)
{
	static const char *const wanted[] = {
		"acl",          "async",        "atime",          "bind",
		"defaults",     "dev",          "diratime",       "dirsync",
		"exec",         "iversion",     "lazytime",       "loud",
		"mand",         "noacl",        "noatime",        "nodev",
		"nodiratime",   "noexec",       "noiversion",     "nolazytime",
		"nomand",       "norelatime",   "nostrictatime",  "nosuid",
		"nosymfollow",  "private",      "ratime",         "rbind",
		"rdev",         "rdiratime",    "relatime",       "remount",
		"rexec",        "rnoatime",     "rnodev",         "rnodiratime",
		"rnoexec",      "rnorelatime",  "rnostrictatime", "rnosuid",
		"rnosymfollow", "ro",           "rprivate",       "rrelatime",
		"rro",          "rrw",          "rshared",        "rslave",
		"rstrictatime", "rsuid",        "rsymfollow",     "runbindable",
		"rw",           "shared",       "silent",         "slave",
		"strictatime",  "suid",         "symfollow",      "sync",
		"tmpcopyup",    "unbindable",   "idmap",          "ridmap",
		"rasync",       "rsync",        "rdirsync",       "rmand",
		"rnomand",      "copy-symlink", "src-nofollow",   "dest-nofollow",
	};
	const char *const *names = rootfs_mount_option_names();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		size_t j = 0;

		while (names[j] && strcmp(names[j], wanted[i]) != 0)
			j++;
		if (!names[j])
			fail_msg("%s is missing", wanted[i]);
	}
}

static void classic(void **state)
{
	struct mount_options o = parse("ro nosuid nodev noexec");

	(void)state;
	assert_int_equal(o.flags, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
	assert_int_equal(o.attr_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					     MOUNT_ATTR_NOEXEC);
	assert_int_equal(o.attr_clr, 0);
	assert_null(o.data);
	o = parse("sync dirsync mand lazytime iversion silent nosymfollow");
	assert_int_equal(o.flags, MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | (1UL << 25) |
					  MS_I_VERSION | 32768 | 256);
	assert_int_equal(o.attr_set, MOUNT_ATTR_NOSYMFOLLOW);
	o = parse("sync async lazytime nolazytime silent loud mand nomand");
	assert_int_equal(o.flags, 0);
	assert_int_equal(parse("rbind").flags, MS_BIND | MS_REC);
	assert_int_equal(parse("defaults").flags, 0);
}

static void last_one_wins(void **state)
{
	struct mount_options o = parse("ro rw suid nosuid");

	(void)state;
	assert_int_equal(o.flags, MS_NOSUID);
	assert_int_equal(o.attr_set, MOUNT_ATTR_NOSUID);
	assert_int_equal(o.attr_clr, MOUNT_ATTR_RDONLY);
}

/* mount_setattr(2): the access time field is cleared as a whole whenever it is set */
static void access_times(void **state)
{
	struct mount_options o = parse("noatime strictatime");

	(void)state;
	assert_int_equal(o.flags, MS_STRICTATIME);
	assert_int_equal(o.attr_set, MOUNT_ATTR_STRICTATIME);
	assert_int_equal(o.attr_clr, MOUNT_ATTR__ATIME);
	o = parse("strictatime relatime");
	assert_int_equal(o.flags, MS_RELATIME);
	assert_int_equal(o.attr_set, 0);
	assert_int_equal(o.attr_clr, MOUNT_ATTR__ATIME);
	o = parse("nodiratime");
	assert_int_equal(o.attr_set, MOUNT_ATTR_NODIRATIME);
	assert_int_equal(o.attr_clr, 0);
	o = parse("rnoatime rnodiratime");
	assert_int_equal(o.rec_set, MOUNT_ATTR_NOATIME | MOUNT_ATTR_NODIRATIME);
	assert_int_equal(o.rec_clr, MOUNT_ATTR__ATIME);
	o = parse("rrelatime");
	assert_int_equal(o.rec_set, 0);
	assert_int_equal(o.rec_clr, MOUNT_ATTR__ATIME);
}

static void recursive(void **state)
{
	struct mount_options o = parse("rro rnosuid rdev rsymfollow");

	(void)state;
	assert_int_equal(o.flags, 0);
	assert_int_equal(o.attr_set | o.attr_clr, 0);
	assert_int_equal(o.rec_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	assert_int_equal(o.rec_clr, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSYMFOLLOW);
	o = parse("rro rrw");
	assert_int_equal(o.rec_set, 0);
	assert_int_equal(o.rec_clr, MOUNT_ATTR_RDONLY);
}

static void propagation(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char *five[] = { "shared", "slave", "private", "rslave", "rshared" };
	struct oci_error err = OCI_ERROR_INIT;
	struct mount_options o = parse("rslave shared");

	(void)state;
	assert_int_equal(o.propagation_len, 2);
	assert_int_equal(o.propagation[0], MS_SLAVE | MS_REC);
	assert_int_equal(o.propagation[1], MS_SHARED);
	assert_int_equal(mount_options_parse(&arena, five, 5, &o, &err), -EINVAL);
	assert_string_equal(err.message,
			    "options[4]: \"rshared\": more than 4 propagation options");
	assert_int_equal(mount_propagation_flags("runbindable"), MS_UNBINDABLE | MS_REC);
	assert_int_equal(mount_propagation_flags("ro"), 0);
}

static void rest_is_data(void **state)
{
	struct mount_options o = parse("nosuid mode=755 ro size=65536k tmpcopyup");

	(void)state;
	assert_string_equal(o.data, "mode=755,size=65536k");
	assert_int_equal(o.data_index, 1);
	assert_true(o.tmpcopyup);
	assert_int_equal(parse("idmap").idmap, MOUNT_IDMAP_TOP);
	assert_int_equal(parse("ridmap").idmap, MOUNT_IDMAP_RECURSIVE);
	assert_true(parse("copy-symlink").copy_symlink);
	assert_true(parse("src-nofollow").src_nofollow);
	assert_true(parse("dest-nofollow").dest_nofollow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_sorted), cmocka_unit_test(names_are_complete),
		cmocka_unit_test(classic),          cmocka_unit_test(last_one_wins),
		cmocka_unit_test(access_times),     cmocka_unit_test(recursive),
		cmocka_unit_test(propagation),      cmocka_unit_test(rest_is_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
