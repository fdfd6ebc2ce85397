/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_kubernetes_mounts.c - volumes, configs and secrets, memory: each is a volume of the pod and a mount of the container.
 */
#include <stdio.h>

#include "scale/export-private.h"

struct mounts {
	struct export *x;
	struct node *volumes, *mounts;
	unsigned count;
};

/* A volume with this source, mounted at @target; @key: of the pod's volume ("hostPath"). */
static struct node *add(struct mounts *m, const char *key, struct node *source, const char *target,
			bool read_only)
{
	struct maker *maker = &m->x->maker;
	struct node *volume = make_node(maker, NODE_MAP), *mount = make_node(maker, NODE_MAP);
	const char *name = oci_arena_printf(m->x->arena, "v%u", ++m->count);

	put_text(maker, volume, "name", name);
	put(maker, volume, key, source);
	push(maker, m->volumes, volume);
	put_text(maker, mount, "name", name);
	put_literal(m->x, mount, "mountPath", target);
	put_true(maker, mount, "readOnly", read_only);
	push(maker, m->mounts, mount);
	if (!name)
		maker->failed = true;
	return mount;
}

static void add_memory(struct mounts *m, const char *target, int64_t size, bool read_only)
{
	struct maker *maker = &m->x->maker;
	struct node *source = make_node(maker, NODE_MAP);

	put_text(maker, source, "medium", "Memory");
	put_bytes(maker, source, "sizeLimit", size);
	(void)add(m, "emptyDir", source, target, read_only);
}

static void add_mount(struct mounts *m, const struct spec_mount *mount)
{
	struct export *x = m->x;
	struct maker *maker = &x->maker;
	struct node *source;

	if (mount->type == SPEC_TMPFS) {
		add_memory(m, mount->target, mount->size, mount->read_only);
		if (mount->mode && mount->mode != 0777 && mount->mode != 01777)
			lose(x, "tmpfs|volumes", "%s: its mode is 0777 there", mount->target);
		return;
	}
	source = make_node(maker, NODE_MAP);
	if (mount->type == SPEC_BIND) {
		put_literal(x, source, "path", mount->source);
		if (mount->create_source)
			put_text(maker, source, "type", "DirectoryOrCreate");
		(void)add(m, "hostPath", source, mount->target, mount->read_only);
		lose(x, "volumes", "%s must be on every node, with the same content",
		     mount->source);
	} else if (!mount->source) {
		(void)add(m, "emptyDir", source, mount->target, mount->read_only);
		lose(x, "volumes", "%s: a volume without a name ends with its pod", mount->target);
	} else {
		const struct spec_volume *volume = spec_volume_find(x->project, mount->source);

		put_text(maker, source, "claimName",
			 label_name(x, volume && volume->external ? volume->name : mount->source));
		(void)add(m, "persistentVolumeClaim", source, mount->target, mount->read_only);
	}
}

static void add_config(struct mounts *m, const struct spec_file *file)
{
	struct export *x = m->x;
	struct maker *maker = &x->maker;
	struct node *source = make_node(maker, NODE_MAP), *items = make_node(maker, NODE_LIST);
	struct node *item = make_node(maker, NODE_MAP), *mount;

	put_text(maker, source, file->secret ? "secretName" : "name", label_name(x, file->name));
	put_text(maker, item, "key", "content");
	put_text(maker, item, "path", "content");
	put_int(maker, item, "mode", file->mode);
	push(maker, items, item);
	put(maker, source, "items", items);
	mount = add(m, file->secret ? "secret" : "configMap", source, file->target, true);
	put_text(maker, mount, "subPath", "content");
	if (file->uid || file->gid)
		lose(x, file->secret ? "secrets" : "configs", "%s: files of these belong to root",
		     file->target);
}

void kubernetes_mounts(struct export *x, struct node *pod, struct node *container)
{
	const struct spec_service *service = x->service;
	struct mounts m = { .x = x,
			    .volumes = make_node(&x->maker, NODE_LIST),
			    .mounts = make_node(&x->maker, NODE_LIST) };

	for (size_t i = 0; i < service->mounts_len; i++)
		add_mount(&m, &service->mounts[i]);
	for (size_t i = 0; i < service->files_len; i++)
		add_config(&m, &service->files[i]);
	if (service->shm_size > 0)
		add_memory(&m, "/dev/shm", service->shm_size, false);
	put_filled(&x->maker, container, "volumeMounts", m.mounts);
	put_filled(&x->maker, pod, "volumes", m.volumes);
}
