/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_archive.c - load and save. An image is built FROM the archive (or from the store) and nothing is put on top: its layers are the same bytes.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/program.h"
#include "cli/build.h"
#include "cli/common.h"
#include "cli/start.h"
#include "cli/store.h"

#define LISTING_MAX (1u << 20)
#define REF_NAME "org.opencontainers.image.ref.name"

struct archive_args {
	const char *file, *format, *name;
	bool quiet;
};

/* ---- load --------------------------------------------------------------------------------------------------------------- */

static const struct opt load_opts[] = {
	{ "input", 'i', OPT_STRING, offsetof(struct archive_args, file), "FILE",
	  "the archive; default: standard input" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct archive_args, quiet), NULL,
	  "print only the names" },
	{ "tag", 't', OPT_STRING, offsetof(struct archive_args, name), "NAME",
	  "call it NAME; only of an archive with one image" },
	{ .name = NULL },
};

static int member(const char *archive, const char *name, yajl_val *ret)
{
	CLEANUP_FREE char *text = NULL;
	char program[PATH_MAX];
	int r;

	if (program_find("tar", program) < 0)
		return -ENOENT;
	r = start_collect(
		(const char *const[]){ program, "--warning=none", "-xOf", archive, name, NULL },
		true, LISTING_MAX, &text, NULL);
	return r == 0 && *text ? json_parse(text, name, ret, NULL) : -ENOENT;
}

struct load {
	const struct archive_args *args;
	const char *file;
	char absolute[PATH_MAX];
};

static int load_one(struct load *load, const char *kind, const char *name, struct oci_error *err)
{
	CLEANUP_FREE char *from = NULL;
	const char *as = load->args->name ? load->args->name : name;
	int r;

	if (!as || !*as)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "%s: the image in it has no name: say one with -t", load->file);
	if (asprintf(&from, "%s:%s", kind, load->file) < 0) {
		from = NULL;
		return err_nomem(err);
	}
	r = build_alias(from, as, NULL, err);
	if (r > 0)
		return err_set(err, EIO, "%s: %s was not loaded", load->file, as);
	if (r == 0)
		printf("%s%s\n", load->args->quiet ? "" : "Loaded image: ", as);
	return r;
}

static int too_many(const struct load *load, struct oci_error *err)
{
	return err_set_as(
		err, ERR_USAGE, EINVAL,
		"%s has several images: load them one by one, with FROM docker-archive:FILE:NAME "
		"or skopeo",
		load->file);
}

static int load_docker(struct load *load, yajl_val manifest, struct oci_error *err)
{
	yajl_val tags = json_get(json_at(manifest, 0), "RepoTags");
	int r = 0;

	if (json_count(manifest) != 1)
		return too_many(load, err);
	if (!json_count(tags) || load->args->name)
		return load_one(load, "docker-archive", NULL, err);
	for (size_t i = 0; r == 0 && i < json_count(tags); i++) {
		yajl_val tag = json_at(tags, i);

		r = load_one(load, "docker-archive", YAJL_IS_STRING(tag) ? tag->u.string : NULL,
			     err);
	}
	return r;
}

static int load_oci(struct load *load, yajl_val index, struct oci_error *err)
{
	yajl_val list = json_get(index, "manifests");

	if (json_count(list) != 1)
		return too_many(load, err);
	return load_one(load, "oci-archive",
			json_text(json_get(json_at(list, 0), "annotations"), REF_NAME), err);
}

static int load_file(struct load *load, struct oci_error *err)
{
	CLEANUP_JSON yajl_val document = NULL;
	char *path = load->absolute;

	if (!realpath(load->file, path) || access(path, R_OK) < 0)
		return err_sys(err, errno, "%s", load->file);
	load->file = path;
	/* an archive of docker's may have an index.json too: then it has both */
	if (member(load->file, "manifest.json", &document) == 0)
		return load_docker(load, document, err);
	if (member(load->file, "index.json", &document) == 0)
		return load_oci(load, document, err);
	return err_set_as(
		err, ERR_DOCUMENT, EINVAL,
		"%s: neither manifest.json nor index.json is in it: it is no archive of docker's "
		"nor of an OCI layout",
		load->file);
}

/* Standard input becomes a file, for it is read twice. */
static int spool(char path[PATH_MAX], struct oci_error *err)
{
	const char *temp = getenv("TMPDIR");
	int n = snprintf(path, PATH_MAX, "%s/carte-load-XXXXXX",
			 temp && *temp == '/' ? temp : "/var/tmp");
	CLEANUP_CLOSE int fd = n < PATH_MAX ? mkostemp(path, O_CLOEXEC) : -1;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "make a file for the archive");
	r = io_pump(STDIN_FILENO, fd);
	if (r < 0) {
		(void)unlink(path);
		return err_sys(err, -r, "read the archive");
	}
	return 0;
}

static int load_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct archive_args *args = options;
	char path[PATH_MAX] = "";
	struct load load = { .args = args, .file = args->file };
	int r = 0;

	(void)operands;
	(void)count;
	if (!args->file && isatty(STDIN_FILENO))
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "which archive? Give one with -i or on standard input");
	if (!args->file) {
		r = spool(path, err);
		load.file = path;
	}
	if (r == 0)
		r = load_file(&load, err);
	if (path[0])
		(void)unlink(path);
	return r;
}

const struct cmd cmd_load = {
	.command = {
		.name = "load",
		.usage = "[OPTIONS]",
		.summary = "put the image of an archive into the store",
		.opts = load_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct archive_args),
	.run = load_run,
};

/* ---- save --------------------------------------------------------------------------------------------------------------- */

static const struct opt save_opts[] = {
	{ "format", 0, OPT_STRING, offsetof(struct archive_args, format), "FORMAT",
	  "docker-archive (default) or oci-archive" },
	{ "output", 'o', OPT_STRING, offsetof(struct archive_args, file), "FILE",
	  "default: standard output, if it is no terminal" },
	{ .name = NULL },
};

static int save_to(const char *image, const char *format, const char *file, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_STORE_IMAGE struct store_image found = { 0 };
	int r = store_find(image, &arena, &found, err);
	const char *name = r == 0 && *found.name ? found.name : image, *output;

	if (r < 0)
		return r;
	output = oci_arena_printf(&arena, "%s:%s:%s", format, file, name);
	if (!output)
		return err_nomem(err);
	r = build_alias(*found.name ? found.name : found.digest, name, output, err);
	return r > 0 ? err_set(err, EIO, "%s was not saved", image) : r;
}

static int pump_file(const char *path, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : io_pump(fd, STDOUT_FILENO);

	return r < 0 ? err_sys(err, -r, "write the archive to stdout") : 0;
}

static int save_stdout(const char *image, const char *format, struct oci_error *err)
{
	CLEANUP_FREE char *file = NULL;
	char folder[PATH_MAX];
	const char *temp = getenv("TMPDIR");
	int r;

	if (snprintf(folder, sizeof(folder), "%s/carte-save-XXXXXX",
		     temp && *temp == '/' ? temp : "/var/tmp") >= PATH_MAX ||
	    !mkdtemp(folder))
		return err_sys(err, errno, "make a folder for the archive");
	if (asprintf(&file, "%s/archive", folder) < 0) {
		file = NULL;
		(void)rmdir(folder);
		return err_nomem(err);
	}
	r = save_to(image, format, file, err);
	if (r == 0)
		r = pump_file(file, err);
	(void)unlink(file);
	(void)rmdir(folder);
	return r;
}

static int save_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct archive_args *args = options;
	const char *format = args->format ? args->format : "docker-archive";

	(void)count;
	if (strcmp(format, "docker-archive") != 0 && strcmp(format, "oci-archive") != 0)
		return err_set_as(
			err, ERR_USAGE, EINVAL,
			"invalid value \"%s\" for --format: expected docker-archive or oci-archive",
			format);
	if (args->file)
		return save_to(operands[0], format, args->file, err);
	if (isatty(STDOUT_FILENO))
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "an archive is nothing for a terminal: use -o");
	return save_stdout(operands[0], format, err);
}

const struct cmd cmd_save = {
	.command = {
		.name = "save",
		.usage = "[OPTIONS] IMAGE",
		.summary = "write an image of the store to an archive",
		.opts = save_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct archive_args),
	.run = save_run,
};
