/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_export.c - hand a project over to Swarm, Kubernetes or Nomad.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "scale/cmds.h"
#include "scale/compose.h"
#include "scale/export.h"
#include "scale/save.h"

extern char **environ;

struct export_args {
	struct opt_list files, profiles;
	const char *project, *env_file, *to, *output;
	bool host_ports;
};

#define ARG(member) offsetof(struct export_args, member)

static const struct opt export_opts[] = {
	{ "to", 0, OPT_STRING, ARG(to), "ENGINE", "swarm, kubernetes or nomad" },
	{ "file", 'f', OPT_LIST, ARG(files), "FILE",
	  "a Compose file, - for standard input; later ones are merged over it" },
	{ "project-name", 'p', OPT_STRING, ARG(project), "NAME", "the project's name" },
	{ "env-file", 0, OPT_STRING, ARG(env_file), "FILE", "variables instead of .env" },
	{ "profile", 0, OPT_LIST, ARG(profiles), "NAME",
	  "services of this profile too; * for all" },
	{ "output", 'o', OPT_STRING, ARG(output), "PATH",
	  "write into this folder, or this file; swarm needs a folder" },
	{ "host-ports", 0, OPT_FLAG, ARG(host_ports), NULL,
	  "swarm: publish on each replica's own node, for kernels without IPVS" },
	{ .name = NULL },
};

static int find_engine(const char *word, enum export_engine *ret, struct oci_error *err)
{
	static const char *const words[] = { [EXPORT_KUBERNETES] = "kubernetes",
					     [EXPORT_NOMAD] = "nomad",
					     [EXPORT_SWARM] = "swarm" };

	if (!word)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--to is missing: swarm, kubernetes or nomad");
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], word) == 0) {
			*ret = (enum export_engine)i;
			return 0;
		}
	return err_set_as(err, ERR_USAGE, EINVAL, "--to %s: expected swarm, kubernetes or nomad",
			  word);
}

static int load(const struct export_args *args, struct oci_arena *arena,
		struct export_request *request, struct oci_error *err)
{
	struct compose_options options = { .project = args->project,
					   .environment = environ,
					   .env_file = args->env_file,
					   .ret_tree = &request->tree };
	const char **profiles = oci_arena_array(arena, args->profiles.len + 1, sizeof(*profiles));
	struct spec_project *project;
	int r;

	if (!profiles)
		return err_nomem(err);
	if (args->profiles.len)
		memcpy(profiles, args->profiles.items, args->profiles.len * sizeof(*profiles));
	options.profiles = profiles;
	r = compose_load_here(args->files.items, args->files.len, &options, arena, &project, err);
	if (r == 0)
		r = compose_resolve(project, environ, arena, err);
	if (r == 0)
		request->project = project;
	return r;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return path[strlen(path) - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static int write_folder(const char *path, const struct export_file *files, size_t count,
			struct oci_error *err)
{
	CLEANUP_CLOSE int dir = -EBADF;
	int r = 0;

	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make the folder %s", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "open the folder %s", path);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = io_replace_at(dir, files[i].name, files[i].text, files[i].length,
				  files[i].secret ? 0600 : 0666);
		if (r < 0)
			r = err_sys(err, -r, "write %s in %s", files[i].name, path);
	}
	return r;
}

static int write_out(const struct export_args *args, bool many, const struct export_file *files,
		     size_t count, struct oci_error *err)
{
	if (!args->output) {
		(void)fwrite(files[0].text, 1, files[0].length, stdout);
		return 0;
	}
	if (many || is_folder(args->output))
		return write_folder(args->output, files, count, err);
	return files[0].secret ? save_private(args->output, files[0].text, files[0].length, err)
			       : save_file(args->output, files[0].text, files[0].length, err);
}

static int export(const struct export_args *args, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct export_request request = { .host_ports = args->host_ports, .warnings = stderr };
	struct export_file *files = NULL;
	size_t count = 0;
	bool many;
	int r = find_engine(args->to, &request.engine, err);

	if (r < 0)
		return r;
	many = request.engine == EXPORT_SWARM;
	if (many && !args->output)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--to swarm writes several files: name their folder with -o");
	if (!many && args->host_ports)
		return err_set_as(err, ERR_USAGE, EINVAL, "--host-ports is of --to swarm");
	r = load(args, &arena, &request, err);
	if (r == 0)
		r = export_project(&request, &arena, &files, &count, err);
	return r < 0 || !files ? r : write_out(args, many, files, count, err);
}

static int export_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct export_args *args = options;
	int r = export(args, err);

	(void)operands;
	(void)count;
	opt_list_free(&args->files);
	opt_list_free(&args->profiles);
	return r;
}

const struct cmd cmd_export = {
	.command = {
		.name = "export",
		.usage = "--to swarm|kubernetes|nomad [OPTIONS]",
		.summary = "hand a Compose file over to an engine of many hosts",
		.opts = export_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct export_args),
	.run = export_run,
};
