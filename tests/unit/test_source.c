/* SPDX-License-Identifier: Apache-2.0 */
/* test_source.c - files of the host become nodes: PATH lines, FROM dir:, and keys of both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/source.h"

static char folder[] = "/tmp/carte-test-source-XXXXXX";

/* Each test has a folder of its own, and a tree. */
struct scene {
	char path[64];
	struct tree tree;
	struct oci_arena arena;
	struct context context;
	struct cartefile *file;
	struct oci_error err;
};

/* Run in the scene's folder; it must succeed. */
static void shell(const struct scene *scene, const char *command)
{
	CLEANUP_FREE char *all = NULL;

	assert_true(asprintf(&all, "cd %s && { %s; }", scene->path, command) > 0);
	if (system(all) != 0)
		fail_msg("%s", command);
}

static void begin(struct scene *scene, const char *command)
{
	static unsigned number;

	*scene = (struct scene){ .arena = OCI_ARENA_INIT };
	snprintf(scene->path, sizeof(scene->path), "%s/%u", folder, number++);
	assert_int_equal(mkdir(scene->path, 0755), 0);
	shell(scene, command);
	assert_int_equal(tree_init(&scene->tree, &scene->err), 0);
	scene->context.source =
		tree_source_add(&scene->tree, open(scene->path, O_PATH | O_CLOEXEC), "context");
	assert_non_null(scene->context.source);
}

static void end(struct scene *scene)
{
	tree_free(&scene->tree);
	oci_arena_free(&scene->arena);
}

/* The PATH lines of @text into the scene's tree. */
static int add(struct scene *scene, const char *text)
{
	char all[4096];
	int r;

	snprintf(all, sizeof(all), "FROM scratch\n%s\n", text);
	r = cartefile_parse("Cartefile", all, strlen(all), &scene->arena, &scene->file,
			    &scene->err);
	for (size_t i = 0; r == 0 && i < scene->file->paths_len; i++)
		r = source_add_path(&scene->tree, &scene->context, scene->file,
				    &scene->file->paths[i], &scene->err);
	return r;
}

static void add_well(struct scene *scene, const char *text)
{
	if (add(scene, text) < 0)
		fail_msg("%s", scene->err.message);
}

static void ignore(struct scene *scene, const char *text)
{
	struct ignore *patterns = NULL;

	assert_int_equal(ignore_parse(".carteignore", text, strlen(text), &scene->arena, &patterns,
				      &scene->err),
			 0);
	scene->context.ignore = patterns;
}

/* All nodes but the root, in order: "d0755 0:0 /a; f0644 33:33 /a/b; l /a/l>b". */
static char *listing(const struct scene *scene)
{
	static char text[16384];
	char path[PATH_MAX];
	size_t used = 0;

	text[0] = '\0';
	for (const struct tree_node *node = tree_next(scene->tree.root); node;
	     node = tree_next(node)) {
		const char *name = tree_path(node, path, sizeof(path));

		if (node->type == TREE_LINK)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%sl %s>%s",
						 used ? "; " : "", name, node->target);
		else
			used += (size_t)snprintf(text + used, sizeof(text) - used,
						 "%s%c%04o %u:%u %s", used ? "; " : "",
						 "?dflpcb"[node->type], node -> mode, node -> uid,
						 node -> gid, name);
		if (node->content && node->content->links > 1)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "*%u",
						 node->content->links);
		assert_true(used < sizeof(text));
	}
	return text;
}

static struct tree_node *find(const struct scene *scene, const char *path)
{
	struct tree_node *node = tree_find(&scene->tree, path);

	if (!node)
		fail_msg("there is no %s", path);
	return node;
}

static void content_is(const struct scene *scene, const char *path, const char *text)
{
	struct oci_error err = OCI_ERROR_INIT;
	char buf[256] = "";

	assert_int_equal(tree_pread(find(scene, path), buf, sizeof(buf) - 1, 0, &err),
			 strlen(text));
	assert_string_equal(buf, text);
}

/* ---- PATH ------------------------------------------------------------------------------------------------------- */

static void modes_and_owners(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "mkdir -p a/d; echo 1 >a/f; echo 2 >a/x; chmod 4700 a/x; chmod 600 a/f; "
		      "chmod 700 a/d; "
		      "chmod 711 a; touch -d 2001-01-01 a/f; echo 3 >a/g; chmod 655 a/g");
	scene.context.mtime = 77;
	add_well(&scene, "PATH a\nPATH a/ /b:0640:33:44\nPATH a/f /c/:7777");
	assert_string_equal(
		listing(&scene),
		"d0755 0:0 /a; d0755 0:0 /a/d; f0644 0:0 /a/f; f0644 0:0 /a/g; f0755 0:0 /a/x; "
		"d0750 33:44 /b; d0750 33:44 /b/d; f0640 33:44 /b/f; f0640 33:44 /b/g; f0640 33:44 "
		"/b/x; "
		"d0755 0:0 /c; f7777 0:0 /c/f");
	assert_int_equal(find(&scene, "/a/f")->mtime, 77);
	assert_int_equal(find(&scene, "/a/d")->mtime, 77);
	assert_int_equal(find(&scene, "/a/d")->origin, TREE_PATH);
	assert_int_equal(find(&scene, "/a/d")->line, 2);
	assert_int_equal(find(&scene, "/b/x")->line, 3);
	assert_int_equal(find(&scene, "/c")->origin, TREE_MADE);
	content_is(&scene, "/b/x", "2\n");
	content_is(&scene, "/c/f", "1\n");
	end(&scene);
}

static void destinations(void **state)
{
	static const struct {
		const char *line, *expect;
	} cases[] = {
		{ "PATH a", "d0755 0:0 /a; f0644 0:0 /a/f" },
		{ "PATH a /", "d0755 0:0 /a; f0644 0:0 /a/f" },
		{ "PATH a/ /", "f0644 0:0 /f" },
		{ "PATH a /x", "d0755 0:0 /x; f0644 0:0 /x/f" },
		{ "PATH a/ /x", "d0755 0:0 /x; f0644 0:0 /x/f" },
		{ "PATH a /x/", "d0755 0:0 /x; d0755 0:0 /x/a; f0644 0:0 /x/a/f" },
		{ "PATH a/. /x/", "d0755 0:0 /x; f0644 0:0 /x/f" },
		{ "PATH a/f", "f0644 0:0 /f" },
		{ "PATH a/f /x", "f0644 0:0 /x" },
		{ "PATH a/f /x/", "d0755 0:0 /x; f0644 0:0 /x/f" },
		{ "PATH .", "d0755 0:0 /a; f0644 0:0 /a/f; l /l>a" },
		{ "PATH l", "d0755 0:0 /l; f0644 0:0 /l/f" },
		{ "PATH l/f /x", "f0644 0:0 /x" },
		{ "PATH a/f /x\nPATH l /x2\nPATH a/f /x",
		  "f0644 0:0 /x; d0755 0:0 /x2; f0644 0:0 /x2/f" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct scene scene;

		begin(&scene, "mkdir a; echo 1 >a/f; ln -s a l; touch Cartefile .carteignore");
		add_well(&scene, cases[i].line);
		assert_string_equal(listing(&scene), cases[i].expect);
		end(&scene);
	}
}

static void links(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene,
	      "mkdir -p d/e; ln -s /etc/passwd d/out; ln -s ../../.. d/e/up; ln -s nowhere "
	      "d/dangling; "
	      "ln -s e/../e d/inner; echo 1 >d/e/f; ln -s d/e/up/x trap; ln -s d/./inner/f good");
	add_well(&scene, "PATH d\nPATH d/inner/ /i\nPATH good");
	assert_string_equal(
		listing(&scene),
		"d0755 0:0 /d; l /d/dangling>nowhere; d0755 0:0 /d/e; f0644 0:0 /d/e/f; "
		"l /d/e/up>../../..; l /d/inner>e/../e; l /d/out>/etc/passwd; f0644 0:0 /good; "
		"d0755 0:0 /i; f0644 0:0 /i/f; l /i/up>../../..");
	content_is(&scene, "/good", "1\n");
	assert_int_equal(add(&scene, "PATH trap"), -EINVAL);
	assert_string_equal(scene.err.message, "Cartefile:2:6: PATH: 'trap' is a link, or passes "
					       "one, that leads out of the context");
	end(&scene);
}

/* Names of one file within a line are names of one file in the image; modes of two lines do not meet. */
static void hard_links(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "mkdir -p d/e; echo 1 >d/a; ln d/a d/b; ln d/a d/e/c; echo 2 >d/alone");
	add_well(&scene, "PATH d\nPATH d/a /x:0600");
	assert_string_equal(listing(&scene),
			    "d0755 0:0 /d; f0644 0:0 /d/a*3; f0644 0:0 /d/alone; f0644 0:0 /d/b*3; "
			    "d0755 0:0 /d/e; f0644 0:0 /d/e/c*3; f0600 0:0 /x");
	assert_ptr_equal(find(&scene, "/d/a")->content, find(&scene, "/d/e/c")->content);
	add_well(&scene, "PATH d/alone /d/b");
	assert_int_equal(find(&scene, "/d/a")->content->links, 2);
	end(&scene);
}

static void ignored(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "mkdir -p a/build a/src; touch a/build/x a/src/x.c a/src/x.o a/keep.o "
		      "Cartefile .carteignore; "
		      "mkfifo a/build/fifo; touch a/Cartefile");
	ignore(&scene, "*.o\n!/a/keep.o\nbuild/\n");
	add_well(&scene, "PATH .");
	assert_string_equal(
		listing(&scene),
		"d0755 0:0 /a; f0644 0:0 /a/Cartefile; f0644 0:0 /a/keep.o; d0755 0:0 /a/src; "
		"f0644 0:0 /a/src/x.c");
	end(&scene);
	begin(&scene, "touch a Cartefile .carteignore");
	ignore(&scene, "!Cartefile\n");
	add_well(&scene, "PATH . /c\nPATH .carteignore /named");
	assert_string_equal(
		listing(&scene),
		"d0755 0:0 /c; f0644 0:0 /c/Cartefile; f0644 0:0 /c/a; f0644 0:0 /named");
	end(&scene);
}

/* What a base's image has: links of a merged /usr, a /tmp for all. */
static void base(struct scene *scene)
{
	struct tree_node *node;

	assert_int_equal(tree_put(&scene->tree, "/usr/lib", TREE_DIR, &node, &scene->err), 0);
	node->origin = TREE_BASE;
	node->mode = 0711;
	node->in_base = true;
	assert_int_equal(tree_put(&scene->tree, "/tmp", TREE_DIR, &node, &scene->err), 0);
	node->origin = TREE_BASE;
	node->mode = 01777;
	node->in_base = true;
	assert_int_equal(tree_put(&scene->tree, "/lib", TREE_LINK, &node, &scene->err), 0);
	node->origin = TREE_BASE;
	node->target = "usr/lib";
	node->in_base = true;
}

static void into_a_base(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene,
	      "mkdir -p r/lib/sub r/tmp r/new; echo 1 >r/lib/sub/f; echo 2 >r/tmp/t; echo 3 >g");
	base(&scene);
	add_well(&scene, "PATH r/ /\nPATH g /lib/\nPATH g /lib/h:0600:1:1");
	assert_string_equal(
		listing(&scene),
		"l /lib>usr/lib; d0755 0:0 /new; d1777 0:0 /tmp; f0644 0:0 /tmp/t; "
		"d0755 0:0 /usr; d0711 0:0 /usr/lib; f0644 0:0 /usr/lib/g; f0600 1:1 /usr/lib/h; "
		"d0755 0:0 /usr/lib/sub; f0644 0:0 /usr/lib/sub/f");
	assert_true(find(&scene, "/tmp")->in_base);
	assert_int_equal(find(&scene, "/tmp")->origin, TREE_BASE);
	/* what the line says changes a folder, and it is written again */
	add_well(&scene, "PATH r/tmp /tmp:0700\nPATH r/lib /lib:0600:5:6");
	assert_int_equal(find(&scene, "/tmp")->mode, 0700);
	assert_false(find(&scene, "/tmp")->in_base);
	assert_int_equal(find(&scene, "/tmp/t")->type, TREE_FILE);
	assert_int_equal(find(&scene, "/usr/lib")->mode, 0700);
	assert_int_equal(find(&scene, "/usr/lib")->gid, 6);
	assert_int_equal(find(&scene, "/lib")->type, TREE_LINK);
	end(&scene);
}

/* A name may be any bytes. */
static void odd_names(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "mkdir d; touch \"d/$(printf 'a\\nb')\" 'd/ ' 'd/-x' \"d/$(printf '\\377')\" "
		      "d/Z d/.w");
	add_well(&scene, "PATH d/ /");
	assert_string_equal(
		listing(&scene),
		"f0644 0:0 / ; f0644 0:0 /-x; f0644 0:0 /.w; f0644 0:0 /Z; f0644 0:0 /a\nb; "
		"f0644 0:0 /\377");
	end(&scene);
}

static void changed_meanwhile(void **state)
{
	struct scene scene;
	char buf[8];

	(void)state;
	begin(&scene, "echo 1 >a");
	add_well(&scene, "PATH a");
	shell(&scene, "echo 22 >a");
	assert_int_equal(tree_pread(find(&scene, "/a"), buf, sizeof(buf), 0, &scene.err), -ESTALE);
	assert_string_equal(scene.err.message, "context/a: has changed while it was read");
	end(&scene);
}

/* The same files, made in another order, at another time, with another umask, by another user, on another file system. */
static void same_nodes(void **state)
{
	struct scene one, other;
	char first[4096], path[128];
	bool mounted;

	(void)state;
	begin(&one, "umask 022; mkdir -p d/e; for f in a b c Z .x; do echo $f >d/$f; done; chmod "
		    "+x d/b; ln -s a d/l");
	add_well(&one, "PATH d /x:0640:1:2\nPATH .");
	snprintf(first, sizeof(first), "%s", listing(&one));
	begin(&other, "mkdir m");
	snprintf(path, sizeof(path), "%s/m", other.path);
	mounted = mount("none", path, "tmpfs", 0, NULL) == 0;
	shell(&other, "umask 077; cd m; mkdir -p d/e; ln -s a d/l; for f in .x Z c b a; do echo $f "
		      ">d/$f; done; "
		      "chmod u+x d/b; touch -d 1999-01-01 d/*; chmod 2700 d/e; setfattr -n user.x "
		      "-v y d/a 2>/dev/null; "
		      "[ $(id -u) != 0 ] || chown -R 1234:5678 .");
	other.context.source =
		tree_source_add(&other.tree, open(path, O_PATH | O_CLOEXEC), "context");
	add_well(&other, "PATH d /x:0640:1:2\nPATH .");
	assert_string_equal(listing(&other), first);
	for (struct tree_node *node = other.tree.root; node; node = tree_next(node)) {
		assert_int_equal(node->mtime, 0);
		assert_int_equal(node->xattrs_len, 0);
	}
	end(&one);
	end(&other);
	if (mounted)
		assert_int_equal(umount(path), 0);
}

/* ---- FROM dir: -------------------------------------------------------------------------------------------------- */

static void dir_as_root(void **state)
{
	struct scene scene;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	begin(&scene,
	      "mkdir -p bin etc tmp dev; cp /bin/true bin/su; chmod 4755 bin/su; chmod 1777 tmp; "
	      "touch etc/shadow; chmod 640 etc/shadow; chown 0:42 etc/shadow; mknod dev/null c 1 "
	      "3; "
	      "ln -s bin sbin; ln bin/su bin/su2; mkfifo tmp/f; chown -h 7:8 sbin; chmod 750 .; "
	      "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"tmp/s\")' || true");
	if (source_add_dir(&scene.tree, scene.context.source, 5, &scene.err) < 0)
		fail_msg("%s", scene.err.message);
	assert_string_equal(
		listing(&scene),
		"d0755 0:0 /bin; f4755 0:0 /bin/su*2; f4755 0:0 /bin/su2*2; d0755 0:0 /dev; "
		"d0755 0:0 /etc; f0640 0:42 /etc/shadow; l /sbin>bin; d1777 0:0 /tmp; p0644 0:0 "
		"/tmp/f");
	assert_int_equal(scene.tree.root->mode, 0750);
	assert_int_equal(find(&scene, "/sbin")->uid, 7);
	assert_int_equal(find(&scene, "/sbin")->gid, 8);
	assert_int_equal(find(&scene, "/etc/shadow")->mtime, 5);
	assert_int_equal(find(&scene, "/etc/shadow")->origin, TREE_BASE);
	end(&scene);
}

static void dir_of_a_user(void **state)
{
	struct scene scene;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	begin(&scene, "mkdir a; touch a/mine a/other; chown -R 1000:1000 .; chown 33:1000 a/other");
	assert_int_equal(source_add_dir(&scene.tree, scene.context.source, 0, &scene.err), 0);
	assert_string_equal(listing(&scene),
			    "d0755 0:0 /a; f0644 0:0 /a/mine; f0644 33:0 /a/other");
	assert_int_equal(scene.tree.root->uid, 0);
	end(&scene);
}

static void dir_capability(void **state)
{
	/* cap_net_raw+ep, revision 2 of <linux/capability.h> */
	static const unsigned char value[20] = { 1, 0, 0, 2, 0, 0x20 };
	struct scene scene;
	const struct tree_node *node;
	char path[128];

	(void)state;
	begin(&scene, "cp /bin/true ping; touch other; chmod 755 ping other");
	snprintf(path, sizeof(path), "%s/ping", scene.path);
	if (setxattr(path, "security.capability", value, sizeof(value), 0) < 0) {
		end(&scene);
		print_message("file capabilities cannot be set here: %s\n", strerror(errno));
		skip();
	}
	shell(&scene, "setfattr -n user.mine -v x ping 2>/dev/null || true");
	assert_int_equal(source_add_dir(&scene.tree, scene.context.source, 0, &scene.err), 0);
	node = find(&scene, "/ping");
	assert_int_equal(node->xattrs_len, 1);
	assert_string_equal(node->xattrs[0].name, "security.capability");
	assert_int_equal(node->xattrs[0].length, sizeof(value));
	assert_memory_equal(node->xattrs[0].value, value, sizeof(value));
	assert_int_equal(find(&scene, "/other")->xattrs_len, 0);
	end(&scene);
}

#define PYC(time, size) "printf 'm\\1\\r\\n\\0\\0\\0\\0" time size "\\0\\0\\0xxxx'"

static void dir_python(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "mkdir -p lib/__pycache__ __pycache__; cd lib; for f in a b c d e f; do echo "
		      "12345 >$f.py; done; "
		      "cd __pycache__;" PYC(
			      "\\1\\2\\3\\4",
			      "\\6") ">a.cpython-311.pyc;"
				     "printf 'm\\1\\r\\n\\1\\0\\0\\0\\1\\0\\0\\0\\6\\0\\0\\0' "
				     ">b.cpython-311.pyc;"     /* by hash */
	      PYC("\\1\\0\\0\\0", "\\7") ">c.cpython-311.pyc;" /* of another source */
	      PYC("\\1\\0\\0\\200", "\\6") ">d.cpython-39.pyc;" PYC(
		      "\\1\\0\\0\\0",
		      "\\6") ">d.cpython-311.opt-1.pyc;"
			     "echo short >e.cpython-311.pyc;" PYC(
				     "\\1\\0\\0\\0",
				     "\\6") ">f.pypy-311.pyc;"
					    "cd ../..; echo 12345 >g.py;" PYC(
						    "\\11\\0\\0\\0",
						    "\\6") ">__pycache__/g.cpython-311.pyc");
	assert_int_equal(source_add_dir(&scene.tree, scene.context.source, 0, &scene.err), 0);
	assert_int_equal(find(&scene, "/lib/a.py")->mtime, 0x04030201);
	assert_int_equal(find(&scene, "/lib/b.py")->mtime, 0);
	assert_int_equal(find(&scene, "/lib/c.py")->mtime, 0);
	assert_int_equal(find(&scene, "/lib/d.py")->mtime, 1);
	assert_int_equal(find(&scene, "/lib/e.py")->mtime, 0);
	assert_int_equal(find(&scene, "/lib/f.py")->mtime, 0);
	assert_int_equal(find(&scene, "/g.py")->mtime, 9);
	assert_int_equal(find(&scene, "/lib/__pycache__/a.cpython-311.pyc")->mtime, 0);
	end(&scene);
}

static void dir_whiteout(void **state)
{
	struct scene scene;

	(void)state;
	begin(&scene, "mkdir a; touch a/.wh.b");
	assert_int_equal(source_add_dir(&scene.tree, scene.context.source, 0, &scene.err), -EINVAL);
	assert_string_equal(scene.err.message, "'context/a/.wh.b' is a name that means a removed "
					       "file in an image, because of its '.wh.'");
	end(&scene);
}

static void dir_mount_point(void **state)
{
	struct scene scene;
	char path[128];

	(void)state;
	begin(&scene, "mkdir -p mnt; touch beside");
	snprintf(path, sizeof(path), "%s/mnt", scene.path);
	if (mount("none", path, "tmpfs", 0, NULL) < 0) {
		end(&scene);
		print_message("cannot mount: %s\n", strerror(errno));
		skip();
	}
	shell(&scene, "touch mnt/x");
	assert_int_equal(source_add_dir(&scene.tree, scene.context.source, 0, &scene.err), 0);
	assert_int_equal(umount(path), 0);
	assert_int_equal(find(&scene, "/mnt")->children_len, 0);
	assert_non_null(find(&scene, "/mnt")->why);
	assert_null(find(&scene, "/beside")->why);
	end(&scene);
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static struct digest key_of(struct scene *scene, const char *line)
{
	struct digest_state state;
	struct digest digest;
	char text[256];

	snprintf(text, sizeof(text), "FROM scratch\nPATH %s\n", line ? line : "x");
	assert_int_equal(digest_begin(&state, &scene->err), 0);
	assert_int_equal(cartefile_parse("Cartefile", text, strlen(text), &scene->arena,
					 &scene->file, &scene->err),
			 0);
	if (line)
		assert_int_equal(source_key_path(&scene->context, scene->file,
						 &scene->file->paths[0], &state, &scene->err),
				 0);
	else
		assert_int_equal(source_key_dir(scene->context.source, &state, &scene->err), 0);
	digest_end(&state, &digest);
	return digest;
}

static void keys(void **state)
{
	static const struct {
		const char *change;
		bool path_differs, dir_differs;
	} cases[] = {
		{ "true", false, false },           { "touch a/b/f", true, true },
		{ "echo 2 >a/b/f", true, true },    { "chmod 600 a/b/f", true, true },
		{ "touch a/new", true, true },      { "rm a/new", true, true },
		{ "mv a/b a/c", true, true },       { "mv a/c a/b", true, true },
		{ "ln -sf other a/l", true, true }, { "touch other", false, true },
		{ "touch a/x.o", false, true },     { "rm a/x.o", false, true },
		{ "chmod 700 a/b", true, true },
	};
	struct digest path, dir;
	struct scene scene;

	(void)state;
	begin(&scene, "mkdir -p a/b; echo 1 >a/b/f; ln -s b a/l");
	ignore(&scene, "*.o\n");
	path = key_of(&scene, "a");
	dir = key_of(&scene, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct digest path_after, dir_after;

		usleep(10000); /* the kernel's clock for file times ticks that slowly */
		shell(&scene, cases[i].change);
		path_after = key_of(&scene, "a");
		dir_after = key_of(&scene, NULL);
		if (digest_equal(&path, &path_after) == cases[i].path_differs ||
		    digest_equal(&dir, &dir_after) == cases[i].dir_differs)
			fail_msg("%s", cases[i].change);
		path = path_after;
		dir = dir_after;
	}
	end(&scene);
}

static void key_errors(void **state)
{
	struct digest_state digest = { NULL };
	struct scene scene;

	(void)state;
	begin(&scene, "mkdir a");
	assert_int_equal(add(&scene, "PATH a"), 0);
	shell(&scene, "rmdir a");
	assert_int_equal(source_key_path(&scene.context, scene.file, &scene.file->paths[0], &digest,
					 &scene.err),
			 -ENOENT);
	assert_string_equal(scene.err.message,
			    "Cartefile:2:6: PATH: 'a' is not in the context 'context'");
	end(&scene);
}

static int setup(void **state)
{
	(void)state;
	umask(022);
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes_and_owners),
		cmocka_unit_test(destinations),
		cmocka_unit_test(links),
		cmocka_unit_test(hard_links),
		cmocka_unit_test(ignored),
		cmocka_unit_test(into_a_base),
		cmocka_unit_test(odd_names),
		cmocka_unit_test(changed_meanwhile),
		cmocka_unit_test(same_nodes),
		cmocka_unit_test(dir_as_root),
		cmocka_unit_test(dir_of_a_user),
		cmocka_unit_test(dir_capability),
		cmocka_unit_test(dir_python),
		cmocka_unit_test(dir_whiteout),
		cmocka_unit_test(dir_mount_point),
		cmocka_unit_test(keys),
		cmocka_unit_test(key_errors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
