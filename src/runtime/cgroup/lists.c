/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists.c - the arrays and maps of linux.resources: block devices, huge pages, interfaces, rdma, unified.
 *
 * On a hybrid host some controllers (here hugetlb, rdma and whatever
 * "unified" names) may live on the v2 side. There a controller must be
 * switched on in every ancestor; that is done only when a value needs it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/internal.h"

#define FIELD_MAX 256

/* ---- blockIO ---- */

struct throttle_row {
	const char *field;
	const char *v1_file;
	size_t list; /* offsets in struct oci_block_io */
	size_t len;
};

#define THROTTLE(word, file, name)                                                            \
	{                                                                                     \
		"blockIO." word, "blkio.throttle." file, offsetof(struct oci_block_io, name), \
			offsetof(struct oci_block_io, name##_len)                             \
	}

static const struct throttle_row throttle_rows[] = {
	THROTTLE("throttleReadBpsDevice", "read_bps_device", throttle_read_bps_device),
	THROTTLE("throttleWriteBpsDevice", "write_bps_device", throttle_write_bps_device),
	THROTTLE("throttleReadIOPSDevice", "read_iops_device", throttle_read_iops_device),
	THROTTLE("throttleWriteIOPSDevice", "write_iops_device", throttle_write_iops_device),
};

static const struct oci_throttle_device *throttle_list(const struct throttle_row *row,
						       const struct oci_block_io *io, size_t *ret)
{
	*ret = *(const size_t *)((const char *)io + row->len);
	return *(const struct oci_throttle_device *const *)((const char *)io + row->list);
}

static int check_node(const char *field, size_t i, const struct oci_i64 *major,
		      const struct oci_i64 *minor, struct oci_error *err)
{
	if (!major->present || !minor->present)
		return err_set(err, EINVAL, "linux.resources.%s[%zu].%s: required field is missing",
			       field, i, major->present ? "minor" : "major");
	if (major->value < 0 || major->value > UINT32_MAX || minor->value < 0 ||
	    minor->value > UINT32_MAX)
		return err_set(err, EINVAL,
			       "linux.resources.%s[%zu]: %" PRId64 ":%" PRId64
			       " is no device number",
			       field, i, major->value, minor->value);
	return 0;
}

static int check_weight(const char *name, size_t i, const struct oci_u32 *weight,
			struct oci_error *err)
{
	if (weight->present && weight->value > 0 && (weight->value < 10 || weight->value > 1000))
		return err_set(err, EINVAL,
			       "linux.resources.blockIO.weightDevice[%zu].%s: %" PRIu32
			       " is not in the range from 10 to 1000",
			       i, name, weight->value);
	return 0;
}

static int check_block_io(const struct cgroup *cgroup, const struct oci_block_io *io,
			  struct oci_error *err)
{
	bool mounted = cgroup_dir_find(cgroup, "blkio") != NULL;
	int r;

	for (size_t i = 0; i < io->weight_device_len; i++) {
		const struct oci_weight_device *device = &io->weight_device[i];

		r = check_node("blockIO.weightDevice", i, &device->major, &device->minor, err);
		if (r == 0)
			r = check_weight("weight", i, &device->weight, err);
		if (r == 0)
			r = check_weight("leafWeight", i, &device->leaf_weight, err);
		if (r < 0)
			return r;
	}
	if (io->weight_device_len > 0 && !mounted)
		return cgroup_no_controller(cgroup, "blockIO.weightDevice", "blkio", err);
	for (size_t k = 0; k < ARRAY_LEN(throttle_rows); k++) {
		size_t len;
		const struct oci_throttle_device *list = throttle_list(&throttle_rows[k], io, &len);

		for (size_t i = 0; i < len; i++) {
			r = check_node(throttle_rows[k].field, i, &list[i].major, &list[i].minor,
				       err);
			if (r < 0)
				return r;
		}
		if (len > 0 && !mounted)
			return cgroup_no_controller(cgroup, throttle_rows[k].field, "blkio", err);
	}
	return 0;
}

static int write_node(const struct cgroup_dir *dir, const char *file, const char *other,
		      const char *field, size_t i, int64_t major, int64_t minor, uint64_t number,
		      struct oci_error *err)
{
	char text[96], name[FIELD_MAX];
	struct cgroup_value value = { dir, file, other, name, text };
	int r;

	(void)snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %" PRIu64, major, minor,
		       number);
	r = cgroup_value_write(&value);
	if (r == 0)
		return 0;
	(void)snprintf(name, sizeof(name), "%s[%zu]", field, i);
	if (r == -ENODEV)
		return err_set(err, ENODEV,
			       "linux.resources.%s: there is no block device %" PRId64 ":%" PRId64,
			       name, major, minor);
	return cgroup_value_failed(&value, -r, err);
}

static int apply_block_io(const struct cgroup *cgroup, const struct oci_block_io *io,
			  struct oci_error *err)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, "blkio");
	int r = 0;

	for (size_t i = 0; i < io->weight_device_len && r == 0; i++) {
		const struct oci_weight_device *device = &io->weight_device[i];

		if (device->weight.present && device->weight.value > 0)
			r = write_node(dir, "blkio.bfq.weight_device", "blkio.weight_device",
				       "blockIO.weightDevice", i, device->major.value,
				       device->minor.value, device->weight.value, err);
		if (r == 0 && device->leaf_weight.present && device->leaf_weight.value > 0)
			r = write_node(dir, "blkio.leaf_weight_device", NULL,
				       "blockIO.weightDevice", i, device->major.value,
				       device->minor.value, device->leaf_weight.value, err);
	}
	for (size_t k = 0; k < ARRAY_LEN(throttle_rows) && r == 0; k++) {
		size_t len;
		const struct oci_throttle_device *list = throttle_list(&throttle_rows[k], io, &len);

		for (size_t i = 0; i < len && r == 0; i++)
			r = write_node(dir, throttle_rows[k].v1_file, NULL, throttle_rows[k].field,
				       i, list[i].major.value, list[i].minor.value,
				       list[i].rate.value, err);
	}
	return r;
}

/* ---- the v2 side of a hybrid host ---- */

/** has_word - is @word in a blank-separated list? */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; (p = strstr(p, word)) != NULL; p += len)
		if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

/** v2_dir_with - the v2 folder if @controller lives on that side of this host. */
static const struct cgroup_dir *v2_dir_with(const struct cgroup *cgroup, const char *controller)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, "");
	struct cgroup_dir root;
	char list[1024];
	ssize_t n;

	if (!dir)
		return NULL;
	root = *dir;
	root.path = (char *)"";
	n = cgroup_dir_read(&root, "cgroup.controllers", list, sizeof(list));
	return n > 0 && has_word(list, controller) ? dir : NULL;
}

/** enable_v2 - "+hugetlb" in the subtree_control of every ancestor. */
static int enable_v2(const struct cgroup_dir *dir, const char *controller)
{
	struct cgroup_dir at = *dir;
	char path[PATH_MAX], text[64];

	if (strlen(dir->path) >= sizeof(path))
		return -ENAMETOOLONG;
	(void)snprintf(text, sizeof(text), "+%s", controller);
	at.path = path;
	for (size_t end = 0; dir->path[end]; end += strcspn(dir->path + end + 1, "/") + 1) {
		int r;

		memcpy(path, dir->path, end);
		path[end] = '\0';
		r = cgroup_dir_write(&at, "cgroup.subtree_control", text);
		if (r < 0)
			return r;
	}
	return 0;
}

/** write_v2 - write, and switch the controller on when its file is missing. */
static int write_v2(const struct cgroup_value *value, const char *controller, struct oci_error *err)
{
	int r = cgroup_value_write(value);

	if (r == -ENOENT && controller[0]) {
		r = enable_v2(value->dir, controller);
		if (r < 0)
			return err_sys(
				err, -r, "linux.resources.%s: enable the %s controller for %s%s",
				value->field, controller, value->dir->mount, value->dir->path);
		r = cgroup_value_write(value);
	}
	return r < 0 ? cgroup_value_failed(value, -r, err) : 0;
}

/* ---- hugepageLimits ---- */

/** page_size_kb - "2MB" is 2048; 0 for what is no size (config-linux.md#huge-page-limits). */
static uint64_t page_size_kb(const char *size)
{
	uint64_t number = 0;
	const char *p = size;

	if (!size || *p < '1' || *p > '9')
		return 0;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (number > UINT32_MAX)
			return 0;
		number = number * 10 + (uint64_t)(*p - '0');
	}
	if (strcmp(p, "KB") == 0)
		return number;
	if (strcmp(p, "MB") == 0)
		return number << 10;
	return strcmp(p, "GB") == 0 ? number << 20 : 0;
}

static int check_huge_pages(const struct cgroup *cgroup, const struct oci_resources *resources,
			    struct oci_error *err)
{
	char path[64];

	for (size_t i = 0; i < resources->hugepage_limits_len; i++) {
		const char *size = resources->hugepage_limits[i].page_size;
		uint64_t kb = page_size_kb(size);

		if (kb == 0)
			return err_set(
				err, EINVAL,
				"linux.resources.hugepageLimits[%zu].pageSize: '%s' is no size"
				" such as 64KB, 2MB or 1GB",
				i, size ? size : "");
		(void)snprintf(path, sizeof(path),
			       "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB", kb);
		if (access(path, F_OK) < 0)
			return err_set(
				err, EINVAL,
				"linux.resources.hugepageLimits[%zu].pageSize: this host has no"
				" huge pages of %s",
				i, size);
		for (size_t k = 0; k < i; k++)
			if (page_size_kb(resources->hugepage_limits[k].page_size) == kb)
				return err_set(
					err, EINVAL,
					"linux.resources.hugepageLimits[%zu].pageSize: %s is given"
					" twice",
					i, size);
	}
	if (resources->hugepage_limits_len > 0 && !cgroup_dir_find(cgroup, "hugetlb") &&
	    !v2_dir_with(cgroup, "hugetlb"))
		return cgroup_no_controller(cgroup, "hugepageLimits", "hugetlb", err);
	return 0;
}

static int apply_huge_page(const struct cgroup *cgroup, const struct oci_hugepage_limit *limit,
			   size_t i, struct oci_error *err)
{
	const struct cgroup_dir *v1 = cgroup_dir_find(cgroup, "hugetlb");
	const char *suffix = v1 ? "limit_in_bytes" : "max";
	char file[96], reserved[96], field[64], text[32];
	struct cgroup_value value = { v1 ? v1 : cgroup_dir_find(cgroup, ""), file, NULL, field,
				      text };
	int r;

	(void)snprintf(file, sizeof(file), "hugetlb.%s.%s", limit->page_size, suffix);
	(void)snprintf(reserved, sizeof(reserved), "hugetlb.%s.rsvd.%s", limit->page_size, suffix);
	(void)snprintf(field, sizeof(field), "hugepageLimits[%zu].limit", i);
	(void)snprintf(text, sizeof(text), "%" PRIu64, limit->limit.value);
	r = v1 ? cgroup_value_write(&value) : write_v2(&value, "hugetlb", err);
	if (r < 0)
		return v1 ? cgroup_value_failed(&value, -r, err) : r;
	/* reservations are counted since 5.7; without this limit a container is killed by SIGBUS at first touch */
	value.file = reserved;
	r = cgroup_value_write(&value);
	return r < 0 && r != -ENOENT ? cgroup_value_failed(&value, -r, err) : 0;
}

/* ---- network, rdma ---- */

static int check_network(const struct cgroup *cgroup, const struct oci_network *network,
			 struct oci_error *err)
{
	for (size_t i = 0; i < network->priorities_len; i++)
		if (!network->priorities[i].name || !network->priorities[i].name[0] ||
		    strpbrk(network->priorities[i].name, " /\t\n"))
			return err_set(
				err, EINVAL,
				"linux.resources.network.priorities[%zu].name: '%s' is no name of"
				" an interface",
				i, network->priorities[i].name ? network->priorities[i].name : "");
	if (network->priorities_len > 0 && !cgroup_dir_find(cgroup, "net_prio"))
		return cgroup_no_controller(cgroup, "network.priorities", "net_prio", err);
	return 0;
}

static int apply_network(const struct cgroup *cgroup, const struct oci_network *network,
			 struct oci_error *err)
{
	for (size_t i = 0; i < network->priorities_len; i++) {
		char text[FIELD_MAX], field[64];
		struct cgroup_value value = { cgroup_dir_find(cgroup, "net_prio"),
					      "net_prio.ifpriomap", NULL, field, text };
		int r;

		(void)snprintf(field, sizeof(field), "network.priorities[%zu]", i);
		(void)snprintf(text, sizeof(text), "%s %" PRIu32, network->priorities[i].name,
			       network->priorities[i].priority.value);
		r = cgroup_value_write(&value);
		if (r < 0)
			return cgroup_value_failed(&value, -r, err);
	}
	return 0;
}

static int apply_rdma(const struct cgroup *cgroup, const struct oci_rdma *rdma,
		      struct oci_error *err)
{
	const struct cgroup_dir *v1 = cgroup_dir_find(cgroup, "rdma");
	char field[FIELD_MAX], text[FIELD_MAX];
	struct cgroup_value value = { v1 ? v1 : cgroup_dir_find(cgroup, ""), "rdma.max", NULL,
				      field, text };
	int n;
	int r;

	(void)snprintf(field, sizeof(field), "rdma[\"%s\"]", rdma->key);
	n = snprintf(text, sizeof(text), "%s", rdma->key);
	if (rdma->hca_handles.present && n > 0 && (size_t)n < sizeof(text))
		n += snprintf(text + n, sizeof(text) - (size_t)n, " hca_handle=%" PRIu32,
			      rdma->hca_handles.value);
	if (rdma->hca_objects.present && n > 0 && (size_t)n < sizeof(text))
		n += snprintf(text + n, sizeof(text) - (size_t)n, " hca_object=%" PRIu32,
			      rdma->hca_objects.value);
	if (n < 0 || (size_t)n >= sizeof(text))
		return err_set(err, EINVAL, "linux.resources.%s: the name is too long", field);
	if (!v1)
		return write_v2(&value, "rdma", err);
	r = cgroup_value_write(&value);
	return r < 0 ? cgroup_value_failed(&value, -r, err) : 0;
}

/* ---- unified ---- */

/** unified_controller - "hugetlb" of "hugetlb.2MB.max"; "" for the core's own "cgroup." files. */
static int unified_controller(const char *key, char *buf, size_t size)
{
	size_t n = strcspn(key, ".");

	if (n == 0 || key[n] == '\0' || n >= size || strchr(key, '/'))
		return -EINVAL;
	memcpy(buf, key, n);
	buf[n] = '\0';
	if (strcmp(buf, "cgroup") == 0)
		buf[0] = '\0';
	return 0;
}

static int check_unified(const struct cgroup *cgroup, const char *key, struct oci_error *err)
{
	char controller[64];

	if (unified_controller(key, controller, sizeof(controller)) < 0)
		return err_set(
			err, EINVAL,
			"linux.resources.unified[\"%s\"]: not a file name such as memory.high",
			key);
	if (!cgroup_dir_find(cgroup, ""))
		return err_set(err, ENOTSUP, "linux.resources.unified[\"%s\"]: %s", key,
			       cgroup->manager == CGROUP_MANAGER_DISABLED
				       ? "cannot be applied, cgroups are disabled"
				       : "needs cgroup v2, which is not mounted");
	if (controller[0] && !v2_dir_with(cgroup, controller))
		return err_set(
			err, ENOTSUP,
			"linux.resources.unified[\"%s\"]: the %s controller is not on the v2 side"
			" of this host",
			key, controller);
	return 0;
}

static int apply_unified(const struct cgroup *cgroup, const struct oci_pair *pair,
			 struct oci_error *err)
{
	char field[FIELD_MAX], controller[64];
	struct cgroup_value value = { cgroup_dir_find(cgroup, ""), pair->key, NULL, field,
				      pair->value };
	int r = unified_controller(pair->key, controller, sizeof(controller));

	(void)snprintf(field, sizeof(field), "unified[\"%s\"]", pair->key);
	if (r < 0)
		return err_set(err, -r, "linux.resources.%s: not a file name", field);
	return write_v2(&value, controller, err);
}

/* ---- all ---- */

int cgroup_lists_check(const struct cgroup *cgroup, const struct oci_resources *resources,
		       struct oci_error *err)
{
	int r = resources->block_io ? check_block_io(cgroup, resources->block_io, err) : 0;

	if (r == 0)
		r = check_huge_pages(cgroup, resources, err);
	if (r == 0 && resources->network)
		r = check_network(cgroup, resources->network, err);
	if (r == 0 && resources->rdma_len > 0 && !cgroup_dir_find(cgroup, "rdma") &&
	    !v2_dir_with(cgroup, "rdma"))
		r = cgroup_no_controller(cgroup, "rdma", "rdma", err);
	for (size_t i = 0; i < resources->unified_len && r == 0; i++)
		r = check_unified(cgroup, resources->unified[i].key, err);
	return r;
}

int cgroup_lists_apply(const struct cgroup *cgroup, const struct oci_resources *resources,
		       struct oci_error *err)
{
	int r = resources->block_io ? apply_block_io(cgroup, resources->block_io, err) : 0;

	for (size_t i = 0; i < resources->hugepage_limits_len && r == 0; i++)
		r = apply_huge_page(cgroup, &resources->hugepage_limits[i], i, err);
	if (r == 0 && resources->network)
		r = apply_network(cgroup, resources->network, err);
	for (size_t i = 0; i < resources->rdma_len && r == 0; i++)
		r = apply_rdma(cgroup, &resources->rdma[i], err);
	for (size_t i = 0; i < resources->unified_len && r == 0; i++)
		r = apply_unified(cgroup, &resources->unified[i], err);
	return r;
}
