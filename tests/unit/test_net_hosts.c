/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_net_hosts.c - a replica's hosts file, written while others read it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "scale/net.h"

static void expect_file(const char *path, const char *expected)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	(void)close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, expected);
}

#define HOSTS_HEAD "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"

/* Ends with 1 if it ever sees less than the head, or half a line. */
static void hosts_reader(const char *path)
{
	for (;;) {
		char text[4096];
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, text, sizeof(text));

		(void)close(fd);
		while (n > 0 &&
		       text[n - 1] == '\0') /* what the kernel clears when it shortens a file */
			n--;
		if (n < (ssize_t)strlen(HOSTS_HEAD) || text[n - 1] != '\n' ||
		    memcmp(text, HOSTS_HEAD, strlen(HOSTS_HEAD)) != 0)
			_exit(1);
	}
}

static void test_hosts(void **state)
{
	struct spec_pair pairs[] = { { "elsewhere", "192.0.2.9" } };
	const struct spec_pairs extra = { pairs, 1 };
	const struct net_host hosts[] = { { { htonl(0x0a590002) }, "web web-1" },
					  { { htonl(0x0a590003) }, "db" } };
	const struct in_addr own = { htonl(0x0a590004) }, none = { 0 };
	struct oci_error err = OCI_ERROR_INIT;
	struct stat before, after;
	char path[] = "/tmp/carte-hosts-XXXXXX";
	int status;
	pid_t reader;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(net_hosts_write(path, "me", own, hosts, 2, &extra, &err), 0);
	expect_file(path, HOSTS_HEAD "10.89.0.4\tme\n10.89.0.2\tweb web-1\n10.89.0.3\tdb\n"
				     "192.0.2.9\telsewhere\n");
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(net_hosts_write(path, "me", own, hosts, 2, &extra, &err), 0);
	assert_int_equal(stat(path, &after), 0); /* nothing new: not written */
	assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	assert_int_equal(net_hosts_write(path, "me", none, NULL, 0, NULL, &err), 0);
	expect_file(path, HOSTS_HEAD "127.0.1.1\tme\n");
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);

	reader = fork();
	if (reader == 0)
		hosts_reader(path);
	for (int i = 0; i < 2000; i++)
		assert_int_equal(net_hosts_write(path, "me", own, hosts, i % 3, NULL, &err), 0);
	(void)kill(reader, SIGKILL);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_true(WIFSIGNALED(status));

	pairs[0].value = "nowhere";
	assert_int_equal(net_hosts_write(path, "me", own, hosts, 2, &extra, &err), -EINVAL);
	assert_string_equal(err.message, "extra_hosts: elsewhere: 'nowhere' is no address");
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
