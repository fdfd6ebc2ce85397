/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - what the command lines of checkpoint and restore say, checked.
 */
#ifndef CARTE_RUNTIME_CHECKPOINT_OPTIONS_H
#define CARTE_RUNTIME_CHECKPOINT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/opts.h"

struct oci_arena;
struct oci_error;

/** enum cr_cgroups - what criu does about cgroups, criu(8) --manage-cgroups. */
enum cr_cgroups {
	CR_CGROUPS_SOFT,
	CR_CGROUPS_FULL,
	CR_CGROUPS_STRICT,
	CR_CGROUPS_IGNORE,
};

/** enum cr_network_lock - how TCP connections are held still while they are dumped. */
enum cr_network_lock {
	CR_LOCK_DEFAULT, /* criu's own choice */
	CR_LOCK_IPTABLES,
	CR_LOCK_NFTABLES,
	CR_LOCK_SKIP,
};

/** struct cr_words - as given; a row of the option tables each. */
struct cr_words {
	const char *image_path;
	const char *work_path;
	const char *parent_path;
	const char *manage_cgroups_mode;
	const char *page_server;
	const char *status_fd;
	const char *network_lock;
	const char *lsm_profile;
	const char *lsm_mount_context;
	struct opt_list empty_ns;
	bool pre_dump;
	bool leave_running;
	bool tcp_established;
	bool tcp_skip_in_flight;
	bool tcp_close;
	bool link_remap;
	bool ext_unix_sk;
	bool shell_job;
	bool file_locks;
	bool lazy_pages;
	bool auto_dedup;
};

/** struct cr_options - the words understood. */
struct cr_options {
	const struct cr_words *words;
	const char *image_path; /* absolute */
	const char *work_path;  /* absolute; the same when none was given */
	enum cr_cgroups cgroups;
	enum cr_network_lock network_lock;
	const char *page_address; /* NULL: no page server */
	uint16_t page_port;
	int status_fd;     /* -1: none */
	uint32_t empty_ns; /* CLONE_NEWNET or 0 */
};

/**
 * cr_options_check - pure but for the current folder, which relative paths start at. The image folder is "checkpoint"
 * when none is given.
 * @restore: for restore, else for checkpoint
 */
int cr_options_check(struct oci_arena *arena, const struct cr_words *words, bool restore,
		     struct cr_options *ret, struct oci_error *err);

/** The rows that both verbs have; T starts with a struct cr_words `words`. */
#define CR_OPT_ROWS(T)                                                                                 \
	{ "image-path", 0,                                                                             \
	  OPT_STRING,   offsetof(T, words.image_path),                                                 \
	  "DIR",        "folder of the image files; default: checkpoint" },                            \
		{ "work-path", 0,                                                                      \
		  OPT_STRING,  offsetof(T, words.work_path),                                           \
		  "DIR",       "folder of criu's log and statistics; default: that of the image" },    \
		{ "parent-path", 0,                                                                    \
		  OPT_STRING,    offsetof(T, words.parent_path),                                       \
		  "DIR",         "folder of an earlier pre-dump, relative to the image folder" },      \
		{ "tcp-established",                                                                   \
		  0,                                                                                   \
		  OPT_FLAG,                                                                            \
		  offsetof(T, words.tcp_established),                                                  \
		  NULL,                                                                                \
		  "keep established TCP connections" },                                                \
		{ "ext-unix-sk", 0,                                                                    \
		  OPT_FLAG,      offsetof(T, words.ext_unix_sk),                                       \
		  NULL,          "allow Unix sockets whose other end is outside" },                    \
		{ "shell-job", 0,                                                                      \
		  OPT_FLAG,    offsetof(T, words.shell_job),                                           \
		  NULL,        "allow a session and a terminal of the caller's" },                     \
		{ "file-locks", 0, OPT_FLAG, offsetof(T, words.file_locks), NULL, "keep file locks" }, \
		{ "manage-cgroups-mode",                                                               \
		  0,                                                                                   \
		  OPT_STRING,                                                                          \
		  offsetof(T, words.manage_cgroups_mode),                                              \
		  "MODE",                                                                              \
		  "soft (default), full, strict or ignore" },                                          \
		{ "empty-ns",  0,                                                                      \
		  OPT_LIST,    offsetof(T, words.empty_ns),                                            \
		  "NAMESPACE", "network: keep the namespace, not what is in it" },                     \
		{ "lazy-pages", 0,                                                                     \
		  OPT_FLAG,     offsetof(T, words.lazy_pages),                                         \
		  NULL,         "move memory when it is asked for, userfaultfd(2)" },                  \
	{                                                                                              \
		"auto-dedup", 0, OPT_FLAG, offsetof(T, words.auto_dedup), NULL,                        \
			"give back image memory that a later dump or the restore has made "            \
			"superfluous"                                                                  \
	}

#endif
