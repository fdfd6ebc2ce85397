/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_options.c - the option table and its one reader.
 *
 * A row says what an option does to mount(2) flags and to mount attributes;
 * the two must agree, because a mount may be made by either interface.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/mount_options.h"
#include "runtime/rootfs.h"

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* 5.10 */
#endif
#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1UL << 25)
#endif
/* The C library keeps these two out of its list, though mount(2) takes them. */
#define FLAG_SILENT 32768UL
#define FLAG_POSIXACL (1UL << 16)

enum option_kind {
	OPTION_SET,   /* flags |= ms, attributes set */
	OPTION_CLEAR, /* flags &= ~ms, attributes cleared */
	OPTION_RSET,  /* attributes set recursively */
	OPTION_RCLEAR,
	OPTION_PROPAGATION,
	OPTION_IDMAP,
	OPTION_BOOL, /* ms is the offset of a bool in struct mount_options */
};

struct option_row {
	const char *name;
	enum option_kind kind;
	unsigned long ms;
	uint64_t attr;
};

#define BOOL_OFFSET(member) offsetof(struct mount_options, member)

/* Sorted by strcmp; the unit test checks it. */
static const struct option_row rows[] = {
	{ "acl", OPTION_SET, FLAG_POSIXACL, 0 },
	{ "async", OPTION_CLEAR, MS_SYNCHRONOUS, 0 },
	{ "atime", OPTION_CLEAR, MS_NOATIME, MOUNT_ATTR_NOATIME },
	{ "bind", OPTION_SET, MS_BIND, 0 },
	{ "copy-symlink", OPTION_BOOL, BOOL_OFFSET(copy_symlink), 0 },
	{ "defaults", OPTION_SET, 0, 0 },
	{ "dest-nofollow", OPTION_BOOL, BOOL_OFFSET(dest_nofollow), 0 },
	{ "dev", OPTION_CLEAR, MS_NODEV, MOUNT_ATTR_NODEV },
	{ "diratime", OPTION_CLEAR, MS_NODIRATIME, MOUNT_ATTR_NODIRATIME },
	{ "dirsync", OPTION_SET, MS_DIRSYNC, 0 },
	{ "exec", OPTION_CLEAR, MS_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ "idmap", OPTION_IDMAP, MOUNT_IDMAP_TOP, 0 },
	{ "iversion", OPTION_SET, MS_I_VERSION, 0 },
	{ "lazytime", OPTION_SET, MS_LAZYTIME, 0 },
	{ "loud", OPTION_CLEAR, FLAG_SILENT, 0 },
	{ "mand", OPTION_SET, MS_MANDLOCK, 0 },
	{ "noacl", OPTION_CLEAR, FLAG_POSIXACL, 0 },
	{ "noatime", OPTION_SET, MS_NOATIME, MOUNT_ATTR_NOATIME },
	{ "nodev", OPTION_SET, MS_NODEV, MOUNT_ATTR_NODEV },
	{ "nodiratime", OPTION_SET, MS_NODIRATIME, MOUNT_ATTR_NODIRATIME },
	{ "noexec", OPTION_SET, MS_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ "noiversion", OPTION_CLEAR, MS_I_VERSION, 0 },
	{ "nolazytime", OPTION_CLEAR, MS_LAZYTIME, 0 },
	{ "nomand", OPTION_CLEAR, MS_MANDLOCK, 0 },
	{ "norelatime", OPTION_CLEAR, MS_RELATIME, MOUNT_ATTR__ATIME },
	{ "nostrictatime", OPTION_CLEAR, MS_STRICTATIME, MOUNT_ATTR_STRICTATIME },
	{ "nosuid", OPTION_SET, MS_NOSUID, MOUNT_ATTR_NOSUID },
	{ "nosymfollow", OPTION_SET, MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	{ "private", OPTION_PROPAGATION, MS_PRIVATE, 0 },
	{ "rasync", OPTION_CLEAR, MS_SYNCHRONOUS, 0 },
	{ "ratime", OPTION_RCLEAR, 0, MOUNT_ATTR_NOATIME },
	{ "rbind", OPTION_SET, MS_BIND | MS_REC, 0 },
	{ "rdev", OPTION_RCLEAR, 0, MOUNT_ATTR_NODEV },
	{ "rdiratime", OPTION_RCLEAR, 0, MOUNT_ATTR_NODIRATIME },
	{ "rdirsync", OPTION_SET, MS_DIRSYNC, 0 },
	{ "relatime", OPTION_SET, MS_RELATIME, MOUNT_ATTR_RELATIME },
	{ "remount", OPTION_SET, MS_REMOUNT, 0 },
	{ "rexec", OPTION_RCLEAR, 0, MOUNT_ATTR_NOEXEC },
	{ "ridmap", OPTION_IDMAP, MOUNT_IDMAP_RECURSIVE, 0 },
	{ "rmand", OPTION_SET, MS_MANDLOCK, 0 },
	{ "rnoatime", OPTION_RSET, 0, MOUNT_ATTR_NOATIME },
	{ "rnodev", OPTION_RSET, 0, MOUNT_ATTR_NODEV },
	{ "rnodiratime", OPTION_RSET, 0, MOUNT_ATTR_NODIRATIME },
	{ "rnoexec", OPTION_RSET, 0, MOUNT_ATTR_NOEXEC },
	{ "rnomand", OPTION_CLEAR, MS_MANDLOCK, 0 },
	{ "rnorelatime", OPTION_RCLEAR, 0, MOUNT_ATTR__ATIME },
	{ "rnostrictatime", OPTION_RCLEAR, 0, MOUNT_ATTR_STRICTATIME },
	{ "rnosuid", OPTION_RSET, 0, MOUNT_ATTR_NOSUID },
	{ "rnosymfollow", OPTION_RSET, 0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "ro", OPTION_SET, MS_RDONLY, MOUNT_ATTR_RDONLY },
	{ "rprivate", OPTION_PROPAGATION, MS_PRIVATE | MS_REC, 0 },
	{ "rrelatime", OPTION_RSET, 0, MOUNT_ATTR_RELATIME },
	{ "rro", OPTION_RSET, 0, MOUNT_ATTR_RDONLY },
	{ "rrw", OPTION_RCLEAR, 0, MOUNT_ATTR_RDONLY },
	{ "rshared", OPTION_PROPAGATION, MS_SHARED | MS_REC, 0 },
	{ "rslave", OPTION_PROPAGATION, MS_SLAVE | MS_REC, 0 },
	{ "rstrictatime", OPTION_RSET, 0, MOUNT_ATTR_STRICTATIME },
	{ "rsuid", OPTION_RCLEAR, 0, MOUNT_ATTR_NOSUID },
	{ "rsymfollow", OPTION_RCLEAR, 0, MOUNT_ATTR_NOSYMFOLLOW },
	{ "rsync", OPTION_SET, MS_SYNCHRONOUS, 0 },
	{ "runbindable", OPTION_PROPAGATION, MS_UNBINDABLE | MS_REC, 0 },
	{ "rw", OPTION_CLEAR, MS_RDONLY, MOUNT_ATTR_RDONLY },
	{ "shared", OPTION_PROPAGATION, MS_SHARED, 0 },
	{ "silent", OPTION_SET, FLAG_SILENT, 0 },
	{ "slave", OPTION_PROPAGATION, MS_SLAVE, 0 },
	{ "src-nofollow", OPTION_BOOL, BOOL_OFFSET(src_nofollow), 0 },
	{ "strictatime", OPTION_SET, MS_STRICTATIME, MOUNT_ATTR_STRICTATIME },
	{ "suid", OPTION_CLEAR, MS_NOSUID, MOUNT_ATTR_NOSUID },
	{ "symfollow", OPTION_CLEAR, MS_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	{ "sync", OPTION_SET, MS_SYNCHRONOUS, 0 },
	{ "tmpcopyup", OPTION_BOOL, BOOL_OFFSET(tmpcopyup), 0 },
	{ "unbindable", OPTION_PROPAGATION, MS_UNBINDABLE, 0 },
};

static const char *option_names[ARRAY_LEN(rows) + 1];

const char *const *rootfs_mount_option_names(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		option_names[i] = rows[i].name;
	return option_names;
}

static int row_compare(const void *key, const void *row)
{
	return strcmp(key, ((const struct option_row *)row)->name);
}

static const struct option_row *row_find(const char *name)
{
	return bsearch(name, rows, ARRAY_LEN(rows), sizeof(rows[0]), row_compare);
}

unsigned long mount_propagation_flags(const char *word)
{
	const struct option_row *row = row_find(word);

	return row && row->kind == OPTION_PROPAGATION ? row->ms : 0;
}

/* What a file system has as a whole; mount(2) takes no notice of it for one bind mount. */
#define SUPERBLOCK_FLAGS \
	(MS_SYNCHRONOUS | MS_DIRSYNC | MS_MANDLOCK | MS_I_VERSION | MS_LAZYTIME | FLAG_POSIXACL)

ssize_t mount_superblock_option(const struct mount_options *parsed, char *const *options,
				size_t len)
{
	unsigned long flags = parsed->flags & SUPERBLOCK_FLAGS;

	for (size_t i = len; flags && i-- > 0;) {
		const struct option_row *row = row_find(options[i]);

		if (row && row->kind == OPTION_SET && (row->ms & flags))
			return (ssize_t)i;
	}
	return -1;
}

/*
 * Access times are an enumeration, not bits: mount_setattr(2) wants the whole
 * field cleared with any new value, and "relatime" is the value 0.
 */
static bool is_atime(const struct option_row *row)
{
	return (row->attr & MOUNT_ATTR__ATIME) || (row->attr == 0 && (row->ms & MS_RELATIME)) ||
	       !strcmp(row->name, "rrelatime");
}

static void attributes_change(const struct option_row *row, bool set, uint64_t *attr_set,
			      uint64_t *attr_clr)
{
	if (is_atime(row)) {
		*attr_clr |= MOUNT_ATTR__ATIME;
		*attr_set &= ~(uint64_t)MOUNT_ATTR__ATIME;
		if (set)
			*attr_set |= row->attr;
	} else if (set) {
		*attr_set |= row->attr;
		*attr_clr &= ~row->attr;
	} else {
		*attr_set &= ~row->attr;
		*attr_clr |= row->attr;
	}
}

static void flags_change(const struct option_row *row, bool set, unsigned long *flags)
{
	const unsigned long atime = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;

	if (!set) {
		*flags &= ~row->ms;
		return;
	}
	if (row->ms & atime)
		*flags &= ~atime;
	*flags |= row->ms;
}

static int row_apply(const struct option_row *row, size_t index, struct mount_options *o,
		     struct oci_error *err)
{
	switch (row->kind) {
	case OPTION_SET:
	case OPTION_CLEAR:
		flags_change(row, row->kind == OPTION_SET, &o->flags);
		attributes_change(row, row->kind == OPTION_SET, &o->attr_set, &o->attr_clr);
		return 0;
	case OPTION_RSET:
	case OPTION_RCLEAR:
		attributes_change(row, row->kind == OPTION_RSET, &o->rec_set, &o->rec_clr);
		return 0;
	case OPTION_PROPAGATION:
		if (o->propagation_len == MOUNT_PROPAGATION_MAX)
			return err_set(err, EINVAL,
				       "options[%zu]: \"%s\": more than %d propagation options",
				       index, row->name, MOUNT_PROPAGATION_MAX);
		o->propagation[o->propagation_len++] = row->ms;
		return 0;
	case OPTION_IDMAP:
		o->idmap = (enum mount_idmap)row->ms;
		return 0;
	case OPTION_BOOL:
		*(bool *)((char *)o + row->ms) = true;
		return 0;
	}
	return 0;
}

/* crun's way to give a mount its own mappings: an option with a value that is for us, not for the file system */
static bool take_idmap(const char *option, size_t index, struct mount_options *o)
{
	const char *value = NULL;

	if (!strncmp(option, "idmap=", strlen("idmap="))) {
		value = option + strlen("idmap=");
		o->idmap = MOUNT_IDMAP_TOP;
	} else if (!strncmp(option, "ridmap=", strlen("ridmap="))) {
		value = option + strlen("ridmap=");
		o->idmap = MOUNT_IDMAP_RECURSIVE;
	}
	if (!value)
		return false;
	o->idmap_spec = value;
	o->idmap_index = index;
	return true;
}

int mount_options_parse(struct oci_arena *arena, char *const *options, size_t len,
			struct mount_options *ret, struct oci_error *err)
{
	struct mount_options o = { 0 };
	size_t room = 0, used = 0;
	char *data = NULL;
	int r;

	for (size_t i = 0; i < len; i++)
		room += strlen(options[i]) + 1;
	for (size_t i = 0; i < len; i++) {
		const struct option_row *row = row_find(options[i]);
		size_t n = strlen(options[i]);

		if (row) {
			r = row_apply(row, i, &o, err);
			if (r < 0)
				return r;
			continue;
		}
		if (!n || take_idmap(options[i], i, &o))
			continue;
		if (!data) {
			data = oci_arena_alloc(arena, room);
			if (!data)
				return err_nomem(err);
			o.data_index = i;
		} else {
			data[used++] = ',';
		}
		memcpy(data + used, options[i], n + 1);
		used += n;
	}
	o.data = data;
	*ret = o;
	return 0;
}
