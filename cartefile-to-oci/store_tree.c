/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_tree.c - whole folders are measured.
 */
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "cartefile-to-oci/store-private.h"

uint64_t tree_size(int dirfd, const char *name)
{
	CLEANUP_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char path[32 + 2], link[32];
	char *roots[] = { path, NULL };
	uint64_t size = 0;
	FTSENT *entry;
	FTS *fts;

	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "%s/.", path_fd_link(fd, link));
	/* by name: below an fd of ours, physical; what is too deep for a path is not counted */
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	while (fts && (entry = fts_read(fts)))
		if (entry->fts_info != FTS_DP && entry->fts_statp->st_nlink > 0 &&
		    entry->fts_info != FTS_NS && entry->fts_info != FTS_ERR)
			size += (uint64_t)entry->fts_statp->st_blocks * 512 /
				(S_ISREG(entry->fts_statp->st_mode) ? entry->fts_statp->st_nlink
								    : 1);
	if (fts)
		(void)fts_close(fts);
	return size;
}
