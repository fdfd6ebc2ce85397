/* SPDX-License-Identifier: Apache-2.0 */
/*
 * project.c - the reader of Compose files is carte-scale's, and is asked.
 */
#include "base/error.h"
#include "base/mem.h"
#include "cli/project.h"

#define DOCUMENT_MAX (8u << 20)

void project_args_free(struct project_args *args)
{
	opt_list_free(&args->files);
	opt_list_free(&args->profiles);
}

int project_words(const struct project_args *args, struct words *words, char program[PATH_MAX],
		  struct oci_error *err)
{
	int r = start_find("carte-scale", program, err);

	if (r < 0)
		return r;
	words_add(words, program);
	words_add(words, "config");
	for (size_t i = 0; i < args->files.len; i++)
		words_add_option(words, "--file", args->files.items[i]);
	for (size_t i = 0; i < args->profiles.len; i++)
		words_add_option(words, "--profile", args->profiles.items[i]);
	words_add_option(words, "--project-name", args->name);
	words_add_option(words, "--env-file", args->env_file);
	return words_end(words, err);
}

int project_read(const struct project_args *args, char **ret_text, yajl_val *ret,
		 struct oci_error *err)
{
	CLEANUP_WORDS struct words words = { 0 };
	CLEANUP_FREE char *text = NULL;
	char program[PATH_MAX];
	int r = project_words(args, &words, program, err);

	if (r < 0)
		return r;
	words_add_option(&words, "--format", "json");
	r = words_end(&words, err);
	if (r == 0)
		r = start_collect(words.items, false, DOCUMENT_MAX, &text, err);
	if (r != 0)
		return r;
	r = json_parse(text, "carte-scale config", ret, err);
	if (r == 0)
		*ret_text = TAKE_PTR(text);
	return r;
}

const char *project_name(yajl_val document)
{
	const char *name = json_text(document, "name");

	/* older schemas of docker's have no name at the top */
	return *name ? name : json_text(json_get(document, "x-carte"), "name");
}
