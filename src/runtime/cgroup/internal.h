/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h - what the files of cgroup/ share and nobody else includes.
 *
 * A manager is one table of functions; cgroup.c picks it by what the plan (or
 * the state file) says. All paths here are the host's own, below a mount that
 * was verified to be a cgroup file system: such a tree holds no symlinks.
 */
#ifndef CARTE_RUNTIME_CGROUP_INTERNAL_H
#define CARTE_RUNTIME_CGROUP_INTERNAL_H

#include <limits.h>

#include <ocispec-lite/arena.h>

#include "base/error.h"
#include "runtime/cgroup/cgroup.h"

/** struct cgroup_ops - one manager; each function as its namesake in cgroup.h. */
struct cgroup_ops {
	int (*probe)(const struct cgroup *cgroup,
		     struct oci_error *err); /* at the end of cgroup_plan */
	int (*create)(struct cgroup *cgroup, const struct oci_resources *resources,
		      struct oci_error *err);
	int (*enter)(const struct cgroup *cgroup, pid_t pid, bool skip_v2, struct oci_error *err);
	int (*enter_sub)(const struct cgroup *cgroup, pid_t pid, const char *controllers,
			 const char *sub, struct oci_error *err);
	int (*check)(const struct cgroup *cgroup, const struct oci_resources *resources,
		     struct oci_error *err);
	int (*update)(const struct cgroup *cgroup, const struct oci_resources *resources,
		      struct oci_error *err);
	int (*freeze)(const struct cgroup *cgroup, bool frozen, struct oci_error *err);
	bool (*is_frozen)(const struct cgroup *cgroup);
	int (*signal)(const struct cgroup *cgroup, int sig, struct oci_error *err);
	int (*destroy)(const struct cgroup *cgroup, struct oci_error *err);
	int (*stats)(const struct cgroup *cgroup, pid_t pid, char **ret_text, size_t *ret_length,
		     struct oci_error *err);
	int (*oom_fd)(const struct cgroup *cgroup, struct oci_error *err);
	/* files only: as create, in folders that systemd has made and that have processes; @filter: see cgroup_v2_devices_apply */
	int (*adopt)(struct cgroup *cgroup, const struct oci_resources *resources, int filter,
		     struct oci_error *err);
	/* only where cgroup_needs_process; NULL otherwise */
	void (*settle)(const struct cgroup *cgroup);
	int (*start)(struct cgroup *cgroup, const struct oci_resources *resources, pid_t pid,
		     struct oci_error *err);
};

extern const struct cgroup_ops cgroup_v1_ops; /* v1 and hybrid */
extern const struct cgroup_ops cgroup_v2_ops;
extern const struct cgroup_ops cgroup_systemd_ops;

/** cgroup_fs_ops - plain files: what other managers fall back on. NULL for CGROUP_MODE_NONE. */
const struct cgroup_ops *cgroup_fs_ops(enum cgroup_mode mode);

/* ---- systemd.c ---- */

/**
 * cgroup_systemd_plan - the unit, and the path that its folder will have in each hierarchy;
 * cgroup_systemd_place - give that to the folders found, and drop those that are not the manager's.
 */
int cgroup_systemd_plan(struct oci_arena *arena, const struct cgroup_request *request,
			struct cgroup *cgroup, char **ret_path, struct oci_error *err);
int cgroup_systemd_place(struct cgroup *cgroup, const char *path, struct oci_error *err);

/* ---- discover.c ---- */

/** struct cgroup_host - where discovery looks; a test gives its own. */
struct cgroup_host {
	const char *self_cgroup; /* the text of /proc/self/cgroup */
	const char *(*mountinfo)(
		void *context); /* the text of mountinfo, asked for only when needed */
	int (*fs_version)(const char *path, void *context); /* 1, 2, or 0: no cgroup file system */
	bool (*exists)(const char *path, void *context);
	void *context;
};

int cgroup_discover(struct oci_arena *arena, const struct cgroup_host *host,
		    const char *cgroups_path, const char *id, struct cgroup *ret,
		    struct oci_error *err);

/** cgroup_path_check - no ".." component. @path is linux.cgroupsPath. */
int cgroup_path_check(const char *path, struct oci_error *err);

/* ---- tree.c: folders, files and processes of one hierarchy ---- */

/** cgroup_dir_find - the folder of a controller ("memory", "name=systemd"; "" for v2), or NULL. */
const struct cgroup_dir *cgroup_dir_find(const struct cgroup *cgroup, const char *controller);

/** cgroup_dir_is_v2 - is this the folder in the v2 hierarchy? */
static inline bool cgroup_dir_is_v2(const struct cgroup_dir *dir)
{
	return dir->controllers[0] == '\0';
}

/** cgroup_dir_path - MOUNT/PATH or MOUNT/PATH/FILE (@file not NULL). Return: 0 or -ENAMETOOLONG. */
int cgroup_dir_path(const struct cgroup_dir *dir, const char *file, char buf[PATH_MAX]);

/** cgroup_dir_write, cgroup_dir_read - one whole file; 0 or the length, or -errno. */
int cgroup_dir_write(const struct cgroup_dir *dir, const char *file, const char *text);
ssize_t cgroup_dir_read(const struct cgroup_dir *dir, const char *file, char *buf, size_t size);

/** cgroup_dir_read_u64 - a file that holds one number; "max" gives UINT64_MAX. */
int cgroup_dir_read_u64(const struct cgroup_dir *dir, const char *file, uint64_t *ret);

/** cgroup_now_ms - of the monotonic clock. */
int64_t cgroup_now_ms(void);

/**
 * cgroup_dir_wait_event - until cgroup.events of a v2 folder has @line ("populated 0"); the kernel
 * signals changes, so nothing is polled. Return: 0, -ETIMEDOUT, -ENOENT when there is no such folder.
 */
int cgroup_dir_wait_event(const struct cgroup_dir *dir, const char *line, int64_t deadline);

/** struct cgroup_pidset - pids, unsorted; free with free(pids). */
struct cgroup_pidset {
	pid_t *pids;
	size_t len;
	size_t allocated;
};

#define CLEANUP_PIDSET __attribute__((cleanup(cgroup_pidset_freep)))
void cgroup_pidset_freep(struct cgroup_pidset *set);
bool cgroup_pidset_has(const struct cgroup_pidset *set, pid_t pid);
int cgroup_pidset_add(struct cgroup_pidset *set, pid_t pid);

/** cgroup_dir_pids - add every process of the folder and of the folders below it. Absent: nothing to add. */
int cgroup_dir_pids(const struct cgroup_dir *dir, struct cgroup_pidset *set);

/** cgroup_dir_check_unused - -EBUSY when a folder that exists has processes or is frozen. */
int cgroup_dir_check_unused(const struct cgroup_dir *dir, struct oci_error *err);

/**
 * cgroup_dir_make - mkdir -p; one that is there already must be unused (-EBUSY).
 * @made_from: the length of the shortest path that was made; 0: none
 */
int cgroup_dir_make(const struct cgroup_dir *dir, size_t *made_from, struct oci_error *err);

/** cgroup_dir_unmake - remove what cgroup_dir_make has made, as far as it is empty. */
void cgroup_dir_unmake(const struct cgroup_dir *dir, size_t made_from);

/** cgroup_is_unprivileged - not root, or root of a user namespace only (user_namespaces(7)). */
bool cgroup_is_unprivileged(void);

/** cgroup_is_denied - an -errno that says: not for this user. */
bool cgroup_is_denied(int code);

/* ---- rootless.c ---- */

/**
 * cgroup_rootless_place - on v2: where an ordinary user's container goes, and whether he may put it there.
 * @own: the runtime's own cgroup, "" for the root
 * @name: a relative linux.cgroupsPath, or the ID; NULL: the path is absolute and stays
 */
int cgroup_rootless_place(struct oci_arena *arena, const char *own, const char *name,
			  struct cgroup *cgroup, struct oci_error *err);

/** cgroup_own_v2_path - from the text of /proc/self/cgroup; "" for the root, NULL: no v2 there, or no memory. */
char *cgroup_own_v2_path(struct oci_arena *arena, const char *self_cgroup);

/** cgroup_holds_us - is it the runtime's own cgroup? */
bool cgroup_holds_us(const struct cgroup_dir *dir);

/** cgroup_vacate - move every process that is in the folder itself to one below it. */
int cgroup_vacate(const struct cgroup_dir *dir);

/** cgroup_do_without - no folder may be made: go on without, or say which limit, and that it needs delegation. */
int cgroup_do_without(struct cgroup *cgroup, const struct oci_resources *resources,
		      struct oci_error *err);

/** cgroup_dir_rmtree - remove the folder with those below it; -EBUSY when one has processes. */
int cgroup_dir_rmtree(const struct cgroup_dir *dir);

/* ---- resources.c (single values), lists.c (arrays and maps), device_rules.c ---- */

/** cgroup_resources_check - values and controllers, without touching a file. */
int cgroup_resources_check(const struct cgroup *cgroup, const struct oci_resources *resources,
			   struct oci_error *err);

/**
 * cgroup_resources_apply - write every limit but devices.
 * @fresh: new folders that hold the kernel's defaults, nobody inside
 */
int cgroup_resources_apply(const struct cgroup *cgroup, const struct oci_resources *resources,
			   bool fresh, struct oci_error *err);

int cgroup_lists_check(const struct cgroup *cgroup, const struct oci_resources *resources,
		       struct oci_error *err);
struct cgroup_undo;
int cgroup_lists_apply(const struct cgroup *cgroup, const struct oci_resources *resources,
		       struct cgroup_undo *undo, struct oci_error *err);

/** struct cgroup_value - one write: where, what, and the field of the spec that asked for it. */
struct cgroup_value {
	const struct cgroup_dir *dir;
	const char *file;
	const char *other_file; /* the same thing's name in other kernels, or NULL */
	const char *field;      /* "memory.limit" */
	const char *text;
	const char *other_text; /* for other_file, when its scale is another one; or NULL */
};

/** cgroup_value_write - 0 or -errno without words; cgroup_value_failed finds the words. */
int cgroup_value_write(const struct cgroup_value *value);
int cgroup_value_failed(const struct cgroup_value *value, int code, struct oci_error *err);

/** cgroup_no_controller - the one error for a limit whose controller is not there. */
int cgroup_no_controller(const struct cgroup *cgroup, const char *field, const char *controller,
			 struct oci_error *err);

/** cgroup_not_on_v2 - the one error for a setting that only v1 has. */
int cgroup_not_on_v2(const char *field, struct oci_error *err);

/* ---- undo.c ---- */

struct cgroup_undo_entry {
	const struct cgroup_undo_entry *before;
	const struct cgroup_dir *dir;
	const char *file;
	const char *text;
};

/** struct cgroup_undo - what files held before they were written. */
struct cgroup_undo {
	struct oci_arena arena;
	const struct cgroup_undo_entry *last;
};

#define CGROUP_UNDO_INIT             \
	{                            \
		OCI_ARENA_INIT, NULL \
	}

#define CLEANUP_UNDO __attribute__((cleanup(cgroup_undo_freep)))
void cgroup_undo_freep(struct cgroup_undo *undo);

/** cgroup_undo_remember - call it before each write. @undo NULL: nothing is kept. */
void cgroup_undo_remember(struct cgroup_undo *undo, const struct cgroup_value *value);
void cgroup_undo_apply(const struct cgroup_undo *undo);

/* ---- v2_convert.c, v2_control.c ---- */

/** cgroup_weight_of_shares - cpu.weight for cpu.shares (systemd's CPUWeight=, too). */
uint64_t cgroup_weight_of_shares(uint64_t shares);

/** cgroup_io_weight_of_blkio - io.weight for blkio.weight. */
uint64_t cgroup_io_weight_of_blkio(uint64_t weight);

/** cgroup_has_word - is @word in a list whose words are separated by blanks? */
bool cgroup_has_word(const char *list, const char *word);

/** cgroup_v2_dir_with - the v2 folder if @controller lives on that side of this host. */
const struct cgroup_dir *cgroup_v2_dir_with(const struct cgroup *cgroup, const char *controller);

/**
 * cgroup_v2_enable_all - switch on what can be switched on for @dir, from the root down. Best effort: who needs
 * a controller finds out by its file, and cgroup_v2_enable has the words.
 */
void cgroup_v2_enable_all(const struct cgroup_dir *dir);
int cgroup_v2_enable(const struct cgroup_dir *dir, const char *controller, const char *field,
		     struct oci_error *err);

/**
 * cgroup_v2_value_write - cgroup_value_write, and when the file is missing once more with the controller on.
 * Return: 0 or -errno; cgroup_value_failed adds the words where there are none yet.
 */
int cgroup_v2_value_write(const struct cgroup_value *value, const char *controller,
			  struct oci_error *err);

/**
 * cgroup_v2_enter_beside - put @pid where @init is, if that is below @dir. Return: 0 or -errno without words.
 */
int cgroup_v2_enter_beside(const struct cgroup_dir *dir, pid_t init, pid_t pid);

/** cgroup_v2_is_threaded - cgroups(7), "thread mode"; cgroup_v2_explain_type - the error for it. */
bool cgroup_v2_is_threaded(const struct cgroup_dir *dir);
int cgroup_v2_explain_type(const struct cgroup_dir *dir, const char *what, struct oci_error *err);

struct cgroup_device {
	char type;     /* 'c', 'b'; 'a' only alone */
	int64_t major; /* -1: any */
	int64_t minor;
	unsigned access; /* CGROUP_DEVICE_* */
};

enum {
	CGROUP_DEVICE_R = 1,
	CGROUP_DEVICE_W = 2,
	CGROUP_DEVICE_M = 4,
	CGROUP_DEVICE_RWM = 7,
};

/** struct cgroup_device_set - what is allowed: everything but the list, or nothing but the list. */
struct cgroup_device_set {
	bool allow_all;
	struct cgroup_device *list;
	size_t len;
};

/**
 * cgroup_devices_plan - play the rules in order, then the devices that every container has, on an
 * empty deny-all set as the v1 kernel would, but refuse what it would silently not do: an exception
 * from a wildcard. @ret->list is malloc'ed.
 */
int cgroup_devices_plan(const struct oci_resources *resources, struct cgroup_device_set *ret,
			struct oci_error *err);

struct cgroup_device_rule {
	struct cgroup_device device; /* 'c' or 'b' */
	bool allow;
};

/** struct cgroup_device_rules - the last rule that matches decides, for each kind of access; else allow_all. */
struct cgroup_device_rules {
	bool allow_all;
	struct cgroup_device_rule *list;
	size_t len;
};

/**
 * cgroup_device_rules_plan - the same for v2, where every rule can be kept: in order, then the devices
 * that every container has. Rules without effect are left out. @ret->list is malloc'ed.
 */
int cgroup_device_rules_plan(const struct oci_resources *resources, struct cgroup_device_rules *ret,
			     struct oci_error *err);

/** cgroup_device_format - "c 1:3 rwm", "b *:* m". */
const char *cgroup_device_format(const struct cgroup_device *device, char buf[64]);

/** cgroup_devices_apply - write the rules to a fresh devices folder. */
int cgroup_devices_apply(const struct cgroup *cgroup, const struct oci_resources *resources,
			 struct oci_error *err);

/* ---- device_bpf.c, device_bpf_attach.c: the device filter of v2 ---- */

struct bpf_insn;

/** CGROUP_DEVICE_BPF_MAX - instructions that suffice for @len rules. */
#define CGROUP_DEVICE_BPF_MAX(len) (8 + 9 * (len))

/**
 * cgroup_device_bpf_emit - the rules as a BPF_PROG_TYPE_CGROUP_DEVICE program.
 * @insns: room for CGROUP_DEVICE_BPF_MAX(rules->len)
 * Return: how many there are.
 */
size_t cgroup_device_bpf_emit(const struct cgroup_device_rules *rules, struct bpf_insn *insns);

/** cgroup_v2_devices_check - the rules are well-formed. */
int cgroup_v2_devices_check(const struct oci_resources *resources, struct oci_error *err);

/**
 * cgroup_v2_devices_load - the filter for these rules, while there is no folder to attach it to yet.
 * Return: its descriptor, or < 0: cgroup_v2_devices_apply has to do all of it, and says why it cannot
 */
int cgroup_v2_devices_load(const struct oci_resources *resources);

/**
 * cgroup_v2_devices_apply - let a filter with these rules decide in the container's v2 folder, in the place of those
 * that are attached to it: of a left-over, or of a container that runs. At no moment is less denied
 * than before and after.
 * @filter: of cgroup_v2_devices_load for the same rules, stays the caller's; < 0: it is loaded here
 *
 * Without privileges (an ordinary user, a user namespace) bpf(2) is not to be had and device nodes
 * cannot be made: then nothing is done.
 */
int cgroup_v2_devices_apply(const struct cgroup *cgroup, const struct oci_resources *resources,
			    int filter, struct oci_error *err);

/* ---- freeze.c, kill.c, destroy.c ---- */

/** cgroup_destroy_ms - how long destroy waits for dying processes; tests shorten it. */
extern int cgroup_destroy_ms;

int cgroup_fs_freeze(const struct cgroup *cgroup, bool frozen, struct oci_error *err);
bool cgroup_fs_is_frozen(const struct cgroup *cgroup);
/* cgroup_fs_: v1, hybrid and v2 alike */
/** cgroup_v1_kill_dirs - the folders whose processes cgroup_signal takes for the container's: at most two. */
size_t cgroup_v1_kill_dirs(const struct cgroup *cgroup, const struct cgroup_dir *ret[2]);
int cgroup_v1_signal(const struct cgroup *cgroup, int sig, struct oci_error *err);
int cgroup_v2_signal(const struct cgroup *cgroup, int sig, struct oci_error *err);
int cgroup_fs_destroy(const struct cgroup *cgroup, struct oci_error *err);

/* ---- stats.c, oom.c: v1, hybrid and v2 ---- */

int cgroup_fs_stats(const struct cgroup *cgroup, pid_t pid, char **ret_text, size_t *ret_length,
		    struct oci_error *err);
int cgroup_fs_oom_fd(const struct cgroup *cgroup, struct oci_error *err);

#endif
