/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_ports.c - -p [IP:][HOST:]CONTAINER[/PROTOCOL], with ranges; --env and --env-file.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cli/json.h"
#include "cli/run.h"
#include "cli/store.h"

#define ENV_FILE_MAX (1u << 20)

/* ---- ports --------------------------------------------------------------------------------------------------------- */

static int bad(const char *text, const char *words, struct oci_error *err)
{
	return err_set_as(err, ERR_USAGE, EINVAL, "invalid value \"%s\" for --publish: %s", text,
			  words);
}

/* "80" or "80-90". 0 or -EINVAL. */
static int port_range(char *text, unsigned *ret_first, unsigned *ret_count)
{
	char *dash = strchr(text, '-');
	uint32_t first, last;

	if (dash)
		*dash = '\0';
	if (parse_u32(text, &first) < 0 || first == 0 || first > 65535)
		return -EINVAL;
	last = first;
	if (dash && (parse_u32(dash + 1, &last) < 0 || last < first || last > 65535))
		return -EINVAL;
	*ret_first = first;
	*ret_count = last - first + 1;
	return 0;
}

static int split_protocol(const char *text, char *words, struct run_ports *ports,
			  struct oci_error *err)
{
	char *slash = strchr(words, '/');

	if (!slash)
		return 0;
	*slash++ = '\0';
	ports->udp = strcmp(slash, "udp") == 0;
	return ports->udp || strcmp(slash, "tcp") == 0 ? 0 : bad(text, "tcp or udp", err);
}

int run_ports(const char *text, struct oci_arena *arena, struct run_ports *ret,
	      struct oci_error *err)
{
	char *words = oci_arena_strdup(arena, text), *target, *published = NULL;
	unsigned published_count;
	struct in_addr address;
	int r;

	*ret = (struct run_ports){ .count = 1 };
	if (!words)
		return err_nomem(err);
	r = split_protocol(text, words, ret, err);
	if (r < 0)
		return r;
	target = strrchr(words, ':');
	if (target) {
		*target++ = '\0';
		published = strrchr(words, ':');
		if (published) {
			*published++ = '\0';
			if (inet_pton(AF_INET, words, &address) != 1)
				return bad(text, "the address is no IPv4 address", err);
			ret->host_ip = words;
		} else {
			published = words;
		}
	} else {
		target = words;
	}
	if (port_range(target, &ret->target, &ret->count) < 0)
		return bad(text, "expected [IP:][HOST-PORT:]PORT[/tcp|/udp], ports from 1 to 65535",
			   err);
	if (!published || !*published)
		return 0;
	if (port_range(published, &ret->published, &published_count) < 0)
		return bad(text, "expected [IP:][HOST-PORT:]PORT[/tcp|/udp], ports from 1 to 65535",
			   err);
	return published_count == ret->count ? 0 : bad(text, "the ranges differ in length", err);
}

/* Docker knows it beside tcp and udp; image-spec's config.md, ExposedPorts, and the supervisor do not. */
static bool is_sctp(const char *text)
{
	const char *slash = strchr(text, '/');

	return slash && strcmp(slash, "/sctp") == 0;
}

/* What the image says its program listens on: it must be in the store, as it is looked at before the supervisor is asked anything. */
static int find_exposed(const char *image, struct oci_arena *arena, struct run_ports **ret,
			size_t *ret_len, struct oci_error *err)
{
	CLEANUP_STORE_IMAGE struct store_image found = { 0 };
	struct run_ports *ports;
	size_t len = 0;
	yajl_val exposed;
	int r = store_find(image, arena, &found, err);

	*ret = NULL;
	*ret_len = 0;
	if (r < 0) {
		err_prefix(err, "--publish-all: ");
		return r;
	}
	exposed = json_get(json_get(found.config, "config"), "ExposedPorts");
	if (!YAJL_IS_OBJECT(exposed) || exposed->u.object.len == 0)
		return 0;
	ports = oci_arena_array(arena, exposed->u.object.len, sizeof(*ports));
	if (!ports)
		return err_nomem(err);
	for (size_t i = 0; i < exposed->u.object.len; i++) {
		const char *text = exposed->u.object.keys[i];

		if (is_sctp(text)) {
			fprintf(stderr, "%s: exposed port %s is not published: tcp and udp are\n",
				image, text);
			continue;
		}
		r = run_ports(text, arena, &ports[len++], NULL);
		if (r < 0)
			return err_set_as(err, ERR_USAGE, EINVAL,
					  "--publish-all: image %s exposes '%s', which is no port",
					  image, text);
	}
	*ret = ports;
	*ret_len = len;
	return 0;
}

static int put_port(const struct run_ports *ports, yajl_gen gen, struct oci_arena *arena,
		    struct oci_error *err)
{
	for (unsigned n = 0; n < ports->count; n++) {
		const char *published = NULL;

		if (ports->published) {
			published = oci_arena_printf(arena, "%u", ports->published + n);
			if (!published)
				return err_nomem(err);
		}
		json_open_map(gen, NULL);
		json_put_text(gen, "host_ip", ports->host_ip);
		json_put_int(gen, "target", ports->target + n);
		json_put_text(gen, "published", published);
		json_put_text(gen, "protocol", ports->udp ? "udp" : "tcp");
		json_close_map(gen);
	}
	return 0;
}

static bool covers(const struct run_ports *ports, const struct run_ports *one)
{
	return ports->udp == one->udp && one->target >= ports->target &&
	       one->target < ports->target + ports->count;
}

/* Each port of a range for itself: -p may have given some of them. */
static int put_exposed(const struct run_ports *exposed, const struct run_ports *given, size_t len,
		       yajl_gen gen, struct oci_arena *arena, struct oci_error *err)
{
	int r = 0;

	for (unsigned n = 0; r == 0 && n < exposed->count; n++) {
		struct run_ports one = { .target = exposed->target + n,
					 .count = 1,
					 .udp = exposed->udp };
		bool is_given = false;

		for (size_t i = 0; i < len; i++)
			is_given = is_given || covers(&given[i], &one);
		if (!is_given)
			r = put_port(&one, gen, arena, err);
	}
	return r;
}

/* What -p says, then what else the image exposes when -P is given. */
int run_put_ports(const struct run_args *args, const char *image, yajl_gen gen,
		  struct oci_arena *arena, struct oci_error *err)
{
	struct run_ports *ports, *exposed = NULL;
	size_t len = 0;
	int r = args->publish_all ? find_exposed(image, arena, &exposed, &len, err) : 0;

	if (r < 0 || (!args->publish.len && !len))
		return r;
	ports = oci_arena_array(arena, args->publish.len + 1, sizeof(*ports));
	if (!ports)
		return err_nomem(err);
	json_open_array(gen, "ports");
	for (size_t i = 0; r == 0 && i < args->publish.len; i++) {
		r = run_ports(args->publish.items[i], arena, &ports[i], err);
		if (r == 0)
			r = put_port(&ports[i], gen, arena, err);
	}
	for (size_t i = 0; r == 0 && exposed && i < len; i++)
		r = put_exposed(&exposed[i], ports, args->publish.len, gen, arena, err);
	json_close_array(gen);
	return r;
}

/* ---- environment --------------------------------------------------------------------------------------------------- */

static int env_put(struct run_env *env, char *pair, struct oci_arena *arena, size_t *room,
		   struct oci_error *err)
{
	char *equals = strchr(pair, '=');
	const char *value;
	size_t i;

	if (equals)
		*equals = '\0';
	value = equals ? equals + 1 : getenv(pair);
	if (!value)
		return 0;
	for (i = 0; i < env->len && strcmp(env->names[i], pair) != 0; i++)
		;
	if (i == *room) {
		size_t more = *room ? *room * 2 : 32;
		const char **names = oci_arena_array(arena, more, sizeof(*names));
		const char **values = oci_arena_array(arena, more, sizeof(*values));

		if (!names || !values)
			return err_nomem(err);
		if (env->len) {
			memcpy(names, env->names, env->len * sizeof(*names));
			memcpy(values, env->values, env->len * sizeof(*values));
		}
		env->names = names;
		env->values = values;
		*room = more;
	}
	env->names[i] = pair;
	env->values[i] = value;
	env->len += i == env->len;
	return 0;
}

static int env_read(const char *file, struct run_env *env, struct oci_arena *arena, size_t *room,
		    struct oci_error *err)
{
	char *text, *line, *rest;
	size_t length;
	int r = io_read_at(AT_FDCWD, file, ENV_FILE_MAX, arena, &text, &length);

	if (r < 0)
		return err_sys(err, -r, "--env-file %s", file);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		line[strcspn(line, "\r")] = '\0';
		line += strspn(line, " \t");
		if (!*line || *line == '#')
			continue;
		if (*line == '=')
			return err_set_as(err, ERR_USAGE, EINVAL,
					  "--env-file %s: a line has no name before its '='", file);
		r = env_put(env, line, arena, room, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int run_env(const struct run_args *args, struct oci_arena *arena, struct run_env *ret,
	    struct oci_error *err)
{
	size_t room = 0;
	int r = 0;

	*ret = (struct run_env){ 0 };
	for (size_t i = 0; r == 0 && i < args->env_file.len; i++)
		r = env_read(args->env_file.items[i], ret, arena, &room, err);
	for (size_t i = 0; r == 0 && i < args->env.len; i++) {
		char *pair = oci_arena_strdup(arena, args->env.items[i]);

		if (!pair)
			return err_nomem(err);
		if (!*pair || *pair == '=')
			return err_set_as(err, ERR_USAGE, EINVAL,
					  "invalid value \"%s\" for --env: expected NAME=VALUE",
					  pair);
		r = env_put(ret, pair, arena, &room, err);
	}
	return r;
}
