/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_devices.c - devices: "/dev/fuse", "/dev/ttyUSB0:/dev/serial:rw"; of a privileged service all that the host has.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/mem.h"
#include "scale/replica_config-private.h"

#define DEVICES_MAX 1024 /* of a host, for a privileged service */

struct devices {
	struct replica_plan *plan;
	struct oci_device *items;
	struct oci_device_rule *rules;
	size_t len, rules_len;
	const char *folder; /* that is scanned: "/dev" */
};

static int put(struct devices *d, const struct stat *st, const char *target, const char *access,
	       struct oci_error *err)
{
	static char block[] = "b", character[] = "c";
	char *type = S_ISBLK(st->st_mode) ? block : character;
	char *path = oci_arena_strdup(&d->plan->arena, target);

	if (!path)
		return err_nomem(err);
	d->items[d->len++] = (struct oci_device){
		.type = type,
		.path = path,
		.major = { true, major(st->st_rdev) },
		.minor = { true, minor(st->st_rdev) },
		.file_mode = { true, st->st_mode & 07777 },
		.uid = { true, st->st_uid },
		.gid = { true, st->st_gid },
	};
	if (access)
		d->rules[d->rules_len++] = (struct oci_device_rule){
			.allow = { true, true },
			.type = type,
			.major = { true, major(st->st_rdev) },
			.minor = { true, minor(st->st_rdev) },
			.access = (char *)access, /* emitted, never written to */
		};
	return 0;
}

/* SOURCE[:TARGET][:ACCESS] */
static int put_word(struct devices *d, const char *word, struct oci_error *err)
{
	char *source = oci_arena_strdup(&d->plan->arena, word), *target, *access;
	struct stat st;

	if (!source)
		return err_nomem(err);
	target = strchr(source, ':');
	if (target)
		*target++ = '\0';
	access = target ? strchr(target, ':') : NULL;
	if (access)
		*access++ = '\0';
	if (target && !access && *target != '/') {
		access = target;
		target = NULL;
	}
	if (!target)
		target = source;
	if (!access)
		access = (char *)"rwm"; /* emitted, never written to */
	if (*source != '/' || *target != '/' || !*access || access[strspn(access, "rwm")])
		return err_set(err, EINVAL, "devices: '%s' is not /dev/SOURCE[:/dev/TARGET][:rwm]",
			       word);
	/* by name: the host's, as the user wrote it */
	if (stat(source, &st) < 0)
		return err_sys(err, errno, "devices: %s", source);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(err, EINVAL, "devices: %s is no device", source);
	return put(d, &st, target, access, err);
}

/* What a runtime makes itself, or what belongs to the host's own terminals. */
static bool is_own(const char *name)
{
	static const char *const names[] = { "console", "full", "null",    "ptmx",
					     "random",  "tty",  "urandom", "zero" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return strncmp(name, "tty", 3) == 0 && name[3] >= '0' && name[3] <= '9';
}

static int put_host(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	struct devices *d = ctx;
	struct stat st;
	char *path;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)) || st.st_rdev == 0 || is_own(name) ||
	    d->len >= DEVICES_MAX)
		return 0;
	path = oci_arena_printf(&d->plan->arena, "%s/%s", d->folder, name);
	return path ? put(d, &st, path, NULL, err) : err_nomem(err);
}

static int put_all(struct devices *d, struct oci_error *err)
{
	static const char *const folders[] = { "/dev",       "/dev/net", "/dev/dri",
					       "/dev/input", "/dev/snd", "/dev/mapper" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(folders); i++) {
		/* by name: the host's */
		CLEANUP_CLOSE int fd = open(folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		d->folder = folders[i];
		if (fd >= 0)
			r = folder_each(fd, put_host, d, err);
	}
	d->rules[d->rules_len++] =
		(struct oci_device_rule){ .allow = { true, true }, .access = (char *)"rwm" };
	return r;
}

int replica_devices(struct replica_plan *plan, struct oci_error *err)
{
	const struct oci_resources *from = plan->in->image->bundle->linux_->resources;
	const struct spec_service *service = plan->service;
	bool all = service->privileged && !plan->in->rootless;
	size_t usual = from ? from->devices_len : 0;
	struct devices d = { .plan = plan };
	int r = 0;

	if (!all && !service->devices.len)
		return 0;
	d.items = oci_arena_array(&plan->arena, service->devices.len + (all ? DEVICES_MAX : 0),
				  sizeof(*d.items));
	d.rules = oci_arena_array(&plan->arena, usual + service->devices.len + 1, sizeof(*d.rules));
	if (!d.items || !d.rules)
		return err_nomem(err);
	if (usual)
		memcpy(d.rules, from->devices, usual * sizeof(*d.rules));
	d.rules_len = usual;
	if (all)
		r = put_all(&d, err);
	for (size_t i = 0; r == 0 && i < service->devices.len; i++)
		r = put_word(&d, service->devices.items[i], err);
	plan->linux_.devices = d.items;
	plan->linux_.devices_len = d.len;
	plan->resources.devices = d.rules;
	plan->resources.devices_len = d.rules_len;
	return r;
}
