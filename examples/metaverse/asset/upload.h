/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upload.h - the body of POST /assets on its way to a file.
 */
#ifndef METAVERSE_UPLOAD_H
#define METAVERSE_UPLOAD_H

#include <stddef.h>

#include <openssl/evp.h>

#include "asset/asset.h"
#include "asset/catalog.h"
#include "asset/store.h"

struct upload {
	const struct store *store;
	struct asset asset; /* id and size once it is complete */
	int fd;
	EVP_MD_CTX *digest;
	char temp[STORE_TEMP_MAX]; /* "": none, or it was published */
};

/** upload_begin - a new file for it. @ret_upload: upload_end frees it. 0 or -errno. */
int upload_begin(const struct store *store, const struct asset *asset, struct upload **ret_upload);

/** upload_add - the next piece. 0 or -errno. */
int upload_add(struct upload *upload, const void *data, size_t length);

/** upload_publish - all of it is there: to the disk, to its place, to the catalogue. 0 or -errno. */
int upload_publish(struct upload *upload, struct catalog *catalog);

/** upload_end - NULL is fine; what was not published is gone. */
void upload_end(struct upload *upload);

#endif
