/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists.c - the arrays and maps of linux.resources: block devices, huge pages, interfaces, rdma, unified.
 *
 * A controller that is not on the v1 side is used on the v2 side. There it
 * must be switched on in every ancestor; that is done only when a value needs it.
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
	const char *v2_key; /* in io.max */
	size_t list;        /* offsets in struct oci_block_io */
	size_t len;
};

#define THROTTLE(word, file, key, name)                                                            \
	{                                                                                          \
		"blockIO." word, "blkio.throttle." file, key, offsetof(struct oci_block_io, name), \
			offsetof(struct oci_block_io, name##_len)                                  \
	}

static const struct throttle_row throttle_rows[] = {
	THROTTLE("throttleReadBpsDevice", "read_bps_device", "rbps", throttle_read_bps_device),
	THROTTLE("throttleWriteBpsDevice", "write_bps_device", "wbps", throttle_write_bps_device),
	THROTTLE("throttleReadIOPSDevice", "read_iops_device", "riops", throttle_read_iops_device),
	THROTTLE("throttleWriteIOPSDevice", "write_iops_device", "wiops",
		 throttle_write_iops_device),
};

static const struct oci_throttle_device *throttle_list(const struct throttle_row *row,
						       const struct oci_block_io *io, size_t *ret)
{
	*ret = *(const size_t *)((const char *)io + row->len);
	return *(const struct oci_throttle_device *const *)((const char *)io + row->list);
}

static bool has_devices(const struct oci_block_io *io)
{
	size_t n = io->weight_device_len, len;

	for (size_t k = 0; k < ARRAY_LEN(throttle_rows); k++) {
		(void)throttle_list(&throttle_rows[k], io, &len);
		n += len;
	}
	return n > 0;
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

static const struct cgroup_dir *io_dir(const struct cgroup *cgroup)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, "blkio");

	return dir ? dir : cgroup_v2_dir_with(cgroup, "io");
}

static int no_io(const struct cgroup *cgroup, const char *field, struct oci_error *err)
{
	return cgroup_no_controller(cgroup, field, cgroup->mode == CGROUP_MODE_V2 ? "io" : "blkio",
				    err);
}

static int check_block_io(const struct cgroup *cgroup, const struct oci_block_io *io,
			  struct oci_error *err)
{
	const struct cgroup_dir *dir = has_devices(io) ? io_dir(cgroup) : NULL;
	char field[64];
	int r;

	for (size_t i = 0; i < io->weight_device_len; i++) {
		const struct oci_weight_device *device = &io->weight_device[i];

		r = check_node("blockIO.weightDevice", i, &device->major, &device->minor, err);
		if (r == 0)
			r = check_weight("weight", i, &device->weight, err);
		if (r == 0)
			r = check_weight("leafWeight", i, &device->leaf_weight, err);
		(void)snprintf(field, sizeof(field), "blockIO.weightDevice[%zu].leafWeight", i);
		if (r == 0 && dir && cgroup_dir_is_v2(dir) && device->leaf_weight.value > 0)
			r = cgroup_not_on_v2(field, err);
		if (r < 0)
			return r;
	}
	if (io->weight_device_len > 0 && !dir)
		return no_io(cgroup, "blockIO.weightDevice", err);
	for (size_t k = 0; k < ARRAY_LEN(throttle_rows); k++) {
		size_t len;
		const struct oci_throttle_device *list = throttle_list(&throttle_rows[k], io, &len);

		for (size_t i = 0; i < len; i++) {
			r = check_node(throttle_rows[k].field, i, &list[i].major, &list[i].minor,
				       err);
			if (r < 0)
				return r;
		}
		if (len > 0 && !dir)
			return no_io(cgroup, throttle_rows[k].field, err);
	}
	return 0;
}

/** write_at - one value on whichever side it is, with words. */
static int write_at(const struct cgroup_value *value, const char *v2_controller,
		    struct cgroup_undo *undo, struct oci_error *err)
{
	int r;

	cgroup_undo_remember(undo, value);
	r = cgroup_dir_is_v2(value->dir) ? cgroup_v2_value_write(value, v2_controller, err)
					 : cgroup_value_write(value);
	return r < 0 ? cgroup_value_failed(value, -r, err) : 0;
}

/* A line for one device; not remembered, since such a file is not put back by writing it. */
static int write_node(struct cgroup_value *value, size_t i, const struct oci_i64 *major,
		      const struct oci_i64 *minor, struct oci_error *err)
{
	char name[FIELD_MAX];
	int r = cgroup_dir_is_v2(value->dir) ? cgroup_v2_value_write(value, "io", err)
					     : cgroup_value_write(value);

	if (r == 0)
		return 0;
	(void)snprintf(name, sizeof(name), "%s[%zu]", value->field, i);
	if (r == -ENODEV)
		return err_set(err, ENODEV,
			       "linux.resources.%s: there is no block device %" PRId64 ":%" PRId64,
			       name, major->value, minor->value);
	value->field = name;
	return cgroup_value_failed(value, -r, err);
}

static int apply_weight(const struct cgroup_dir *dir, const struct oci_weight_device *device,
			size_t i, struct oci_error *err)
{
	bool v2 = cgroup_dir_is_v2(dir);
	char text[96], other[96];
	struct cgroup_value value = {
		.dir = dir,
		.file = v2 ? "io.bfq.weight" : "blkio.bfq.weight_device",
		.other_file = v2 ? "io.weight" : "blkio.weight_device",
		.field = "blockIO.weightDevice",
		.text = text,
		.other_text = v2 ? other : NULL,
	};

	(void)snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %" PRIu32, device->major.value,
		       device->minor.value, device->weight.value);
	(void)snprintf(other, sizeof(other), "%" PRId64 ":%" PRId64 " %" PRIu64,
		       device->major.value, device->minor.value,
		       cgroup_io_weight_of_blkio(device->weight.value));
	return write_node(&value, i, &device->major, &device->minor, err);
}

static int apply_leaf_weight(const struct cgroup_dir *dir, const struct oci_weight_device *device,
			     size_t i, struct oci_error *err)
{
	char text[96];
	struct cgroup_value value = {
		.dir = dir,
		.file = "blkio.leaf_weight_device",
		.field = "blockIO.weightDevice",
		.text = text,
	};

	(void)snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %" PRIu32, device->major.value,
		       device->minor.value, device->leaf_weight.value);
	return write_node(&value, i, &device->major, &device->minor, err);
}

static int apply_throttle(const struct cgroup_dir *dir, const struct throttle_row *row,
			  const struct oci_throttle_device *device, size_t i, struct oci_error *err)
{
	bool v2 = cgroup_dir_is_v2(dir);
	char text[96];
	struct cgroup_value value = {
		.dir = dir,
		.file = v2 ? "io.max" : row->v1_file,
		.field = row->field,
		.text = text,
	};
	int n = snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %s%s", device->major.value,
			 device->minor.value, v2 ? row->v2_key : "", v2 ? "=" : "");

	/* 0 takes the limit away */
	if (v2 && device->rate.value == 0)
		(void)snprintf(text + n, sizeof(text) - (size_t)n, "max");
	else
		(void)snprintf(text + n, sizeof(text) - (size_t)n, "%" PRIu64, device->rate.value);
	return write_node(&value, i, &device->major, &device->minor, err);
}

static int apply_block_io(const struct cgroup *cgroup, const struct oci_block_io *io,
			  struct oci_error *err)
{
	const struct cgroup_dir *dir = has_devices(io) ? io_dir(cgroup) : NULL;
	int r = 0;

	if (!dir)
		return 0;
	for (size_t i = 0; i < io->weight_device_len && r == 0; i++) {
		const struct oci_weight_device *device = &io->weight_device[i];

		if (device->weight.present && device->weight.value > 0)
			r = apply_weight(dir, device, i, err);
		if (r == 0 && device->leaf_weight.present && device->leaf_weight.value > 0)
			r = apply_leaf_weight(dir, device, i, err);
	}
	for (size_t k = 0; k < ARRAY_LEN(throttle_rows) && r == 0; k++) {
		size_t len;
		const struct oci_throttle_device *list = throttle_list(&throttle_rows[k], io, &len);

		for (size_t i = 0; i < len && r == 0; i++)
			r = apply_throttle(dir, &throttle_rows[k], &list[i], i, err);
	}
	return r;
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
	    !cgroup_v2_dir_with(cgroup, "hugetlb"))
		return cgroup_no_controller(cgroup, "hugepageLimits", "hugetlb", err);
	return 0;
}

static int apply_huge_page(const struct cgroup *cgroup, const struct oci_hugepage_limit *limit,
			   size_t i, struct cgroup_undo *undo, struct oci_error *err)
{
	const struct cgroup_dir *v1 = cgroup_dir_find(cgroup, "hugetlb");
	const char *suffix = v1 ? "limit_in_bytes" : "max";
	char file[96], reserved[96], field[64], text[32];
	struct cgroup_value value = {
		.dir = v1 ? v1 : cgroup_dir_find(cgroup, ""),
		.file = file,
		.field = field,
		.text = text,
	};
	int r;

	(void)snprintf(file, sizeof(file), "hugetlb.%s.%s", limit->page_size, suffix);
	(void)snprintf(reserved, sizeof(reserved), "hugetlb.%s.rsvd.%s", limit->page_size, suffix);
	(void)snprintf(field, sizeof(field), "hugepageLimits[%zu].limit", i);
	(void)snprintf(text, sizeof(text), "%" PRIu64, limit->limit.value);
	r = write_at(&value, "hugetlb", undo, err);
	if (r < 0)
		return r;
	/* reservations are counted since 5.7; without this limit a container is killed by SIGBUS at first touch */
	value.file = reserved;
	cgroup_undo_remember(undo, &value);
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
	if (network->priorities_len > 0 && cgroup->mode == CGROUP_MODE_V2)
		return cgroup_not_on_v2("network.priorities", err);
	if (network->priorities_len > 0 && !cgroup_dir_find(cgroup, "net_prio"))
		return cgroup_no_controller(cgroup, "network.priorities", "net_prio", err);
	return 0;
}

static int apply_network(const struct cgroup *cgroup, const struct oci_network *network,
			 struct oci_error *err)
{
	for (size_t i = 0; i < network->priorities_len; i++) {
		char text[FIELD_MAX], field[64];
		struct cgroup_value value = {
			.dir = cgroup_dir_find(cgroup, "net_prio"),
			.file = "net_prio.ifpriomap",
			.field = field,
			.text = text,
		};
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
	struct cgroup_value value = {
		.dir = v1 ? v1 : cgroup_dir_find(cgroup, ""),
		.file = "rdma.max",
		.field = field,
		.text = text,
	};
	int n;

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
	return write_at(&value, "rdma", NULL, err);
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
	if (controller[0] && !cgroup_v2_dir_with(cgroup, controller) &&
	    cgroup->mode == CGROUP_MODE_V2)
		return err_set(err, ENOTSUP,
			       "linux.resources.unified[\"%s\"]: this host has no %s cgroup"
			       " controller",
			       key, controller);
	if (controller[0] && !cgroup_v2_dir_with(cgroup, controller))
		return err_set(
			err, ENOTSUP,
			"linux.resources.unified[\"%s\"]: the %s controller is not on the v2 side"
			" of this host",
			key, controller);
	return 0;
}

static int apply_unified(const struct cgroup *cgroup, const struct oci_pair *pair,
			 struct cgroup_undo *undo, struct oci_error *err)
{
	char field[FIELD_MAX], controller[64];
	struct cgroup_value value = {
		.dir = cgroup_dir_find(cgroup, ""),
		.file = pair->key,
		.field = field,
		.text = pair->value,
	};
	int r = unified_controller(pair->key, controller, sizeof(controller));

	(void)snprintf(field, sizeof(field), "unified[\"%s\"]", pair->key);
	if (r < 0)
		return err_set(err, -r, "linux.resources.%s: not a file name", field);
	return write_at(&value, controller, undo, err);
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
	    !cgroup_v2_dir_with(cgroup, "rdma"))
		r = cgroup_no_controller(cgroup, "rdma", "rdma", err);
	for (size_t i = 0; i < resources->unified_len && r == 0; i++)
		r = check_unified(cgroup, resources->unified[i].key, err);
	return r;
}

int cgroup_lists_apply(const struct cgroup *cgroup, const struct oci_resources *resources,
		       struct cgroup_undo *undo, struct oci_error *err)
{
	int r = resources->block_io ? apply_block_io(cgroup, resources->block_io, err) : 0;

	for (size_t i = 0; i < resources->hugepage_limits_len && r == 0; i++)
		r = apply_huge_page(cgroup, &resources->hugepage_limits[i], i, undo, err);
	if (r == 0 && resources->network)
		r = apply_network(cgroup, resources->network, err);
	for (size_t i = 0; i < resources->rdma_len && r == 0; i++)
		r = apply_rdma(cgroup, &resources->rdma[i], err);
	for (size_t i = 0; i < resources->unified_len && r == 0; i++)
		r = apply_unified(cgroup, &resources->unified[i], undo, err);
	return r;
}
