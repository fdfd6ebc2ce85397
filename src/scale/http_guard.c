/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_guard.c - tokens and the headers that browsers cannot be made to forge.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/http_guard.h"

#define TOKEN_BYTES ((HTTP_TOKEN_SIZE - 1) / 2)
#define COOKIE_NAME "carte_page"

/* ---- secrets ----------------------------------------------------------------------------------------------------- */

static int make_secret(char ret[HTTP_TOKEN_SIZE], struct oci_error *err)
{
	unsigned char bytes[TOKEN_BYTES] = { 0 };

	if (RETRY_EINTR(getrandom(bytes, sizeof(bytes), 0)) != (ssize_t)sizeof(bytes))
		return err_sys(err, errno, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int check_token_file(const char *path, struct oci_error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 ||
	    (st.st_uid != geteuid() && st.st_uid != 0))
		return err_set_as(err, ERR_PERMISSION, EPERM,
				  "%s: others can read or change it; remove it, a new one is made",
				  path);
	return 0;
}

static int read_token(const char *path, char ret[HTTP_TOKEN_SIZE], struct oci_error *err)
{
	char text[HTTP_TOKEN_SIZE + 1];
	ssize_t n = io_read_small(AT_FDCWD, path, text, sizeof(text));

	if (n < 0)
		return err_sys(err, (int)-n, "read %s", path);
	if (n != HTTP_TOKEN_SIZE - 1 || strspn(text, "0123456789abcdef") != HTTP_TOKEN_SIZE - 1)
		return err_set_as(
			err, ERR_DOCUMENT, EINVAL,
			"%s: expected %d hexadecimal digits; remove it, a new one is made", path,
			HTTP_TOKEN_SIZE - 1);
	memcpy(ret, text, HTTP_TOKEN_SIZE);
	return 0;
}

int http_token(const char *state_dir, char ret[HTTP_TOKEN_SIZE], struct oci_error *err)
{
	CLEANUP_CLOSE int dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char line[HTTP_TOKEN_SIZE + 1];
	const char *path = oci_arena_printf(&arena, "%s/token", state_dir);
	int r;

	if (!path)
		return err_nomem(err);
	if (dir < 0)
		return err_sys(err, errno, "open %s", state_dir);
	r = check_token_file(path, err);
	if (r == 0)
		return read_token(path, ret, err);
	if (r != -ENOENT)
		return err_sys(err, -r, "look at %s", path);
	r = make_secret(ret, err);
	if (r < 0)
		return r;
	(void)snprintf(line, sizeof(line), "%s\n", ret);
	r = io_replace_at(dir, "token", line, strlen(line), 0600);
	return r < 0 ? err_sys(err, -r, "write %s", path) : 0;
}

int http_guard_begin(struct http_guard *guard, const char *token, const char *host,
		     struct oci_error *err)
{
	if (!token || strlen(token) < 16 || strlen(token) >= sizeof(guard->token))
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "TCP needs a token of 16 to %zu characters",
				  sizeof(guard->token) - 1);
	(void)snprintf(guard->token, sizeof(guard->token), "%s", token);
	(void)snprintf(guard->host, sizeof(guard->host), "%s", host);
	guard->any = strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
	return make_secret(guard->cookie, err);
}

/* The time tells nothing but the secret's length, which is no secret. */
static bool is_secret(const char *secret, const char *text, size_t length)
{
	size_t expected = strlen(secret);
	volatile unsigned char differ = length != expected;

	for (size_t i = 0; i < expected; i++)
		differ |= (unsigned char)(secret[i] ^ (i < length ? text[i] : 0));
	return differ == 0;
}

/* ---- headers ----------------------------------------------------------------------------------------------------- */

static bool is_address(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	return inet_pton(AF_INET, host, &v4) == 1 || inet_pton(AF_INET6, host, &v6) == 1;
}

static bool is_loopback(const char *host)
{
	struct in_addr v4;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0)
		return true;
	return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

/* "localhost:9700", "127.0.0.1", "[::1]:9700" */
static bool host_of(const char *header, char *host, size_t size)
{
	size_t length;

	if (*header == '[') {
		header++;
		length = strcspn(header, "]");
		if (header[length] != ']' || (header[length + 1] && header[length + 1] != ':'))
			return false;
	} else {
		length = strcspn(header, ":");
	}
	if (length == 0 || length >= size)
		return false;
	memcpy(host, header, length);
	host[length] = '\0';
	return true;
}

/* A name that another site points at us (DNS rebinding) is not among ours; addresses cannot be pointed. */
static bool is_our_host(const struct http_guard *guard, const char *header)
{
	char host[64];

	if (!header) /* HTTP/1.0; browsers always send it */
		return true;
	if (!host_of(header, host, sizeof(host)))
		return false;
	return is_loopback(host) || strcmp(host, guard->host) == 0 ||
	       (guard->any && is_address(host));
}

static bool is_bearer(const struct http_guard *guard, const char *header)
{
	if (!header || strncasecmp(header, "Bearer ", 7) != 0)
		return false;
	header += 7;
	header += strspn(header, " ");
	return is_secret(guard->token, header, strlen(header));
}

static bool has_cookie(const struct http_guard *guard, const char *header)
{
	while (header && *header) {
		size_t length = strcspn(header, ";");

		if (strncmp(header, COOKIE_NAME "=", sizeof(COOKIE_NAME)) == 0 &&
		    is_secret(guard->cookie, header + sizeof(COOKIE_NAME),
			      length - sizeof(COOKIE_NAME)))
			return true;
		header += length;
		header += strspn(header, "; ");
	}
	return false;
}

static bool is_page_file(const char *path)
{
	static const char *const files[] = { "/", "/page.css", "/page.js", "/openapi.json" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (strcmp(path, files[i]) == 0)
			return true;
	return false;
}

enum http_verdict http_guard_check(const struct http_guard *guard, const struct http_visit *visit)
{
	bool is_get = strcmp(visit->method, "GET") == 0 || strcmp(visit->method, "HEAD") == 0;
	bool is_top = is_get && strcmp(visit->path, "/") == 0;

	if (!is_our_host(guard, visit->host))
		return HTTP_FOREIGN;
	/* a link from elsewhere may lead to the page; nothing else is for other sites, or other ports of this one */
	if (!is_top && visit->fetch_site && strcmp(visit->fetch_site, "same-origin") != 0 &&
	    strcmp(visit->fetch_site, "none") != 0)
		return HTTP_FOREIGN;
	if (is_get && strcmp(visit->path, "/healthz") == 0)
		return HTTP_PASS;
	if (is_top && visit->token && is_secret(guard->token, visit->token, strlen(visit->token)))
		return HTTP_LOGIN;
	if (is_bearer(guard, visit->authorization))
		return HTTP_PASS;
	if (is_get && is_page_file(visit->path) && has_cookie(guard, visit->cookie))
		return HTTP_PASS;
	return HTTP_NOTOKEN;
}
