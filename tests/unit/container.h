/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.h - a bundle in a temporary folder, and the phases of its file system carried out in a child with
 * namespaces of its own; the test's body then looks around from inside.
 */
#ifndef CARTE_TESTS_CONTAINER_H
#define CARTE_TESTS_CONTAINER_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ocispec-lite/runtime.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/rootfs-private.h"
#include "runtime/rootfs.h"
#include "unit/forked.h"

#define CONTAINER_NS                                                                               \
	"{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":" \
	"\"network\"}"
#define CONTAINER_DEV                                                                     \
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"              \
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[" \
	"\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]}"

struct container {
	char bundle[64];
	struct oci_arena arena;
	struct oci_config *config;
	struct rootfs_options options;
	struct rootfs *rf;
	struct oci_error err;
	bool classic; /* pretend that the new mount interface is missing */
	bool no_pivot;
	const struct cgroup *cgroup;
	int awaited;   /* how often the child waited for its cgroups */
	int map_first; /* host id of the user namespace's root */
};

static inline int container_remove_entry(const char *path, const struct stat *st, int type,
					 struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

static inline void container_begin(struct container *c)
{
	char path[128];

	*c = (struct container){ .arena = OCI_ARENA_INIT };
	(void)snprintf(c->bundle, sizeof(c->bundle), "/tmp/carte-rootfs-XXXXXX");
	if (!mkdtemp(c->bundle))
		abort();
	(void)chmod(c->bundle, 0755);
	(void)snprintf(path, sizeof(path), "%s/rootfs", c->bundle);
	if (mkdir(path, 0755) < 0)
		abort();
}

static inline void container_end(struct container *c)
{
	oci_arena_free(&c->arena);
	(void)nftw(c->bundle, container_remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/** container_path - a path below the bundle, in one of a few static buffers. */
static inline const char *container_path(const struct container *c, const char *name)
{
	static char buffers[8][2 * PATH_MAX];
	static unsigned next;
	char *buf = buffers[next++ % 8];

	(void)snprintf(buf, sizeof(buffers[0]), "%s/%s", c->bundle, name);
	return buf;
}

static inline void container_mkdir(const struct container *c, const char *name)
{
	if (mkdir(container_path(c, name), 0755) < 0 && errno != EEXIST)
		abort();
}

static inline void container_link(const struct container *c, const char *target, const char *name)
{
	if (symlink(target, container_path(c, name)) < 0)
		abort();
}

static inline void container_file(const struct container *c, const char *name, const char *text)
{
	int fd = open(container_path(c, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	(void)close(fd);
}

static inline bool container_file_is(const char *path, const char *text)
{
	char buf[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

	if (fd >= 0)
		(void)close(fd);
	if (n < 0)
		return false;
	buf[n] = '\0';
	return !strcmp(buf, text);
}

static inline int container_await(void *arg, struct oci_error *err)
{
	(void)err;
	((struct container *)arg)->awaited++;
	return 0;
}

/** container_plan - parse and plan; 0 or -errno, the words in c->err. Every "%B" in @json becomes the bundle's path. */
static inline int container_plan(struct container *c, const char *json)
{
	static char text[1 << 20];
	size_t used = 0;
	int r;

	for (const char *p = json; *p && used + PATH_MAX < sizeof(text); p++) {
		if (p[0] == '%' && p[1] == 'B') {
			used += (size_t)snprintf(text + used, PATH_MAX, "%s", c->bundle);
			p++;
		} else {
			text[used++] = *p;
		}
	}
	text[used] = '\0';
	c->err.code = 0;
	r = oci_config_parse(&c->arena, "config.json", text, used, &c->config, &c->err);
	if (r < 0)
		return r;
	c->options = (struct rootfs_options){
		.no_pivot = c->no_pivot,
		.cgroup = c->cgroup,
		.await_cgroup = container_await,
		.await_arg = c,
	};
	c->options.bundle = c->bundle;
	c->options.id = "test";
	for (size_t i = 0; c->config->linux_ && i < c->config->linux_->namespaces_len; i++) {
		enum oci_namespace_type type = c->config->linux_->namespaces[i].type;

		c->options.new_mount_ns |= type == OCI_NS_MOUNT;
		c->options.new_pid_ns |= type == OCI_NS_PID;
		c->options.new_net_ns |= type == OCI_NS_NETWORK;
		c->options.new_uts_ns |= type == OCI_NS_UTS;
		c->options.new_ipc_ns |= type == OCI_NS_IPC;
		c->options.new_user_ns |= type == OCI_NS_USER;
		c->options.new_cgroup_ns |= type == OCI_NS_CGROUP;
	}
	r = rootfs_plan(&c->arena, c->config, &c->options, &c->rf, &c->err);
	if (r >= 0)
		c->rf->force_classic = c->classic;
	return r;
}

/** container_config - a config.json around mounts, members of linux, and further members; in a static buffer. */
static inline const char *container_config(const char *mounts, const char *linux_members,
					   const char *members)
{
	static char json[1 << 18];

	(void)snprintf(json, sizeof(json),
		       "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"mounts\":[%s],"
		       "\"linux\":{\"namespaces\":[" CONTAINER_NS "]%s%s}%s%s}",
		       mounts, *linux_members ? "," : "", linux_members, *members ? "," : "",
		       members);
	return json;
}

/* What crosses from the child to the test: the error, and the status of the body. */
struct container_report {
	struct oci_error err;
	int code;
};

static inline int container_write_maps(const struct container *c, pid_t pid)
{
	static const char *const files[] = { "uid_map", "gid_map" };
	char path[64], map[64];
	int length;

	for (int i = 0; i < 2; i++) {
		int fd;

		(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		length = snprintf(map, sizeof(map), "0 %d 65536\n", c->map_first);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, map, (size_t)length) != length)
			return -errno;
		(void)close(fd);
	}
	return 0;
}

static inline void container_child(struct container *c, int go, int report, void (*body)(void *),
				   void *arg)
{
	struct container_report out = { 0 };
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(99);
	if (c->options.new_user_ns && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		_exit(98);
	out.code = rootfs_mount(c->rf, &out.err);
	if (out.code >= 0)
		out.code = rootfs_enter(c->rf, &out.err);
	if (out.code >= 0)
		out.code = rootfs_finish(c->rf, -1, &out.err);
	if (write(report, &out, sizeof(out)) != (ssize_t)sizeof(out))
		_exit(97);
	if (out.code < 0)
		_exit(96);
	body(arg);
	_exit(0);
}

/**
 * container_run - plan, prepare, clone, all phases, then @body inside.
 * Return: 0 and the body's status in @ret_status, or -errno with the words in c->err.
 */
static inline int container_run(struct container *c, const char *json, void (*body)(void *),
				void *arg, int *ret_status)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	struct container_report report = { 0 };
	int go[2], back[2], status, r;
	pid_t pid;

	r = container_plan(c, json);
	if (r >= 0)
		r = rootfs_prepare(c->rf, &c->err);
	if (r < 0)
		return r;
	args.flags = CLONE_NEWNS;
	if (c->options.new_pid_ns)
		args.flags |= CLONE_NEWPID;
	if (c->options.new_ipc_ns)
		args.flags |= CLONE_NEWIPC;
	if (c->options.new_uts_ns)
		args.flags |= CLONE_NEWUTS;
	if (c->options.new_net_ns)
		args.flags |= CLONE_NEWNET;
	if (c->options.new_user_ns)
		args.flags |= CLONE_NEWUSER;
	if (c->options.new_cgroup_ns)
		args.flags |= CLONE_NEWCGROUP;
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(back, O_CLOEXEC) < 0)
		abort();
	(void)fflush(NULL);
	pid = sys_clone3(&args);
	if (pid < 0)
		return err_sys(&c->err, -pid, "clone3");
	if (pid == 0)
		container_child(c, go[0], back[1], body, arg);
	(void)close(back[1]);
	if (c->options.new_user_ns)
		r = container_write_maps(c, pid);
	if (r >= 0)
		r = rootfs_set_userns(c->rf, pid, &c->err);
	rootfs_release(c->rf);
	if (r < 0 || write(go[1], "x", 1) != 1)
		(void)kill(pid, SIGKILL);
	if (read(back[0], &report, sizeof(report)) == (ssize_t)sizeof(report) && r >= 0) {
		r = report.code;
		c->err = report.err;
	} else if (r >= 0) {
		r = err_set(&c->err, ECHILD, "the child ended early");
	}
	(void)close(back[0]);
	(void)close(go[0]);
	(void)close(go[1]);
	(void)waitpid(pid, &status, 0);
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return r;
}

/** container_unable - why live tests cannot run, or NULL. */
static inline const char *container_unable(void)
{
	return geteuid() ? "needs root" : NULL;
}

/* Members of a mount's line in /proc/self/mountinfo, seen from inside. */
struct container_mount {
	char root[PATH_MAX];
	char options[512];
	char optional[256];
	char type[64];
	char super[1024];
};

/** container_find_mount - the last mount at @point; false: none. */
static inline bool container_find_mount(const char *point, struct container_mount *ret)
{
	FILE *in = fopen("/proc/self/mountinfo", "re");
	char line[8192];
	bool found = false;

	while (in && fgets(line, sizeof(line), in)) {
		char root[2048], at[2048], options[512], rest[2048];
		char *dash;

		if (sscanf(line, "%*d %*d %*s %2047s %2047s %511s %2047[^\n]", root, at, options,
			   rest) != 4 ||
		    strcmp(at, point) != 0)
			continue;
		found = true;
		*ret = (struct container_mount){ 0 };
		(void)snprintf(ret->root, sizeof(ret->root), "%s", root);
		(void)snprintf(ret->options, sizeof(ret->options), "%s", options);
		dash = !strncmp(rest, "- ", 2) ? rest : strstr(rest, " - ") + 1;
		(void)snprintf(ret->optional, sizeof(ret->optional), "%.*s", (int)(dash - rest),
			       rest);
		(void)sscanf(dash, "- %63s %*s %1023s", ret->type, ret->super);
	}
	if (in)
		(void)fclose(in);
	return found;
}

/** container_has - is @word one of the comma-separated @list? */
static inline bool container_has(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (!strncmp(p, word, n) && (p[n] == ',' || p[n] == '\0'))
			return true;
	return false;
}

#define ASSERT_RUN(c, json, body)                                          \
	do {                                                               \
		int status_ = -1;                                          \
		if (container_run((c), (json), (body), (c), &status_) < 0) \
			fail_msg("%s", (c)->err.message);                  \
		assert_int_equal(status_, 0);                              \
	} while (0)

#define ASSERT_RUN_FAILS(c, json, text)                                                         \
	do {                                                                                    \
		int status_ = -1;                                                               \
		assert_true(container_run((c), (json), container_nothing, NULL, &status_) < 0); \
		assert_string_equal((c)->err.message, (text));                                  \
	} while (0)

#define ASSERT_PLAN_FAILS(c, json, text)                       \
	do {                                                   \
		assert_true(container_plan((c), (json)) < 0);  \
		assert_string_equal((c)->err.message, (text)); \
	} while (0)

static inline void container_nothing(void *arg)
{
	(void)arg;
}

#endif
