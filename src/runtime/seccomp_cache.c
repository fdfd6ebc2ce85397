/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_cache.c - compiled filters kept in a folder, found by content.
 *
 * A file is named by a hash of its key and holds the key itself: what is used
 * was compared byte for byte, so the hash needs no strength. Files appear by
 * rename, are never changed afterwards, and are believed only when nobody
 * but us can have written them. No failure here is one of the container.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/seccomp-private.h"

/* Grows with every change of what seccomp_compile makes of the same profile. */
#define CACHE_VERSION 1
#define CACHE_MAGIC "CARTEBPF"
#define CACHE_TEMPORARY ".tmp" /* the end of io_replace_at's names */
#define CACHE_TEMPORARY_AGE 60 /* s; older ones were left by a writer that was killed */

struct cache_header {
	char magic[8];
	uint32_t version;
	uint32_t key_len;
	uint32_t insns;
	uint32_t zero;
	uint64_t sum[2]; /* of the instructions: a torn file after a power failure */
};

static size_t padded(size_t length)
{
	return (length + 7) & ~(size_t)7;
}

/* Two independent 64-bit lanes; quick and well spread, and not meant to resist anyone. */
static void hash_bytes(const void *data, size_t length, uint64_t ret[2])
{
	const unsigned char *p = data;
	uint64_t a = 0x243f6a8885a308d3ULL ^ length; /* digits of pi */
	uint64_t b = 0x13198a2e03707344ULL;

	while (length > 0) {
		size_t n = length < sizeof(uint64_t) ? length : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, p, n);
		a = (a ^ word) * 0x9e3779b97f4a7c15ULL; /* 2^64 / golden ratio */
		a ^= a >> 32;
		b = ((b << 27 | b >> 37) + word) * 0xd6e8feb86659fd93ULL;
		b ^= b >> 29;
		p += n;
		length -= n;
	}
	ret[0] = (a ^ b >> 31) * 0xd6e8feb86659fd93ULL;
	ret[1] = (b ^ a >> 33) * 0x9e3779b97f4a7c15ULL;
	ret[0] ^= ret[0] >> 30;
	ret[1] ^= ret[1] >> 28;
}

/* ---- the key -------------------------------------------------------------------------------- */

struct writer {
	unsigned char *next;
};

static void put(struct writer *w, const void *data, size_t length)
{
	memcpy(w->next, data, length);
	w->next += length;
}

static void put_u32(struct writer *w, uint32_t value)
{
	put(w, &value, sizeof(value));
}

static void put_u64(struct writer *w, uint64_t value)
{
	put(w, &value, sizeof(value));
}

/* With its NUL, so that no two lists of strings give the same bytes. */
static void put_text(struct writer *w, const char *text)
{
	put(w, text, strlen(text) + 1);
}

static size_t key_size(const struct oci_seccomp *seccomp)
{
	size_t size = 4 * sizeof(uint32_t) + seccomp->architectures_len * sizeof(uint32_t);

	for (size_t i = 0; i < seccomp->syscalls_len; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->syscalls[i];

		size += 3 * sizeof(uint32_t);
		size += rule->args_len * (2 * sizeof(uint32_t) + 2 * sizeof(uint64_t));
		for (size_t n = 0; n < rule->names_len; n++)
			size += strlen(rule->names[n]) + 1;
	}
	return size;
}

static void put_rule(struct writer *w, const struct oci_seccomp_rule *rule)
{
	put_u32(w, seccomp_return(rule->action, rule->errno_ret));
	put_u32(w, (uint32_t)rule->args_len);
	put_u32(w, (uint32_t)rule->names_len);
	for (size_t a = 0; a < rule->args_len; a++) {
		put_u32(w, rule->args[a].index.value);
		put_u32(w, (uint32_t)rule->args[a].op);
		put_u64(w, rule->args[a].value.value);
		put_u64(w, rule->args[a].value_two.value);
	}
	for (size_t n = 0; n < rule->names_len; n++)
		put_text(w, rule->names[n]);
}

int seccomp_key_build(struct oci_arena *arena, const struct oci_seccomp *seccomp,
		      const char *library, struct seccomp_key *ret)
{
	struct utsname uts;
	struct writer w;
	unsigned char *data;
	uint64_t hash[2];
	size_t size = key_size(seccomp);

	if (uname(&uts) < 0)
		memset(&uts, 0, sizeof(uts));
	size += strlen(library) + strlen(uts.release) + strlen(uts.machine) + 3;
	data = oci_arena_alloc(arena, padded(size));
	if (!data)
		return -ENOMEM;

	w.next = data;
	put_u32(&w, CACHE_VERSION);
	put_text(&w, library);
	put_text(&w, uts.release);
	put_text(&w, uts.machine);
	put_u32(&w, seccomp_return(seccomp->default_action, seccomp->default_errno_ret));
	put_u32(&w, (uint32_t)seccomp->architectures_len);
	for (size_t i = 0; i < seccomp->architectures_len; i++)
		put_u32(&w, (uint32_t)seccomp->architectures[i]);
	put_u32(&w, (uint32_t)seccomp->syscalls_len);
	for (size_t i = 0; i < seccomp->syscalls_len; i++)
		put_rule(&w, &seccomp->syscalls[i]);

	ret->data = data;
	ret->len = (size_t)(w.next - data);
	hash_bytes(data, ret->len, hash);
	snprintf(ret->name, sizeof(ret->name), "%016llx%016llx", (unsigned long long)hash[0],
		 (unsigned long long)hash[1]);
	return 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Could anybody but us have put these bytes there? And is there room for a program at all? */
static bool is_plausible(int fd, const struct seccomp_key *key, size_t *ret_size)
{
	size_t before = sizeof(struct cache_header) + padded(key->len);
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return false;
	if (st.st_size < (off_t)(before + sizeof(struct sock_filter)) ||
	    st.st_size > (off_t)(before + BPF_MAXINSNS * sizeof(struct sock_filter)))
		return false;
	*ret_size = (size_t)st.st_size;
	return true;
}

static bool is_whole(const unsigned char *data, size_t size, const struct seccomp_key *key)
{
	size_t before = sizeof(struct cache_header) + padded(key->len);
	struct cache_header header;
	uint64_t sum[2];

	memcpy(&header, data, sizeof(header));
	if (memcmp(header.magic, CACHE_MAGIC, sizeof(header.magic)) != 0 ||
	    header.version != CACHE_VERSION || header.key_len != key->len || header.insns == 0 ||
	    header.insns > BPF_MAXINSNS ||
	    size != before + header.insns * sizeof(struct sock_filter))
		return false;
	if (memcmp(data + sizeof(header), key->data, key->len) != 0)
		return false;
	hash_bytes(data + before, size - before, sum);
	return sum[0] == header.sum[0] && sum[1] == header.sum[1];
}

int seccomp_cache_load(struct oci_arena *arena, int dirfd, const struct seccomp_key *key,
		       struct seccomp_code *ret)
{
	size_t before = sizeof(struct cache_header) + padded(key->len);
	CLEANUP_CLOSE int fd = -EBADF;
	unsigned char *data;
	size_t size;

	/* O_NONBLOCK: somebody's fifo must not hold us up */
	fd = openat(dirfd, key->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || !is_plausible(fd, key, &size))
		return -ENOENT;
	data = oci_arena_alloc(arena, size);
	if (!data)
		return -ENOENT;
	if (RETRY_EINTR(read(fd, data, size)) != (ssize_t)size || !is_whole(data, size, key))
		return -ENOENT;
	ret->insns = (const struct sock_filter *)(const void *)(data + before);
	ret->len = (size - before) / sizeof(struct sock_filter);
	return 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

static bool is_entry(const char *name)
{
	return strlen(name) == 32 && strspn(name, "0123456789abcdef") == 32;
}

static bool is_temporary(const char *name)
{
	size_t length = strlen(name), end = strlen(CACHE_TEMPORARY);

	return name[0] == '.' && length > end && strcmp(name + length - end, CACHE_TEMPORARY) == 0;
}

/*
 * One pass: drop what killed writers left, count the entries, name the one that was used longest ago
 * (atime, which relatime moves at least once a day, or mtime where there is no atime).
 */
static size_t cache_scan(int dirfd, char ret_oldest[33])
{
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	const time_t now = time(NULL);
	time_t oldest = 0;
	struct dirent *entry;
	size_t count = 0;
	int fd;

	ret_oldest[0] = '\0';
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		fd_closep(&fd);
		return 0;
	}
	while ((entry = readdir(dir))) {
		const bool temporary = is_temporary(entry->d_name);
		struct stat st;
		time_t used;

		if (!temporary && !is_entry(entry->d_name))
			continue;
		if (fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (temporary) {
			if (st.st_mtime + CACHE_TEMPORARY_AGE < now)
				(void)unlinkat(dirfd, entry->d_name, 0);
			continue;
		}
		used = st.st_atime > st.st_mtime ? st.st_atime : st.st_mtime;
		if (count++ == 0 || used < oldest) {
			oldest = used;
			memcpy(ret_oldest, entry->d_name, 33);
		}
	}
	return count;
}

static void cache_make_room(int dirfd)
{
	char oldest[33];

	/* Parallel writers can exceed the bound by their number; the next one sets it right. */
	for (int round = 0; round < 2 * SECCOMP_CACHE_MAX; round++) {
		if (cache_scan(dirfd, oldest) < SECCOMP_CACHE_MAX)
			return;
		if (unlinkat(dirfd, oldest, 0) < 0)
			return;
	}
}

void seccomp_cache_store(int dirfd, const struct seccomp_key *key, const struct seccomp_code *code)
{
	static const char zeros[8];
	struct cache_header header = {
		.magic = CACHE_MAGIC,
		.version = CACHE_VERSION,
		.key_len = (uint32_t)key->len,
		.insns = (uint32_t)code->len,
	};
	size_t length = code->len * sizeof(struct sock_filter);
	const size_t total = sizeof(header) + padded(key->len) + length;
	CLEANUP_FREE char *text = malloc(total);
	char *at = text;

	if (!text)
		return;
	hash_bytes(code->insns, length, header.sum);
	at = mempcpy(at, &header, sizeof(header));
	at = mempcpy(at, key->data, key->len);
	at = mempcpy(at, zeros, padded(key->len) - key->len);
	memcpy(at, code->insns, length);
	cache_make_room(dirfd);
	/* kill -9 leaves nothing of it, but where the file system knows no unnamed files */
	(void)io_replace_at(dirfd, key->name, text, total, 0600);
}
