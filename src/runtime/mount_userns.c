/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_userns.c - file systems that the kernel refuses to a user namespace, and what stands for them.
 *
 * A new sysfs, mqueue or proc needs a network, ipc or pid namespace of the
 * same user namespace. Where the container has the host's, what the host
 * shows there is the right one. What must hold: a read-only one is read-only
 * with all that lies below it (CVE-2023-25809).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/rootfs-private.h"

#define MAP_TEXT_MAX 16384 /* 340 lines (user_namespaces(7)) */

static bool is_mapped(const char *map_file, unsigned long id)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	unsigned long inside, outside, size;
	char *text;
	size_t length;

	/* by name: our own, the root is not entered yet */
	if (io_read_at(AT_FDCWD, map_file, MAP_TEXT_MAX, &arena, &text, &length) < 0)
		return true;
	for (const char *p = text; sscanf(p, "%lu %lu %lu", &inside, &outside, &size) == 3;) {
		if (id >= inside && id - inside < size)
			return true;
		p = strchrnul(p, '\n');
		p += *p == '\n';
	}
	return false;
}

/* The option "uid=N" or "gid=N" whose id has no mapping; NULL: none. @ret_length: of it */
static const char *unmapped_option(const char *data, size_t *ret_length)
{
	for (const char *p = data; p && *p; p += *p == ',') {
		size_t length = strcspn(p, ",");
		bool uid = strncmp(p, "uid=", 4) == 0;

		if ((uid || strncmp(p, "gid=", 4) == 0) &&
		    !is_mapped(uid ? "/proc/self/uid_map" : "/proc/self/gid_map",
			       strtoul(p + 4, NULL, 10))) {
			*ret_length = length;
			return p;
		}
		p += length;
	}
	return NULL;
}

/*
 * A config that was not written for the namespace which an ordinary user's container gets all the same: where that
 * has no group for terminals, they keep the user's.
 */
static bool drop_option(struct mount_plan *m, const char *option, size_t length)
{
	char *at = (char *)option; /* of the plan's own memory, as all of it */

	length += option[length] == ',';
	memmove(at, at + length, strlen(at + length) + 1);
	length = strlen(m->options.data);
	if (length && m->options.data[length - 1] == ',')
		((char *)m->options.data)[length - 1] = '\0';
	return true;
}

static int retry_ids(struct rootfs *rf, struct mount_plan *m, int r, struct oci_error *err)
{
	size_t length;
	const char *option = unmapped_option(m->options.data, &length);

	if (!option)
		return r;
	if (err)
		err->code = 0;
	if (rf->options.lent_user_ns && !strcmp(m->type, "devpts") && *option == 'g' &&
	    drop_option(m, option, length))
		return mount_fs(rf, m, err);
	return err_set(err, EINVAL, "option %.*s is not mapped in the user namespace", (int)length,
		       option);
}

/* What of the host's is bound in its place: NULL: nothing would be right. */
static const char *host_source(const struct rootfs *rf, const char *type)
{
	const struct rootfs_options *o = &rf->options;

	if (!strcmp(type, "sysfs") && !o->new_net_ns)
		return "/sys";
	if (!strcmp(type, "mqueue") && !o->new_ipc_ns)
		return "/dev/mqueue";
	return !strcmp(type, "proc") && !o->new_pid_ns ? "/proc" : NULL;
}

int mount_fs_or_host(struct rootfs *rf, struct mount_plan *m, struct oci_error *err)
{
	const char *source;
	int r = mount_fs(rf, m, err);

	if (r >= 0 || !(rf->options.new_user_ns || rf->options.rootless))
		return r;
	if (r == -EINVAL)
		return retry_ids(rf, m, r, err);
	source = r == -EPERM ? host_source(rf, m->type) : NULL;
	if (!source && r == -EPERM && (!strcmp(m->type, "proc") || !strcmp(m->type, "sysfs"))) {
		if (err)
			err->code = 0;
		/* mount_namespaces(7): one that shows more than what is visible already is refused */
		return err_set(
			err, EPERM,
			"Operation not permitted (parts of the %s that the runtime itself sees "
			"are covered, so that it gets no new one in a user namespace)",
			!strcmp(m->type, "proc") ? "/proc" : "/sys");
	}
	if (!source)
		return r;
	if (err)
		err->code = 0;
	/* by name: the host's; one that does not show its message queues has nothing to be put there */
	if (!strcmp(m->type, "mqueue") && access(source, F_OK) < 0)
		return 0;
	m->kind = MOUNT_BIND;
	m->source = source;
	m->source_procfs = !strcmp(m->type, "proc");
	m->options.flags |= MS_BIND | MS_REC;
	m->options.data = NULL;
	if (m->options.attr_set & MOUNT_ATTR_RDONLY)
		m->options.rec_set |= MOUNT_ATTR_RDONLY;
	return mount_bind(rf, m, err);
}
