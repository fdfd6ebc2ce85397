/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create_opts.h - the rows that create and run share; T starts with a struct create_options `create`.
 */
#ifndef CARTE_RUNTIME_CREATE_OPTS_H
#define CARTE_RUNTIME_CREATE_OPTS_H

#define CREATE_OPT_ROWS(T)                                                                            \
	{ "bundle",   'b',                                                                            \
	  OPT_STRING, offsetof(T, create.bundle),                                                     \
	  "DIR",      "folder of config.json; default: the current one" },                            \
		{ "config",   'f',                                                                    \
		  OPT_STRING, offsetof(T, create.config),                                             \
		  "FILE",     "read FILE in the bundle instead of config.json" },                     \
		{ "console-socket", 0,                                                                \
		  OPT_STRING,       offsetof(T, create.io.console_socket),                            \
		  "SOCKET",         "send the terminal's file descriptor to this AF_UNIX socket" },   \
		{ "pid-file", 0,                                                                      \
		  OPT_STRING, offsetof(T, create.io.pid_file),                                        \
		  "FILE",     "write the process id of the container's process to FILE" },            \
		{ "pidfd-socket", 0,                                                                  \
		  OPT_STRING,     offsetof(T, create.io.pidfd_socket),                                \
		  "SOCKET",       "send a pidfd of the container's process to this AF_UNIX socket" }, \
		{ "preserve-fds",                                                                     \
		  0,                                                                                  \
		  OPT_U32,                                                                            \
		  offsetof(T, create.io.preserve_fds),                                                \
		  "N",                                                                                \
		  "pass N more file descriptors, 3 and up, to the container" },                       \
		{ "no-pivot", 0,                                                                      \
		  OPT_FLAG,   offsetof(T, create.no_pivot),                                           \
		  NULL,       "move the root instead of pivot_root; for a root on a ramdisk" },       \
		{ "no-new-keyring",                                                                   \
		  0,                                                                                  \
		  OPT_FLAG,                                                                           \
		  offsetof(T, create.no_new_keyring),                                                 \
		  NULL,                                                                               \
		  "keep the caller's session keyring" },                                              \
	{                                                                                             \
		"no-subreaper", 0, OPT_IGNORED_FLAG, 0, NULL,                                         \
			"accepted for compatibility; the runtime never is a subreaper"                \
	}

#endif
