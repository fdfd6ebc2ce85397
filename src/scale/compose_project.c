/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_project.c - a project: the keys at the top, and reading texts and files into one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/path.h"
#include "scale/compose-private.h"

#define NAME_MAX_LENGTH 63
#define FILES_MAX 32

struct carte_top {
	const char *name, *directory;
};

static const struct row carte_rows[] = {
	ROW("name", read_string, offsetof(struct carte_top, name)),
	ROW("directory", read_string, offsetof(struct carte_top, directory)), ROWS_END
};

static const struct row top_rows[] = { IGNORED("version"),
				       IGNORED("name"), /* set_name */
				       ROW("networks", read_networks, 0),
				       ROW("volumes", read_top_volumes, 0),
				       ROW("configs", read_configs, 0),
				       ROW("secrets", read_secrets, 0),
				       ROW("services", read_services, 0),
				       IGNORED("x-carte"), /* set_name */
				       REFUSED("include", "give the other file with -f"),
				       REFUSED("models", "run a model as a service"),
				       ROWS_END };

static bool is_project_name(const char *name)
{
	return *name && strlen(name) <= NAME_MAX_LENGTH && !strchr("_-", *name) &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")];
}

/* A folder's name as a project's: small letters, and what is no letter, digit, '_' or '-' left out. */
static int name_of_folder(struct reader *reader, const char *directory)
{
	const char *from = strrchr(directory, '/');
	char name[NAME_MAX_LENGTH + 1];
	size_t n = 0;

	for (from = from ? from + 1 : directory; *from && n < NAME_MAX_LENGTH; from++) {
		char c = *from;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    (n && (c == '_' || c == '-')))
			name[n++] = c;
	}
	name[n] = '\0';
	reader->project->name = oci_arena_strdup(reader->arena, n ? name : "default");
	return reader->project->name ? 0 : fail_nomem(reader);
}

static int set_name(struct reader *reader, const struct at *root)
{
	struct at name_at = { .up = root, .key = "name", .node = node_get(root->node, "name") };
	struct at carte_at = { .up = root,
			       .key = "x-carte",
			       .node = node_get(root->node, "x-carte") };
	struct carte_top carte = { 0 };
	const char *name = reader->options->project;
	int r = carte_at.node ? read_map(reader, &carte_at, carte_rows, &carte) : 0;

	if (r == 0 && name_at.node && !name)
		r = read_string(reader, &name_at, &name, NULL);
	if (r < 0)
		return r;
	if (carte.directory && reader->options->normalised)
		reader->project->directory = carte.directory;
	if (!name)
		name = carte.name;
	if (!name)
		return name_of_folder(reader, reader->project->directory);
	if (!is_project_name(name))
		return fail(reader, name_at.node ? &name_at : root,
			    "the project's name '%s': expected small letters, digits, '_' and '-', "
			    "at most %d",
			    shown((char[SHOWN_SIZE]){ 0 }, name), NAME_MAX_LENGTH);
	reader->project->name = name;
	return 0;
}

static int read_project(struct reader *reader, const struct node *tree)
{
	struct at root = { .node = tree };
	int r = need_map(reader, &root);

	if (r == 0)
		r = set_name(reader, &root);
	if (r == 0)
		r = read_map(reader, &root, top_rows, reader->project);
	if (r == 0 && !node_get(tree, "services"))
		r = fail(reader, &root, "services is missing");
	return r < 0 ? r : compose_check(reader, &root);
}

/* Of the file that is named, or of .env in the project's folder. */
static int read_dot_env(struct reader *reader, const char *file)
{
	const struct compose_options *options = reader->options;
	struct node place = { .file = file, .line = 1, .column = 1 };
	struct at at = { .node = &place };
	const char *path = options->env_file;

	if (options->normalised || !options->environment)
		return 0;
	if (!path)
		path = oci_arena_printf(reader->arena, "%s/.env", options->directory);
	return path ? env_file_read(reader, &at, path, options->env_file != NULL, false,
				    &reader->variables)
		    : fail_nomem(reader);
}

static int reader_init(struct reader *reader, const char *file)
{
	char *copy;

	if (!reader->options->directory || *reader->options->directory != '/')
		return err_set(reader->err, EINVAL, "%s: the project's folder must be absolute",
			       file);
	reader->text_budget = (size_t)4 * COMPOSE_TEXT_MAX;
	reader->project = oci_arena_alloc(reader->arena, sizeof(*reader->project));
	copy = oci_arena_strdup(reader->arena, reader->options->directory);
	if (!reader->project || !copy)
		return fail_nomem(reader);
	reader->project->directory = path_clean(copy);
	return read_dot_env(reader, file);
}

int compose_load(const char *file, const char *text, size_t length,
		 const struct compose_options *options, struct oci_arena *arena,
		 struct spec_project **ret, struct oci_error *err)
{
	struct reader reader = { .arena = arena, .err = err, .options = options };
	struct node *tree = NULL;
	int r;

	file = oci_arena_strdup(arena, file);
	if (!file)
		return err_nomem(err);
	r = reader_init(&reader, file);
	if (r == 0)
		r = yaml_read(&reader, file, text, length, &tree);
	if (r == 0)
		r = read_project(&reader, tree);
	if (r == 0)
		*ret = reader.project;
	return r;
}

static int read_file(struct reader *reader, const char *name, struct node **ret)
{
	bool standard = strcmp(name, "-") == 0;
	char *text;
	size_t length;
	int r = standard ? io_read_fd(STDIN_FILENO, COMPOSE_TEXT_MAX, reader->arena, &text, &length)
			 : io_read_at(AT_FDCWD, name, COMPOSE_TEXT_MAX, reader->arena, &text,
				      &length);

	if (r == -EFBIG)
		return err_set_as(reader->err, ERR_DOCUMENT, EFBIG, "%s: larger than %d bytes",
				  name, COMPOSE_TEXT_MAX);
	if (r < 0)
		return err_sys(reader->err, -r, "read %s", name);
	return yaml_read(reader, standard ? "standard input" : name, text, length, ret);
}

/* The folder of the first file; of standard input, where we are. */
static int set_directory(const char *file, struct oci_arena *arena, const char **ret,
			 struct oci_error *err)
{
	const char *slash = strrchr(file, '/');
	char *folder = strcmp(file, "-") == 0 || !slash
			       ? oci_arena_strdup(arena, ".")
			       : oci_arena_strndup(arena, file, (size_t)(slash - file) + 1);
	CLEANUP_FREE char *real = NULL;

	if (!folder)
		return err_nomem(err);
	real = realpath(folder, NULL);
	if (!real)
		return err_sys(err, errno, "%s", folder);
	*ret = oci_arena_strdup(arena, real);
	return *ret ? 0 : err_nomem(err);
}

int compose_load_files(const char *const *files, size_t count,
		       const struct compose_options *options, struct oci_arena *arena,
		       struct spec_project **ret, struct oci_error *err)
{
	struct compose_options own = *options;
	struct reader reader = { .arena = arena, .err = err, .options = &own };
	struct node *tree = NULL, *over = NULL;
	int r = 0;

	if (count == 0 || count > FILES_MAX)
		return err_set(err, EINVAL, "expected 1 to %d Compose files", FILES_MAX);
	if (!own.directory)
		r = set_directory(files[0], arena, &own.directory, err);
	if (r == 0)
		r = reader_init(&reader, files[0]);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = read_file(&reader, files[i], &over);
		if (r == 0 && i > 0)
			r = merge_trees(&reader, tree, over, &over);
		tree = over;
	}
	if (r == 0)
		r = read_project(&reader, tree);
	if (r == 0)
		*ret = reader.project;
	return r;
}

int compose_find(const char *directory, struct oci_arena *arena, char **ret_path,
		 struct oci_error *err)
{
	static const char *const names[] = { "compose.yaml", "compose.yml", "docker-compose.yaml",
					     "docker-compose.yml" };
	CLEANUP_FREE char *folder = realpath(directory, NULL);
	char *end;

	if (!folder)
		return err_sys(err, errno, "%s", directory);
	for (end = folder + strlen(folder);;) {
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			char *path;

			*end = '\0';
			path = oci_arena_printf(arena, "%s/%s",
						strcmp(folder, "/") == 0 ? "" : folder, names[i]);
			if (!path)
				return err_nomem(err);
			if (access(path, F_OK) == 0) {
				*ret_path = path;
				return 0;
			}
		}
		if (end == folder || strcmp(folder, "/") == 0)
			break;
		while (end > folder && *--end != '/')
			;
		if (end == folder)
			end = folder + 1; /* "/" */
	}
	return err_set_as(err, ERR_NOT_FOUND, ENOENT,
			  "no compose.yaml, compose.yml, docker-compose.yaml or docker-compose.yml "
			  "in %s or above it",
			  directory);
}

int compose_load_here(const char *const *files, size_t count, const struct compose_options *options,
		      struct oci_arena *arena, struct spec_project **ret, struct oci_error *err)
{
	char *found = NULL;
	int r;

	if (count)
		return compose_load_files(files, count, options, arena, ret, err);
	r = compose_find(".", arena, &found, err);
	if (!found)
		return r;
	return compose_load_files((const char *const[]){ found }, 1, options, arena, ret, err);
}
