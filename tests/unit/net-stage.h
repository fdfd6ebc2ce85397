/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net-stage.h - a namespace of the test's own, a loop, and replicas that are attached and detached in it.
 */
#ifndef CARTE_TESTS_NET_STAGE_H
#define CARTE_TESTS_NET_STAGE_H

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "forked.h"
#include "scale/net.h"
#include "space.h"

#define CNI_PATH "/usr/lib/cni"

static char top[] = "/tmp/carte-net-XXXXXX";
static const char *reason; /* to skip */
static int home;

struct outcome {
	unsigned waiting, failed;
	struct net_result result; /* of the last one */
	char message[1024];
};

struct host {
	struct loop *loop;
	struct net *net;
};

static inline int enter(void **state)
{
	(void)state;
	if (geteuid() != 0)
		reason = "needs root";
	else if (access(CNI_PATH "/bridge", X_OK) < 0)
		reason = "needs the CNI plugins in " CNI_PATH " (containernetworking-plugins)";
	else if (space_run("command -v ip nsenter >/dev/null"))
		reason = "needs ip and nsenter (iproute2, util-linux)";
	if (!mkdtemp(top))
		return -1;
	if (reason)
		return 0;
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("carte-net", top, "tmpfs", 0, NULL) < 0)
		reason = "may make no namespaces";
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return reason || space_run("ip link set lo up") == 0 ? 0 : -1;
}

static inline int leave(void **state)
{
	(void)state;
	(void)umount2(top, MNT_DETACH);
	return rmdir(top);
}

static inline void need(void)
{
	if (!reason)
		return;
	print_message("skipped: %s\n", reason);
	if (getenv("CARTE_TEST_STRICT"))
		fail_msg("%s", reason);
	skip();
}

static inline void host_open(struct host *host)
{
	struct oci_error err = OCI_ERROR_INIT;
	char state[64], run[64];
	struct net_options options = { .state_dir = state, .run_dir = run, .cni_path = CNI_PATH };

	(void)snprintf(state, sizeof(state), "%s/state", top);
	(void)snprintf(run, sizeof(run), "%s/run", top);
	assert_int_equal(loop_new(&host->loop, &err), 0);
	if (net_new(host->loop, &options, &host->net, &err) < 0)
		fail_msg("%s", err.message);
}

static inline void host_close(struct host *host)
{
	net_free(host->net);
	loop_free(host->loop);
}

static inline void done(void *ctx, const struct net_result *result, const struct oci_error *err)
{
	struct outcome *outcome = ctx;

	outcome->waiting--;
	if (err) {
		outcome->failed++;
		(void)snprintf(outcome->message, sizeof(outcome->message), "%s", err->message);
	} else {
		outcome->result = *result;
	}
}

static inline void wait_for(struct host *host, struct outcome *outcome)
{
	while (outcome->waiting > 0)
		assert_int_equal(loop_once(host->loop, 10000), 0);
}

static inline int attach(struct host *host, const struct spec_project *project,
			 const struct spec_service *service, const char *id,
			 struct outcome *outcome)
{
	struct oci_error err = OCI_ERROR_INIT;
	const struct net_request request = { .id = id, .project = project, .service = service };
	int r;

	outcome->waiting++;
	r = net_attach(host->net, &request, done, outcome, &err);
	if (r < 0)
		done(outcome, NULL, &err);
	return r;
}

static inline void detach(struct host *host, const char *id, struct outcome *outcome)
{
	struct oci_error err = OCI_ERROR_INIT;

	outcome->waiting++;
	assert_int_equal(net_detach(host->net, id, done, outcome, &err), 0);
}

/* entries of a folder below top, whose names begin with a digit or a letter */
static inline unsigned entries(const char *folder)
{
	char path[256];
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%s/%s", top, folder);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.' && strcmp(entry->d_name, "lock") != 0 &&
		     strncmp(entry->d_name, "last_", 5) != 0;
	(void)closedir(dir);
	return n;
}

/* interfaces in the current namespace whose names begin so */
static inline unsigned interfaces(const char *prefix)
{
	char line[512];
	FILE *file = fopen("/proc/thread-self/net/dev", "re");
	unsigned n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		n += strncmp(line + strspn(line, " "), prefix, strlen(prefix)) == 0;
	(void)fclose(file);
	return n;
}

/* The kernel takes down a namespace, and the other end of its veth, in its own time. */
static inline unsigned interfaces_settle(const char *prefix, unsigned expected)
{
	const struct timespec wait = { .tv_nsec = 20000000 };
	unsigned n = interfaces(prefix);

	for (int i = 0; i < 250 && n != expected; i++) {
		(void)nanosleep(&wait, NULL);
		n = interfaces(prefix);
	}
	return n;
}

static inline void expect_address(const struct net_place *place, const char *expected)
{
	char text[INET_ADDRSTRLEN];

	assert_string_equal(inet_ntop(AF_INET, &place->address, text, sizeof(text)), expected);
}

/* the namespace of a replica, as an fd */
static inline int space(struct host *host, const char *id)
{
	char path[256];
	int fd;

	assert_int_equal(net_namespace_path(host->net, id, path, sizeof(path)), 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* 0 or -errno. ECONNREFUSED: nobody listens there, an answer of the other's kernel. */
static inline int reach(struct host *host, const char *id, const char *address, uint16_t port)
{
	int from = space(host, id);
	int fd = space_connect(from, home, SOCK_STREAM, address, port, 400);

	(void)close(from);
	if (fd < 0)
		return fd;
	(void)close(fd);
	return 0;
}

static inline const char *address_of(const struct net_place *place)
{
	return inet_ntoa(place->address);
}

static inline void expect_nothing(struct host *host, const struct spec_network *networks,
				  size_t count)
{
	struct oci_error err = OCI_ERROR_INIT;
	char path[128];

	for (size_t i = 0; i < count; i++) {
		if (net_network_remove(host->net, &networks[i], &err) < 0)
			fail_msg("%s", err.message);
		(void)snprintf(path, sizeof(path), "state/cni/%s", networks[i].name);
		assert_int_equal(entries(path), 0);
	}
	assert_int_equal(entries("run/netns"), 0);
	assert_int_equal(entries("run/places"), 0);
	assert_int_equal(entries("state/networks"), 0);
	assert_int_equal(entries("state/cni"), 0);
	assert_int_equal(interfaces_settle("carte-", 0), 0);
	assert_int_equal(interfaces_settle("veth", 0), 0);
}

#endif
