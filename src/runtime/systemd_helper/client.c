/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.c - what libdbus asks of the system, answered for a client of a socket.
 *
 * A definition in the program comes before that of a library: archive or shared, ld(1).
 *
 * geteuid: libdbus says who it is ("AUTH EXTERNAL", D-Bus specification) by what geteuid(2) returns. In a user
 * namespace that is not what the other side, outside, sees of us, and it would refuse. carte-runtime knows.
 *
 * The others belong to servers, to hosts' names, and to the way of authentication by a file in the home folder, which
 * no systemd has. In a static program those of libc would open the modules of nsswitch.conf(5) after all.
 */
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <unistd.h>

#include "runtime/systemd_helper/helper.h"

static uid_t our_uid = (uid_t)-1;

void client_set_uid(uid_t uid)
{
	our_uid = uid;
}

__attribute__((visibility("default"))) uid_t geteuid(void)
{
	return our_uid;
}

#ifdef HAVE_LIBDBUS_ARCHIVE
int sd_listen_fds(int unset_environment);
int sd_is_socket(int fd, int family, int type, int listening);

int sd_listen_fds(int unset_environment)
{
	(void)unset_environment;
	return 0;
}

int sd_is_socket(int fd, int family, int type, int listening)
{
	(void)fd;
	(void)family;
	(void)type;
	(void)listening;
	return 0;
}
#endif

#if defined HAVE_LIBDBUS_ARCHIVE && defined CARTE_STATIC
int getpwnam_r(const char *name, struct passwd *entry, char *buf, size_t size, struct passwd **ret)
{
	(void)name;
	(void)entry;
	(void)buf;
	(void)size;
	*ret = NULL;
	return ENOENT;
}

int getpwuid_r(uid_t uid, struct passwd *entry, char *buf, size_t size, struct passwd **ret)
{
	(void)uid;
	(void)entry;
	(void)buf;
	(void)size;
	*ret = NULL;
	return ENOENT;
}

int getgrouplist(const char *user, gid_t group, gid_t *groups, int *count)
{
	(void)user;
	(void)group;
	(void)groups;
	*count = 0;
	return -1;
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **ret)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)ret;
	return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}
#endif
