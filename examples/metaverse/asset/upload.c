/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upload.c - each byte goes to the digest and to the file as it comes; no upload is in memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "asset/upload.h"
#include "base/io.h"
#include "base/mem.h"

int upload_begin(const struct store *store, const struct asset *asset, struct upload **ret_upload)
{
	struct upload *upload = calloc(1, sizeof(*upload));

	if (!upload)
		return -ENOMEM;
	upload->store = store;
	upload->asset = *asset;
	upload->digest = EVP_MD_CTX_new();
	upload->fd = -1;
	if (!upload->digest || EVP_DigestInit_ex(upload->digest, EVP_sha256(), NULL) != 1) {
		upload_end(upload);
		return -ENOMEM;
	}
	upload->fd = store_temp(store, upload->temp);
	if (upload->fd < 0) {
		int r = upload->fd;

		upload->temp[0] = '\0';
		upload_end(upload);
		return r;
	}
	*ret_upload = upload;
	return 0;
}

int upload_add(struct upload *upload, const void *data, size_t length)
{
	if (EVP_DigestUpdate(upload->digest, data, length) != 1)
		return -EIO;
	upload->asset.size += (int64_t)length;
	return io_write_all(upload->fd, data, length);
}

int upload_publish(struct upload *upload, struct catalog *catalog)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	int r;

	if (EVP_DigestFinal_ex(upload->digest, digest, &size) != 1 || size * 2 != ASSET_ID_LENGTH)
		return -EIO;
	for (unsigned i = 0; i < size; i++)
		(void)snprintf(upload->asset.id + (size_t)i * 2, 3, "%02x", digest[i]);
	upload->asset.created = time(NULL);
	if (fsync(upload->fd) < 0)
		return -errno;
	r = catalog_put(catalog, upload->store, &upload->asset, upload->temp);
	if (r == 0)
		upload->temp[0] = '\0';
	return r;
}

void upload_end(struct upload *upload)
{
	if (!upload)
		return;
	if (upload->temp[0])
		store_drop(upload->store, upload->temp);
	fd_closep(&upload->fd);
	EVP_MD_CTX_free(upload->digest);
	free(upload);
}
