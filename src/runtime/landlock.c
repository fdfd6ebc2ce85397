/* SPDX-License-Identifier: Apache-2.0 */
/*
 * landlock.c - annotations into a Landlock ruleset.
 *
 * Paths are opened inside the container's root, by the container's root, before a seccomp filter is there that knows
 * no Landlock; the ruleset is enforced last, so that nothing the runtime does in between falls under it. What must
 * hold: in strict mode, the default, the program never runs with less than was asked for.
 */
#include "runtime/landlock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <ocispec-lite/table.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys_landlock.h"

#define KEY "io.carte.landlock."
#define PLACE "annotations." KEY

#define READ (LANDLOCK_FS_READ_FILE | LANDLOCK_FS_READ_DIR)
#define FILES_ONLY                                                              \
	(LANDLOCK_FS_EXECUTE | LANDLOCK_FS_WRITE_FILE | LANDLOCK_FS_READ_FILE | \
	 LANDLOCK_FS_TRUNCATE | LANDLOCK_FS_IOCTL_DEV)

/* By ABI, from 1 on: every right that it handles (Documentation/userspace-api/landlock.rst). */
static const uint64_t fs_rights[] = {
	[1] = LANDLOCK_FS_ABI_1,
	[2] = LANDLOCK_FS_ABI_1 | LANDLOCK_FS_REFER,
	[3] = LANDLOCK_FS_ABI_1 | LANDLOCK_FS_REFER | LANDLOCK_FS_TRUNCATE,
	[4] = LANDLOCK_FS_ABI_1 | LANDLOCK_FS_REFER | LANDLOCK_FS_TRUNCATE,
	[5] = LANDLOCK_FS_ABI_1 | LANDLOCK_FS_REFER | LANDLOCK_FS_TRUNCATE | LANDLOCK_FS_IOCTL_DEV,
};

/* What a list of paths grants, and which ABI it takes for the promise to be whole. */
static const struct path_kind {
	const char *key;
	uint64_t rights;
} path_kinds[] = {
	{ KEY "ro", READ },
	{ KEY "rw", ~(uint64_t)LANDLOCK_FS_EXECUTE },
	{ KEY "exec", READ | LANDLOCK_FS_EXECUTE },
};

static const struct port_kind {
	const char *key;
	uint64_t right;
} port_kinds[] = {
	{ KEY "tcp-bind", LANDLOCK_NET_BIND_TCP },
	{ KEY "tcp-connect", LANDLOCK_NET_CONNECT_TCP },
};

static const struct scope_word {
	const char *word;
	uint64_t scope;
} scope_words[] = {
	{ "abstract-unix-socket", LANDLOCK_SCOPE_ABSTRACT_UNIX },
	{ "signal", LANDLOCK_SCOPE_SIGNALS },
};

struct landlock_plan {
	struct landlock_ruleset handled;
	bool best_effort;
	char **paths[ARRAY_LEN(path_kinds)];
	size_t paths_len[ARRAY_LEN(path_kinds)];
	uint16_t *ports[ARRAY_LEN(port_kinds)];
	size_t ports_len[ARRAY_LEN(port_kinds)];
};

/* ---- planning --------------------------------------------------------------------------------------------------- */

static const char *value_of(const struct oci_config *config, const char *key)
{
	return oci_annotation(config->annotations, config->annotations_len, key);
}

static int plan_mode(const struct oci_config *config, struct landlock_plan *plan,
		     struct oci_error *err)
{
	const char *mode = value_of(config, KEY "mode");

	plan->best_effort = mode && strcmp(mode, "best-effort") == 0;
	if (mode && !plan->best_effort && strcmp(mode, "strict") != 0)
		return err_set(err, EINVAL, PLACE "mode: expected strict or best-effort, got '%s'",
			       mode);
	return 0;
}

/* Takes the kernel what is asked for under @key? In best-effort mode 0 then says: leave it out. */
static int check_abi(const struct landlock_plan *plan, int abi, int needed, const char *key,
		     struct oci_error *err)
{
	static const char *const since[] = {
		[1] = "5.13", [2] = "5.19", [3] = "6.2", [4] = "6.7", [5] = "6.10", [6] = "6.12",
	};
	int r = -EOPNOTSUPP;

	if (abi >= needed)
		return 1;
	if (plan->best_effort)
		return 0;
	if (abi <= 0)
		(void)err_set(err, EOPNOTSUPP, "annotations.%s: this kernel has no Landlock%s", key,
			      abi == -EOPNOTSUPP ? " switched on (see lsm= of its command line)"
						 : "");
	else
		(void)err_set(
			err, EOPNOTSUPP,
			"annotations.%s: needs Landlock ABI %d (Linux %s), this kernel has %d", key,
			needed, since[needed], abi);
	err_hint(err, "annotation " KEY "mode=best-effort takes what the kernel has");
	return r;
}

static int plan_paths(struct oci_arena *arena, const struct oci_config *config, int abi,
		      struct landlock_plan *plan, struct oci_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(path_kinds); i++) {
		const char *key = path_kinds[i].key, *text = value_of(config, key);
		char place[64];
		int r;

		if (!text)
			continue;
		(void)snprintf(place, sizeof(place), "annotations.%s", key);
		r = oci_strings_parse(arena, place, text, strlen(text), &plan->paths[i],
				      &plan->paths_len[i], err);
		if (r < 0)
			err_forget_document(err);
		for (size_t j = 0; r == 0 && j < plan->paths_len[i]; j++)
			if (plan->paths[i][j][0] != '/')
				r = err_set(err, EINVAL,
					    "%s[%zu]: expected an absolute path, got '%s'", place,
					    j, plan->paths[i][j]);
		/* before 3 a file that may only be read could be truncated */
		if (r == 0)
			r = check_abi(plan, abi, plan->best_effort ? 1 : 3, key, err);
		if (r < 0)
			return r;
		if (r > 0)
			plan->handled.fs = fs_rights[abi < 5 ? abi : 5];
	}
	return 0;
}

static int plan_ports(struct oci_arena *arena, const struct oci_config *config, int abi,
		      struct landlock_plan *plan, struct oci_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(port_kinds); i++) {
		const char *key = port_kinds[i].key, *text = value_of(config, key);
		char *word, *rest;
		uint32_t port;
		int r;

		if (!text)
			continue;
		rest = oci_arena_strdup(arena, text);
		plan->ports[i] = oci_arena_array(arena, strlen(text) + 1, sizeof(uint16_t));
		if (!rest || !plan->ports[i])
			return err_nomem(err);
		while (*text && (word = strsep(&rest, ","))) {
			if (parse_u32(word, &port) < 0 || port > UINT16_MAX)
				return err_set(err, EINVAL,
					       "annotations.%s: expected ports such as 80,443, got "
					       "'%s'",
					       key, text);
			plan->ports[i][plan->ports_len[i]++] = (uint16_t)port;
		}
		r = check_abi(plan, abi, 4, key, err);
		if (r < 0)
			return r;
		if (r > 0)
			plan->handled.net |= port_kinds[i].right;
	}
	return 0;
}

static int plan_scopes(struct oci_arena *arena, const struct oci_config *config, int abi,
		       struct landlock_plan *plan, struct oci_error *err)
{
	const char *text = value_of(config, KEY "scope");
	char *word, *rest;
	int r;

	if (!text)
		return 0;
	rest = oci_arena_strdup(arena, text);
	if (!rest)
		return err_nomem(err);
	r = check_abi(plan, abi, 6, KEY "scope", err);
	if (r < 0)
		return r;
	while ((word = strsep(&rest, ","))) {
		uint64_t scope = 0;

		for (size_t i = 0; i < ARRAY_LEN(scope_words); i++)
			if (strcmp(word, scope_words[i].word) == 0)
				scope = scope_words[i].scope;
		if (!scope)
			return err_set(err, EINVAL,
				       PLACE "scope: expected abstract-unix-socket or signal, got "
					     "'%s'",
				       word);
		if (r > 0)
			plan->handled.scoped |= scope;
	}
	return 0;
}

/* A misspelt key must not leave a container open. */
static int check_keys(const struct oci_config *config, bool *ret_any, struct oci_error *err)
{
	static const char *const keys[] = { "ro",          "rw",    "exec", "tcp-bind",
					    "tcp-connect", "scope", "mode" };

	*ret_any = false;
	for (size_t i = 0; i < config->annotations_len; i++) {
		const char *key = config->annotations[i].key;
		bool known = false;

		if (strncmp(key, KEY, strlen(KEY)) != 0)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			known |= strcmp(key + strlen(KEY), keys[k]) == 0;
		if (!known)
			return err_set(err, EINVAL, "annotations.%s: there is no such key", key);
		*ret_any = true;
	}
	return 0;
}

int landlock_plan(struct oci_arena *arena, const struct oci_config *config,
		  const struct landlock_plan **ret, struct oci_error *err)
{
	struct landlock_plan *plan;
	bool any;
	int abi, r;

	*ret = NULL;
	r = check_keys(config, &any, err);
	if (r < 0 || !any)
		return r;
	plan = oci_arena_alloc(arena, sizeof(*plan));
	if (!plan)
		return err_nomem(err);
	abi = sys_landlock_abi();
	if ((r = plan_mode(config, plan, err)) < 0 ||
	    (r = plan_paths(arena, config, abi, plan, err)) < 0 ||
	    (r = plan_ports(arena, config, abi, plan, err)) < 0 ||
	    (r = plan_scopes(arena, config, abi, plan, err)) < 0)
		return r;
	if (plan->handled.fs || plan->handled.net || plan->handled.scoped)
		*ret = plan;
	return 0;
}

int landlock_refuse_checkpoint(const struct landlock_plan *plan, struct oci_error *err)
{
	return plan ? err_set(err, ENOTSUP,
			      PLACE "*: criu cannot keep Landlock rules: the container would run "
				    "without them after a restore")
		    : 0;
}

/* ---- in the container ------------------------------------------------------------------------------------------- */

static int add_path(const struct landlock_plan *plan, int rules, size_t kind, size_t index,
		    struct oci_error *err)
{
	const char *path = plan->paths[kind][index];
	/* by name: the root was entered, so it is the container's whatever it links to */
	CLEANUP_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
	uint64_t rights = path_kinds[kind].rights & plan->handled.fs;
	struct stat st;
	int r;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && plan->best_effort)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "annotations.%s[%zu]: %s", path_kinds[kind].key, index,
			       path);
	if (!S_ISDIR(st.st_mode))
		rights &= FILES_ONLY;
	r = sys_landlock_add_path(rules, fd, rights);
	return r < 0 ? err_sys(err, -r, "annotations.%s[%zu]: %s", path_kinds[kind].key, index,
			       path)
		     : 0;
}

int landlock_open(const struct landlock_plan *plan, struct oci_error *err)
{
	CLEANUP_CLOSE int rules = -EBADF;
	int r = 0;

	if (!plan)
		return -EBADF;
	rules = sys_landlock_create(&plan->handled);
	if (rules < 0)
		return err_sys(err, -rules, "make a Landlock ruleset");
	for (size_t i = 0; i < ARRAY_LEN(path_kinds); i++)
		for (size_t j = 0; r == 0 && plan->handled.fs && j < plan->paths_len[i]; j++)
			r = add_path(plan, rules, i, j, err);
	for (size_t i = 0; i < ARRAY_LEN(port_kinds); i++)
		for (size_t j = 0;
		     r == 0 && (plan->handled.net & port_kinds[i].right) && j < plan->ports_len[i];
		     j++) {
			r = sys_landlock_add_port(rules, plan->ports[i][j], port_kinds[i].right);
			if (r < 0)
				r = err_sys(err, -r, "annotations.%s: port %u", port_kinds[i].key,
					    plan->ports[i][j]);
		}
	return r < 0 ? r : TAKE_FD(rules);
}

int landlock_enforce(int rules_fd, struct oci_error *err)
{
	int r = sys_landlock_restrict(rules_fd);

	return r < 0 ? err_sys(err, -r, "enforce the Landlock rules") : 0;
}
