/* SPDX-License-Identifier: Apache-2.0 */
/*
 * project.h - a Compose file, as carte-scale reads it.
 */
#ifndef CARTE_CLI_PROJECT_H
#define CARTE_CLI_PROJECT_H

#include "base/opts.h"
#include "cli/json.h"
#include "cli/start.h"

struct oci_error;

/** struct project_args - which files, of which project. */
struct project_args {
	struct opt_list files, profiles;
	const char *name, *env_file;
};

#define PROJECT_OPTIONS(type, member)                                                              \
	{ "env-file", 0,                                                                           \
	  OPT_STRING, offsetof(type, member.env_file),                                             \
	  "FILE",     "values of ${VARIABLES}; default: .env beside the Compose file" },           \
		{ "file",   'f',                                                                   \
		  OPT_LIST, offsetof(type, member.files),                                          \
		  "FILE",   "the Compose file; default: compose.yaml here or above; repeatable" }, \
		{ "profile", 0,                                                                    \
		  OPT_LIST,  offsetof(type, member.profiles),                                      \
		  "NAME",    "the services of this profile too; repeatable" },                     \
	{                                                                                          \
		"project-name", 'p', OPT_STRING, offsetof(type, member.name), "NAME",              \
			"the project's name; default: the file's, else the folder's"               \
	}

void project_args_free(struct project_args *args);

/** project_words - "carte-scale config" with these options; @program: room for the path. */
int project_words(const struct project_args *args, struct words *words, char program[PATH_MAX],
		  struct oci_error *err);

/**
 * project_read - the normalised document. @ret_text: heap.
 * Return: 0; above 0: carte-scale's exit status, which has said what is wrong; -errno.
 */
int project_read(const struct project_args *args, char **ret_text, yajl_val *ret,
		 struct oci_error *err);

/** project_name - of the document. */
const char *project_name(yajl_val document);

#endif
