/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image-private.h - what the files of image.h share.
 */
#ifndef CARTE_SCALE_IMAGE_PRIVATE_H
#define CARTE_SCALE_IMAGE_PRIVATE_H

#include "scale/image.h"

#define IMAGE_HEX 64 /* digits of a sha256: the name of an image's folder */
#define IMAGE_DOCUMENT_MAX ((size_t)16 << 20)

/** struct image_entry - a prepared image in memory. */
struct image_entry {
	struct image image;
	struct image_entry *next;
	struct oci_arena arena;
	char hex[IMAGE_HEX + 1];
	bool gone; /* swept or prepared anew: kept for those who still point to it */
};

/** image_load - of the folder @hex in @images_dir. @ret: heap, image_entry_free. */
int image_load(const char *images_dir, const char *hex, struct image_entry **ret,
	       struct oci_error *err);
void image_entry_free(struct image_entry *entry); /* NULL is fine */

/** image_hex - the digits of "sha256:..." with nothing but blanks behind; -EINVAL. */
int image_hex(const char *digest, char ret[IMAGE_HEX + 1]);

/** struct image_names - which name was which image, when; kept in the file "names". */
struct image_names {
	const char *folder; /* the caller's */
	struct image_name {
		struct image_name *next;
		char hex[IMAGE_HEX + 1];
		char *stamp; /* image_stamp of then */
		char *name;
	} * first;
};

/** image_names_load - what cannot be read is forgotten: it costs a program each. */
int image_names_load(struct image_names *names, struct oci_error *err);
void image_names_free(struct image_names *names);
const struct image_name *image_names_find(const struct image_names *names, const char *name);
/** image_names_put - and write the file. */
int image_names_put(struct image_names *names, const char *name, const char *hex, const char *stamp,
		    struct oci_error *err);
/** image_names_forget - all names of an image. */
int image_names_forget(struct image_names *names, const char *hex, struct oci_error *err);

/**
 * image_stamp - text that changes when @name may have become another image: identity of the store's index.json, of the layout's or
 * of the archive, and of the converter. An image of a registry is not asked for again. NULL: out of memory.
 */
char *image_stamp(const char *name, const char *store, const char *converter);

#endif
