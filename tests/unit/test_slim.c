/* SPDX-License-Identifier: Apache-2.0 */
/* test_slim.c - what stays in a tree: made-up images of made-up ELF files, and real programs against what their loader says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "cartefile-to-oci/slim.h"
#include "unit/elf-build.h"
#include "unit/tree-build.h"

#define LOADER "/lib64/ld-linux-x86-64.so.2"
#define LIB "/usr/lib/x86_64-linux-gnu"

static struct slim_report report;

static int begin(void **state)
{
	(void)state;
	tree_begin();
	return 0;
}

static int end(void **state)
{
	(void)state;
	tree_free(&tree);
	return 0;
}

static struct tree_node *add_elf(const char *path, enum tree_origin origin,
				 const struct elf_build *what)
{
	struct elf_buffer b;

	elf_build(&b, what);
	return add_bytes(path, origin, 0755, b.bytes, b.length);
}

static void add_library(const char *path, const char *soname)
{
	add_elf(path, TREE_BASE, &(struct elf_build){ .soname = soname });
}

/* A merged /usr with loader and libc, as a Debian base has it */
static void add_base(void)
{
	add_text("/etc/os-release", TREE_BASE, 0644, "ID=debian\n");
	add_link("/lib", TREE_BASE, "usr/lib");
	add_link("/lib64", TREE_BASE, "usr/lib64");
	add_link("/bin", TREE_BASE, "usr/bin");
	add_link("/usr/lib64/ld-linux-x86-64.so.2", TREE_BASE,
		 "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
	add_library(LIB "/ld-linux-x86-64.so.2", "ld-linux-x86-64.so.2");
	add_elf(LIB "/libc.so.6", TREE_BASE,
		&(struct elf_build){ .soname = "libc.so.6",
				     .interpreter = LOADER,
				     .needed = { "ld-linux-x86-64.so.2" } });
	add_text("/usr/share/unneeded", TREE_BASE, 0644, "x");
}

static int apply(const struct slim_options *options)
{
	err = (struct oci_error)OCI_ERROR_INIT;
	return slim_apply(&tree, options, &report, &err);
}

static void apply_exe(const char *exe)
{
	int e = apply(&(struct slim_options){ .level = SLIM_ELF, .exe = exe });

	if (e != 0)
		fail_msg("%s", err.message);
}

static const char *why_of(const char *path)
{
	return tree_find(&tree, path)->why;
}

/* ---- the closure, in made-up images ---- */

static void test_base(void **state)
{
	(void)state;
	add_base();
	add_library(LIB "/libz.so.1.2.13", "libz.so.1");
	add_link(LIB "/libz.so.1", TREE_BASE, "libz.so.1.2.13");
	add_library(LIB "/libother.so.1", "libother.so.1");
	add_elf("/usr/bin/x", TREE_BASE,
		&(struct elf_build){ .interpreter = LOADER,
				     .needed = { "libz.so.1", "libc.so.6" } });
	apply_exe("/bin/x");
	assert_kept("/usr/bin/x");
	assert_kept("/bin");
	assert_kept("/lib");
	assert_kept("/lib64");
	assert_kept("/usr/lib64/ld-linux-x86-64.so.2");
	assert_kept(LIB "/ld-linux-x86-64.so.2");
	assert_kept(LIB "/libc.so.6");
	assert_kept(LIB "/libz.so.1");
	assert_kept(LIB "/libz.so.1.2.13");
	assert_kept("/etc/os-release");
	assert_out(LIB "/libother.so.1");
	assert_out("/usr/share");
	assert_string_equal(why_of(LIB "/libz.so.1.2.13"), "NEEDED");
	assert_ptr_equal(tree_find(&tree, LIB "/libz.so.1.2.13")->because,
			 tree_find(&tree, "/usr/bin/x"));
	assert_string_equal(why_of("/usr/share/unneeded"), "nothing that is kept needs it");
	assert_string_equal(why_of("/usr/bin/x"), "exe_PATH");
	assert_int_equal(report.left_out, 2);
}

static void test_missing(void **state)
{
	(void)state;
	add_base();
	add_elf(LIB "/liba.so.1", TREE_BASE,
		&(struct elf_build){ .soname = "liba.so.1", .needed = { "libgone.so.3" } });
	add_elf("/usr/bin/x", TREE_BASE,
		&(struct elf_build){ .interpreter = LOADER, .needed = { "liba.so.1" } });
	assert_int_equal(apply(&(struct slim_options){ .level = SLIM_ELF, .exe = "/usr/bin/x" }),
			 -ENOENT);
	assert_string_equal(err.message, LIB
			    "/liba.so.1 (needed by /usr/bin/x) needs libgone.so.3, which is not in "
			    "the image; searched: /lib/x86_64-linux-gnu:" LIB
			    ":/lib64:/usr/lib64:/lib:/usr/lib");
}

static void test_missing_loader(void **state)
{
	(void)state;
	add_elf("/x", TREE_PATH, &(struct elf_build){ .interpreter = "/lib/ld-musl-x86_64.so.1" });
	assert_int_equal(apply(&(struct slim_options){ .level = SLIM_ELF, .exe = "/x" }), -ENOENT);
	assert_string_equal(err.message, "/x needs /lib/ld-musl-x86_64.so.1, which is not in the "
					 "image; searched: the path itself");
}

static void test_missing_exe(void **state)
{
	(void)state;
	assert_int_equal(apply(&(struct slim_options){ .level = SLIM_ELF, .exe = "/x" }), -ENOENT);
	assert_string_equal(err.message, "exe_PATH: /x is not in the image");
}

static void test_damaged(void **state)
{
	struct elf_buffer b;

	(void)state;
	add_base();
	elf_build(&b, &(struct elf_build){ .soname = "libz.so.1" });
	b.bytes[EI_CLASS] = 9;
	add_bytes("/srv/data.bin", TREE_PATH, 0644, b.bytes, b.length);
	add_elf("/x", TREE_PATH, &(struct elf_build){ .interpreter = LOADER });
	apply_exe("/x");
	assert_int_equal(report.suggestions_len, 1);
	assert_string_equal(report.suggestions[0],
			    "/srv/data.bin: ELF: class 9 is unknown; it is kept as data");
	add_bytes(LIB "/libz.so.1", TREE_BASE, 0644, b.bytes, b.length);
	add_elf("/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER, .needed = { "libz.so.1" } });
	assert_int_equal(apply(&(struct slim_options){ .level = SLIM_ELF, .exe = "/x" }), -EINVAL);
	assert_string_equal(err.message, LIB "/libz.so.1: ELF: class 9 is unknown");
}

/* DT_RPATH is inherited by what is loaded, DT_RUNPATH is not and hides the DT_RPATH beside it. */
static void test_rpath(void **state)
{
	(void)state;
	add_base();
	add_library("/opt/inner/libb.so", "libb.so");
	add_elf("/opt/lib/liba.so", TREE_PATH,
		&(struct elf_build){ .soname = "liba.so", .needed = { "libb.so" } });
	add_elf("/opt/bin/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER,
				     .needed = { "liba.so" },
				     .rpath = "$ORIGIN/../lib:${ORIGIN}/../inner" });
	apply_exe("/opt/bin/x");
	assert_kept("/opt/inner/libb.so");
	add_elf("/opt/bin/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER,
				     .needed = { "liba.so" },
				     .rpath = "$ORIGIN/../inner",
				     .runpath = "$ORIGIN/../lib:$ORIGIN/../inner" });
	assert_int_equal(apply(&(struct slim_options){ .level = SLIM_ELF, .exe = "/opt/bin/x" }),
			 -ENOENT);
	assert_non_null(strstr(err.message,
			       "/opt/lib/liba.so (needed by /opt/bin/x) needs libb.so, which"));
	/* one that is loaded already is not looked for again, whoever needs it */
	add_elf("/opt/bin/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER,
				     .needed = { "libb.so", "liba.so" },
				     .runpath = "$ORIGIN/../lib:$ORIGIN/../inner" });
	apply_exe("/opt/bin/x");
	assert_kept("/opt/inner/libb.so");
}

static void test_tokens(void **state)
{
	(void)state;
	add_base();
	add_library("/opt/lib/x86_64-linux-gnu/liba.so", "liba.so");
	add_library("/opt/x86_64/libb.so", "libb.so");
	add_library("/srv/here/libc.so", "libc.so");
	add_elf("/opt/bin/x", TREE_PATH,
		&(struct elf_build){
			.interpreter = LOADER,
			.needed = { "liba.so", "libb.so", "$ORIGIN/../../srv/here/libc.so" },
			.runpath = "/opt/$LIB:/opt/${PLATFORM}" });
	apply_exe("/opt/bin/x");
	assert_kept("/opt/lib/x86_64-linux-gnu/liba.so");
	assert_kept("/opt/x86_64/libb.so");
	assert_kept("/srv/here/libc.so");
}

/* A candidate of another machine is passed over. */
static void test_other_machine(void **state)
{
	(void)state;
	add_base();
	add_elf("/opt/wrong/liba.so", TREE_BASE,
		&(struct elf_build){ .soname = "liba.so", .machine = EM_386, .is32 = true });
	add_text("/opt/text/liba.so", TREE_BASE, 0644, "INPUT(-la)");
	add_library("/opt/right/liba.so", "liba.so");
	add_elf("/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER,
				     .needed = { "liba.so" },
				     .runpath = "/opt/wrong:/opt/text:/opt/right" });
	apply_exe("/x");
	assert_kept("/opt/right/liba.so");
	assert_out("/opt/wrong/liba.so");
	assert_out("/opt/text/liba.so");
}

static void test_hwcaps(void **state)
{
	(void)state;
	add_base();
	add_library(LIB "/liba.so.1", "liba.so.1");
	add_library(LIB "/glibc-hwcaps/x86-64-v3/liba.so.1.5", "liba.so.1");
	add_link(LIB "/glibc-hwcaps/x86-64-v3/liba.so.1", TREE_BASE, "liba.so.1.5");
	add_library(LIB "/glibc-hwcaps/x86-64-v3/libb.so.1", "libb.so.1");
	add_elf("/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER, .needed = { "liba.so.1" } });
	apply_exe("/x");
	assert_kept(LIB "/glibc-hwcaps/x86-64-v3/liba.so.1");
	assert_kept(LIB "/glibc-hwcaps/x86-64-v3/liba.so.1.5");
	assert_out(LIB "/glibc-hwcaps/x86-64-v3/libb.so.1");
}

static void test_ld_so_conf(void **state)
{
	(void)state;
	add_base();
	add_text("/etc/ld.so.conf", TREE_BASE, 0644, "# all\ninclude ld.so.conf.d/*.conf\n");
	add_text("/etc/ld.so.conf.d/b.conf", TREE_BASE, 0644, "  /opt/b/ # here\n/usr/lib\n");
	add_text("/etc/ld.so.conf.d/c.txt", TREE_BASE, 0644, "/opt/c\n");
	add_library("/opt/b/liba.so.1", "liba.so.1");
	add_elf("/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER, .needed = { "liba.so.1" } });
	/* without a cache the loader would not look there */
	apply_exe("/x");
	assert_kept("/opt/b/liba.so.1");
	assert_kept(LIB "/liba.so.1");
	assert_string_equal(tree_find(&tree, LIB "/liba.so.1")->target, "/opt/b/liba.so.1");
	tree_remove(&tree, tree_find(&tree, LIB "/liba.so.1"));
	add_text("/etc/ld.so.cache", TREE_BASE, 0644, "cache");
	apply_exe("/x");
	assert_kept("/etc/ld.so.cache");
	assert_absent(LIB "/liba.so.1");
	/* in a folder that it knows by itself it needs none */
	add_library(LIB "/liba.so.1", "liba.so.1");
	tree_remove(&tree, tree_find(&tree, "/opt/b"));
	apply_exe("/x");
	assert_out("/etc/ld.so.cache");
	add_library("/opt/c/libc1.so", "libc1.so");
	add_elf("/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER, .needed = { "libc1.so" } });
	assert_int_equal(apply(&(struct slim_options){ .level = SLIM_ELF, .exe = "/x" }), -ENOENT);
}

static void test_library_path(void **state)
{
	(void)state;
	add_base();
	add_library("/srv/lib/liba.so", "liba.so");
	add_elf("/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER, .needed = { "liba.so" } });
	assert_int_equal(apply(&(struct slim_options){ .level = SLIM_ELF,
						       .exe = "/x",
						       .library_path = "/nowhere:/srv/lib" }),
			 0);
	assert_kept("/srv/lib/liba.so");
}

static void test_musl(void **state)
{
	(void)state;
	add_text("/etc/alpine-release", TREE_BASE, 0644, "3.18\n");
	add_library("/lib/ld-musl-x86_64.so.1", NULL);
	add_link("/lib/libc.musl-x86_64.so.1", TREE_BASE, "ld-musl-x86_64.so.1");
	add_library("/usr/local/lib/libz.so.1", "libz.so.1");
	add_library("/usr/lib/libz.so.1", "libz.so.1");
	add_library("/opt/plug/libp.so", "libp.so");
	add_elf("/usr/bin/x", TREE_BASE,
		&(struct elf_build){
			.interpreter = "/lib/ld-musl-x86_64.so.1",
			.needed = { "libz.so.1", "libc.musl-x86_64.so.1", "libpthread.so.0" } });
	apply_exe("/usr/bin/x");
	assert_kept("/lib/ld-musl-x86_64.so.1");
	assert_kept("/usr/local/lib/libz.so.1");
	assert_out("/usr/lib/libz.so.1");
	add_text("/etc/ld-musl-x86_64.path", TREE_BASE, 0644, "/lib:/usr/lib\n/opt/plug\n");
	add_elf("/usr/bin/x", TREE_BASE,
		&(struct elf_build){ .interpreter = "/lib/ld-musl-x86_64.so.1",
				     .needed = { "libz.so.1", "libp.so" } });
	apply_exe("/usr/bin/x");
	assert_kept("/usr/lib/libz.so.1");
	assert_kept("/opt/plug/libp.so");
	assert_out("/usr/local/lib/libz.so.1");
}

static void test_dlopen_notes(void **state)
{
	(void)state;
	add_base();
	add_library(LIB "/libsecond.so.1", "libsecond.so.1");
	add_library(LIB "/libmaybe.so.1", "libmaybe.so.1");
	add_elf("/x", TREE_PATH,
		&(struct elf_build){
			.interpreter = LOADER,
			.note = "[{\"soname\":[\"libfirst.so.1\",\"libsecond.so.1\"],\"priority\":"
				"\"required\"},"
				"{\"soname\":[\"libmaybe.so.1\"],\"priority\":\"suggested\"},"
				"{\"soname\":[\"libgone.so.1\"],\"priority\":\"required\"}]" });
	apply_exe("/x");
	assert_kept(LIB "/libsecond.so.1");
	assert_string_equal(why_of(LIB "/libsecond.so.1"), "opened by name");
	assert_out(LIB "/libmaybe.so.1");
	assert_int_equal(report.suggestions_len, 1);
	assert_string_equal(report.suggestions[0],
			    "/x: says that it must open libgone.so.1, which is not there");
}

static void test_dlopen_names(void **state)
{
	static const char text[] =
		"\0libthere.so.2\0libnotthere.so.2\0libneeded.so\0pthread_exit\0";

	(void)state;
	add_base();
	add_library(LIB "/libthere.so.2", "libthere.so.2");
	add_library(LIB "/libneeded.so", "libneeded.so");
	add_library(LIB "/libgcc_s.so.1", "libgcc_s.so.1");
	add_elf("/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER,
				     .needed = { "libneeded.so" },
				     .constants = text,
				     .constants_len = sizeof(text) });
	apply_exe("/x");
	assert_out(LIB "/libthere.so.2");
	assert_kept(LIB "/libgcc_s.so.1");
	assert_int_equal(report.suggestions_len, 1);
	assert_string_equal(report.suggestions[0],
			    "libthere.so.2: may be opened by name (dlopen) by /x; --keep "
			    "/lib/x86_64-linux-gnu/libthere.so.2");
}

/* A plugin in a kept folder brings its libraries; one that cannot be loaded is no reason to fail. */
static void test_plugins(void **state)
{
	(void)state;
	add_base();
	add_library(LIB "/libp.so.1", "libp.so.1");
	add_library("/opt/private/libq.so.1", "libq.so.1");
	add_elf("/opt/plugins/a.so", TREE_PATH, &(struct elf_build){ .needed = { "libp.so.1" } });
	add_elf("/opt/plugins/b.so", TREE_PATH,
		&(struct elf_build){ .needed = { "libgone.so.1" } });
	add_elf("/opt/plugins/c.so", TREE_PATH, &(struct elf_build){ .needed = { "libq.so.1" } });
	add_elf("/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER, .rpath = "/opt/private" });
	apply_exe("/x");
	assert_kept(LIB "/libp.so.1");
	assert_kept("/opt/private/libq.so.1");
	assert_int_equal(report.suggestions_len, 1);
	assert_string_equal(report.suggestions[0],
			    "/opt/plugins/b.so: needs libgone.so.1, which is "
			    "not in the image; it cannot be loaded");
}

/* ---- scripts ---- */

static void test_scripts(void **state)
{
	(void)state;
	add_base();
	add_elf("/usr/bin/env", TREE_BASE, &(struct elf_build){ .interpreter = LOADER });
	add_elf("/usr/bin/python3.11", TREE_BASE,
		&(struct elf_build){ .interpreter = LOADER, .needed = { "libc.so.6" } });
	add_link("/usr/bin/python3", TREE_BASE, "python3.11");
	add_elf("/usr/bin/dash", TREE_BASE, &(struct elf_build){ .interpreter = LOADER });
	add_link("/usr/bin/sh", TREE_BASE, "dash");
	add_text("/app/main", TREE_PATH, 0755, "#!/usr/bin/env -S FOO=1 python3 -u\n");
	add_text("/app/data.txt", TREE_PATH, 0644, "#!/usr/bin/perl\n");
	add_text("/app/other", TREE_PATH, 0755, "#!/usr/bin/perl\n");
	apply_exe("/app/main");
	assert_kept("/usr/bin/env");
	assert_kept("/usr/bin/python3");
	assert_kept("/usr/bin/python3.11");
	assert_kept(LIB "/libc.so.6");
	assert_out("/usr/bin/dash");
	assert_string_equal(why_of("/usr/bin/python3.11"), "runs the script");
	assert_int_equal(report.suggestions_len, 1);
	assert_string_equal(report.suggestions[0],
			    "/app/other: needs /usr/bin/perl, which is not in the image");
	add_text("/usr/bin/wrap", TREE_BASE, 0755, "#! /bin/sh -e\n");
	add_text("/app/main", TREE_PATH, 0755, "#!/usr/bin/wrap\n");
	apply_exe("/app/main");
	assert_kept("/usr/bin/wrap");
	assert_kept("/usr/bin/sh");
	assert_kept("/usr/bin/dash");
	assert_out("/usr/bin/python3.11");
	add_text("/app/main", TREE_PATH, 0755, "#!/usr/bin/env ruby\n");
	assert_int_equal(apply(&(struct slim_options){ .level = SLIM_ELF, .exe = "/app/main" }),
			 -ENOENT);
	assert_string_equal(err.message, "/app/main needs ruby, which is not in the image");
}

/* ---- prune ---- */

static void test_prune(void **state)
{
	static const char *const out[] = {
		"/usr/share/doc/x/README",
		"/usr/share/man/man1/x.1.gz",
		"/usr/share/locale/de/x.mo",
		"/usr/include/x.h",
		LIB "/libx.a",
		LIB "/libx.la",
		LIB "/pkgconfig/x.pc",
		"/var/lib/apt/lists/archive",
		"/var/cache/apt/pkgcache.bin",
		"/var/log/dpkg.log",
		"/usr/lib/py/__pycache__/b.cpython-311.pyc",
		"/tmp/x",
		"/var/lib/dpkg/status-old",
		"/etc/passwd-",
	};
	static const char *const in[] = {
		"/usr/share/doc/x/copyright",
		"/usr/share/man",
		"/var/lib/apt/lists",
		"/var/log/empty",
		"/usr/lib/py/__pycache__/a.cpython-311.pyc",
		"/var/lib/dpkg/status",
		"/tmp",
		"/usr/share/x/doc/README",
		LIB "/libx.so",
	};

	(void)state;
	add_base();
	for (size_t i = 0; i < ARRAY_LEN(out); i++)
		add_text(out[i], TREE_BASE, 0644, "x");
	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		if (!tree_find(&tree, in[i]))
			add_text(in[i], TREE_BASE, 0644, strstr(in[i], "empty") ? "" : "x");
	add_text("/usr/lib/py/a.py", TREE_BASE, 0644, "x");
	add_link("/var/log/access.log", TREE_BASE, "/dev/stdout");
	add_link("/usr/share/doc/y", TREE_BASE, "x");
	add_text("/usr/share/man/man1/mine.1", TREE_PATH, 0644, "x");
	assert_int_equal(apply(&(struct slim_options){ .level = SLIM_PRUNE }), 0);
	for (size_t i = 0; i < ARRAY_LEN(out); i++)
		assert_out(out[i]);
	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		assert_kept(in[i]);
	assert_kept("/var/log/access.log");
	assert_kept("/usr/share/doc/y");
	assert_kept("/usr/share/man/man1/mine.1");
	assert_string_equal(why_of("/usr/include/x.h"), "headers");
	assert_int_equal(report.left_out, ARRAY_LEN(out));
	assert_int_equal(report.left_out_bytes, ARRAY_LEN(out));
}

static void test_none(void **state)
{
	(void)state;
	add_base();
	add_text("/usr/share/doc/x/README", TREE_BASE, 0644, "x");
	assert_int_equal(apply(&(struct slim_options){ .level = SLIM_NONE }), 0);
	assert_kept("/usr/share/doc/x/README");
	assert_int_equal(report.left_out, 0);
}

static void test_basics(void **state)
{
	(void)state;
	add_base();
	add_text("/etc/passwd", TREE_BASE, 0644, "root:x:0:0::/:/bin/sh\n");
	add_text("/etc/shadow", TREE_BASE, 0600, "root:*:1::::::\n");
	add_node("/tmp", TREE_DIR, TREE_BASE)->mode = 01777;
	add_node("/proc", TREE_DIR, TREE_BASE);
	add_link("/var/run", TREE_BASE, "/run");
	add_node("/run", TREE_DIR, TREE_BASE);
	add_node("/var/log/nginx", TREE_DIR, TREE_BASE);
	add_node("/var/lib/nginx/body", TREE_DIR, TREE_BASE)->uid = 33;
	add_node("/var/lib/dpkg/updates", TREE_DIR, TREE_BASE);
	add_text("/var/lib/nginx/old", TREE_BASE, 0644, "x");
	add_elf("/x", TREE_PATH, &(struct elf_build){ .interpreter = LOADER });
	apply_exe("/x");
	assert_kept("/etc/passwd");
	assert_out("/etc/shadow");
	assert_kept("/tmp");
	assert_int_equal(tree_find(&tree, "/tmp")->mode, 01777);
	assert_kept("/proc");
	assert_kept("/var/run");
	assert_kept("/run");
	assert_kept("/var/log/nginx");
	assert_kept("/var/lib/nginx/body");
	assert_out("/var/lib/dpkg/updates");
	assert_out("/var/lib/nginx/old");
}

/* ---- --keep ---- */

static void keep_in_base(const char *const *keep, size_t count)
{
	int e = apply(&(struct slim_options){ .level = SLIM_ELF, .keep = keep, .keep_len = count });

	if (e != 0)
		fail_msg("%s", err.message);
}

static void test_keep(void **state)
{
	static const char *const keep[] = { "locale:C.UTF-8,tz:Asia/Tokyo",
					    "ca",
					    "gconv",
					    "nss",
					    "terminfo",
					    "/etc/app",
					    "/etc/*.conf",
					    "locale:de_AT.UTF-8" };

	(void)state;
	add_base();
	add_text("/usr/lib/locale/C.utf8/LC_CTYPE", TREE_BASE, 0644, "x");
	add_text("/usr/lib/locale/fr_FR.utf8/LC_CTYPE", TREE_BASE, 0644, "x");
	add_text("/usr/lib/locale/locale-archive", TREE_BASE, 0644, "x");
	add_text("/usr/share/locale/de/LC_MESSAGES/x.mo", TREE_BASE, 0644, "x");
	add_text("/usr/share/locale/fr/LC_MESSAGES/x.mo", TREE_BASE, 0644, "x");
	add_text("/usr/share/zoneinfo/Asia/Tokyo", TREE_BASE, 0644, "x");
	add_text("/usr/share/zoneinfo/Asia/Seoul", TREE_BASE, 0644, "x");
	add_link("/etc/ssl/certs/ab.0", TREE_BASE, "/usr/share/ca-certificates/a.crt");
	add_text("/usr/share/ca-certificates/a.crt", TREE_BASE, 0644, "x");
	add_text("/usr/share/ca-certificates/unused.crt", TREE_BASE, 0644, "x");
	add_text(LIB "/gconv/gconv-modules", TREE_BASE, 0644, "x");
	add_elf(LIB "/gconv/EUC.so", TREE_BASE, &(struct elf_build){ .needed = { "libJIS.so" } });
	add_library(LIB "/libJIS.so", "libJIS.so");
	add_text("/etc/nsswitch.conf", TREE_BASE, 0644,
		 "hosts: files mdns [NOTFOUND=return] dns\n");
	add_elf(LIB "/libnss_mdns.so.2", TREE_BASE,
		&(struct elf_build){ .needed = { "libm4.so" } });
	add_library(LIB "/libm4.so", "libm4.so");
	add_library(LIB "/libnss_sss.so.2", "libnss_sss.so.2");
	add_text("/usr/share/terminfo/x/xterm", TREE_BASE, 0644, "x");
	add_text("/etc/app/deep/file", TREE_BASE, 0644, "x");
	add_link("/etc/app/loop", TREE_BASE, ".");
	add_text("/etc/a.conf", TREE_BASE, 0644, "x");
	add_text("/etc/b.txt", TREE_BASE, 0644, "x");
	keep_in_base(keep, ARRAY_LEN(keep));
	assert_kept("/usr/lib/locale/C.utf8/LC_CTYPE");
	assert_kept("/usr/lib/locale/locale-archive");
	assert_out("/usr/lib/locale/fr_FR.utf8/LC_CTYPE");
	assert_kept("/usr/share/locale/de/LC_MESSAGES/x.mo");
	assert_out("/usr/share/locale/fr");
	assert_kept("/usr/share/zoneinfo/Asia/Tokyo");
	assert_out("/usr/share/zoneinfo/Asia/Seoul");
	assert_kept("/etc/ssl/certs/ab.0");
	assert_kept("/usr/share/ca-certificates/a.crt");
	assert_out("/usr/share/ca-certificates/unused.crt");
	assert_kept(LIB "/gconv/EUC.so");
	assert_kept(LIB "/libJIS.so");
	assert_kept(LIB "/libnss_mdns.so.2");
	assert_kept(LIB "/libm4.so");
	assert_out(LIB "/libnss_sss.so.2");
	assert_kept("/usr/share/terminfo/x/xterm");
	assert_kept("/etc/app/deep/file");
	assert_kept("/etc/app/loop");
	assert_kept("/etc/a.conf");
	assert_out("/etc/b.txt");
	assert_string_equal(why_of("/etc/app/deep/file"), "--keep /etc/app");
}

static void test_keep_errors(void **state)
{
	static const struct {
		const char *keep, *message;
		int code;
	} cases[] = {
		{ "locales",
		  "--keep locales: unknown; possible are ca, gconv, locale:NAME, nss, terminfo, "
		  "tz:ZONE and absolute paths",
		  EINVAL },
		{ "locale", "--keep locale: a name is missing: locale:NAME", EINVAL },
		{ "tz:", "--keep tz:: a name is missing: tz:NAME", EINVAL },
		{ "ca:x", "--keep ca:x: only 'ca' is possible", EINVAL },
		{ "tz:Mars/Base",
		  "--keep tz:Mars/Base: /usr/share/zoneinfo/Mars/Base is not in the image",
		  ENOENT },
		{ "locale:xx_YY", "--keep locale:xx_YY: /usr/lib/locale/xx_YY is not in the image",
		  ENOENT },
		{ "gconv", "--keep gconv: a folder gconv (iconv(3)) is not in the image", ENOENT },
		{ "ca", "--keep ca: /etc/ssl/certs (package ca-certificates) is not in the image",
		  ENOENT },
		{ "/nowhere", "--keep /nowhere: it is not in the image", ENOENT },
		{ "/etc/*.none", "--keep /etc/*.none: what it matches is not in the image",
		  ENOENT },
	};

	(void)state;
	add_base();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *keep[] = { cases[i].keep };

		assert_int_equal(apply(&(struct slim_options){
					 .level = SLIM_PRUNE, .keep = keep, .keep_len = 1 }),
				 -cases[i].code);
		assert_string_equal(err.message, cases[i].message);
	}
}

static void test_trace(void **state)
{
	char *traced[] = { (char *)"/bin/helper", (char *)"/etc/app/conf", (char *)"/var/cache/x",
			   (char *)"/etc/app/gone" };

	(void)state;
	add_base();
	add_library(LIB "/libh.so", "libh.so");
	add_elf("/usr/bin/helper", TREE_BASE,
		&(struct elf_build){ .interpreter = LOADER, .needed = { "libh.so" } });
	add_text("/etc/app/conf", TREE_BASE, 0644, "x");
	add_text("/etc/app/other", TREE_BASE, 0644, "x");
	add_text("/var/cache/x/y", TREE_BASE, 0644, "x");
	add_elf("/x", TREE_PATH, &(struct elf_build){ .interpreter = LOADER });
	assert_int_equal(
		apply(&(struct slim_options){
			.level = SLIM_TRACE, .exe = "/x", .traced = traced, .traced_len = 4 }),
		0);
	assert_kept("/usr/bin/helper");
	assert_kept(LIB "/libh.so");
	assert_kept("/etc/app/conf");
	assert_out("/etc/app/other");
	assert_kept("/var/cache/x");
	assert_out("/var/cache/x/y");
	assert_string_equal(why_of("/etc/app/conf"), "used when it ran");
}

/* A base's Cmd may name it without a folder. */
static void test_exe_in_path(void **state)
{
	(void)state;
	add_base();
	add_elf("/opt/bin/x", TREE_BASE, &(struct elf_build){ .interpreter = LOADER });
	assert_int_equal(apply(&(struct slim_options){ .level = SLIM_ELF,
						       .exe = "x",
						       .search_path = "/usr/bin:/opt/bin" }),
			 0);
	assert_kept("/opt/bin/x");
	assert_int_equal(apply(&(struct slim_options){ .level = SLIM_ELF, .exe = "x" }), -ENOENT);
	assert_string_equal(err.message, "exe_PATH: x is not in the image");
}

/* Links in a kept folder bring what they lead to, unless that is half of the system; ones that go round end. */
static void test_keep_links(void **state)
{
	static const char *const keep[] = { "/etc/app" };

	(void)state;
	add_base();
	add_link("/etc/app/modules", TREE_BASE, "/usr/lib/app/modules");
	add_text("/usr/lib/app/modules/one", TREE_BASE, 0644, "x");
	add_link("/usr/lib/app/modules/back", TREE_BASE, "/etc/app");
	add_link("/etc/app/wide", TREE_BASE, "/usr/share");
	add_link("/etc/app/nowhere", TREE_BASE, "/gone");
	keep_in_base(keep, 1);
	assert_kept("/usr/lib/app/modules/one");
	assert_kept("/usr/lib/app/modules/back");
	assert_kept("/etc/app/wide");
	assert_kept("/etc/app/nowhere");
	assert_kept("/usr/share");
	assert_out("/usr/share/unneeded");
}

/* What the records of packages add: licences, a service's folders, and a word on what came with the program. */
static void test_packages(void **state)
{
	(void)state;
	add_base();
	add_text("/var/lib/dpkg/status", TREE_BASE, 0644,
		 "Package: web\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n"
		 "Source: web (1.0)\n\n"
		 "Package: web-common\nStatus: install ok installed\nArchitecture: all\n"
		 "Source: web\n\n"
		 "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\n\n"
		 "Package: other\nStatus: install ok installed\nArchitecture: all\n");
	add_text("/var/lib/dpkg/info/web.list", TREE_BASE, 0644, "/.\n/usr/sbin/web\n");
	add_text(
		"/var/lib/dpkg/info/web-common.list", TREE_BASE, 0644,
		"/.\n/etc/web\n/etc/web/web.conf\n/etc/init.d/web\n/var/lib/web\n/var/lib/web/x\n");
	add_text("/var/lib/dpkg/info/libc6:amd64.list", TREE_BASE, 0644,
		 "/lib\n/lib/x86_64-linux-gnu/libc.so.6\n");
	add_text("/var/lib/dpkg/info/other.list", TREE_BASE, 0644, "/usr/share/unneeded\n");
	add_text("/usr/share/doc/web/copyright", TREE_BASE, 0644, "MIT");
	add_text("/usr/share/doc/libc6/copyright", TREE_BASE, 0644, "LGPL");
	add_text("/usr/share/doc/other/copyright", TREE_BASE, 0644, "GPL");
	add_text("/etc/web/web.conf", TREE_BASE, 0644, "12345");
	add_text("/etc/init.d/web", TREE_BASE, 0755, "#!/bin/sh\n");
	add_text("/var/lib/web/x", TREE_BASE, 0644, "x");
	add_elf("/usr/sbin/web", TREE_BASE,
		&(struct elf_build){ .interpreter = LOADER, .needed = { "libc.so.6" } });
	apply_exe("/usr/sbin/web");
	assert_kept("/usr/share/doc/web/copyright");
	assert_kept("/usr/share/doc/libc6/copyright");
	assert_out("/usr/share/doc/other/copyright");
	assert_kept("/var/lib/web");
	assert_out("/var/lib/web/x");
	assert_int_equal(report.suggestions_len, 2);
	assert_string_equal(
		report.suggestions[0],
		"/etc/web: belongs to the program (package web-common), 1 files (5 bytes) in "
		"it are left out; --keep /etc/web");
	assert_non_null(strstr(report.suggestions[1], "/var/lib/web: belongs to the program"));
}

static void test_os_tree(void **state)
{
	(void)state;
	assert_false(slim_is_os_tree(&tree));
	add_text("/usr/lib/os-release", TREE_BASE, 0644, "x");
	assert_true(slim_is_os_tree(&tree));
}

/* ---- from scratch, with the host's libraries ---- */

static struct tree_source *host_root(void)
{
	struct tree_source *root =
		tree_source_add(&tree, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "");

	assert_non_null(root);
	return root;
}

static void apply_host(const char *exe, const char *const *keep, size_t count)
{
	struct tree_source *root = host_root();
	char path[PATH_MAX];
	int e;

	assert_non_null(realpath(exe, path));
	add_host(root, path + 1, path, TREE_PATH);
	e = apply(&(struct slim_options){ .level = SLIM_ELF,
					  .exe = path,
					  .sysroot = root,
					  .keep = keep,
					  .keep_len = count,
					  .mtime = 77 });
	if (e != 0)
		fail_msg("%s", err.message);
}

/* What the loader itself loads, by LD_TRACE_LOADED_OBJECTS, must be there under the same names, and nothing else of its kind. */
static void compare_with_loader(const char *exe)
{
	char command[PATH_MAX + 64], line[PATH_MAX * 2];
	size_t lines = 0, libraries = 0;
	FILE *trace;

	(void)snprintf(command, sizeof(command), "LD_TRACE_LOADED_OBJECTS=1 %s", exe);
	trace = popen(command, "r");
	assert_non_null(trace);
	while (fgets(line, sizeof(line), trace)) {
		char *at = strchr(line, '/'), real[PATH_MAX];
		const struct tree_node *node;

		if (!at)
			continue;
		at[strcspn(at, " \n")] = '\0';
		node = tree_resolve(&tree, NULL, at, true, NULL, NULL);
		if (!node)
			fail_msg("%s: the loader loads %s", exe, at);
		assert_non_null(realpath(at, real));
		assert_string_equal(tree_path(node, line, sizeof(line)), real);
		assert_false(node->out);
		lines++;
	}
	assert_int_equal(pclose(trace), 0);
	assert_true(lines >= 2);
	for (struct tree_node *node = tree_next(tree.root); node; node = tree_next(node))
		if (node->type == TREE_FILE && node->origin == TREE_HOST && node->why &&
		    strcmp(node->why, "opened by name") != 0 &&
		    strcmp(node->why, "for newer processors") != 0)
			libraries++;
	assert_int_equal(libraries, lines);
}

static void test_host_programs(void **state)
{
	static const char *const programs[] = { "/usr/bin/git",    "/usr/bin/python3",
						"/bin/bash",       "/usr/bin/openssl",
						"/usr/bin/gdb",    "/usr/sbin/nginx",
						"/usr/bin/skopeo", "/usr/bin/curl",
						"/usr/bin/gcc" };
	size_t compared = 0;

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		if (access(programs[i], X_OK) != 0)
			continue;
		(void)end(state);
		(void)begin(state);
		apply_host(programs[i], NULL, 0);
		compare_with_loader(programs[i]);
		compared++;
	}
	assert_true(compared >= 1);
}

static void test_host_nodes(void **state)
{
	const struct tree_node *libc;

	(void)state;
	apply_host("/bin/sh", NULL, 0);
	for (const struct tree_node *node = tree_next(tree.root); node; node = tree_next(node)) {
		assert_false(node->out);
		if (node->origin != TREE_HOST)
			continue;
		assert_int_equal(node->uid, 0);
		assert_int_equal(node->gid, 0);
		assert_int_equal(node->mtime, 77);
		assert_true(node->mode == (node->type == TREE_LINK ? 0777 : 0755) ||
			    (node->type == TREE_FILE && node->mode == 0644));
	}
	libc = tree_resolve(&tree, NULL, "/lib64/ld-linux-x86-64.so.2", true, NULL, NULL);
	if (libc) { /* the bytes can be read */
		char magic[4];

		assert_int_equal(tree_pread(libc, magic, 4, 0, &err), 4);
		assert_memory_equal(magic, "\177ELF", 4);
	}
	assert_int_equal(report.left_out, 0);
}

/* Where the image has a folder and the host a link, the loader finds the library in the folder. */
static void test_host_conflict(void **state)
{
	(void)state;
	add_text("/lib/mine", TREE_PATH, 0644, "x");
	add_text("/usr/lib64/mine", TREE_PATH, 0644, "x");
	apply_host("/bin/sh", NULL, 0);
	assert_int_equal(tree_find(&tree, "/lib")->type, TREE_DIR);
	if (access("/lib64/ld-linux-x86-64.so.2", F_OK) == 0)
		assert_non_null(
			tree_resolve(&tree, NULL, "/lib64/ld-linux-x86-64.so.2", true, NULL, NULL));
}

static void test_host_keep(void **state)
{
	static const char *const keep[] = { "/etc/pass*" };

	(void)state;
	apply_host("/bin/sh", keep, 1);
	assert_kept("/etc/passwd");
	assert_int_equal(tree_find(&tree, "/etc/passwd")->origin, TREE_KEEP);
	assert_absent("/etc/group");
}

/* A sysroot's links are its own: one that points to / is its top, not the host's. */
static void test_sysroot(void **state)
{
	char top[] = "/tmp/carte-test-slim-XXXXXX", command[256];
	struct tree_source *sysroot;
	struct elf_buffer b;
	int fd, file;

	(void)state;
	assert_non_null(mkdtemp(top));
	fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sysroot = tree_source_add(&tree, fd, top);
	assert_int_equal(mkdirat(fd, "real", 0700), 0);
	assert_int_equal(symlinkat("/real", fd, "lib64"), 0);
	assert_int_equal(symlinkat("../../../../real", fd, "lib"), 0);
	elf_build(&b, &(struct elf_build){ .soname = "ld-linux-x86-64.so.2" });
	file = openat(fd, "real/ld-linux-x86-64.so.2", O_WRONLY | O_CREAT | O_CLOEXEC, 04700);
	assert_int_equal(write(file, b.bytes, b.length), b.length);
	close(file);
	file = openat(fd, "real/libz.so.1", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(file, b.bytes, b.length), b.length);
	close(file);
	add_elf("/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER, .needed = { "libz.so.1" } });
	assert_int_equal(
		apply(&(struct slim_options){ .level = SLIM_ELF, .exe = "/x", .sysroot = sysroot }),
		0);
	assert_string_equal(tree_find(&tree, "/lib64")->target, "/real");
	assert_int_equal(tree_find(&tree, "/real")->mode, 0755);
	assert_int_equal(tree_find(&tree, "/real/ld-linux-x86-64.so.2")->mode, 0755);
	assert_int_equal(tree_find(&tree, "/real/libz.so.1")->mode, 0644);
	add_elf("/x", TREE_PATH,
		&(struct elf_build){ .interpreter = LOADER, .needed = { "libgone.so" } });
	assert_int_equal(
		apply(&(struct slim_options){ .level = SLIM_ELF, .exe = "/x", .sysroot = sysroot }),
		-ENOENT);
	assert_non_null(strstr(err.message,
			       "/x needs libgone.so, which is neither in the image nor in "
			       "the sysroot; searched: /lib/x86_64-linux-gnu:"));
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	assert_int_equal(system(command), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_base),         TEST(test_missing),       TEST(test_missing_loader),
		TEST(test_missing_exe),  TEST(test_damaged),       TEST(test_rpath),
		TEST(test_tokens),       TEST(test_other_machine), TEST(test_hwcaps),
		TEST(test_ld_so_conf),   TEST(test_library_path),  TEST(test_musl),
		TEST(test_dlopen_notes), TEST(test_dlopen_names),  TEST(test_plugins),
		TEST(test_scripts),      TEST(test_prune),         TEST(test_none),
		TEST(test_basics),       TEST(test_keep),          TEST(test_keep_errors),
		TEST(test_exe_in_path),  TEST(test_keep_links),    TEST(test_packages),
		TEST(test_trace),        TEST(test_os_tree),       TEST(test_host_programs),
		TEST(test_host_nodes),   TEST(test_host_conflict), TEST(test_host_keep),
		TEST(test_sysroot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
