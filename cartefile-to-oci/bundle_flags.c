/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_flags.c - values of the options that change a bundle's config.json.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"
#include "cartefile-to-oci/bundle_config.h"

#define CPU_PERIOD 100000u /* us, the kernel's own */
#define CPUS_MAX 8192      /* NR_CPUS of any kernel */

int bundle_flag_net(const char *text, enum bundle_net *ret, const char **ret_path,
		    struct oci_error *err)
{
	*ret_path = NULL;
	*ret = BUNDLE_NET_NONE;
	if (!text || strcmp(text, "none") == 0)
		return 0;
	if (strcmp(text, "host") == 0) {
		*ret = BUNDLE_NET_HOST;
		return 0;
	}
	if (strncmp(text, "ns:/", 4) == 0) {
		*ret = BUNDLE_NET_JOINED;
		*ret_path = text + 3;
		return 0;
	}
	return err_set_as(err, ERR_USAGE, EINVAL,
			  "--net: expected none, host or ns:/PATH, got '%s'", text);
}

/* "200M": the power of 1024, or -1 */
static int suffix_shift(const char *suffix)
{
	static const char letters[] = "kmgt";
	const char *at;

	if (!*suffix || strcasecmp(suffix, "b") == 0)
		return 0;
	at = strchr(letters, *suffix | 0x20);
	if (!at ||
	    (suffix[1] && strcasecmp(suffix + 1, "b") != 0 && strcasecmp(suffix + 1, "ib") != 0))
		return -1;
	return (int)(at - letters + 1) * 10;
}

int bundle_flag_memory(const char *text, int64_t *ret, struct oci_error *err)
{
	size_t digits = strspn(text, "0123456789");
	int shift = suffix_shift(text + digits);
	char number[24];
	uint64_t value = 0;

	if (!digits || digits >= sizeof(number) || shift < 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--memory: '%s' is no size: bytes, or a number with K, M or G",
				  text);
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (parse_u64(number, &value) < 0 || value > (uint64_t)INT64_MAX >> shift)
		return err_set_as(err, ERR_USAGE, ERANGE, "--memory: %s is too much", text);
	if (!value)
		return err_set_as(err, ERR_USAGE, EINVAL, "--memory: must be above 0");
	*ret = (int64_t)(value << shift);
	return 0;
}

int bundle_flag_cpus(const char *text, int64_t *ret_quota, uint64_t *ret_period,
		     struct oci_error *err)
{
	size_t whole = strspn(text, "0123456789");
	size_t places = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
	size_t length = whole + (text[whole] == '.' ? 1 + places : 0);
	uint64_t quota = 0, unit = CPU_PERIOD;

	if (whole + places == 0 || whole > 4 || text[length])
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--cpus: '%s' is no number of processors, such as 0.5", text);
	for (size_t i = 0; i < whole; i++)
		quota = quota * 10 + (uint64_t)(text[i] - '0');
	quota *= CPU_PERIOD;
	for (size_t i = 0; i < places; i++) {
		unit /= 10;
		quota += (uint64_t)(text[whole + 1 + i] - '0') * unit;
	}
	/* sched(7): the kernel takes no quota under 1 ms */
	if (quota < 1000 || quota > (uint64_t)CPUS_MAX * CPU_PERIOD)
		return err_set_as(err, ERR_USAGE, ERANGE, "--cpus: %s is not between 0.01 and %d",
				  text, CPUS_MAX);
	*ret_quota = (int64_t)quota;
	*ret_period = CPU_PERIOD;
	return 0;
}

int bundle_flag_pids(const char *text, int64_t *ret, struct oci_error *err)
{
	int64_t value;

	if (strcmp(text, "-1") == 0) {
		*ret = -1;
		return 0;
	}
	if (parse_i64(text, &value) < 0 || value <= 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--pids: '%s' is no number above 0, nor -1 for no limit", text);
	*ret = value;
	return 0;
}

static bool is_mount_option(const char *word, size_t length)
{
	static const char *const known[] = { "ro",     "rw",      "noexec",   "exec",    "nosuid",
					     "suid",   "nodev",   "dev",      "noatime", "bind",
					     "rbind",  "private", "rprivate", "slave",   "rslave",
					     "shared", "rshared" };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strlen(known[i]) == length && memcmp(known[i], word, length) == 0)
			return true;
	return false;
}

static bool has_option(char *const *options, const char *word)
{
	for (; *options; options++)
		if (strcmp(*options, word) == 0)
			return true;
	return false;
}

/* What -v gives, and what it leaves open as podman has it. */
static int mount_options(const char *text, const char *all, struct oci_arena *arena,
			 struct oci_mount *mount, struct oci_error *err)
{
	static char rbind[] = "rbind", rprivate[] = "rprivate";
	size_t room = strlen(text) / 2 + 4, length;
	bool propagates = false;

	mount->options = oci_arena_array(arena, room, sizeof(*mount->options));
	if (!mount->options)
		return err_nomem(err);
	for (; *text; text += length + (text[length] == ',')) {
		length = strcspn(text, ",");
		if (!is_mount_option(text, length))
			return err_set_as(err, ERR_USAGE, EINVAL, "-v '%s': unknown option '%.*s'",
					  all, (int)length, text);
		propagates = propagates || memmem(text, length, "private", 7) ||
			     memmem(text, length, "slave", 5) || memmem(text, length, "shared", 6);
		mount->options[mount->options_len] = oci_arena_strndup(arena, text, length);
		if (!mount->options[mount->options_len++])
			return err_nomem(err);
	}
	if (!has_option(mount->options, "bind") && !has_option(mount->options, "rbind"))
		mount->options[mount->options_len++] = rbind;
	if (!propagates)
		mount->options[mount->options_len++] = rprivate;
	return 0;
}

int bundle_flag_mount(const char *text, const char *folder, struct oci_arena *arena,
		      struct oci_mount *ret, struct oci_error *err)
{
	static char bind[] = "bind";
	const char *colon = strchr(text, ':'), *destination = colon ? colon + 1 : "", *more;
	size_t length;
	int r;

	more = strchr(destination, ':');
	length = more ? (size_t)(more - destination) : strlen(destination);
	if (!colon || colon == text || !length)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "-v '%s': expected SOURCE:DESTINATION[:OPTIONS]", text);
	if (*destination != '/')
		return err_set(
			err, EINVAL,
			"-v '%s': the destination is a path in the container, it begins with /",
			text);
	*ret = (struct oci_mount){ .type = bind };
	r = mount_options(more ? more + 1 : "", text, arena, ret, err);
	if (r < 0)
		return r;
	ret->destination = oci_arena_strndup(arena, destination, length);
	ret->source = *text == '/' ? oci_arena_strndup(arena, text, (size_t)(colon - text))
				   : oci_arena_printf(arena, "%s/%.*s", folder, (int)(colon - text),
						      text);
	if (!ret->destination || !ret->source)
		return err_nomem(err);
	(void)path_clean(ret->source);
	if (strcmp(path_clean(ret->destination), "/") == 0)
		return err_set_as(err, ERR_USAGE, EINVAL, "-v '%s': the root itself is the image",
				  text);
	return 0;
}
