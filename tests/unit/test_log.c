/* SPDX-License-Identifier: Apache-2.0 */
/* test_log.c - the one line of a failure, on stderr, in files and in daemons' sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "base/error.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"

static char folder[] = "/tmp/carte-test-log-XXXXXX";
static char file[64];
static char captured[8192]; /* of stderr */

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/log", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(folder);
}

/* Run @call with stderr in a pipe. */
#define CAPTURE(call)                                             \
	do {                                                      \
		int p_[2], saved_ = dup(2);                       \
		ssize_t n_;                                       \
		assert_int_equal(pipe(p_), 0);                    \
		dup2(p_[1], 2);                                   \
		close(p_[1]);                                     \
		call;                                             \
		dup2(saved_, 2);                                  \
		close(saved_);                                    \
		n_ = read(p_[0], captured, sizeof(captured) - 1); \
		captured[n_ > 0 ? n_ : 0] = '\0';                 \
		close(p_[0]);                                     \
	} while (0)

static const char *slurp(void)
{
	static char buf[16384];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = '\0';
	close(fd);
	unlink(file);
	return buf;
}

/* The time is checked by form and closeness, then cut out. */
static void check_time(const char *text)
{
	struct tm tm;
	char *end;
	time_t t;
	long diff;

	memset(&tm, 0, sizeof(tm));
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	assert_non_null(end);
	assert_int_equal(*end, '.');
	assert_int_equal(strspn(end + 1, "0123456789"), 9);
	assert_int_equal(end[10], 'Z');
	t = timegm(&tm);
	diff = (long)(time(NULL) - t);
	assert_true(diff >= 0 && diff <= 2);
}

static void json(void **state)
{
	struct log_target target = { .program = "prog", .file = file, .json = true };
	struct oci_error err = { .code = EINVAL, .message = "" };
	const char *text, *head;
	struct stat st;

	(void)state;
	umask(022);
	strcpy(err.message, "a \"b\" \\ \t\x01 \xc3\xa9 \xff\xc0\x80 \xed\xa0\x80 end\xe2\x82");
	CAPTURE(log_failure(&target, &err));
	assert_string_equal(
		captured,
		"prog: a \"b\" \\ \\x09\\x01 \xc3\xa9 \xff\xc0\x80 \xed\xa0\x80 end\xe2\x82\n");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	text = slurp();
	head = "{\"level\":\"error\",\"msg\":\"a \\\"b\\\" \\\\ \\u0009\\u0001 \xc3\xa9 "
	       "\\ufffd\\ufffd"
	       "\\ufffd \\ufffd\\ufffd\\ufffd end\\ufffd\\ufffd\",\"time\":\"";
	assert_memory_equal(text, head, strlen(head));
	check_time(text + strlen(head));
	assert_string_equal(text + strlen(head) + 30,
			    "\",\"code\":\"EINVAL\",\"kind\":\"failed\"}\n");
}

static void json_details(void **state)
{
	struct log_target target = { .program = "prog", .file = file, .json = true };
	struct oci_error err = OCI_ERROR_INIT;
	const char *text;

	(void)state;
	(void)err_set(&err, EINVAL, "annotations[\"a b\"]: expected a number");
	err_in_document(&err, "config.json");
	err_hint(&err, "say \"%s\"", "no");
	err_prefix(&err, "create: ");
	CAPTURE(log_failure(&target, &err));
	assert_string_equal(captured,
			    "prog: create: config.json: annotations[\"a b\"]: expected a number\n");
	text = strstr(slurp(), "Z\"");
	assert_string_equal(text, "Z\",\"code\":\"EINVAL\",\"kind\":\"document\","
				  "\"file\":\"config.json\",\"path\":\"annotations[\\\"a b\\\"]\","
				  "\"hint\":\"say \\\"no\\\"\"}\n");
}

static void kinds(void **state)
{
	static const struct {
		int code;
		enum err_kind kind;
		const char *word;
	} rows[] = {
		{ EINVAL, ERR_FAILED, "EINVAL" },
		{ ENOENT, ERR_FAILED, "ENOENT" },
		{ ESRCH, ERR_STATE, "ESRCH" },
		{ ENOSYS, ERR_UNSUPPORTED, "ENOSYS" },
		{ EOPNOTSUPP, ERR_UNSUPPORTED, "EOPNOTSUPP" },
		{ EPERM, ERR_PERMISSION, "EPERM" },
		{ EACCES, ERR_PERMISSION, "EACCES" },
		{ ENOMEM, ERR_RESOURCES, "ENOMEM" },
		{ ENOSPC, ERR_RESOURCES, "ENOSPC" },
		{ EMFILE, ERR_RESOURCES, "EMFILE" },
		{ ETIMEDOUT, ERR_TIMEOUT, "ETIMEDOUT" },
	};
	struct oci_error err = OCI_ERROR_INIT, copy = OCI_ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		err.code = 0;
		(void)err_set(&err, rows[i].code, "x");
		assert_int_equal(err_kind(&err), rows[i].kind);
		assert_string_equal(err_code_word(err.code), rows[i].word);
	}
	assert_string_equal(err_code_word(99999), "EIO");
	/* a document that asks for what may not be had is not wrong */
	err.code = 0;
	(void)err_set(&err, EPERM, "mounts[0]: x");
	err_in_document(&err, "config.json");
	assert_int_equal(err_kind(&err), ERR_PERMISSION);
	/* a kind that was given stays; the first error does too */
	err.code = 0;
	assert_int_equal(err_set_as(&err, ERR_NOT_FOUND, ENOENT, "%s", "a"), -ENOENT);
	assert_int_equal(err_set_as(&err, ERR_EXISTS, EEXIST, "b"), -EEXIST);
	assert_int_equal(err_kind(&err), ERR_NOT_FOUND);
	assert_string_equal(err.message, "a");
	assert_string_equal(err_kind_word(err_kind(&err)), "not-found");
	assert_string_equal(err_kind_word((enum err_kind)99), "failed");
	err_hint(&err, "h");
	assert_int_equal(err_copy(&copy, &err), -ENOENT);
	assert_memory_equal(&copy, &err, sizeof(err));
	assert_int_equal(err_set_as(NULL, ERR_EXISTS, EEXIST, "b"), -EEXIST);
}

static void text_and_append(void **state)
{
	char prefixed[80];
	struct log_target target = { .program = "prog", .file = prefixed };
	struct oci_error err = { .code = ENOENT, .message = "first" };
	const char *text, *second;

	(void)state;
	snprintf(prefixed, sizeof(prefixed), "file:%s", file);
	CAPTURE(log_failure(&target, &err));
	assert_string_equal(captured, "prog: first\n");
	err = (struct oci_error){ .code = ENOENT, .message = "" };
	CAPTURE(log_failure(&target, &err));
	assert_string_equal(captured, "prog: No such file or directory\n");
	text = slurp();
	assert_memory_equal(text, "time=\"", 6);
	check_time(text + 6);
	assert_memory_equal(text + 36, "\" level=error msg=\"first\"\ntime=\"", 31);
	second = strchr(text, '\n') + 1;
	assert_string_equal(second + 36, "\" level=error msg=\"No such file or directory\"\n");
}

static void longest(void **state)
{
	struct log_target target = { .program = "prog", .file = file, .json = true };
	struct oci_error err = { .code = EOPNOTSUPP, .message = "" };
	size_t all = sizeof(err.message) + sizeof(err.file) + sizeof(err.path) + sizeof(err.hint);
	const char *text;

	(void)state;
	memset(err.message, 1, sizeof(err.message) - 1);
	memset(err.file, 1, sizeof(err.file) - 1);
	memset(err.path, 1, sizeof(err.path) - 1);
	memset(err.hint, 1, sizeof(err.hint) - 1);
	CAPTURE(log_failure(&target, &err));
	assert_int_equal(strlen(captured), 6 + 4 * (sizeof(err.message) - 1) + 1);
	text = slurp();
	assert_string_equal(text + strlen(text) - 9, "\\u0001\"}\n");
	assert_int_equal(strlen(text), 24 + 6 * (all - 4) + 10 + 30 + 3 + 3 * 10 +
					       strlen(",\"code\":\"EOPNOTSUPP\"") +
					       strlen(",\"kind\":\"unsupported\""));
}

static void missing_folder(void **state)
{
	char path[80];
	struct log_target target = { .program = "prog", .file = path, .json = true };
	struct oci_error err = { .code = EINVAL, .message = "words" };

	(void)state;
	snprintf(path, sizeof(path), "%s/none/log", folder);
	errno = 77;
	CAPTURE(log_failure(&target, &err));
	assert_string_equal(captured, "prog: words\n");
	snprintf(path, sizeof(path), "%s/none", folder);
	assert_int_equal(access(path, F_OK), -1);
	target.file = NULL;
	CAPTURE(log_failure(&target, &err));
	assert_string_equal(captured, "prog: words\n");
}

static void debug(void **state)
{
	struct log_target target = { .program = "prog", .json = true };
	const char *text;

	(void)state;
	CAPTURE(log_debug(&target, "off %d", 1));
	assert_string_equal(captured, "");
	target.debug = true;
	CAPTURE(log_debug(&target, "on %d", 2));
	assert_string_equal(captured, "prog: on 2\n");
	target.file = file;
	CAPTURE(log_debug(&target, "on %d", 3));
	assert_string_equal(captured, "");
	text = slurp();
	assert_memory_equal(text, "{\"level\":\"debug\",\"msg\":\"on 3\",\"time\":\"", 38);
}

static int bound_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	return bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -1 : fd;
}

/* In a mount namespace of its own, where /dev and /run are ours. 0 when all is as expected. */
static int daemons_child(void)
{
	struct log_target target = { .program = "prog", .file = "syslog:web1" };
	struct oci_error err = { .code = EINVAL, .message = "two\nlines" };
	static const char entry[] = "MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\nPRIORITY=3\n"
				    "SYSLOG_IDENTIFIER\n\x04\0\0\0\0\0\0\0prog\n";
	char buf[512], want[64];
	int fd, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("t", "/dev", "tmpfs", 0, NULL) || mount("t", "/run", "tmpfs", 0, NULL) ||
	    mkdir("/run/systemd", 0755) || mkdir("/run/systemd/journal", 0755))
		return 1;
	dup2(null, 2);
	log_failure(&target, &err); /* no daemon: nothing happens */
	fd = bound_socket("/dev/log");
	log_failure(&target, &err);
	n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	if (n < 0)
		return 2;
	buf[n] = '\0';
	snprintf(want, sizeof(want), "<27>web1[%d]: two\\x0alines", (int)getpid());
	if (strcmp(buf, want))
		return 3;
	fd = bound_socket("/run/systemd/journal/socket");
	target.file = "journald:";
	log_failure(&target, &err);
	n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n != sizeof(entry) - 1 || memcmp(buf, entry, sizeof(entry) - 1))
		return 4;
	return 0;
}

static void daemons(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	if (geteuid()) {
		print_message("SKIP daemons: needs root for a mount namespace\n");
		skip();
	}
	pid = fork();
	if (!pid)
		_exit(daemons_child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void hints(void **state)
{
	(void)state;
	assert_string_equal(sys_hint("mount", ENOSPC),
			    "the mount namespace is full, see fs.mount-max");
	assert_string_equal(sys_hint("setrlimit", EPERM),
			    "raising a hard limit needs CAP_SYS_RESOURCE");
	assert_null(sys_hint("mount", EIO));
	assert_null(sys_hint("nothing", EPERM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_details), cmocka_unit_test(kinds),
		cmocka_unit_test(json),         cmocka_unit_test(text_and_append),
		cmocka_unit_test(longest),      cmocka_unit_test(missing_folder),
		cmocka_unit_test(debug),        cmocka_unit_test(daemons),
		cmocka_unit_test(hints),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
