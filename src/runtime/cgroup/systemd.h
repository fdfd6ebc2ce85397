/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd.h - what the files of the systemd manager share.
 *
 * Planning (names, paths, properties) is pure; the bus is spoken to by the
 * helper program only (systemd_call.c, systemd_wire.h); everything that is not
 * starting, stopping or telling systemd about limits is done with files, by
 * the v1 or v2 functions.
 */
#ifndef CARTE_RUNTIME_CGROUP_SYSTEMD_H
#define CARTE_RUNTIME_CGROUP_SYSTEMD_H

#include "runtime/cgroup/internal.h"

/* ---- properties of a unit ---- */

struct unit_property {
	const char *name;
	const char *signature; /* D-Bus: "t", "as", "a(ss)" */
	const char *
		*values; /* basic ones, in order; numbers in decimal, booleans "true", "false" */
	size_t values_len;
	bool optional; /* left out when systemd does not know it: a file has the value too */
};

/** struct unit_properties - a list that grows in @arena; @failed: memory ran out. */
struct unit_properties {
	struct oci_arena *arena;
	struct unit_property *list;
	size_t len;
	size_t allocated;
	bool failed;
};

/** unit_property_add - @values is copied, the strings are not; unit_property_set - the one value @text, copied. */
void unit_property_add(struct unit_properties *list, const char *name, const char *signature,
		       const char *const *values, size_t len, bool optional);
void unit_property_set(struct unit_properties *list, const char *name, const char *signature,
		       const char *text, bool optional);

/** unit_property_set_u64 - a "t"; UINT64_MAX is infinity. */
void unit_property_set_u64(struct unit_properties *list, const char *name, uint64_t value,
			   bool optional);

/** unit_property_find - the last one of that name, or NULL. */
const struct unit_property *unit_property_find(const struct unit_properties *list,
					       const char *name);

/* ---- systemd_plan.c ---- */

/**
 * systemd_plan_unit - slice and unit from linux.cgroupsPath: "slice:prefix:name", "slice:name", "name", or
 * nothing. What a unit's name may not hold is escaped as systemd-escape(1) does.
 */
int systemd_plan_unit(struct oci_arena *arena, const char *cgroups_path, const char *id,
		      bool user_bus, char **ret_slice, char **ret_unit, struct oci_error *err);

/** systemd_is_slice - is the unit itself a slice? Those take no process when they are started. */
bool systemd_is_slice(const char *unit);

/** systemd_slice_path - "a-b.slice" is "/a.slice/a-b.slice", "-.slice" is "". @slice is checked. */
int systemd_slice_path(struct oci_arena *arena, const char *slice, char **ret,
		       struct oci_error *err);

/** systemd_manager_cgroup - the root of a manager's units: from the text of its /proc/PID/cgroup; "" for "/". */
int systemd_manager_cgroup(struct oci_arena *arena, const char *text, char **ret,
			   struct oci_error *err);

/** systemd_user_cgroup - the same for a user's manager, from the text of our own /proc/self/cgroup. */
int systemd_user_cgroup(struct oci_arena *arena, const char *text, uid_t uid, char **ret,
			struct oci_error *err);

/** systemd_unit_cgroup - MANAGER/SLICE/UNIT, as systemd names the folder. */
int systemd_unit_cgroup(struct oci_arena *arena, const char *manager, const char *slice,
			const char *unit, char **ret, struct oci_error *err);

/** systemd_check_foreign_path - a path of the systemd driver with the cgroupfs manager: -EINVAL, in one line. */
int systemd_check_foreign_path(const char *cgroups_path, struct oci_error *err);

/* ---- systemd_properties.c, systemd_annotations.c ---- */

/**
 * systemd_resource_properties - those limits that systemd would put back when it reads its units again.
 * @cgroup: NULL or where the values are that an update leaves alone
 */
int systemd_resource_properties(const struct cgroup *cgroup, enum cgroup_mode mode, bool user_bus,
				const struct oci_resources *resources, bool starting,
				struct unit_properties *list, struct oci_error *err);

/** systemd_annotation_properties - org.systemd.property.NAME: GVariant text. */
int systemd_annotation_properties(const struct oci_pair *annotations, size_t len,
				  struct unit_properties *list, struct oci_error *err);

/* ---- systemd_gone.c ---- */

/**
 * systemd_await_gone - systemd removes the folder of a scope that has become empty, and forgets the unit before it
 * reads its next message. Return: true when it has; false: it did not within a time that is short for us and long
 * for it.
 */
bool systemd_await_gone(const struct cgroup_dir *dir);

/* ---- systemd_call.c ---- */

struct systemd_call {
	const char *operation; /* WIRE_START ... */
	const char *unit;
	bool user_bus;
	const struct unit_properties *properties; /* or NULL */
	pid_t pid;                                /* systemd_call: with this one, or 0 */
};

/** systemd_request_text - the request in the form of systemd_wire.h, but the pids, in @arena. */
int systemd_request_text(struct oci_arena *arena, const struct systemd_call *call, char **ret,
			 size_t *ret_length);

/**
 * systemd_call - run the helper. What it answers is in @arena.
 * Return: 0; -ENOTCONN: there is no bus; -ENOTSUP: no helper; -ETIMEDOUT; others as systemd said.
 */
int systemd_call(struct oci_arena *arena, const struct systemd_call *call, char **ret_answer,
		 struct oci_error *err);

/**
 * systemd_helper_start - begin a call before it is known what is asked: the helper
 * connects while we do something else. Lives in @arena; ends with us.
 * systemd_helper_tell - the one call that it is for, but what it is to be done with; systemd_helper_ask - that: @pid or
 * 0, and now it is done; systemd_helper_answer - wait for the answer, as systemd_call;
 * what went wrong before is said there. systemd_helper_end - always, with or without a call; NULL and twice are fine.
 */
struct systemd_helper;
int systemd_helper_start(struct oci_arena *arena, bool user_bus, struct systemd_helper **ret,
			 struct oci_error *err);
void systemd_helper_tell(struct oci_arena *arena, struct systemd_helper *helper,
			 const struct systemd_call *call);
void systemd_helper_ask(struct systemd_helper *helper, pid_t pid);
int systemd_helper_answer(struct oci_arena *arena, struct systemd_helper *helper, char **ret_answer,
			  struct oci_error *err);
void systemd_helper_end(struct systemd_helper *helper);

/** systemd_helper_check - is the helper there? -ENOTSUP and what to do otherwise. */
int systemd_helper_check(struct oci_error *err);

/** systemd_owner - the user of the host that we are, seen from within a user namespace. */
uid_t systemd_owner(void);

/** systemd_call_seconds - how long a call may take; tests shorten it. */
extern unsigned systemd_call_seconds;

#endif
