/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_bundle.c - the step that writes a replica's bundle, and where what is of it lies.
 */
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "scale/replica_secrets.h"
#include "scale/supervisor-private.h"

/* Where the container's cgroup is; with systemd a slice of ours and a scope of its own. */
static char *cgroup_path(struct supervisor *sv, const struct replica *replica)
{
	const char *parent = sv->options.cgroup_parent;
	const char *project = replica->service->project->name;
	char *path = NULL;
	int r;

	if (sv->options.systemd_cgroup)
		r = asprintf(&path, "%s.slice:carte:%s", parent, replica->id);
	else
		r = asprintf(&path, "%s%s/%s/%s", sv->rootless ? "" : "/", parent, project,
			     replica->id);
	return r < 0 ? NULL : path;
}

int replica_paths(struct supervisor *sv, struct replica *replica)
{
	const char *state = sv->options.state_dir;

	if (!replica->bundle && asprintf(&replica->bundle, "%s/bundles/%s", state, replica->id) < 0)
		replica->bundle = NULL;
	if (!replica->log_path &&
	    asprintf(&replica->log_path, "%s/logs/%s.log", state, replica->id) < 0)
		replica->log_path = NULL;
	if (!replica->cgroup)
		replica->cgroup = cgroup_path(sv, replica);
	return replica->bundle && replica->log_path && replica->cgroup ? 0 : -ENOMEM;
}

static bool has_secrets(const struct replica *replica)
{
	const struct spec_service *spec = replica_work(replica)->spec;

	for (size_t i = 0; i < spec->files_len; i++)
		if (spec->files[i].secret)
			return true;
	return false;
}

static int secrets_of(struct supervisor *sv, const struct replica *replica, char *buf, size_t size,
		      const char **ret, struct oci_error *err)
{
	int r;

	*ret = NULL;
	if (!has_secrets(replica))
		return 0;
	r = secrets_prepare(sv->options.run_dir, err);
	if (r < 0)
		return r;
	*ret = buf;
	r = secrets_path(sv->options.run_dir, replica->id, buf, size);
	return r < 0 ? err_sys(err, -r, "secrets of %s", replica->name) : 0;
}

bool bundle_is_whole(const struct supervisor *sv, const struct replica *replica)
{
	char path[PATH_MAX];

	return !has_secrets(replica) ||
	       (secrets_path(sv->options.run_dir, replica->id, path, sizeof(path)) == 0 &&
		access(path, F_OK) == 0);
}

void make_config(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	struct oci_error err = OCI_ERROR_INIT;
	char netns[PATH_MAX], volumes[PATH_MAX], secrets[PATH_MAX], hosts[PATH_MAX];
	struct replica_config config = {
		.project = replica_project(replica),
		.service = work->spec,
		.image = work->image,
		.id = replica->id,
		.name = replica->name,
		.volumes = volumes,
		.terminal = replica->foreground && work->spec->tty,
		.rootless = sv->rootless,
	};
	int r = replica_netns(sv, replica, netns, sizeof(netns), &config.netns);

	if (r == -EAGAIN) {
		make_failed(sv, replica, "network",
			    "the container whose network it is to share does not run");
		return;
	}
	(void)snprintf(volumes, sizeof(volumes), "%s/volumes", sv->options.state_dir);
	r = replica_paths(sv, replica);
	if (r == 0 && hosts_shared(replica)) {
		r = hosts_path(sv, replica, hosts, sizeof(hosts));
		config.hosts = hosts;
	}
	if (r == 0)
		r = secrets_of(sv, replica, secrets, sizeof(secrets), &config.secrets, &err);
	if (r == 0) {
		config.bundle = replica->bundle;
		config.cgroups_path = replica->cgroup;
		r = replica_config_write(&config, &err);
	}
	if (r < 0) {
		/* layers may be gone from the store: the image is asked for again */
		if (r == -ENOENT)
			work->image = NULL;
		make_failed(sv, replica, "bundle", r == -ENOMEM ? "out of memory" : err.message);
		return;
	}
	work->configured = true;
	work->unsaved = true;
	work->hosts_fresh = false;
	if (replica->foreground)
		hosts_write(sv, replica);
}
