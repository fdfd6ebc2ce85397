/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_rules.c - linux.resources.devices: what the rules mean, and the v1 devices controller.
 *
 * On v1 the rules are played on a model of the kernel's list first. The kernel
 * takes one rule per write, merges equal ones, and silently ignores an
 * exception from a wildcard (cgroup-v1/devices.rst), which would leave a
 * device open that the config denies: such rules are refused by name. What is
 * written in the end is the model's result, each device once.
 *
 * On v2 a program decides (device_bpf.c), which can make exceptions: there the
 * rules stay a list of which the last match wins, for each kind of access.
 * Where v1 accepts a set of rules, both give the same answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/internal.h"

#define ANY (-1)

/*
 * What every container may use: making any node, without being able to open
 * it, the devices that config-linux.md#default-devices lists, terminals and
 * tun, which engines rely on.
 */
static const struct cgroup_device default_devices[] = {
	{ 'c', ANY, ANY, CGROUP_DEVICE_M },   { 'b', ANY, ANY, CGROUP_DEVICE_M },
	{ 'c', 1, 3, CGROUP_DEVICE_RWM },     /* null */
	{ 'c', 1, 5, CGROUP_DEVICE_RWM },     /* zero */
	{ 'c', 1, 7, CGROUP_DEVICE_RWM },     /* full */
	{ 'c', 1, 8, CGROUP_DEVICE_RWM },     /* random */
	{ 'c', 1, 9, CGROUP_DEVICE_RWM },     /* urandom */
	{ 'c', 5, 0, CGROUP_DEVICE_RWM },     /* tty */
	{ 'c', 5, 2, CGROUP_DEVICE_RWM },     /* ptmx */
	{ 'c', 136, ANY, CGROUP_DEVICE_RWM }, /* pts */
	{ 'c', 10, 200, CGROUP_DEVICE_RWM },  /* net/tun */
};

const char *cgroup_device_format(const struct cgroup_device *device, char buf[64])
{
	char major[24] = "*", minor[24] = "*";

	if (device->type == 'a')
		return strcpy(buf, "a");
	if (device->major != ANY)
		(void)snprintf(major, sizeof(major), "%" PRId64, device->major);
	if (device->minor != ANY)
		(void)snprintf(minor, sizeof(minor), "%" PRId64, device->minor);
	(void)snprintf(buf, 64, "%c %s:%s %s%s%s", device->type, major, minor,
		       device->access & CGROUP_DEVICE_R ? "r" : "",
		       device->access & CGROUP_DEVICE_W ? "w" : "",
		       device->access & CGROUP_DEVICE_M ? "m" : "");
	return buf;
}

static bool same_node(const struct cgroup_device *a, const struct cgroup_device *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

/** covers - does the wildcard @wide stand for @device, and for more? */
static bool covers(const struct cgroup_device *wide, const struct cgroup_device *device)
{
	return wide->type == device->type && !same_node(wide, device) &&
	       (wide->major == ANY || wide->major == device->major) &&
	       (wide->minor == ANY || wide->minor == device->minor);
}

/** overlap - do both stand for some device? */
static bool overlap(const struct cgroup_device *a, const struct cgroup_device *b)
{
	return a->type == b->type && (a->major == ANY || b->major == ANY || a->major == b->major) &&
	       (a->minor == ANY || b->minor == ANY || a->minor == b->minor);
}

static void list_add(struct cgroup_device_set *set, const struct cgroup_device *device)
{
	for (size_t i = 0; i < set->len; i++) {
		if (same_node(&set->list[i], device)) {
			set->list[i].access |= device->access;
			return;
		}
	}
	set->list[set->len++] = *device;
}

/**
 * list_remove - take an entry's access back. Return: the wildcard in the list that would keep standing for it,
 * or NULL when all is well.
 */
static const struct cgroup_device *list_remove(struct cgroup_device_set *set,
					       const struct cgroup_device *device)
{
	for (size_t i = 0; i < set->len; i++) {
		const struct cgroup_device *entry = &set->list[i];

		/* wider, or crossing: "deny c *:2" with c 1:* in the list */
		if (overlap(entry, device) && !same_node(entry, device) && !covers(device, entry) &&
		    (entry->access & device->access))
			return entry;
	}
	for (size_t i = 0; i < set->len; i++) {
		struct cgroup_device *entry = &set->list[i];

		/* "deny c 1:*" also ends what was said for c 1:3 */
		if (!same_node(entry, device) && !covers(device, entry))
			continue;
		entry->access &= ~device->access;
		if (entry->access == 0)
			*entry = set->list[--set->len], i--;
	}
	return NULL;
}

/** play - one rule, as the kernel would: the list holds the exceptions from the default. */
static const struct cgroup_device *play(struct cgroup_device_set *set, bool allow,
					const struct cgroup_device *device)
{
	if (device->type == 'a') {
		set->allow_all = allow;
		set->len = 0;
		return NULL;
	}
	if (allow != set->allow_all) {
		list_add(set, device);
		return NULL;
	}
	return list_remove(set, device);
}

/* ---- the rules of the spec ---- */

static int parse_number(const struct oci_i64 *number, const char *name, size_t i, int64_t *ret,
			struct oci_error *err)
{
	*ret = number->present ? number->value : ANY;
	if (*ret < ANY || *ret > UINT32_MAX)
		return err_set(err, EINVAL,
			       "linux.resources.devices[%zu].%s: %" PRId64 " is no device number",
			       i, name, *ret);
	return 0;
}

static int parse_access(const char *access, size_t i, unsigned *ret, struct oci_error *err)
{
	*ret = 0;
	for (const char *p = access ? access : ""; *p; p++) {
		switch (*p) {
		case 'r':
			*ret |= CGROUP_DEVICE_R;
			break;
		case 'w':
			*ret |= CGROUP_DEVICE_W;
			break;
		case 'm':
			*ret |= CGROUP_DEVICE_M;
			break;
		default:
			return err_set(
				err, EINVAL,
				"linux.resources.devices[%zu].access: '%s' is not made of r, w"
				" and m",
				i, access);
		}
	}
	return 0;
}

static int parse_rule(const struct oci_device_rule *rule, size_t i, struct cgroup_device *ret,
		      struct oci_error *err)
{
	const char *type = rule->type && rule->type[0] ? rule->type : "a";
	int r;

	if (strcmp(type, "a") != 0 && strcmp(type, "b") != 0 && strcmp(type, "c") != 0)
		return err_set(err, EINVAL,
			       "linux.resources.devices[%zu].type: '%s' is none of a, b and c", i,
			       type);
	*ret = (struct cgroup_device){ .type = type[0] };
	r = parse_access(rule->access, i, &ret->access, err);
	if (r == 0)
		r = parse_number(&rule->major, "major", i, &ret->major, err);
	if (r == 0)
		r = parse_number(&rule->minor, "minor", i, &ret->minor, err);
	if (r < 0)
		return r;
	/* to the kernel "a" is everything, whatever numbers follow */
	if (ret->type == 'a' && (ret->major != ANY || ret->minor != ANY))
		return err_set(err, EINVAL,
			       "linux.resources.devices[%zu].type: 'a' stands for all devices and "
			       "takes no major and minor; use c or b",
			       i);
	if (ret->type != 'a' && ret->access == 0) /* "a" is everything, whatever its access says */
		return err_set(err, EINVAL, "linux.resources.devices[%zu].access: %s", i,
			       rule->access ? "is empty" : "required field is missing");
	return 0;
}

int cgroup_devices_plan(const struct oci_resources *resources, struct cgroup_device_set *ret,
			struct oci_error *err)
{
	size_t rules = resources ? resources->devices_len : 0;
	CLEANUP_FREE struct cgroup_device *list =
		reallocarray(NULL, rules + ARRAY_LEN(default_devices), sizeof(*list));
	struct cgroup_device_set set = { false, list, 0 };
	const struct cgroup_device *wide;
	char one[64], other[64];

	if (!list)
		return err_nomem(err);
	for (size_t i = 0; i < rules; i++) {
		struct cgroup_device device = { 0 };
		int r = parse_rule(&resources->devices[i], i, &device, err);

		if (r < 0)
			return r;
		wide = play(&set, resources->devices[i].allow.value, &device);
		if (wide)
			return err_set(
				err, EINVAL,
				"linux.resources.devices[%zu]: %s '%s' would be an exception from"
				" '%s', which cgroup v1 cannot make",
				i, set.allow_all ? "allow" : "deny",
				cgroup_device_format(&device, one),
				cgroup_device_format(wide, other));
	}
	for (size_t i = 0; i < ARRAY_LEN(default_devices); i++) {
		wide = play(&set, true, &default_devices[i]);
		if (wide)
			return err_set(
				err, EINVAL,
				"linux.resources.devices: '%s' is denied, but every container has"
				" '%s', and cgroup v1 cannot make an exception",
				cgroup_device_format(wide, other),
				cgroup_device_format(&default_devices[i], one));
	}
	ret->allow_all = set.allow_all;
	ret->len = set.len;
	ret->list = TAKE_PTR(list);
	return 0;
}

/* ---- v2: the rules in order ---- */

static void rules_add(struct cgroup_device_rules *rules, bool allow,
		      const struct cgroup_device *device)
{
	if (device->type == 'a') {
		rules->allow_all = allow;
		rules->len = 0;
		return;
	}
	rules->list[rules->len++] = (struct cgroup_device_rule){ *device, allow };
}

/** rules_prune - drop what never decides: rules that later ones hide, and first ones that repeat the default. */
static void rules_prune(struct cgroup_device_rules *rules)
{
	size_t kept = 0;

	for (size_t i = 0; i < rules->len; i++) {
		struct cgroup_device_rule *rule = &rules->list[i];

		for (size_t k = i + 1; k < rules->len && rule->device.access; k++)
			if (same_node(&rules->list[k].device, &rule->device) ||
			    covers(&rules->list[k].device, &rule->device))
				rule->device.access &= ~rules->list[k].device.access;
		if (rule->device.access && !(kept == 0 && rule->allow == rules->allow_all))
			rules->list[kept++] = *rule;
	}
	rules->len = kept;
}

int cgroup_device_rules_plan(const struct oci_resources *resources, struct cgroup_device_rules *ret,
			     struct oci_error *err)
{
	size_t len = resources ? resources->devices_len : 0;
	CLEANUP_FREE struct cgroup_device_rule *list =
		reallocarray(NULL, len + ARRAY_LEN(default_devices), sizeof(*list));
	struct cgroup_device_rules rules = { false, list, 0 };

	if (!list)
		return err_nomem(err);
	for (size_t i = 0; i < len; i++) {
		struct cgroup_device device = { 0 };
		int r = parse_rule(&resources->devices[i], i, &device, err);

		if (r < 0)
			return r;
		rules_add(&rules, resources->devices[i].allow.value, &device);
	}
	for (size_t i = 0; i < ARRAY_LEN(default_devices); i++)
		rules_add(&rules, true, &default_devices[i]);
	rules_prune(&rules);
	*ret = rules;
	ret->list = TAKE_PTR(list);
	return 0;
}

/* ---- v1: writing ---- */

static int open_file(const struct cgroup_dir *dir, const char *file)
{
	char path[PATH_MAX];
	int fd, r = cgroup_dir_path(dir, file, path);

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int write_rule(int fd, const char *text)
{
	return RETRY_EINTR(write(fd, text, strlen(text))) < 0 ? -errno : 0;
}

int cgroup_devices_apply(const struct cgroup *cgroup, const struct oci_resources *resources,
			 struct oci_error *err)
{
	CLEANUP_FREE struct cgroup_device *list = NULL;
	CLEANUP_CLOSE int fd = -EBADF;
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, "devices");
	struct cgroup_device_set set;
	char text[64];
	int r;

	if (!dir)
		return 0;
	r = cgroup_devices_plan(resources, &set, err);
	if (r < 0)
		return r;
	list = set.list;

	/* "a" sets the default and empties the list; a new folder has its parent's */
	r = cgroup_dir_write(dir, set.allow_all ? "devices.allow" : "devices.deny", "a");
	if (r < 0)
		return err_sys(err, -r, "linux.resources.devices: %s all in %s%s",
			       set.allow_all ? "allow" : "deny", dir->mount, dir->path);
	if (set.len == 0)
		return 0;
	fd = open_file(dir, set.allow_all ? "devices.deny" : "devices.allow");
	if (fd < 0)
		return err_sys(err, -fd, "linux.resources.devices: open the list of %s%s",
			       dir->mount, dir->path);
	for (size_t i = 0; i < set.len; i++) {
		r = write_rule(fd, cgroup_device_format(&set.list[i], text));
		if (r < 0)
			return err_sys(err, -r, "linux.resources.devices: %s '%s' in %s%s",
				       set.allow_all ? "deny" : "allow", text, dir->mount,
				       dir->path);
	}
	return 0;
}
