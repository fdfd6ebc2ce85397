/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.c - containers whose ID matches a regular expression.
 */
#include "runtime/match.h"

#include <regex.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/state.h"

int match_containers(const char *root, const char *pattern,
		     int (*each)(const char *id, void *arg, struct oci_error *err), void *arg,
		     struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	regex_t regex;
	char **ids;
	char words[256];
	size_t len;
	int code, r, first = 0;

	code = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (code) {
		regerror(code, &regex, words, sizeof(words));
		return err_set_as(err, ERR_USAGE, EINVAL, "regular expression '%s': %s", pattern,
				  words);
	}
	r = state_list(&arena, root, &ids, &len, err);
	for (size_t i = 0; r == 0 && i < len; i++) {
		if (regexec(&regex, ids[i], 0, NULL, 0) != 0)
			continue;
		code = each(ids[i], arg, err);
		if (first == 0)
			first = code;
	}
	regfree(&regex);
	return r < 0 ? r : first;
}
