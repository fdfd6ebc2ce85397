/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_profile.c - security_opt seccomp=FILE: the runtime's own format, and Docker's, whose rules may have conditions.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <ocispec-lite/table.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/replica_config-private.h"

#define PROFILE_MAX ((size_t)1 << 20)

/* What Docker's has beside the runtime's: https://docs.docker.com/engine/security/seccomp/ */
struct conditions {
	char **caps;
	size_t caps_len;
	char **arches;
	size_t arches_len;
	char *kernel;
};

struct rule {
	struct conditions *includes, *excludes;
};

struct arch {
	char *architecture;
	char **more;
	size_t more_len;
};

struct profile {
	struct rule *rules;
	size_t rules_len;
	struct arch *arches;
	size_t arches_len;
};

static const struct oci_row condition_rows[] = {
	OCI_ROW_STRINGS(struct conditions, caps, "caps"),
	OCI_ROW_STRINGS(struct conditions, arches, "arches"),
	OCI_ROW_STRING(struct conditions, kernel, "minKernel"),
};
static const OCI_TABLE(condition_table, struct conditions, condition_rows);
static const struct oci_row rule_rows[] = {
	OCI_ROW_OBJECT(struct rule, includes, "includes", condition_table),
	OCI_ROW_OBJECT(struct rule, excludes, "excludes", condition_table),
};
static const OCI_TABLE(rule_table, struct rule, rule_rows);
static const struct oci_row arch_rows[] = {
	OCI_ROW_STRING(struct arch, architecture, "architecture"),
	OCI_ROW_STRINGS(struct arch, more, "subArchitectures"),
};
static const OCI_TABLE(arch_table, struct arch, arch_rows);
static const struct oci_row profile_rows[] = {
	OCI_ROW_OBJECTS(struct profile, rules, "syscalls", rule_table),
	OCI_ROW_OBJECTS(struct profile, arches, "archMap", arch_table),
};
static const OCI_TABLE(profile_table, struct profile, profile_rows);

static const char *machine_arch(const struct utsname *host)
{
	static const struct {
		const char *machine, *arch;
	} rows[] = {
		{ "x86_64", "amd64" }, { "aarch64", "arm64" },   { "ppc64le", "ppc64le" },
		{ "s390x", "s390x" },  { "riscv64", "riscv64" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].machine, host->machine) == 0)
			return rows[i].arch;
	return host->machine;
}

static bool has(char *const *words, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

/* "4.8" */
static bool kernel_is(const struct utsname *host, const char *least)
{
	unsigned have[2] = { 0 }, want[2] = { 0 };

	if (sscanf(host->release, "%u.%u", &have[0], &have[1]) != 2 ||
	    sscanf(least, "%u.%u", &want[0], &want[1]) != 2)
		return false;
	return have[0] != want[0] ? have[0] > want[0] : have[1] >= want[1];
}

static bool applies(const struct replica_plan *plan, const struct rule *rule,
		    const struct utsname *host)
{
	const struct conditions *in = rule->includes, *out = rule->excludes;
	const struct oci_capabilities *caps = &plan->caps;
	const char *arch = machine_arch(host);

	for (size_t i = 0; in && i < in->caps_len; i++)
		if (!has(caps->bounding, caps->bounding_len, in->caps[i]))
			return false;
	if (in && in->arches_len && !has(in->arches, in->arches_len, arch))
		return false;
	if (in && in->kernel && !kernel_is(host, in->kernel))
		return false;
	for (size_t i = 0; out && i < out->caps_len; i++)
		if (has(caps->bounding, caps->bounding_len, out->caps[i]))
			return false;
	if (out && has(out->arches, out->arches_len, arch))
		return false;
	return !out || !out->kernel || !kernel_is(host, out->kernel);
}

/* archMap instead of architectures: as the template has it */
static void fill_arches(const struct profile *profile, const struct oci_seccomp *usual,
			struct oci_seccomp *seccomp)
{
	if (seccomp->architectures_len || !profile->arches_len || !usual)
		return;
	seccomp->architectures = usual->architectures;
	seccomp->architectures_len = usual->architectures_len;
}

static int parse(struct replica_plan *plan, const char *name, const char *text, size_t length,
		 struct oci_seccomp **ret, void **ret_profile, struct oci_error *err)
{
	struct oci_config *config = NULL;
	char *whole;
	int r = oci_table_parse(&profile_table, &plan->arena, name, text, length, ret_profile, err);

	if (r < 0)
		return r;
	whole = oci_arena_printf(&plan->arena,
				 "{\"ociVersion\":\"1.0.2\",\"linux\":{\"seccomp\":%s}}", text);
	if (!whole)
		return err_nomem(err);
	r = oci_config_parse(&plan->arena, name, whole, strlen(whole), &config, err);
	if (r < 0)
		return r;
	if (!config->linux_ || !config->linux_->seccomp)
		return err_set(err, EINVAL, "%s: no profile is in it", name);
	*ret = config->linux_->seccomp;
	return 0;
}

int replica_seccomp_profile(struct replica_plan *plan, struct oci_error *err)
{
	const char *path = plan->service->seccomp_profile;
	const struct oci_seccomp *usual = plan->linux_.seccomp;
	struct oci_seccomp *seccomp = NULL;
	struct utsname host;
	size_t length, kept = 0;
	void *parsed;
	char *text;
	/* by name: the user's own file */
	int r = io_read_at(AT_FDCWD, path, PROFILE_MAX, &plan->arena, &text, &length);

	if (r < 0)
		return err_sys(err, -r, "security_opt: read the seccomp profile %s", path);
	r = parse(plan, path, text, length, &seccomp, &parsed, err);
	if (r < 0)
		return r;
	if (uname(&host) < 0)
		return err_sys(err, errno, "uname");
	for (size_t i = 0; seccomp && i < seccomp->syscalls_len; i++)
		if (applies(plan, &((struct profile *)parsed)->rules[i], &host))
			seccomp->syscalls[kept++] = seccomp->syscalls[i];
	if (!seccomp)
		return 0;
	seccomp->syscalls_len = kept;
	fill_arches(parsed, usual, seccomp);
	plan->linux_.seccomp = seccomp;
	return 0;
}
