/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_config.c - a replica's bundle:
 *
 *	BUNDLE/config.json, hosts, hostname, resolv.conf	written anew each time
 *	BUNDLE/files/N		configs
 *	SECRETS/N		secrets: a folder in memory, see replica_secrets.h
 *	BUNDLE/rootfs/		empty: where the runtime mounts the layers
 *	BUNDLE/overlay/		what the replica wrote: the runtime's; stays for the next start
 *	BUNDLE/volumes/N	anonymous volumes
 *
 * What must hold: nothing is written before everything is planned; what is written goes to BUNDLE/.new first and is renamed,
 * config.json last, so that a bundle with a config.json is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/replica_config-private.h"

#define FRESH ".new"

static const struct oci_container_config nothing;

/* ---- planning ------------------------------------------------------------------------------------------------------- */

static int set_hostname(struct replica_plan *plan, struct oci_error *err)
{
	const struct spec_service *service = plan->service;
	char host[HOST_NAME_MAX + 1];

	plan->hostname = service->hostname && *service->hostname ? service->hostname : NULL;
	if (!plan->hostname && service->network_mode == SPEC_NET_HOST &&
	    gethostname(host, sizeof(host)) == 0)
		plan->hostname = oci_arena_strdup(&plan->arena, host);
	else if (!plan->hostname)
		plan->hostname = oci_arena_strndup(&plan->arena, plan->in->id, REPLICA_SHORT_ID);
	if (!plan->hostname)
		return err_nomem(err);
	if (strlen(plan->hostname) > HOST_NAME_MAX)
		return err_set(err, EINVAL, "hostname: '%s' is longer than %d", plan->hostname,
			       HOST_NAME_MAX);
	/* emitted, never written to */
	plan->config.hostname = (char *)plan->hostname;
	if (service->domainname && *service->domainname)
		plan->config.domainname = (char *)service->domainname;
	return 0;
}

static int plan_begin(struct replica_plan *plan, struct image *image, struct oci_error *err)
{
	const struct oci_config *from = image->bundle;
	struct oci_config *parsed;
	char **layers;
	size_t count;
	int r;

	if (!from) {
		r = oci_config_parse(&plan->arena, "config.json", image->config,
				     image->config_length, &parsed, err);
		if (r < 0)
			return r;
		image->bundle = from = parsed;
	}
	r = image_layers(image, &plan->arena, &layers, &count, err);
	if (r < 0)
		return r;
	if (!from->process || !from->linux_ || !from->root)
		return err_set(err, EINVAL,
			       "the image's config.json has no process, root or linux");
	plan->image =
		image->document && image->document->config ? image->document->config : &nothing;
	plan->config = *from;
	plan->root = *from->root;
	plan->process = *from->process;
	plan->linux_ = *from->linux_;
	return set_hostname(plan, err);
}

static int plan_all(struct replica_plan *plan, struct oci_error *err)
{
	int r = replica_process(plan, err);

	if (r == 0)
		r = replica_mounts(plan, err);
	if (r == 0)
		r = replica_linux(plan, err);
	if (r == 0)
		r = replica_annotations(plan, err);
	if (r == 0)
		r = replica_files(plan, err);
	plan->root.readonly =
		(struct oci_bool){ plan->service->read_only, plan->service->read_only };
	plan->config.root = &plan->root;
	plan->config.process = &plan->process;
	plan->config.linux_ = &plan->linux_;
	return r;
}

/* ---- volumes -------------------------------------------------------------------------------------------------------- */

/* A volume appears whole: filled under another name, then renamed. Somebody else's that came first is as good. */
static int fill_volume(const struct replica_plan *plan, const struct plan_folder *volume,
		       const char *fresh, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;
	int r;

	if (mkdir(fresh, 0755) < 0)
		return err_sys(err, errno, "make folder %s", fresh);
	fd = open(fresh, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open %s", fresh);
	r = replica_volume_fill(plan->in->image, volume->target, fd, err);
	if (r == 0 && rename(fresh, volume->path) < 0 && errno != EEXIST && errno != ENOTEMPTY)
		r = err_sys(err, errno, "rename %s", fresh);
	return r;
}

static int make_folder(struct replica_plan *plan, const struct plan_folder *folder,
		       struct oci_error *err)
{
	char *fresh = oci_arena_printf(&plan->arena, "%s.%s", folder->path, plan->in->id);
	int r;

	if (access(folder->path, F_OK) == 0)
		return 0;
	if (!fresh)
		return err_nomem(err);
	r = folder_make_parents(folder->path, err);
	if (r < 0)
		return r;
	if (!folder->target || plan->in->rootless)
		return mkdir(folder->path, 0755) < 0 && errno != EEXIST
			       ? err_sys(err, errno, "make folder %s", folder->path)
			       : 0;
	(void)folder_remove(AT_FDCWD, fresh);
	r = fill_volume(plan, folder, fresh, err);
	if (access(fresh, F_OK) == 0)
		(void)folder_remove(AT_FDCWD, fresh);
	return r;
}

/* ---- writing -------------------------------------------------------------------------------------------------------- */

static int write_file(int folder, const struct plan_file *file)
{
	CLEANUP_CLOSE int fd =
		openat(folder, file->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : io_write_all(fd, file->data, file->length);

	if (r == 0 && (file->uid || file->gid) && fchown(fd, file->uid, file->gid) < 0)
		r = -errno;
	if (r == 0 && fchmod(fd, file->mode) < 0)
		r = -errno;
	return r;
}

static int write_files(struct replica_plan *plan, int fresh, const char *text, size_t length,
		       struct oci_error *err)
{
	const struct plan_file config = {
		.name = "config.json", .data = text, .length = length, .mode = 0600
	};
	int r = plan->service->files_len && mkdirat(fresh, "files", 0755) < 0 ? -errno : 0;

	for (size_t i = 0; r == 0 && i < plan->files_len; i++)
		if (!plan->files[i].secret)
			r = write_file(fresh, &plan->files[i]);
	if (r == 0)
		r = write_file(fresh, &config);
	return r < 0 ? err_sys(err, -r, "write %s", plan->in->bundle) : 0;
}

/* None is read before config.json is there: they need not appear at once. */
static int write_secrets(struct replica_plan *plan, struct oci_error *err)
{
	const char *path = plan->in->secrets;
	CLEANUP_CLOSE int folder = -EBADF;
	bool any = false;
	int r;

	for (size_t i = 0; i < plan->files_len; i++)
		any = any || plan->files[i].secret;
	if (!any || !path)
		return 0;
	r = folder_remove(AT_FDCWD, path);
	if (r == 0 && mkdir(path, 0700) < 0)
		r = -errno;
	if (r == 0) {
		folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = folder < 0 ? -errno : 0;
	}
	for (size_t i = 0; r == 0 && i < plan->files_len; i++)
		if (plan->files[i].secret)
			r = write_file(folder, &plan->files[i]);
	return r < 0 ? err_sys(err, -r, "write secrets to %s", path) : 0;
}

/* From .new to their places. A folder cannot be renamed over one that has something in it, so that one goes first. */
static int move_files(int bundle, int fresh)
{
	static const char *const names[] = { "hosts", "hostname", "resolv.conf", "files",
					     "config.json" };

	if (unlinkat(bundle, "config.json", 0) < 0 && errno != ENOENT)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(names[i], "files") == 0)
			(void)folder_remove(bundle, names[i]);
		/* configs there need not be, nor a hosts file of its own */
		if (renameat(fresh, names[i], bundle, names[i]) < 0 &&
		    (errno != ENOENT ||
		     (strcmp(names[i], "files") != 0 && strcmp(names[i], "hosts") != 0)))
			return -errno;
	}
	return 0;
}

static int write_bundle(struct replica_plan *plan, int bundle, const char *text, size_t length,
			struct oci_error *err)
{
	CLEANUP_CLOSE int fresh = -EBADF;
	int r = folder_remove(bundle, FRESH);

	if (r == 0 && ((mkdirat(bundle, "rootfs", 0755) < 0 && errno != EEXIST) ||
		       mkdirat(bundle, FRESH, 0700) < 0))
		r = -errno;
	if (r == 0)
		fresh = openat(bundle, FRESH, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r < 0 || fresh < 0)
		return err_sys(err, r < 0 ? -r : errno, "write %s", plan->in->bundle);
	r = write_files(plan, fresh, text, length, err);
	if (r == 0)
		r = write_secrets(plan, err);
	for (size_t i = 0; r == 0 && i < plan->folders_len; i++)
		r = make_folder(plan, &plan->folders[i], err);
	if (r == 0) {
		r = move_files(bundle, fresh);
		if (r < 0)
			r = err_sys(err, -r, "write %s", plan->in->bundle);
	}
	(void)folder_remove(bundle, FRESH);
	return r;
}

static int write_plan(struct replica_plan *plan, struct oci_error *err)
{
	const char *path = plan->in->bundle;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_CLOSE int bundle = -EBADF;
	bool made = false;
	size_t length;
	int r = oci_config_emit(&plan->config, 0, &text, &length, err);

	if (r < 0)
		return r;
	if (mkdir(path, 0700) == 0)
		made = true;
	else if (errno != EEXIST)
		return err_sys(err, errno, "make folder %s", path);
	bundle = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = bundle < 0 ? err_sys(err, errno, "open %s", path)
		       : write_bundle(plan, bundle, text, length, err);
	if (r < 0 && made)
		(void)folder_remove(AT_FDCWD, path);
	return r;
}

int replica_config_write(const struct replica_config *config, struct oci_error *err)
{
	/* the plan may read config.json itself when the image has only its text */
	struct image image = *config->image;
	struct replica_config in = *config;
	struct replica_plan plan = { .in = &in,
				     .service = config->service,
				     .arena = OCI_ARENA_INIT };
	int r;

	in.image = &image;
	r = plan_begin(&plan, &image, err);
	if (r == 0)
		r = plan_all(&plan, err);
	if (r == 0)
		r = write_plan(&plan, err);
	oci_arena_free(&plan.arena);
	if (r < 0)
		err_prefix(err, "service %s: ", config->service->name);
	return r;
}

int replica_config_remove(const char *bundle, struct oci_error *err)
{
	int r = folder_remove(AT_FDCWD, bundle);

	return r < 0 ? err_sys(err, -r, "remove %s", bundle) : 0;
}
