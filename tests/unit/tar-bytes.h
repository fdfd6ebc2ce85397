/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar-bytes.h - tars in memory, good and bad, for tests; every field can be said.
 */
#ifndef CARTE_TESTS_TAR_BYTES_H
#define CARTE_TESTS_TAR_BYTES_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct tar_bytes {
	unsigned char *data;
	size_t length;
};

static inline void tar_append(struct tar_bytes *tar, const void *data, size_t length, size_t align)
{
	size_t padded = (length + align - 1) / align * align;

	tar->data = realloc(tar->data, tar->length + padded + 1);
	if (!tar->data)
		abort();
	memset(tar->data + tar->length, 0, padded);
	if (length > 0)
		memcpy(tar->data + tar->length, data, length);
	tar->length += padded;
}

/* One ustar header and its content. @type: '0' file, '1' hard link, '2' link, '3' char, '5' folder, 'x' pax ... */
static inline void tar_add_as(struct tar_bytes *tar, char type, const char *name, const char *link,
			      const void *content, size_t size, unsigned mode, unsigned owner)
{
	unsigned char h[512] = { 0 };
	unsigned sum = 0;

	memcpy(h, name, strnlen(name, 100));
	(void)snprintf((char *)h + 100, 8, "%07o", mode & 07777777);
	(void)snprintf((char *)h + 108, 8, "%07o", owner & 07777777);
	(void)snprintf((char *)h + 116, 8, "%07o", owner & 07777777);
	(void)snprintf((char *)h + 124, 12, "%011zo", size & 077777777777);
	(void)snprintf((char *)h + 136, 12, "%011o", 1000000);
	memset(h + 148, ' ', 8);
	h[156] = (unsigned char)type;
	memcpy(h + 157, link, strnlen(link, 100));
	memcpy(h + 257, "ustar\00000", 8);
	if (type == '3')
		memcpy(h + 329, "0000001\0000000003", 16);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += h[i];
	(void)snprintf((char *)h + 148, 8, "%06o", sum);
	tar_append(tar, h, sizeof(h), 512);
	tar_append(tar, content, size, 512);
}

static inline void tar_file(struct tar_bytes *tar, const char *name, const char *content)
{
	tar_add_as(tar, '0', name, "", content, strlen(content), 0644, 0);
}

static inline void tar_folder(struct tar_bytes *tar, const char *name)
{
	tar_add_as(tar, '5', name, "", NULL, 0, 0755, 0);
}

static inline void tar_link(struct tar_bytes *tar, const char *name, const char *target)
{
	tar_add_as(tar, '2', name, target, NULL, 0, 0777, 0);
}

static inline void tar_hardlink(struct tar_bytes *tar, const char *name, const char *target)
{
	tar_add_as(tar, '1', name, target, NULL, 0, 0644, 0);
}

/* A pax record for the next entry. */
static inline void tar_pax(struct tar_bytes *tar, const char *key, const void *value, size_t length)
{
	char *record = malloc(length + strlen(key) + 32);
	size_t body = strlen(key) + length + 3, digits = 1;
	int n;

	if (!record)
		abort();
	while ((size_t)snprintf(NULL, 0, "%zu", body + digits) != digits)
		digits++;
	n = sprintf(record, "%zu %s=", body + digits, key);
	memcpy(record + n, value, length);
	record[(size_t)n + length] = '\n';
	tar_add_as(tar, 'x', "pax", "", record, (size_t)n + length + 1, 0644, 0);
	free(record);
}

static inline void tar_end(struct tar_bytes *tar)
{
	static const char zeros[1024];

	tar_append(tar, zeros, sizeof(zeros), 512);
}

/* A readable fd of the bytes; they are freed. */
static inline int tar_fd(struct tar_bytes *tar)
{
	int fd = memfd_create("tar", MFD_CLOEXEC);

	if (fd < 0 || write(fd, tar->data, tar->length) != (ssize_t)tar->length ||
	    lseek(fd, 0, SEEK_SET) != 0)
		abort();
	free(tar->data);
	*tar = (struct tar_bytes){ 0 };
	return fd;
}

#endif
