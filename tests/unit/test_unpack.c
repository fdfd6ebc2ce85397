/* SPDX-License-Identifier: Apache-2.0 */
/* test_unpack.c - layers on the disk: merged, and for overlayfs; the layers of an image in a store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/store-private.h"
#include "cartefile-to-oci/unpack.h"
#include "unit/tar-bytes.h"

static char top[] = "/tmp/carte-test-unpack-XXXXXX";
static int root = -1;

static int setup(void **state)
{
	(void)state;
	return mkdtemp(top) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return folder_remove(AT_FDCWD, top);
}

/* A new folder for each test. */
static int begin(void **state)
{
	(void)state;
	if (chdir(top) < 0 || folder_remove(AT_FDCWD, "root") < 0 || mkdir("root", 0755) < 0)
		return -1;
	root = open("root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	return close(root);
}

static int unpack(struct tar_bytes *tar, enum unpack_form form, struct oci_error *err)
{
	struct layer_input input = { .name = "x.tar", .is_layer = true };
	CLEANUP_CLOSE int fd = -1;
	size_t lost = 0;

	tar_end(tar);
	fd = tar_fd(tar);
	input.fd = fd;
	return unpack_layer(&input, root, form, &lost, err);
}

static void unpack_good(struct tar_bytes *tar, enum unpack_form form)
{
	struct oci_error err = OCI_ERROR_INIT;
	int r = unpack(tar, form, &err);

	assert_string_equal(err.message, "");
	assert_int_equal(r, 0);
}

static struct stat stat_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static bool is_there(const char *name)
{
	return faccessat(root, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_whiteout(const char *name)
{
	struct stat st = stat_of(name);

	return S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

static bool is_opaque(const char *name)
{
	CLEANUP_CLOSE int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char value = 0;

	assert_true(fd >= 0);
	return (fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 ||
		fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1) &&
	       value == 'y';
}

static void attributes(void **state)
{
	struct tar_bytes tar = { 0 };
	struct stat st;

	(void)state;
	tar_add_as(&tar, '5', "d", "", NULL, 0, 01777, 0);
	tar_pax(&tar, "mtime", "12.5", 4);
	tar_add_as(&tar, '0', "d/x", "", "hello", 5, 0640, 0);
	tar_hardlink(&tar, "d/y", "d/x");
	tar_link(&tar, "l", "d/x");
	tar_add_as(&tar, '6', "p", "", NULL, 0, 0620, 0);
	unpack_good(&tar, UNPACK_MERGED);
	st = stat_of("d");
	assert_int_equal(st.st_mode, S_IFDIR | 01777);
	/* though files were made in it afterwards */
	assert_int_equal(st.st_mtim.tv_sec, 1000000);
	st = stat_of("d/x");
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(st.st_mtim.tv_sec, 12);
	assert_int_equal(st.st_mtim.tv_nsec, 500000000);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(stat_of("d/y").st_ino, st.st_ino);
	assert_true(S_ISLNK(stat_of("l").st_mode));
	assert_int_equal(stat_of("l").st_mtim.tv_sec, 1000000);
	assert_int_equal(stat_of("p").st_mode, S_IFIFO | 0620);
}

/* Folders that no entry describes are the same on each machine. */
static void invented_folders(void **state)
{
	struct tar_bytes tar = { 0 };
	mode_t before = umask(077);

	(void)state;
	tar_file(&tar, "a/b/c", "x");
	unpack_good(&tar, UNPACK_MERGED);
	(void)umask(before);
	assert_int_equal(stat_of("a").st_mode, S_IFDIR | 0755);
	assert_int_equal(stat_of("a/b").st_mode, S_IFDIR | 0755);
	assert_int_equal(stat_of("a/b").st_mtim.tv_sec, 0);
}

static void lower(void)
{
	struct tar_bytes tar = { 0 };

	tar_folder(&tar, "d");
	tar_file(&tar, "d/one", "1");
	tar_file(&tar, "d/two", "2");
	tar_file(&tar, "f", "f");
	tar_link(&tar, "l", "d");
	unpack_good(&tar, UNPACK_MERGED);
}

static void whiteouts(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	lower();
	tar_file(&tar, "d/.wh.one", "");
	tar_file(&tar, ".wh.f", "");
	tar_file(&tar, "nothing/.wh.x", "");
	unpack_good(&tar, UNPACK_MERGED);
	assert_false(is_there("d/one"));
	assert_true(is_there("d/two"));
	assert_false(is_there("f"));
	assert_false(is_there("nothing"));
	/* that something left it does not show */
	assert_int_equal(stat_of("d").st_mtim.tv_sec, 1000000);
	tar_file(&tar, ".wh.d", "");
	unpack_good(&tar, UNPACK_MERGED);
	assert_false(is_there("d"));
	assert_true(is_there("l"));
}

static void marks_spare_their_own_layer(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	lower();
	tar_file(&tar, "d/new", "n");
	tar_file(&tar, "f", "new");
	tar_file(&tar, ".wh.f", "");
	tar_file(&tar, "d/.wh..wh..opq", "");
	unpack_good(&tar, UNPACK_MERGED);
	assert_false(is_there("d/one"));
	assert_true(is_there("d/new"));
	assert_int_equal(stat_of("f").st_size, 3);
}

static void replaced_types(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	lower();
	tar_file(&tar, "d", "a file now");
	tar_folder(&tar, "f");
	tar_folder(&tar, "l");
	unpack_good(&tar, UNPACK_MERGED);
	assert_true(S_ISREG(stat_of("d").st_mode));
	assert_true(S_ISDIR(stat_of("f").st_mode));
	assert_true(S_ISDIR(stat_of("l").st_mode));
}

/* A folder that is there again gets the new attributes, and keeps what is in it. */
static void folder_again(void **state)
{
	struct tar_bytes tar = { 0 };
	char value[8];

	(void)state;
	tar_pax(&tar, "SCHILY.xattr.user.old", "1", 1);
	tar_folder(&tar, "d");
	tar_file(&tar, "d/x", "");
	unpack_good(&tar, UNPACK_MERGED);
	tar_pax(&tar, "SCHILY.xattr.user.new", "2", 1);
	tar_add_as(&tar, '5', "d", "", NULL, 0, 0700, 0);
	unpack_good(&tar, UNPACK_MERGED);
	assert_true(is_there("d/x"));
	assert_int_equal(stat_of("d").st_mode, S_IFDIR | 0700);
	if (getxattr("root/d", "user.new", value, sizeof(value)) == -1 && errno == EOPNOTSUPP)
		return; /* a file system without them */
	assert_int_equal(getxattr("root/d", "user.new", value, sizeof(value)), 1);
	assert_int_equal(getxattr("root/d", "user.old", value, sizeof(value)), -1);
}

static void for_overlay(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	tar_file(&tar, "d/.wh.one", "");
	tar_file(&tar, ".wh.gone", "");
	tar_file(&tar, "o/.wh..wh..opq", "");
	tar_file(&tar, "o/x", "x");
	/* a folder in place of a lower one: both orders */
	tar_file(&tar, ".wh.a", "");
	tar_folder(&tar, "a");
	tar_folder(&tar, "b");
	tar_file(&tar, ".wh.b", "");
	tar_file(&tar, "c", "c");
	tar_file(&tar, ".wh.c", "");
	unpack_good(&tar, UNPACK_OVERLAY);
	assert_true(is_whiteout("d/one"));
	assert_true(is_whiteout("gone"));
	assert_true(is_opaque("o"));
	assert_true(is_there("o/x"));
	assert_true(is_opaque("a"));
	assert_true(is_opaque("b"));
	assert_true(S_ISREG(stat_of("c").st_mode));
	/* a layer that says nothing of the root */
	assert_int_equal(stat_of(".").st_mode, S_IFDIR | 0755);
	assert_int_equal(stat_of(".").st_mtim.tv_sec, 0);
}

/* Only a mark makes a whiteout; a 0:0 device from a layer would be one (and is no device that there is). */
static void smuggled_whiteout(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	tar_add_as(&tar, '3', "x", "", NULL, 0, 0644, 0);
	memset(tar.data + 329, '0', 7);
	memset(tar.data + 337, '0', 7);
	{
		unsigned sum = 0;

		memset(tar.data + 148, ' ', 8);
		for (size_t i = 0; i < 512; i++)
			sum += tar.data[i];
		(void)snprintf((char *)tar.data + 148, 8, "%06o", sum);
	}
	unpack_good(&tar, UNPACK_OVERLAY);
	assert_false(is_there("x"));
}

static void hardlink_below(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct tar_bytes tar = { 0 };

	(void)state;
	lower();
	tar_hardlink(&tar, "g", "f");
	unpack_good(&tar, UNPACK_MERGED);
	assert_int_equal(stat_of("g").st_ino, stat_of("f").st_ino);
	tar_hardlink(&tar, "g", "elsewhere");
	assert_int_equal(unpack(&tar, UNPACK_OVERLAY, &err), -EINVAL);
	assert_string_equal(err.message, "x.tar: entry 'g': hard link to 'elsewhere', which is not "
					 "there in this layer");
	assert_true(is_there("g"));
}

/* Where another link of the path is the layer's own, its names are those of the real folder. */
static void through_links(void **state)
{
	struct tar_bytes tar = { 0 };

	(void)state;
	lower();
	tar_file(&tar, "l/new", "n");
	tar_file(&tar, "d/.wh..wh..opq", "");
	unpack_good(&tar, UNPACK_MERGED);
	assert_true(is_there("d/new"));
	assert_false(is_there("d/one"));
}

/* An ordinary user: owners are counted, closed folders of a layer below are opened for the time being. */
static void unprivileged(void **state)
{
	struct tar_bytes tar = { 0 };
	struct oci_error err = OCI_ERROR_INIT;
	int r = 0;

	(void)state;
	tar_add_as(&tar, '5', "d", "", NULL, 0, 0555, 0);
	tar_add_as(&tar, '5', "d/e", "", NULL, 0, 0, 0);
	tar_file(&tar, "d/e/x", "1");
	if (geteuid() == 0) {
		assert_int_equal(fchown(root, 65534, 65534), 0);
		assert_int_equal(chmod(top, 0755), 0);
		assert_int_equal(setegid(65534), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	r = unpack(&tar, UNPACK_MERGED, &err);
	if (r == 0) {
		tar_file(&tar, "d/e/y", "2");
		tar_add_as(&tar, '3', "null", "", NULL, 0, 0666, 0);
		r = unpack(&tar, UNPACK_MERGED, &err);
	}
	if (getuid() == 0) {
		assert_int_equal(seteuid(0), 0);
		assert_int_equal(setegid(0), 0);
	}
	assert_string_equal(err.message, "");
	assert_int_equal(r, 0);
	assert_int_equal(stat_of("d").st_mode, S_IFDIR | 0555);
	assert_int_equal(stat_of("d/e").st_mode, S_IFDIR);
	assert_false(is_there("null"));
	assert_int_equal(fchmodat(root, "d/e", 0700, 0), 0);
	assert_true(is_there("d/e/x") && is_there("d/e/y"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(attributes, begin, end),
		cmocka_unit_test_setup_teardown(invented_folders, begin, end),
		cmocka_unit_test_setup_teardown(whiteouts, begin, end),
		cmocka_unit_test_setup_teardown(marks_spare_their_own_layer, begin, end),
		cmocka_unit_test_setup_teardown(replaced_types, begin, end),
		cmocka_unit_test_setup_teardown(folder_again, begin, end),
		cmocka_unit_test_setup_teardown(for_overlay, begin, end),
		cmocka_unit_test_setup_teardown(smuggled_whiteout, begin, end),
		cmocka_unit_test_setup_teardown(hardlink_below, begin, end),
		cmocka_unit_test_setup_teardown(through_links, begin, end),
		cmocka_unit_test_setup_teardown(unprivileged, begin, end),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
