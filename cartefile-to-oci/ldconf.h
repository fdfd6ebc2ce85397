/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ldconf.h - where a loader looks when no file tells it: /etc/ld.so.conf of glibc, /etc/ld-musl-ARCH.path.
 */
#ifndef CARTEFILE_LDCONF_H
#define CARTEFILE_LDCONF_H

#include "cartefile-to-oci/elf.h"
#include "cartefile-to-oci/view.h"

/** struct folder_list - in the order of looking, each once. */
struct folder_list {
	const char **folders;
	size_t len, room;
};

/** folder_add - unless it is there; a copy in @arena, without slashes at the end. What is not absolute is passed over. */
int folder_add(struct folder_list *list, struct oci_arena *arena, const char *folder, size_t length,
	       struct oci_error *err);
bool folder_has(const struct folder_list *list, const char *folder);

/** ldconf_parse - one ld.so.conf: lines of folders, "include GLOB" through @view, comments (ldconfig(8)). */
int ldconf_parse(const struct view *view, const char *text, size_t length, struct folder_list *list,
		 struct oci_error *err);

/** ldconf_read - what /etc/ld.so.conf names. Without the file: nothing. */
int ldconf_read(const struct view *view, struct folder_list *list, struct oci_error *err);

/** ldconf_defaults - folders that glibc's loader knows itself, by machine; Debian's and Fedora's. */
int ldconf_defaults(const struct elf *program, struct oci_arena *arena, struct folder_list *list,
		    struct oci_error *err);

/** ldconf_musl - of a program whose interpreter is @interpreter ("/lib/ld-musl-x86_64.so.1"). */
int ldconf_musl(const struct view *view, const char *interpreter, struct folder_list *list,
		struct oci_error *err);

/** view_text - the whole of a small file, NUL-terminated, in the view's scratch. 1, 0: no such file, -EFBIG, ... */
int view_text(const struct view *view, const char *path, size_t limit, char **ret, size_t *ret_len,
	      struct oci_error *err);

#endif
