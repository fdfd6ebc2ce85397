/* SPDX-License-Identifier: Apache-2.0 */
/* test_bundle.c - config.json of an image: documents against expectations, users of hostile files, values of options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/bundle_config.h"
#include "cartefile-to-oci/store-private.h"
#include "cartefile-to-oci/bundle_seccomp.h"
#include "cartefile-to-oci/words.h"

#define IMAGE(config)                                                                          \
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_" \
	"ids\":[]}" config "}"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "bad line\n"
			     "short:x:7\n"
			     "web:x:33:34:web:/var/www:/bin/false\n"
			     "web:x:99:99:second:/:/bin/false\n"
			     "+nis::::::\n"
			     "neg:x:-1:0::/:\n"
			     "big:x:4294967295:0::/:\n"
			     "evil\033[31m:x:5:5::/:\n"
			     "last:x:40:41::/home/last:";
static const char group[] = "root:x:0:\n"
			    "www:x:34:\n"
			    "audio:x:29:web,last\n"
			    "video:x:44:other,web\n"
			    "video2:x:44:web\n"
			    "webby:x:50:webb,eweb\n"
			    "own:x:34:web\n"
			    "broken:x:web\n"
			    "empty:x:60:,,\n";

/* ---- users ----------------------------------------------------------------------------- */

/* "33:34+29+44", or the error's words */
static const char *user_of(const char *text, const char *users, const char *groups)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct user_files files = { users, groups };
	struct oci_error err = OCI_ERROR_INIT;
	static char words[1024];
	struct oci_user *user;
	size_t n;

	if (bundle_user(&files, text, &arena, &user, &err) < 0)
		return strcpy(words, err.message);
	n = (size_t)snprintf(words, sizeof(words), "%u:%u", user->uid.value, user->gid.value);
	for (size_t i = 0; i < user->additional_gids_len; i++)
		n += (size_t)snprintf(words + n, sizeof(words) - n, "+%u",
				      user->additional_gids[i]);
	return words;
}

static void users(void **state)
{
	(void)state;
	assert_string_equal(user_of(NULL, passwd, group), "0:0");
	assert_string_equal(user_of("", passwd, group), "0:0");
	assert_string_equal(user_of("", NULL, NULL), "0:0");
	/* the first of two with one name; groups once, without the own one */
	assert_string_equal(user_of("web", passwd, group), "33:34+29+44");
	assert_string_equal(user_of("33", passwd, group), "33:34+29+44");
	assert_string_equal(user_of("last", passwd, group), "40:41+29");
	/* with a group there are no others (image-spec config.md) */
	assert_string_equal(user_of("web:audio", passwd, group), "33:29");
	assert_string_equal(user_of("web:7", passwd, group), "33:7");
	assert_string_equal(user_of("1234:www", passwd, group), "1234:34");
	assert_string_equal(user_of("1234", passwd, group), "1234:0");
	assert_string_equal(user_of("1234:5678", NULL, NULL), "1234:5678");
	assert_string_equal(user_of("4294967294", passwd, group), "4294967294:0");
}

static void users_that_are_none(void **state)
{
	(void)state;
	assert_string_equal(user_of("nobody", passwd, group),
			    "User: user 'nobody' is not in the image's /etc/passwd, which has "
			    "root, web, web, last");
	assert_string_equal(
		user_of("web:nogroup", passwd, "one:x:1:\n"),
		"User: group 'nogroup' is not in the image's /etc/group, which has one");
	assert_string_equal(
		user_of("nobody", "", ""),
		"User: user 'nobody' is not in the image's /etc/passwd, which has none");
	assert_string_equal(
		user_of("nobody", NULL, NULL),
		"User: user 'nobody': the image has no /etc/passwd; give a number instead");
	assert_string_equal(
		user_of("0:staff", passwd, NULL),
		"User: group 'staff': the image has no /etc/group; give a number instead");
	assert_string_equal(user_of("web:", passwd, group), "User: 'web:' is not USER[:GROUP]");
	assert_string_equal(user_of(":web", passwd, group), "User: ':web' is not USER[:GROUP]");
	assert_string_equal(user_of("a:b:c", passwd, group), "User: 'a:b:c' is not USER[:GROUP]");
	/* no id of their own: lines that passwd(5) does not know */
	assert_non_null(strstr(user_of("neg", passwd, group), "user 'neg' is not in"));
	assert_non_null(strstr(user_of("big", passwd, group), "user 'big' is not in"));
	assert_non_null(strstr(user_of("short", passwd, group), "user 'short' is not in"));
	assert_non_null(
		strstr(user_of("4294967295", passwd, group), "user '4294967295' is not in"));
	assert_non_null(strstr(user_of("-1", passwd, group), "user '-1' is not in"));
	/* names that a terminal would act upon are not shown */
	assert_null(strchr(user_of("nobody", passwd, group), '\033'));
	assert_string_equal(
		user_of("x",
			"a:x:1:1:\nb:x:1:1:\nc:x:1:1:\nd:x:1:1:\ne:x:1:1:\nf:x:1:1:\ng:x:1:1:\n"
			"h:x:1:1:\ni:x:1:1:\nj:x:1:1:\nk:x:1:1:\nl:x:1:1:\nm:x:1:1:\n",
			""),
		"User: user 'x' is not in the image's /etc/passwd, which has a, b, c, d, e, f, g, "
		"h, i, j, k, l, ...");
}

/* ---- a file out of layers ------------------------------------------------------------------ */

static char folder[] = "/tmp/test-bundle-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	char *slash = strrchr(folder, '/');
	int fd = open("/tmp", O_PATH | O_DIRECTORY);
	int r = folder_remove(fd, slash + 1);

	(void)state;
	(void)close(fd);
	assert_int_equal(access(folder, F_OK), -1);
	return r;
}

static void put(const char *path, const char *text)
{
	char copy[256];
	FILE *file;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	for (char *p = copy; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		(void)mkdir(copy, 0755);
	}
	if (!text)
		return;
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* What the layers top, middle, bottom show: the file's text, or the error's name. */
static const char *shown(const char *path)
{
	static const char *const names[] = { "top", "middle", "bottom" };
	static char text[64];
	int fds[ARRAY_LEN(names)];
	struct bundle_layers layers = { fds, ARRAY_LEN(names) };
	ssize_t n;
	int fd;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		fds[i] = open(names[i], O_PATH | O_DIRECTORY);
		assert_true(fds[i] >= 0);
	}
	fd = bundle_layers_open(&layers, path);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)close(fds[i]);
	if (fd < 0)
		return err_code_word(-fd);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	(void)close(fd);
	return text;
}

static void layers(void **state)
{
	(void)state;
	put("secret", "host");
	put("top/", NULL);
	put("middle/etc/passwd", "middle");
	put("bottom/etc/passwd", "bottom");
	put("bottom/etc/group", "bottom");
	put("bottom/usr/etc/deep", "deep");
	assert_string_equal(shown("/etc/passwd"), "middle");
	assert_string_equal(shown("etc//./passwd"), "middle");
	assert_string_equal(shown("/etc/group"), "bottom");
	assert_string_equal(shown("/etc/shadow"), "ENOENT");
	assert_string_equal(shown("/etc"), "EISDIR");
	assert_string_equal(shown("/etc/passwd/x"), "ENOTDIR");
	/* links stay inside, from one layer to another */
	assert_int_equal(symlink("/usr/etc", "top/conf"), 0);
	assert_string_equal(shown("/conf/deep"), "deep");
	assert_int_equal(symlink("../../../../usr/etc/deep", "middle/etc/up"), 0);
	assert_string_equal(shown("/etc/up"), "deep");
	assert_int_equal(symlink("../../secret", "top/out"), 0);
	assert_string_equal(shown("/out"), "ENOENT");
	assert_string_equal(shown("/../secret"), "ENOENT");
	assert_int_equal(symlink("loop", "top/loop"), 0);
	assert_string_equal(shown("/loop"), "ELOOP");
	/* what would wait or has no end is no file */
	assert_int_equal(mkfifo("top/fifo", 0600), 0);
	assert_string_equal(shown("/fifo"), "EINVAL");
	/* a file where the layers below have a folder */
	put("top/usr", "file");
	assert_string_equal(shown("/usr/etc/deep"), "ENOTDIR");
	assert_int_equal(unlink("top/usr"), 0);
	assert_int_equal(symlink("..", "top/usr"), 0);
	assert_string_equal(shown("/usr/etc/passwd"), "middle");
}

static void layers_with_marks(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("whiteouts and trusted xattrs need root\n");
		skip();
	}
	put("top/etc/", NULL);
	assert_string_equal(shown("/etc/group"), "bottom");
	assert_int_equal(mknod("top/etc/group", S_IFCHR, makedev(0, 0)), 0);
	assert_string_equal(shown("/etc/group"), "ENOENT");
	if (setxattr("top/etc", "trusted.overlay.opaque", "y", 1, 0) < 0)
		assert_int_equal(setxattr("top/etc", "user.overlay.opaque", "y", 1, 0), 0);
	assert_string_equal(shown("/etc/passwd"), "ENOENT");
}

/* ---- documents ------------------------------------------------------------------------------ */

/* The document as one line of JSON, or the error's words; heap. */
static char *document(const char *image_text, const struct bundle_options *options,
		      const struct bundle_facts *facts)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_image_config *image;
	struct oci_config *config;
	char *text = NULL;
	size_t length;

	assert_int_equal(oci_image_config_parse(&arena, "image", image_text, strlen(image_text),
						&image, &err),
			 0);
	if (bundle_config(image, options, facts, &arena, &config, &err) < 0 ||
	    oci_config_emit(config, 0, &text, &length, &err) < 0)
		return strdup(err.message);
	/* what is written can be read */
	assert_int_equal(oci_config_parse(&arena, "config.json", text, length, &config, &err), 0);
	return text;
}

static const struct bundle_facts plain = {
	.users = { passwd, group },
	.folder = "/here",
	.nofile = UINT64_MAX,
	.nproc = 1000,
};

static void has(const char *image, const struct bundle_options *options,
		const struct bundle_facts *facts, const char *part)
{
	char *text = document(image, options, facts);

	if (!strstr(text, part))
		fail_msg("expected %s in %s", part, text);
	free(text);
}

static void has_not(const char *image, const struct bundle_options *options,
		    const struct bundle_facts *facts, const char *part)
{
	char *text = document(image, options, facts);

	if (strstr(text, part))
		fail_msg("not expected: %s in %s", part, text);
	free(text);
}

#define CONVERSION                                                                                \
	IMAGE(",\"variant\":\"v3\",\"author\":\"me\",\"created\":\"1970-01-01T00:00:00Z\","       \
	      "\"config\":{"                                                                      \
	      "\"User\":\"web\",\"ExposedPorts\":{\"80/tcp\":{},\"443/"                           \
	      "tcp\":{}},\"Env\":[\"A=1\",\"B=2\"],"                                              \
	      "\"Entrypoint\":[\"/bin/x\",\"a b\"],\"Cmd\":[\"c\",\"\"],\"WorkingDir\":\"/srv\"," \
	      "\"StopSignal\":\"SIGQUIT\",\"Labels\":{\"k\":\"v\","                               \
	      "\"org.opencontainers.image.author\":\"label\",\"run.oci.handler\":\"krun\","       \
	      "\"io.carte.rootfs.layers\":\"[\\\"/\\\"]\"}}")

static void conversion(void **state)
{
	const struct bundle_options options = { .no_seccomp = true };

	(void)state;
	has(CONVERSION, &options, &plain, "\"args\":[\"/bin/x\",\"a b\",\"c\",\"\"]");
	has(CONVERSION, &options, &plain,
	    "\"env\":[\"A=1\",\"B=2\",\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/"
	    "sbin:/bin\"]");
	has(CONVERSION, &options, &plain, "\"cwd\":\"/srv\"");
	has(CONVERSION, &options, &plain,
	    "\"user\":{\"uid\":33,\"gid\":34,\"additionalGids\":[29,44]}");
	has(CONVERSION, &options, &plain,
	    "\"annotations\":{\"org.opencontainers.image.os\":\"linux\","
	    "\"org.opencontainers.image.architecture\":\"amd64\","
	    "\"org.opencontainers.image.variant\":\"v3\","
	    "\"org.opencontainers.image.author\":\"label\","
	    "\"org.opencontainers.image.created\":\"1970-01-01T00:00:00Z\","
	    "\"org.opencontainers.image.stopSignal\":\"SIGQUIT\","
	    "\"org.opencontainers.image.exposedPorts\":\"80/tcp,443/tcp\",\"k\":\"v\"}");
	/* an image does not tell the runtime what to do on the host */
	has_not(CONVERSION, &options, &plain, "run.oci.handler");
	has_not(CONVERSION, &options, &plain, "io.carte.rootfs");
	has(CONVERSION, &options, &plain, "\"root\":{\"path\":\"rootfs\"}");
	has(CONVERSION, &options, &plain,
	    "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1048576,\"soft\":1048576},"
	    "{\"type\":\"RLIMIT_NPROC\",\"hard\":1000,\"soft\":1000}]");
	/* another user than root has them only to get them back */
	has(CONVERSION, &options, &plain, "\"effective\":[],\"permitted\":[]");
	has(CONVERSION, &options, &plain,
	    "\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}],\"pids\":{\"limit\":"
	    "2048}}");
	has_not(CONVERSION, &options, &plain, "\"terminal\"");
	has_not(CONVERSION, &options, &plain, "seccomp");
}

#define SHORT IMAGE(",\"config\":{\"Entrypoint\":[\"/x\"],\"Cmd\":[\"y\"]}")

static void defaults(void **state)
{
	static const char *const parts[] = {
		"\"cwd\":\"/\"",
		"\"hostname\":\"carte\"",
		"\"user\":{\"uid\":0,\"gid\":0}",
		"\"bounding\":[\"CAP_CHOWN\",\"CAP_DAC_OVERRIDE\",\"CAP_FOWNER\",\"CAP_FSETID\","
		"\"CAP_KILL\","
		"\"CAP_SETGID\",\"CAP_SETUID\",\"CAP_SETPCAP\",\"CAP_NET_BIND_SERVICE\",\"CAP_SYS_"
		"CHROOT\","
		"\"CAP_SETFCAP\"]",
		"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{"
		"\"type\":\"mount\"},"
		"{\"type\":\"cgroup\"},{\"type\":\"network\"}]",
		"{\"destination\":\"/"
		"sys\",\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":[\"nosuid\",\"noexec\","
		"\"nodev\",\"ro\"]}",
		"\"gid=5\"",
		"/proc/kcore",
		"\"readonlyPaths\":[\"/proc/bus\"",
		"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
		"\"architectures\":"
		"[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"]",
	};
	const struct bundle_options options = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		has(SHORT, &options, &plain, parts[i]);
	/* inheritable and ambient would survive the execve of a file that has none (CVE-2022-24769) */
	has_not(SHORT, &options, &plain, "inheritable");
	has_not(SHORT, &options, &plain, "ambient");
}

static void rootless(void **state)
{
	static struct subid_mapping all[] = { { 0, 1000, 1 }, { 1, 100000, 65536 } };
	const struct bundle_options options = { .no_seccomp = true };
	const struct bundle_options host = { .no_seccomp = true, .net = "host" };
	const struct bundle_options limits = { .memory = "1M", .no_seccomp = true };
	struct bundle_facts facts = plain;

	(void)state;
	facts.ids = (struct rootless){ all, 2, all, 2 };
	has(SHORT, &options, &facts,
	    "\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1},"
	    "{\"containerID\":1,\"hostID\":100000,\"size\":65536}],\"gidMappings\":[");
	has(SHORT, &options, &facts, "{\"type\":\"user\"}");
	has(SHORT, &options, &facts, "\"type\":\"sysfs\"");
	has(SHORT, &options, &facts, "\"gid=5\"");
	has_not(SHORT, &options, &facts, "\"resources\"");
	has(SHORT, &limits, &facts,
	    "\"resources\":{\"memory\":{\"limit\":1048576,\"swap\":1048576}}");
	/* the host's network namespace is not the user's to mount a sysfs of */
	has(SHORT, &host, &facts, "\"source\":\"/sys\",\"options\":[\"rbind\"");
	/* one id: no group 5 */
	facts.ids = (struct rootless){ all, 1, all, 1 };
	has_not(SHORT, &options, &facts, "\"gid=5\"");
}

static void overrides(void **state)
{
	static const char *const env[] = { "A=9", "N=1", "PATH=/p", "CARTE_TEST_HOST" };
	static const char *const mounts[] = { "/etc:/x//y/:ro", "data:/d",
					      "/tmp:/tmp:rshared,noexec" };
	static const char *const add[] = { "net_admin", "CAP_SYS_TIME" };
	static const char *const drop[] = { "KILL" };
	static const char *const everything[] = { "ALL" };
	static const char *const chown[] = { "CHOWN" };
	static const char *const notes[] = { "k=other", "new=a=b" };
	static char *const args[] = { "one", "two" };
	struct bundle_options o = { .no_seccomp = true };
	struct bundle_facts facts = plain;

	(void)state;
	assert_int_equal(setenv("CARTE_TEST_HOST", "v", 1), 0);
	o.env = env;
	o.env_len = ARRAY_LEN(env);
	has(CONVERSION, &o, &plain,
	    "\"env\":[\"A=9\",\"B=2\",\"N=1\",\"PATH=/p\",\"CARTE_TEST_HOST=v\"]");
	o.args = args;
	o.args_len = 2;
	has(CONVERSION, &o, &plain, "\"args\":[\"/bin/x\",\"a b\",\"one\",\"two\"]");
	o.entrypoint = "/sh";
	has(CONVERSION, &o, &plain, "\"args\":[\"/sh\",\"one\",\"two\"]");
	o.args_len = 0;
	has(CONVERSION, &o, &plain, "\"args\":[\"/sh\"]");
	o.entrypoint = "[\"/sh\", \"-c\"]";
	has(CONVERSION, &o, &plain, "\"args\":[\"/sh\",\"-c\"]");
	o.user = "last:www";
	has(CONVERSION, &o, &plain, "\"user\":{\"uid\":40,\"gid\":34}");
	o.workdir = "/w";
	has(CONVERSION, &o, &plain, "\"cwd\":\"/w\"");
	o.hostname = "web-1.local";
	has(CONVERSION, &o, &plain, "\"hostname\":\"web-1.local\"");
	o.terminal = true;
	has(CONVERSION, &o, &plain, "\"TERM=xterm\"");
	o.annotations = notes;
	o.annotations_len = 2;
	has(CONVERSION, &o, &plain, "\"k\":\"other\",\"new\":\"a=b\"");
	o.mounts = mounts;
	o.mounts_len = 3;
	has(CONVERSION, &o, &plain,
	    "{\"destination\":\"/x/y\",\"type\":\"bind\",\"source\":\"/"
	    "etc\",\"options\":[\"ro\",\"rbind\",\"rprivate\"]}");
	has(CONVERSION, &o, &plain,
	    "\"source\":\"/here/data\",\"options\":[\"rbind\",\"rprivate\"]");
	has(CONVERSION, &o, &plain,
	    "\"source\":\"/tmp\",\"options\":[\"rshared\",\"noexec\",\"rbind\"]");
	o.read_only = true;
	has(CONVERSION, &o, &plain, "\"readonly\":true");
	has(CONVERSION, &o, &plain, "{\"destination\":\"/run\",\"type\":\"tmpfs\"");
	has_not(CONVERSION, &o, &plain, "{\"destination\":\"/tmp\",\"type\":\"tmpfs\"");
	o.cap_add = add;
	o.cap_add_len = 2;
	o.cap_drop = drop;
	o.cap_drop_len = 1;
	has(CONVERSION, &o, &plain, "\"ambient\":[\"CAP_NET_ADMIN\",\"CAP_SYS_TIME\"]");
	has_not(CONVERSION, &o, &plain, "CAP_KILL");
	o.cap_add = chown;
	o.cap_add_len = 1;
	o.cap_drop = everything;
	o.user = NULL;
	has(SHORT, &o, &plain, "\"bounding\":[\"CAP_CHOWN\"]");
	o.cap_add_len = 0;
	has(SHORT, &o, &plain, "\"bounding\":[]");
	o.memory = "200M";
	o.cpus = "0.4";
	o.pids = "50";
	has(SHORT, &o, &plain,
	    "\"memory\":{\"limit\":209715200,\"swap\":209715200},\"cpu\":{\"quota\":40000,"
	    "\"period\":100000},\"pids\":{\"limit\":50}");
	o.net = "ns:/run/netns/x";
	has(SHORT, &o, &plain, "{\"type\":\"network\",\"path\":\"/run/netns/x\"}");
	o.net = "host";
	facts.resolv_conf = facts.hosts = true;
	has_not(SHORT, &o, &facts, "\"network\"");
	has(SHORT, &o, &facts, "\"source\":\"/etc/resolv.conf\"");
	has(SHORT, &o, &facts, "\"source\":\"/etc/hosts\"");
	has_not(SHORT, &o, &plain, "/etc/resolv.conf");
}

static void layers_of_a_bundle(void **state)
{
	static char top[] = "/s/layers/b", base[] = "/s/layers/a";
	static char quote[] = "/s\"/layers/a";
	const struct bundle_options options = { .no_seccomp = true };
	struct bundle_facts facts = plain;
	char *list[] = { top, base };

	(void)state;
	facts.layers = list;
	facts.layers_len = 2;
	has(CONVERSION, &options, &facts,
	    "\"io.carte.rootfs.layers\":\"[\\\"/s/layers/b\\\",\\\"/s/layers/a\\\"]\"");
	list[0] = quote;
	has(CONVERSION, &options, &facts,
	    "/s\"/layers/a: a path with such characters cannot be a layer");
}

static void refused(void **state)
{
	const struct {
		struct bundle_options options;
		const char *words;
	} rows[] = {
		{ { .memory = "3Q" },
		  "--memory: '3Q' is no size: bytes, or a number with K, M or G" },
		{ { .memory = "" }, "--memory: '' is no size" },
		{ { .memory = "-1" }, "--memory: '-1' is no size" },
		{ { .memory = "0" }, "--memory: must be above 0" },
		{ { .memory = "9999999999999T" }, "--memory: 9999999999999T is too much" },
		{ { .cpus = "x" }, "--cpus: 'x' is no number of processors, such as 0.5" },
		{ { .cpus = "." }, "--cpus: '.' is no number of processors" },
		{ { .cpus = "1.5x" }, "--cpus: '1.5x' is no number of processors" },
		{ { .cpus = "0" }, "--cpus: 0 is not between 0.01 and 8192" },
		{ { .cpus = "0.001" }, "--cpus: 0.001 is not between" },
		{ { .cpus = "9999" }, "--cpus: 9999 is not between" },
		{ { .pids = "0" }, "--pids: '0' is no number above 0, nor -1 for no limit" },
		{ { .pids = "many" }, "--pids: 'many' is no number" },
		{ { .net = "bridge" }, "--net: expected none, host or ns:/PATH, got 'bridge'" },
		{ { .net = "ns:relative" }, "--net: expected none, host or ns:/PATH" },
		{ { .user = "nobody" }, "User: user 'nobody' is not in the image's /etc/passwd" },
		{ { .workdir = "x" }, "--workdir: 'x' is no absolute path" },
		{ { .hostname = "a_b" }, "--hostname: 'a_b' is not a name of letters" },
		{ { .hostname =
			    "0123456789012345678901234567890123456789012345678901234567890123456" },
		  "up to 64 of them" },
		{ { .entrypoint = "[\"a\"" }, "--entrypoint:1:5: " },
		{ { .entrypoint = "[\"\"]" }, "the program's name is empty" },
		{ { .env = (const char *[]){ "=x" }, .env_len = 1 },
		  "--env: '=x' is not NAME=VALUE" },
		{ { .env = (const char *[]){ "CARTE_TEST_NOT_THERE" }, .env_len = 1 },
		  "--env: 'CARTE_TEST_NOT_THERE' has no '=VALUE', and there is no such variable "
		  "here" },
		{ { .annotations = (const char *[]){ "x" }, .annotations_len = 1 },
		  "--annotation: 'x' is not KEY=VALUE" },
		{ { .cap_add = (const char *[]){ "FLY" }, .cap_add_len = 1 },
		  "--cap-add: 'FLY' is no capability, such as NET_ADMIN (capabilities(7)), nor "
		  "ALL" },
		{ { .cap_drop = (const char *[]){ "CAP_" }, .cap_drop_len = 1 },
		  "--cap-drop: 'CAP_' is no capability" },
		{ { .mounts = (const char *[]){ "/x" }, .mounts_len = 1 },
		  "-v '/x': expected SOURCE:DESTINATION[:OPTIONS]" },
		{ { .mounts = (const char *[]){ ":/x" }, .mounts_len = 1 },
		  "expected SOURCE:DESTINATION" },
		{ { .mounts = (const char *[]){ "/x:" }, .mounts_len = 1 },
		  "expected SOURCE:DESTINATION" },
		{ { .mounts = (const char *[]){ "/x:y" }, .mounts_len = 1 },
		  "-v '/x:y': the destination is a path in the container, it begins with /" },
		{ { .mounts = (const char *[]){ "/x:/a/.." }, .mounts_len = 1 },
		  "the root itself is the image" },
		{ { .mounts = (const char *[]){ "/x:/y:fast" }, .mounts_len = 1 },
		  "unknown option 'fast'" },
		{ { .mounts = (const char *[]){ "/x:/y", "/z:/y/" }, .mounts_len = 2 },
		  "-v '/z:/y/': /y is mounted twice" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		has(SHORT, &rows[i].options, &plain, rows[i].words);
	has(IMAGE(""), &rows[0].options, &plain,
	    "the image names no program: it has neither Entrypoint nor Cmd; give one behind the "
	    "folder");
	has(IMAGE(",\"config\":{\"Cmd\":[\"x\"],\"WorkingDir\":\"rel\"}"),
	    &(struct bundle_options){ 0 }, &plain,
	    "the image's WorkingDir: 'rel' is no absolute path");
}

/* ---- seccomp ------------------------------------------------------------------------------- */

/* How a call without arguments that matter ends: by its rule, or by default. */
static const char *fate(const struct oci_seccomp *seccomp, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < seccomp->syscalls_len; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->syscalls[i];

		for (size_t n = 0; n < rule->names_len; n++) {
			if (strcmp(rule->names[n], name) != 0)
				continue;
			if (rule->args_len)
				return "by its arguments";
			/* two rules would be decided by whoever compiles them */
			assert_null(found);
			found = rule->action == OCI_SECCOMP_ACT_ALLOW ? "allowed"
				: rule->errno_ret.value == 1          ? "EPERM"
								      : "ENOSYS";
		}
	}
	return found ? found : "default";
}

static void seccomp(void **state)
{
	static char *const none[] = { NULL };
	static char *const admin[] = { "CAP_SYS_ADMIN", "CAP_SYS_CHROOT", NULL };
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_seccomp *s;

	(void)state;
	assert_int_equal(bundle_seccomp("arm64", none, &arena, &s, &err), 0);
	assert_int_equal(s->architectures_len, 2);
	for (size_t i = 0; i < s->syscalls_len; i++)
		for (size_t n = 0; n < s->syscalls[i].names_len; n++)
			(void)fate(s, s->syscalls[i].names[n]);
	assert_string_equal(fate(s, "read"), "allowed");
	assert_string_equal(fate(s, "mount"), "EPERM");
	assert_string_equal(fate(s, "chroot"), "EPERM");
	assert_string_equal(fate(s, "clone"), "by its arguments");
	assert_string_equal(fate(s, "clone3"), "ENOSYS");
	assert_string_equal(fate(s, "socket"), "by its arguments");
	assert_string_equal(fate(s, "personality"), "by its arguments");
	assert_string_equal(fate(s, "a_call_of_tomorrow"), "default");
	assert_int_equal(bundle_seccomp("amd64", admin, &arena, &s, &err), 0);
	assert_string_equal(fate(s, "mount"), "allowed");
	assert_string_equal(fate(s, "chroot"), "allowed");
	assert_string_equal(fate(s, "clone"), "allowed");
	assert_string_equal(fate(s, "clone3"), "allowed");
	assert_string_equal(fate(s, "reboot"), "EPERM");
	assert_int_equal(bundle_seccomp("z80", none, &arena, &s, &err), 0);
	assert_int_equal(s->architectures_len, 0);
	assert_int_equal(bundle_seccomp_trace("amd64", "/s", &arena, &s, &err), 0);
	assert_string_equal(s->listener_path, "/s");
	assert_int_equal(s->syscalls_len, 1);
	/* the runtime hands the listener over by it */
	assert_string_equal(fate(s, "sendmsg"), "default");
}

/* ---- words ----------------------------------------------------------------------------------- */

static const char *split(const char *text)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	static char out[256];
	size_t len, n = 0;
	char **list;

	if (words_split("--probe", text, &arena, &list, &len, &err) < 0)
		return strcpy(out, err.message);
	assert_null(list[len]);
	for (size_t i = 0; i < len; i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n, "<%s>", list[i]);
	return out;
}

static void command_words(void **state)
{
	(void)state;
	assert_string_equal(split("/bin/x"), "</bin/x>");
	assert_string_equal(split("  a\tb  c\n"), "<a><b><c>");
	assert_string_equal(split("a 'b c' \"d e\"f"), "<a><b c><d ef>");
	assert_string_equal(split("a '' \"\""), "<a><><>");
	assert_string_equal(split("a b\\ c '\\n' \"\\\"\" \\\\"), "<a><b c><\\n><\"><\\>");
	assert_string_equal(split("$HOME * `x`"), "<$HOME><*><`x`>");
	assert_string_equal(split("a 'b"), "--probe: a quote is not closed");
	assert_string_equal(split(" "), "--probe: names no program");
	assert_string_equal(split("'' a"), "--probe: names no program");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users),
		cmocka_unit_test(users_that_are_none),
		cmocka_unit_test(layers),
		cmocka_unit_test(layers_with_marks),
		cmocka_unit_test(conversion),
		cmocka_unit_test(defaults),
		cmocka_unit_test(rootless),
		cmocka_unit_test(overrides),
		cmocka_unit_test(layers_of_a_bundle),
		cmocka_unit_test(refused),
		cmocka_unit_test(seccomp),
		cmocka_unit_test(command_words),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
