/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_bundle.c - `bundle`: an image becomes a folder that a runtime runs.
 */
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "cartefile-to-oci/bundle.h"
#include "cartefile-to-oci/cmds.h"
#include "cartefile-to-oci/image_source.h"

struct bundle_args {
	const char *rootfs, *memory, *cpus, *pids, *net, *user, *workdir, *hostname, *entrypoint,
		*platform, *store, *pin;
	struct opt_list env, volumes, cap_add, cap_drop, annotations;
	bool read_only, terminal, no_seccomp, template;
};

#define AT(m) offsetof(struct bundle_args, m)

static const struct opt bundle_opts[] = {
	{ "rootfs", 0, OPT_STRING, AT(rootfs), "FORM",
	  "layers (default): the store's, for carte-runtime's overlay; copy: unpacked into the "
	  "bundle, for "
	  "any runtime" },
	{ "memory", 'm', OPT_STRING, AT(memory), "SIZE", "limit, such as 200M; swap counts in" },
	{ "cpus", 0, OPT_STRING, AT(cpus), "N", "limit in processors, such as 0.5" },
	{ "pids", 0, OPT_STRING, AT(pids), "N",
	  "limit of processes and threads; default: 2048, -1: none" },
	{ "net", 0, OPT_STRING, AT(net), "NET",
	  "none (default): a network of its own with lo only; host; or ns:/PATH to join one" },
	{ "env", 'e', OPT_LIST, AT(env), "NAME=VALUE",
	  "set a variable; without =VALUE as it is here; repeatable" },
	{ "user", 'u', OPT_STRING, AT(user), "USER[:GROUP]", "names of the image, or numbers" },
	{ "workdir", 'w', OPT_STRING, AT(workdir), "DIR", "where the program starts" },
	{ "hostname", 0, OPT_STRING, AT(hostname), "NAME", "default: carte" },
	{ "entrypoint", 0, OPT_STRING, AT(entrypoint), "PROGRAM",
	  "instead of the image's, a word or a JSON array; the image's arguments go too" },
	{ "volume", 'v', OPT_LIST, AT(volumes), "SOURCE:PATH[:OPTIONS]",
	  "mount a file or folder of the host; options: ro, noexec, ...; repeatable" },
	{ "cap-add", 0, OPT_LIST, AT(cap_add), "CAP",
	  "give a capability, such as NET_ADMIN, or ALL; repeatable" },
	{ "cap-drop", 0, OPT_LIST, AT(cap_drop), "CAP", "take one, or ALL; repeatable" },
	{ "read-only", 0, OPT_FLAG, AT(read_only), NULL,
	  "no writes but to /run, /tmp, /var/tmp and volumes" },
	{ "tty", 't', OPT_FLAG, AT(terminal), NULL, "the program gets a terminal" },
	{ "no-seccomp", 0, OPT_FLAG, AT(no_seccomp), NULL, "all system calls" },
	{ "template", 0, OPT_FLAG, AT(template), NULL,
	  "also write digest, image.json, passwd, group and caps.json, for who makes more "
	  "bundles from this one" },
	{ "pin", 0, OPT_STRING, AT(pin), "DIR",
	  "gc leaves the layers of all bundles in DIR; default: of this one" },
	{ "annotation", 0, OPT_LIST, AT(annotations), "KEY=VALUE",
	  "for config.json, wins over the image's; repeatable" },
	{ "platform", 0, OPT_STRING, AT(platform), "OS/ARCH",
	  "of an image for several; default: this machine's" },
	CMD_STORE_OPTION(bundle_args),
	{ .name = NULL },
};

static int read_form(const char *word, bool *ret_copy, struct oci_error *err)
{
	*ret_copy = word && strcmp(word, "copy") == 0;
	if (!word || *ret_copy || strcmp(word, "layers") == 0)
		return 0;
	return err_set_as(err, ERR_USAGE, EINVAL, "--rootfs %s: expected layers or copy", word);
}

static int write_bundle(const struct bundle_args *args, const char *image, const char *folder,
			const struct bundle_options *options, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct image_source source = IMAGE_SOURCE_INIT;
	struct store store = STORE_INIT;
	int r = store_open(args->store, &store, err);

	if (r < 0)
		return r;
	r = image_open(image, &store, args->platform, &arena, &source, err);
	if (r == 0)
		r = bundle_write(&store, &source.layout, &source.docs, folder, options, err);
	/* the store is locked: no gc comes between */
	if (r == 0 && !options->copy && (args->pin || !options->template))
		r = store_pin(&store, args->pin ? args->pin : folder, err);
	image_close(&source);
	store_close(&store);
	return r;
}

static int bundle_run(void *arguments, char **operands, int count, struct oci_error *err)
{
	struct bundle_args *args = arguments;
	struct bundle_options options = {
		.read_only = args->read_only,
		.terminal = args->terminal,
		.no_seccomp = args->no_seccomp,
		.template = args->template,
		.memory = args->memory,
		.cpus = args->cpus,
		.pids = args->pids,
		.net = args->net,
		.user = args->user,
		.workdir = args->workdir,
		.hostname = args->hostname,
		.entrypoint = args->entrypoint,
		.env = args->env.items,
		.env_len = args->env.len,
		.mounts = args->volumes.items,
		.mounts_len = args->volumes.len,
		.cap_add = args->cap_add.items,
		.cap_add_len = args->cap_add.len,
		.cap_drop = args->cap_drop.items,
		.cap_drop_len = args->cap_drop.len,
		.annotations = args->annotations.items,
		.annotations_len = args->annotations.len,
		.args = operands + 2,
		.args_len = (size_t)count - 2,
	};
	struct opt_list *lists[] = { &args->env, &args->volumes, &args->cap_add, &args->cap_drop,
				     &args->annotations };
	int r = read_form(args->rootfs, &options.copy, err);

	if (r == 0)
		r = write_bundle(args, operands[0], operands[1], &options, err);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		opt_list_free(lists[i]);
	if (r < 0)
		err_prefix(err, "bundle %s: ", operands[1]);
	return r;
}

const struct cmd cmd_bundle = {
	.command = {
		.name = "bundle",
		.usage = "[OPTIONS] IMAGE FOLDER [ARGUMENT...]",
		.summary = "make a folder that a runtime runs from an image",
		.opts = bundle_opts,
		.positional_after = 2,
		.min_operands = 2,
		.max_operands = -1,
	},
	.options_size = sizeof(struct bundle_args),
	.run = bundle_run,
};
