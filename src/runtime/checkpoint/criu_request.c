/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_request.c - fill criu's options from a plan.
 */
#include "runtime/checkpoint/criu_request.h"

#include "base/error.h"
#include "base/mem.h"
#include "runtime/checkpoint/options.h"

#define LOG_LEVEL 4 /* all that criu has to say: the log is read after failures only */

/* criu has its own default for what is not set */
#define SET(opts, member, v)                      \
	do {                                      \
		if (v) {                          \
			(opts)->has_##member = 1; \
			(opts)->member = (v);     \
		}                                 \
	} while (0)

static void set_words(const struct cr_words *w, CriuOpts *o)
{
	SET(o, leave_running, w->leave_running);
	SET(o, tcp_established, w->tcp_established);
	SET(o, tcp_skip_in_flight, w->tcp_skip_in_flight);
	SET(o, tcp_close, w->tcp_close);
	SET(o, link_remap, w->link_remap);
	SET(o, ext_unix_sk, w->ext_unix_sk);
	SET(o, shell_job, w->shell_job);
	SET(o, file_locks, w->file_locks);
	SET(o, lazy_pages, w->lazy_pages);
	SET(o, auto_dedup, w->auto_dedup);
	o->lsm_profile = (char *)w->lsm_profile;
	o->lsm_mount_context = (char *)w->lsm_mount_context;
	o->parent_img = (char *)w->parent_path;
}

static int set_options(struct oci_arena *arena, const struct cr_options *options, CriuOpts *o,
		       struct oci_error *err)
{
	static const CriuCgMode modes[] = {
		[CR_CGROUPS_SOFT] = CRIU_CG_MODE__SOFT,
		[CR_CGROUPS_FULL] = CRIU_CG_MODE__FULL,
		[CR_CGROUPS_STRICT] = CRIU_CG_MODE__STRICT,
		[CR_CGROUPS_IGNORE] = CRIU_CG_MODE__IGNORE,
	};

	set_words(options->words, o);
	/* without it, criu before 2.0 reads the mode not at all */
	o->has_manage_cgroups = o->manage_cgroups = 1;
	o->has_manage_cgroups_mode = 1;
	o->manage_cgroups_mode = modes[options->cgroups];
	SET(o, empty_ns, options->empty_ns);
	if (options->network_lock != CR_LOCK_DEFAULT) {
		/* criu's numbers; 3, skip, is newer than some libcriu */
		o->has_network_lock = 1;
		o->network_lock = (CriuNetworkLockMethod)options->network_lock;
	}
	if (options->status_fd >= 0) {
		o->has_status_fd = 1;
		o->status_fd = options->status_fd;
	}
	if (!options->page_address)
		return 0;
	o->ps = oci_arena_alloc(arena, sizeof(*o->ps));
	if (!o->ps)
		return err_nomem(err);
	criu_page_server_info__init(o->ps);
	o->ps->address = (char *)options->page_address;
	o->ps->has_port = 1;
	o->ps->port = options->page_port;
	return 0;
}

/* protobuf-c wants arrays of pointers to messages */
#define FILL(arena, pairs, count, array, type, init, first, second)                        \
	({                                                                                 \
		type *items_ = oci_arena_array(arena, (pairs)->len + 1, sizeof(type));     \
		type **links_ = oci_arena_array(arena, (pairs)->len + 1, sizeof(*links_)); \
		for (size_t i_ = 0; items_ && links_ && i_ < (pairs)->len; i_++) {         \
			init(&items_[i_]);                                                 \
			items_[i_].first = (pairs)->items[i_].key;                         \
			items_[i_].second = (pairs)->items[i_].value;                      \
			links_[i_] = &items_[i_];                                          \
		}                                                                          \
		(array) = links_;                                                          \
		(count) = (pairs)->len;                                                    \
		items_ &&links_;                                                           \
	})

static bool set_lists(struct oci_arena *arena, const struct cr_plan *plan, CriuOpts *o)
{
	InheritFd *fds = oci_arena_array(arena, plan->fds_len + 1, sizeof(*fds));
	InheritFd **links = oci_arena_array(arena, plan->fds_len + 1, sizeof(*links));
	char **external = oci_arena_array(arena, plan->external.len + 1, sizeof(*external));

	if (!fds || !links || !external)
		return false;
	for (size_t i = 0; i < plan->fds_len; i++) {
		inherit_fd__init(&fds[i]);
		fds[i].key = plan->fds[i].key;
		fds[i].fd = plan->fds[i].fd;
		links[i] = &fds[i];
	}
	for (size_t i = 0; i < plan->external.len; i++)
		external[i] = plan->external.items[i].key;
	o->inherit_fd = links;
	o->n_inherit_fd = plan->fds_len;
	o->external = external;
	o->n_external = plan->external.len;
	return FILL(arena, &plan->mounts, o->n_ext_mnt, o->ext_mnt, ExtMountMap,
		    ext_mount_map__init, key, val) &&
	       FILL(arena, &plan->joins, o->n_join_ns, o->join_ns, JoinNamespace,
		    join_namespace__init, ns, ns_file) &&
	       FILL(arena, &plan->cgroup_roots, o->n_cg_root, o->cg_root, CgroupRoot,
		    cgroup_root__init, ctrl, path);
}

int criu_request_build(struct oci_arena *arena, const struct cr_plan *plan, CriuReq **ret,
		       struct oci_error *err)
{
	static const CriuReqType types[] = {
		[CR_DUMP] = CRIU_REQ_TYPE__DUMP,
		[CR_PRE_DUMP] = CRIU_REQ_TYPE__PRE_DUMP,
		[CR_RESTORE] = CRIU_REQ_TYPE__RESTORE,
	};
	CriuReq *req = oci_arena_alloc(arena, sizeof(*req));
	CriuOpts *o = oci_arena_alloc(arena, sizeof(*o));
	int r;

	if (!req || !o)
		return err_nomem(err);
	criu_req__init(req);
	criu_opts__init(o);
	req->type = types[plan->action];
	req->opts = o;
	o->images_dir_fd = plan->images_fd;
	o->has_work_dir_fd = 1;
	o->work_dir_fd = plan->work_fd;
	o->has_log_level = 1;
	o->log_level = LOG_LEVEL;
	o->log_file = (char *)plan->log_file;
	o->root = (char *)plan->root;
	o->config_file = (char *)plan->config_file;
	o->freeze_cgroup = (char *)plan->freeze_cgroup;
	o->has_notify_scripts = o->notify_scripts = 1;
	o->has_orphan_pts_master = o->orphan_pts_master = 1;
	SET(o, pid, plan->pid);
	/* each dump of a series says which pages the next one may leave out */
	SET(o, track_mem, plan->action == CR_PRE_DUMP || plan->options->words->parent_path != NULL);
	if (plan->action == CR_RESTORE) {
		/* the container's init becomes our child, to be handed on as create does it */
		o->has_rst_sibling = o->rst_sibling = 1;
		o->has_evasive_devices = o->evasive_devices = 1;
	}
	r = set_options(arena, plan->options, o, err);
	if (r < 0)
		return r;
	if (!set_lists(arena, plan, o))
		return err_nomem(err);
	*ret = req;
	return 0;
}
