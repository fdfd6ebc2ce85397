/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_config.c - image-spec conversion.md: what of the image's config becomes what of config.json.
 */
#include <ctype.h>
#include <string.h>

#include <ocispec-lite/table.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/bundle_config.h"

#define PATH_DEFAULT "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PREFIX "org.opencontainers.image."
#define HOSTNAME_MAX 64 /* HOST_NAME_MAX, sethostname(2) */

static const struct oci_container_config nothing;

/* ---- environment ---------------------------------------------------------------------------- */

static size_t name_length(const char *entry)
{
	return strcspn(entry, "=");
}

/* Set one: the variable's place stays. */
static void put_env(struct oci_process *process, char *entry)
{
	size_t length = name_length(entry);

	for (size_t i = 0; i < process->env_len; i++) {
		if (name_length(process->env[i]) == length &&
		    memcmp(process->env[i], entry, length) == 0) {
			process->env[i] = entry;
			return;
		}
	}
	process->env[process->env_len++] = entry;
}

static bool has_env(const struct oci_process *process, const char *name)
{
	for (size_t i = 0; i < process->env_len; i++)
		if (name_length(process->env[i]) == strlen(name) &&
		    strncmp(process->env[i], name, strlen(name)) == 0)
			return true;
	return false;
}

static int add_env(const struct oci_container_config *from, const struct bundle_options *options,
		   struct oci_arena *arena, struct oci_process *process, struct oci_error *err)
{
	static char path[] = PATH_DEFAULT, term[] = "TERM=xterm";

	process->env =
		oci_arena_array(arena, from->env_len + options->env_len + 3, sizeof(*process->env));
	if (!process->env)
		return err_nomem(err);
	for (size_t i = 0; i < from->env_len; i++)
		process->env[process->env_len++] = from->env[i];
	for (size_t i = 0; i < options->env_len; i++) {
		const char *entry = options->env[i], *value;
		char *own;

		if (!name_length(entry))
			return err_set(err, EINVAL, "--env: '%s' is not NAME=VALUE", entry);
		if (strchr(entry, '=')) {
			own = oci_arena_strdup(arena, entry);
		} else {
			value = getenv(entry);
			if (!value)
				return err_set(err, EINVAL,
					       "--env: '%s' has no '=VALUE', and there is no such "
					       "variable here to take it from",
					       entry);
			own = oci_arena_printf(arena, "%s=%s", entry, value);
		}
		if (!own)
			return err_nomem(err);
		put_env(process, own);
	}
	if (!has_env(process, "PATH"))
		process->env[process->env_len++] = path;
	if (options->terminal && !has_env(process, "TERM"))
		process->env[process->env_len++] = term;
	return 0;
}

/* ---- arguments ------------------------------------------------------------------------------- */

struct words {
	char **items;
	size_t len;
};

/* --entrypoint: ["program", "argument"] or one word */
static int read_entrypoint(const char *text, struct oci_arena *arena, struct words *ret,
			   struct oci_error *err)
{
	int r;

	if (*text == '[') {
		r = oci_strings_parse(arena, "--entrypoint", text, strlen(text), &ret->items,
				      &ret->len, err);
		err_forget_document(err);
		return r;
	}
	ret->items = oci_arena_array(arena, 2, sizeof(*ret->items));
	if (!ret->items)
		return err_nomem(err);
	ret->items[0] = oci_arena_strdup(arena, text);
	ret->len = 1;
	return ret->items[0] ? 0 : err_nomem(err);
}

static int add_args(const struct oci_container_config *from, const struct bundle_options *options,
		    struct oci_arena *arena, struct oci_process *process, struct oci_error *err)
{
	struct words first = { from->entrypoint, from->entrypoint_len };
	struct words rest = { from->cmd, from->cmd_len };
	int r;

	if (options->entrypoint) {
		/* what the image has behind its own entrypoint is for that one */
		rest = (struct words){ 0 };
		r = read_entrypoint(options->entrypoint, arena, &first, err);
		if (r < 0)
			return r;
	}
	if (options->args_len)
		rest = (struct words){ (char **)options->args, options->args_len };
	if (first.len + rest.len == 0)
		return err_set(err, EINVAL,
			       "the image names no program: it has neither Entrypoint nor Cmd; "
			       "give one behind the folder");
	process->args = oci_arena_array(arena, first.len + rest.len + 1, sizeof(*process->args));
	if (!process->args)
		return err_nomem(err);
	for (size_t i = 0; i < first.len; i++)
		process->args[process->args_len++] = first.items[i];
	for (size_t i = 0; i < rest.len; i++)
		process->args[process->args_len++] = rest.items[i];
	if (!*process->args[0])
		return err_set(err, EINVAL, "the program's name is empty");
	return 0;
}

/* ---- annotations ----------------------------------------------------------------------------- */

struct pairs {
	struct oci_pair *items;
	size_t len;
};

/* A later one wins. */
static void put_pair(struct pairs *pairs, const char *key, const char *value)
{
	/* emitted, never written to */
	struct oci_pair pair = { (char *)key, (char *)value };

	for (size_t i = 0; i < pairs->len; i++) {
		if (strcmp(pairs->items[i].key, key) == 0) {
			pairs->items[i] = pair;
			return;
		}
	}
	pairs->items[pairs->len++] = pair;
}

static char *join(char *const *words, size_t len, struct oci_arena *arena)
{
	char *text = oci_arena_strdup(arena, len ? words[0] : "");

	for (size_t i = 1; text && i < len; i++)
		text = oci_arena_printf(arena, "%s,%s", text, words[i]);
	return text;
}

/* Labels are whoever's who made the image: none of them may tell a runtime what to do on the host. */
static bool is_for_runtimes(const char *key)
{
	static const char *const prefixes[] = {
		"io.carte.rootfs.",  "io.carte.cgroup.",       "io.katacontainers.",
		"io.kubernetes.cri", "io.podman.annotations.", "module.wasm.image/",
		"org.criu.",         "org.systemd.property.",  "run.oci."
	};

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static int add_image_pairs(const struct oci_image_config *image,
			   const struct oci_container_config *from, struct oci_arena *arena,
			   struct pairs *pairs, struct oci_error *err)
{
	const struct {
		const char *key;
		const char *value;
	} rows[] = {
		{ PREFIX "os", image->os },
		{ PREFIX "architecture", image->architecture },
		{ PREFIX "variant", image->variant },
		{ PREFIX "os.version", image->os_version },
		{ PREFIX "os.features",
		  image->os_features_len ? join(image->os_features, image->os_features_len, arena)
					 : NULL },
		{ PREFIX "author", image->author },
		{ PREFIX "created", image->created },
		{ PREFIX "stopSignal", from->stop_signal },
		{ PREFIX "exposedPorts",
		  from->exposed_ports_len
			  ? join(from->exposed_ports, from->exposed_ports_len, arena)
			  : NULL },
	};

	pairs->items =
		oci_arena_array(arena, ARRAY_LEN(rows) + from->labels_len, sizeof(*pairs->items));
	if (!pairs->items)
		return err_nomem(err);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].value && *rows[i].value)
			put_pair(pairs, rows[i].key, rows[i].value);
	for (size_t i = 0; i < from->labels_len; i++)
		if (*from->labels[i].key && !is_for_runtimes(from->labels[i].key))
			put_pair(pairs, from->labels[i].key, from->labels[i].value);
	return 0;
}

/* io.carte.rootfs.layers: a JSON array in a string */
static int add_layers(const struct bundle_facts *facts, struct oci_arena *arena,
		      struct pairs *pairs, struct oci_error *err)
{
	char *text = oci_arena_strdup(arena, "[");

	for (size_t i = 0; text && i < facts->layers_len; i++) {
		const char *path = facts->layers[i];

		/* nothing that JSON escapes is in the store's own names, only in the path to it */
		if (strpbrk(path, "\"\\") ||
		    strcspn(path, "\001\002\003\004\005\006\007\b\t\n\v\f\r") != strlen(path))
			return err_set(err, EINVAL,
				       "%s: a path with such characters cannot be a layer", path);
		text = oci_arena_printf(arena, "%s%s\"%s\"", text, i ? "," : "", path);
	}
	if (text)
		text = oci_arena_printf(arena, "%s]", text);
	if (!text)
		return err_nomem(err);
	put_pair(pairs, "io.carte.rootfs.layers", text);
	return 0;
}

static int add_given_pairs(const struct bundle_options *options, struct oci_arena *arena,
			   struct pairs *pairs, struct oci_error *err)
{
	for (size_t i = 0; i < options->annotations_len; i++) {
		const char *text = options->annotations[i], *equals = strchr(text, '=');
		char *key;

		if (!equals || equals == text)
			return err_set(err, EINVAL, "--annotation: '%s' is not KEY=VALUE", text);
		key = oci_arena_strndup(arena, text, (size_t)(equals - text));
		if (!key)
			return err_nomem(err);
		put_pair(pairs, key, equals + 1);
	}
	return 0;
}

static int add_annotations(const struct oci_image_config *image,
			   const struct oci_container_config *from,
			   const struct bundle_options *options, const struct bundle_facts *facts,
			   struct oci_arena *arena, struct oci_config *config,
			   struct oci_error *err)
{
	struct pairs made = { 0 }, all;
	int r = add_image_pairs(image, from, arena, &made, err);

	if (r < 0)
		return r;
	all.items =
		oci_arena_array(arena, made.len + options->annotations_len + 1, sizeof(*all.items));
	if (!all.items)
		return err_nomem(err);
	memcpy(all.items, made.items, made.len * sizeof(*made.items));
	all.len = made.len;
	if (facts->layers)
		r = add_layers(facts, arena, &all, err);
	if (r == 0)
		r = add_given_pairs(options, arena, &all, err);
	config->annotations = all.items;
	config->annotations_len = all.len;
	return r;
}

/* ---- the process ------------------------------------------------------------------------------ */

static int add_rlimits(const struct bundle_facts *facts, struct oci_arena *arena,
		       struct oci_process *process, struct oci_error *err)
{
	/* containers.conf(5), default_ulimits: as podman, up to what the caller may give on */
	struct oci_rlimit *limits = oci_arena_array(arena, 2, sizeof(*limits));
	uint64_t nofile = facts->nofile < 1048576 ? facts->nofile : 1048576;
	uint64_t nproc = facts->nproc < 4194304 ? facts->nproc : 4194304;

	if (!limits)
		return err_nomem(err);
	limits[0] = (struct oci_rlimit){ "RLIMIT_NOFILE", { true, nofile }, { true, nofile } };
	limits[1] = (struct oci_rlimit){ "RLIMIT_NPROC", { true, nproc }, { true, nproc } };
	process->rlimits = limits;
	process->rlimits_len = 2;
	return 0;
}

static int add_cwd(const struct oci_container_config *from, const struct bundle_options *options,
		   struct oci_process *process, struct oci_error *err)
{
	static char root[] = "/";
	const char *cwd = options->workdir ? options->workdir : from->working_dir;

	if (cwd && *cwd && *cwd != '/')
		return err_set(err, EINVAL, "%s: '%s' is no absolute path",
			       options->workdir ? "--workdir" : "the image's WorkingDir", cwd);
	process->cwd = cwd && *cwd ? (char *)cwd : root;
	return 0;
}

static int add_process(const struct oci_container_config *from,
		       const struct bundle_options *options, const struct bundle_facts *facts,
		       struct oci_arena *arena, struct oci_config *config, struct oci_error *err)
{
	struct oci_process *process = oci_arena_alloc(arena, sizeof(*process));
	int r;

	if (!process)
		return err_nomem(err);
	process->terminal = (struct oci_bool){ options->terminal, options->terminal };
	r = bundle_user(&facts->users, options->user ? options->user : from->user, arena,
			&process->user, err);
	if (r == 0)
		r = add_args(from, options, arena, process, err);
	if (r == 0)
		r = add_env(from, options, arena, process, err);
	if (r == 0)
		r = add_cwd(from, options, process, err);
	if (r == 0)
		r = add_rlimits(facts, arena, process, err);
	if (r == 0)
		r = bundle_caps(options, process->user, arena, &process->capabilities, err);
	config->process = process;
	return r;
}

static int check_hostname(const char *name, struct oci_error *err)
{
	size_t length = strlen(name);

	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '.')
			length = 0;
	if (!length || length > HOSTNAME_MAX)
		return err_set(err, EINVAL,
			       "--hostname: '%s' is not a name of letters, digits, '-' and '.', up "
			       "to %d of them",
			       name, HOSTNAME_MAX);
	return 0;
}

int bundle_config(const struct oci_image_config *image, const struct bundle_options *options,
		  const struct bundle_facts *facts, struct oci_arena *arena,
		  struct oci_config **ret, struct oci_error *err)
{
	/* the first with all that is in here: older runtimes take it too */
	static char version[] = "1.1.0", rootfs[] = "rootfs";
	const struct oci_container_config *from = image->config ? image->config : &nothing;
	struct oci_config *config = oci_arena_alloc(arena, sizeof(*config));
	struct oci_root *root = oci_arena_alloc(arena, sizeof(*root));
	const char *hostname = options->hostname ? options->hostname : "carte";
	int r;

	if (!config || !root)
		return err_nomem(err);
	r = check_hostname(hostname, err);
	if (r < 0)
		return r;
	config->oci_version = version;
	root->path = rootfs;
	root->readonly = (struct oci_bool){ options->read_only, options->read_only };
	config->root = root;
	config->hostname = (char *)hostname; /* emitted, never written to */
	r = add_process(from, options, facts, arena, config, err);
	if (r == 0)
		r = bundle_mounts(options, facts, arena, config, err);
	if (r == 0)
		r = add_annotations(image, from, options, facts, arena, config, err);
	if (r == 0)
		r = bundle_linux(image, options, facts, arena, config, err);
	if (r == 0)
		*ret = config;
	return r;
}
