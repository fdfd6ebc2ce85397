/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.c - a request, an answer.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/places.h"
#include "cli/client.h"
#include "cli/start.h"

#define HEAD_MAX 8192
#define LINE_MAX_BYTES (1u << 20)

static bool never_start;

void client_never_start(void)
{
	never_start = true;
}

/* ---- the socket --------------------------------------------------------------------------------------------------- */

static const char *from_environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

int client_socket(struct oci_arena *arena, const char **ret, struct oci_error *err)
{
	const char *path;

	if (!from_environment("CARTE_SOCKET") && !from_environment("CARTE_RUN_DIR") &&
	    geteuid() != 0 && !from_environment("XDG_RUNTIME_DIR"))
		return err_set(err, ENOENT,
			       "no place for the supervisor's socket: set XDG_RUNTIME_DIR, "
			       "which a login session has, or CARTE_RUN_DIR");
	path = places_socket(NULL, arena);
	if (!path)
		return err_nomem(err);
	*ret = path;
	return 0;
}

static bool nobody_listens(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED;
}

/* fd or -errno */
static int connect_supervisor(struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const char *path = NULL;
	int fd, r = client_socket(&arena, &path, err);

	if (r < 0)
		return r;
	fd = io_connect_unix(SOCK_STREAM, path);
	if (fd < 0 && nobody_listens(fd) && !never_start) {
		r = start_supervisor(err);
		if (r < 0)
			return r;
		fd = io_connect_unix(SOCK_STREAM, path);
	}
	if (fd == -EACCES || fd == -EPERM)
		return err_set_as(err, ERR_PERMISSION, -fd,
				  "the supervisor's socket %s is not for this user", path);
	if (fd < 0)
		return err_sys(err, -fd, "connect to the supervisor at %s", path);
	return fd;
}

/* ---- the request -------------------------------------------------------------------------------------------------- */

static int send_request(int fd, const char *method, const char *path, const char *body,
			size_t length, struct oci_error *err)
{
	CLEANUP_FREE char *head = NULL;
	int n = asprintf(&head,
			 "%s %s HTTP/1.0\r\nHost: carte\r\nConnection: close\r\n"
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
			 method, path, body ? length : 0);
	int r;

	if (n < 0) {
		head = NULL;
		return err_nomem(err);
	}
	r = io_write_all(fd, head, (size_t)n);
	if (r == 0 && body)
		r = io_write_all(fd, body, length);
	/* what was refused half-way has an answer all the same */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		return err_sys(err, -r, "send to the supervisor");
	return 0;
}

/* ---- the answer --------------------------------------------------------------------------------------------------- */

struct answer {
	int fd;
	int status;
	long long length; /* Content-Length; -1: not said */
	char *text;       /* heap, NUL-terminated */
	size_t used, room;
};

static void answer_freep(struct answer *answer)
{
	fd_closep(&answer->fd);
	mem_freep(&answer->text);
}
#define CLEANUP_ANSWER __attribute__((cleanup(answer_freep)))

/* More bytes into the buffer: how many, 0 at the end. */
static ssize_t answer_read(struct answer *answer, size_t limit, struct oci_error *err)
{
	ssize_t n;

	if (answer->room - answer->used < 4096) {
		size_t room = answer->room ? answer->room * 2 : 16384;
		char *larger = realloc(answer->text, room + 1);

		if (!larger)
			return err_nomem(err);
		answer->text = larger;
		answer->room = room;
	}
	n = RETRY_EINTR(read(answer->fd, answer->text + answer->used, answer->room - answer->used));
	if (n < 0)
		return err_sys(err, errno, "read from the supervisor");
	answer->used += (size_t)n;
	answer->text[answer->used] = '\0';
	if (answer->used > limit)
		return err_set(err, EFBIG, "the supervisor's answer is larger than %zu bytes",
			       limit);
	return n;
}

/* Take the first @n bytes away. */
static void answer_drop(struct answer *answer, size_t n)
{
	memmove(answer->text, answer->text + n, answer->used - n + 1);
	answer->used -= n;
}

static void read_length(struct answer *answer)
{
	static const char name[] = "\r\nContent-Length:";
	const char *at = strcasestr(answer->text, name);
	char digits[24] = "";
	int64_t value;

	answer->length = -1;
	if (!at)
		return;
	at += sizeof(name) - 1;
	at += strspn(at, " ");
	snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(at, " \r\n"), at);
	if (parse_i64(digits, &value) == 0)
		answer->length = value;
}

static int read_head(struct answer *answer, struct oci_error *err)
{
	char *end = NULL;
	uint32_t status = 0;
	char digits[4] = "";
	ssize_t n;

	do {
		n = answer_read(answer, CLIENT_ANSWER_MAX, err);
		if (n < 0)
			return (int)n;
		end = answer->used ? strstr(answer->text, "\r\n\r\n") : NULL;
	} while (n > 0 && !end && answer->used < HEAD_MAX);
	if (answer->used == 0)
		return err_set_as(err, ERR_PERMISSION, ECONNRESET,
				  "the supervisor closed the connection without an answer: it is "
				  "another user's, "
				  "or it has just ended");
	if (!end || strncmp(answer->text, "HTTP/1.", 7) != 0 || answer->text[8] != ' ')
		return err_set(err, EPROTO, "the supervisor's answer is no HTTP");
	*end = '\0';
	memcpy(digits, answer->text + 9, 3);
	if (parse_u32(digits, &status) < 0)
		return err_set(err, EPROTO, "the supervisor's answer has no status");
	answer->status = (int)status;
	read_length(answer);
	answer_drop(answer, (size_t)(end - answer->text) + 4);
	return 0;
}

static int read_body(struct answer *answer, struct oci_error *err)
{
	ssize_t n;

	while (answer->length < 0 || answer->used < (size_t)answer->length) {
		n = answer_read(answer, CLIENT_ANSWER_MAX, err);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
	}
	if (answer->length >= 0 && answer->used < (size_t)answer->length)
		return err_set(err, EPROTO, "the supervisor's answer ends early");
	return 0;
}

static const struct {
	const char *word;
	enum err_kind kind;
	int code;
} kinds[] = {
	{ "not-found", ERR_NOT_FOUND, ENOENT }, { "exists", ERR_EXISTS, EEXIST },
	{ "state", ERR_STATE, ESRCH },          { "document", ERR_DOCUMENT, EINVAL },
	{ "usage", ERR_USAGE, EINVAL },         { "permission", ERR_PERMISSION, EPERM },
	{ "resources", ERR_RESOURCES, ENOSPC }, { "unsupported", ERR_UNSUPPORTED, EOPNOTSUPP },
	{ "timeout", ERR_TIMEOUT, ETIMEDOUT },  { "damaged", ERR_DAMAGED, EUCLEAN },
	{ "failed", ERR_FAILED, EIO },
};

static int refusal(const struct answer *answer, struct oci_error *err)
{
	CLEANUP_JSON yajl_val document = NULL;
	size_t row = ARRAY_LEN(kinds) - 1;
	const char *words = "";

	if (json_parse(answer->text, "", &document, NULL) == 0)
		words = json_text(document, "error");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(json_text(document, "kind"), kinds[i].word) == 0)
			row = i;
	if (*words)
		return err_set_as(err, kinds[row].kind, kinds[row].code, "%.*s",
				  (int)strcspn(words, "\n"), words);
	return err_set(err, EIO, "the supervisor answers with status %d", answer->status);
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

static int ask(struct answer *answer, const char *method, const char *path, const char *body,
	       size_t length, struct oci_error *err)
{
	int r = connect_supervisor(err);

	if (r < 0)
		return r;
	answer->fd = r;
	r = send_request(answer->fd, method, path, body, length, err);
	return r < 0 ? r : read_head(answer, err);
}

int client_call(const char *method, const char *path, const char *body, size_t length,
		yajl_val *ret, struct oci_error *err)
{
	CLEANUP_ANSWER struct answer answer = { .fd = -1 };
	int r = ask(&answer, method, path, body, length, err);

	if (r == 0)
		r = read_body(&answer, err);
	if (r == 0 && answer.status / 100 != 2)
		r = refusal(&answer, err);
	if (r < 0 || !ret)
		return r;
	*ret = NULL;
	return answer.used ? json_parse(answer.text, "the supervisor's answer", ret, err) : 0;
}

int client_get(yajl_val *ret, struct oci_error *err, const char *format, ...)
{
	CLEANUP_FREE char *path = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&path, format, ap);
	va_end(ap);
	if (n < 0) {
		path = NULL;
		return err_nomem(err);
	}
	return client_call("GET", path, NULL, 0, ret, err);
}

int client_post(const char *body, yajl_val *ret, struct oci_error *err, const char *format, ...)
{
	CLEANUP_FREE char *path = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&path, format, ap);
	va_end(ap);
	if (n < 0) {
		path = NULL;
		return err_nomem(err);
	}
	return client_call("POST", path, body, strlen(body), ret, err);
}

static int each_line(struct answer *answer, bool at_end, int (*line)(void *ctx, char *text),
		     void *ctx)
{
	char *start = answer->text, *end;
	int r = 0;

	while (r == 0 && (end = strchr(start, '\n')) != NULL) {
		*end = '\0';
		r = *start ? line(ctx, start) : 0;
		start = end + 1;
	}
	if (r == 0 && at_end && *start)
		r = line(ctx, start);
	if (r == 0)
		answer_drop(answer, (size_t)(start - answer->text));
	return r;
}

int client_lines(const char *path, int (*line)(void *ctx, char *text), void *ctx,
		 struct oci_error *err)
{
	CLEANUP_ANSWER struct answer answer = { .fd = -1 };
	int r = ask(&answer, "GET", path, NULL, 0, err);
	ssize_t n;

	if (r < 0)
		return r;
	if (answer.status / 100 != 2) {
		r = read_body(&answer, err);
		return r < 0 ? r : refusal(&answer, err);
	}
	do {
		r = each_line(&answer, false, line, ctx);
		if (r != 0)
			return r;
		n = answer_read(&answer, LINE_MAX_BYTES, err);
	} while (n > 0);
	return n < 0 ? (int)n : each_line(&answer, true, line, ctx);
}

const char *client_escape(struct oci_arena *arena, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	char *escaped = oci_arena_alloc(arena, strlen(text) * 3 + 1), *to = escaped;

	if (!escaped)
		return "";
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    strchr("-._~", c)) {
			*to++ = (char)c;
		} else {
			*to++ = '%';
			*to++ = digits[c >> 4];
			*to++ = digits[c & 15];
		}
	}
	*to = '\0';
	return escaped;
}
