/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts.c - mounts[] checked and sorted out, before anything is touched.
 */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "runtime/rootfs-private.h"

/*
 * The only files of /proc that may be covered: lxcfs and the like show a
 * container its own figures there. Anything else would let a config fool the
 * tools inside, and an image's volume the runtime (CVE-2019-16884).
 */
static const char *const proc_files[] = {
	"cpuinfo",
	"diskstats",
	"meminfo",
	"stat",
	"swaps",
	"uptime",
	"loadavg",
	"slabinfo",
	"sys/kernel/ns_last_pid",
	"sys/crypto/fips_enabled",
};

static bool proc_file_allowed(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(proc_files); i++)
		if (!strcmp(name, proc_files[i]))
			return true;
	return false;
}

static int check_proc(const struct mount_plan *m, struct oci_error *err)
{
	if (!path_is_below(m->destination, "/proc"))
		return 0;
	if (!strcmp(m->destination, "/proc")) {
		if (m->kind == MOUNT_BIND || m->kind == MOUNT_REMOUNT || !strcmp(m->type, "proc"))
			return 0;
		return err_set(err, EINVAL,
			       "mounts[%zu].type: only proc can be mounted on /proc, not \"%s\"",
			       m->index, m->type);
	}
	if (m->kind == MOUNT_BIND && proc_file_allowed(m->destination + strlen("/proc/")))
		return 0;
	return err_set(err, EINVAL,
		       "mounts[%zu].destination: %s: cannot be mounted because it is inside /proc",
		       m->index, m->destination);
}

static int plan_kind(const struct oci_mount *in, struct mount_plan *m, struct oci_error *err)
{
	const struct mount_options *o = &m->options;

	if (o->flags & MS_REMOUNT)
		m->kind = MOUNT_REMOUNT;
	else if ((o->flags & MS_BIND) || (in->type && !strcmp(in->type, "bind")))
		m->kind = MOUNT_BIND;
	else if (in->type && (!strcmp(in->type, "cgroup") || !strcmp(in->type, "cgroup2")))
		m->kind = MOUNT_CGROUP;
	else
		m->kind = MOUNT_FS;
	m->type = in->type ? in->type : "";
	if (m->kind == MOUNT_FS && !*m->type)
		return err_set(err, EINVAL, "mounts[%zu].type: required unless it is a bind mount",
			       m->index);
	if (m->kind == MOUNT_FS && !strcmp(m->type, "none"))
		return err_set(err, EINVAL,
			       "mounts[%zu].options: bind or rbind is missing for type \"none\"",
			       m->index);
	return 0;
}

static int plan_source(struct oci_arena *arena, const struct oci_mount *in, const struct rootfs *rf,
		       struct mount_plan *m, struct oci_error *err)
{
	if (m->kind != MOUNT_BIND) {
		m->source = in->source && *in->source ? in->source : m->type;
		return 0;
	}
	if (!in->source || !*in->source)
		return err_set(err, EINVAL, "mounts[%zu].source: required for a bind mount",
			       m->index);
	m->source = *in->source == '/'
			    ? in->source
			    : oci_arena_printf(arena, "%s/%s", rf->options.bundle, in->source);
	return m->source ? 0 : err_nomem(err);
}

static int check_options(const struct rootfs *rf, const struct oci_mount *in, struct mount_plan *m,
			 struct oci_error *err)
{
	const struct mount_options *o = &m->options;
	ssize_t whole;

	/* the kernel would take no notice of it, so the user must */
	if (m->kind == MOUNT_BIND && o->data)
		return err_set(err, EINVAL,
			       "mounts[%zu].options[%zu]: \"%s\": is no option of a bind mount",
			       m->index, o->data_index, in->options[o->data_index]);
	whole = mount_superblock_option(o, in->options, in->options_len);
	if (m->kind == MOUNT_BIND && whole >= 0)
		return err_set(
			err, EINVAL,
			"mounts[%zu].options[%zd]: \"%s\": is of the file system as a whole, not "
			"of a bind mount",
			m->index, whole, in->options[whole]);
	if (m->kind == MOUNT_CGROUP && o->data && !strcmp(in->type, "cgroup"))
		return err_set(err, EINVAL,
			       "mounts[%zu].options[%zu]: \"%s\": is no option of a cgroup mount",
			       m->index, o->data_index, in->options[o->data_index]);
	if (m->kind != MOUNT_BIND && (o->copy_symlink || o->src_nofollow))
		return err_set(err, EINVAL,
			       "mounts[%zu].options: copy-symlink and src-nofollow are for bind "
			       "mounts only",
			       m->index);
	if (o->tmpcopyup && (m->kind != MOUNT_FS || strcmp(m->type, "tmpfs") != 0))
		return err_set(err, EINVAL, "mounts[%zu].options: tmpcopyup is for tmpfs only",
			       m->index);
	return idmount_check(m, rf, err);
}

static int plan_destination(struct oci_arena *arena, const struct oci_mount *in,
			    struct mount_plan *m, struct oci_error *err)
{
	char *destination;

	if (!in->destination || !*in->destination)
		return err_set(err, EINVAL, "mounts[%zu].destination: required", m->index);
	/* a relative one has always been taken as below "/" (config.md#mounts) */
	destination = oci_arena_printf(arena, "/%s", in->destination);
	if (!destination)
		return err_nomem(err);
	m->destination = path_clean(destination);
	if (!strcmp(m->destination, "/"))
		return err_set(err, EINVAL, "mounts[%zu].destination: nothing can be mounted on /",
			       m->index);
	return 0;
}

/* A tmpfs looks like the folder that it hides, unless told otherwise (both runc and crun do so). */
static int plan_tmpfs_mode(struct oci_arena *arena, struct mount_plan *m, struct oci_error *err)
{
	const char *data = m->options.data;
	char *with;

	if (m->kind != MOUNT_FS || strcmp(m->type, "tmpfs") != 0)
		return 0;
	if (data && (!strncmp(data, "mode=", 5) || strstr(data, ",mode=")))
		return 0;
	with = oci_arena_printf(arena, "%s%smode=0755", data ? data : "", data ? "," : "");
	if (!with)
		return err_nomem(err);
	m->options.data = with;
	m->mode_digits = strrchr(with, '=') + 1;
	return 0;
}

static int plan_one(struct oci_arena *arena, const struct oci_config *config, size_t i,
		    struct rootfs *rf, struct oci_error *err)
{
	const struct oci_mount *in = &config->mounts[i];
	struct mount_plan *m = &rf->mounts[i];
	struct mount_options *o = &m->options;
	int r;

	m->index = i;
	m->tree_fd = m->handle_fd = -1;
	m->uids = in->uid_mappings;
	m->uids_len = in->uid_mappings_len;
	m->gids = in->gid_mappings;
	m->gids_len = in->gid_mappings_len;
	r = plan_destination(arena, in, m, err);
	if (r < 0)
		return r;
	r = mount_options_parse(arena, in->options, in->options_len, o, err);
	if (r < 0) {
		err_prefix(err, "mounts[%zu].", i);
		return r;
	}
	if ((r = idmount_plan(arena, config, m, err)) < 0 || (r = plan_kind(in, m, err)) < 0 ||
	    (r = plan_source(arena, in, rf, m, err)) < 0 ||
	    (r = check_options(rf, in, m, err)) < 0 || (r = check_proc(m, err)) < 0 ||
	    (r = plan_tmpfs_mode(arena, m, err)) < 0)
		return r;

	m->real_dir =
		m->kind == MOUNT_FS && (!strcmp(m->type, "proc") || !strcmp(m->type, "sysfs"));
	m->source_procfs = m->kind == MOUNT_BIND && !strcmp(m->destination, "/proc");
	/*
	 * Read-only that leaves the cgroups below /sys writable helps nobody
	 * (CVE-2023-25809): there it holds for the whole tree.
	 */
	if (m->kind == MOUNT_BIND && (o->flags & MS_REC) && (o->attr_set & MOUNT_ATTR_RDONLY) &&
	    path_is_below(m->source, "/sys"))
		o->rec_set |= MOUNT_ATTR_RDONLY;
	return 0;
}

/* The folder that holds @path: is it @top? */
static bool is_child(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(path, top, n) && path[n] == '/' && !strchr(path + n + 1, '/');
}

/* Which tmpfs is kept open for what comes to lie in it, and which can be read-only only after that. */
static void find_handles(struct rootfs *rf)
{
	for (size_t i = 0; i < rf->mounts_len; i++) {
		struct mount_plan *m = &rf->mounts[i];
		bool holds;

		if (m->kind != MOUNT_FS || strcmp(m->type, "tmpfs") != 0)
			continue;
		holds = m->needs_handle = !strcmp(m->destination, "/dev");
		for (size_t j = i + 1; j < rf->mounts_len && !m->needs_handle; j++) {
			m->needs_handle = is_child(rf->mounts[j].destination, m->destination);
			holds |= strcmp(rf->mounts[j].destination, m->destination) != 0 &&
				 path_is_below(rf->mounts[j].destination, m->destination);
		}
		if (!holds || !(m->options.flags & MS_RDONLY))
			continue;
		m->late_readonly = true;
		m->options.flags &= ~(unsigned long)MS_RDONLY;
		m->options.attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	}
}

int mounts_plan(struct oci_arena *arena, const struct oci_config *config, struct rootfs *rf,
		struct oci_error *err)
{
	int r;

	if (!config->mounts_len)
		return 0;
	rf->mounts = oci_arena_array(arena, config->mounts_len, sizeof(*rf->mounts));
	if (!rf->mounts)
		return err_nomem(err);
	rf->mounts_len = config->mounts_len;
	for (size_t i = 0; i < config->mounts_len; i++) {
		r = plan_one(arena, config, i, rf, err);
		if (r < 0)
			return r;
		/* the last mount on /dev decides whose it is */
		if (!strcmp(rf->mounts[i].destination, "/dev") &&
		    rf->mounts[i].kind != MOUNT_REMOUNT)
			rf->dev_is_bind = rf->mounts[i].kind == MOUNT_BIND;
	}
	find_handles(rf);
	return 0;
}
