/* SPDX-License-Identifier: Apache-2.0 */
/* test_replica_config.c - bundles of replicas: documents against expectations, files, volumes, bad wishes; and a real image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <time.h>

#include "base/error.h"
#include "scale/image-private.h"
#include "scale/replica_config.h"
#include "unit/scale.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ID "0123456789abcdef0123456789abcdef"

static const char template[] =
	"{\"ociVersion\":\"1.1.0\",\"root\":{\"path\":\"rootfs\"},\"hostname\":\"carte\","
	"\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"-\"],\"cwd\":\"/"
	"srv\",\"env\":[\"PATH=/bin\",\"A=1\"],"
	"\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\"],\"permitted\":[\"CAP_CHOWN\","
	"\"CAP_KILL\"],\"effective\":[\"CAP_CHOWN\",\"CAP_KILL\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1024,\"hard\":1024}]},"
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"},"
	"{\"destination\":\"/dev/"
	"shm\",\"type\":\"tmpfs\",\"source\":\"shm\",\"options\":[\"size=65536k\"]},"
	"{\"destination\":\"/"
	"sys\",\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":[\"nosuid\",\"ro\"]}],"
	"\"annotations\":{\"io.carte.rootfs.layers\":\"[\\\"LAYER\\\"]\",\"a\":\"image\"},"
	"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{"
	"\"type\":\"mount\"},{\"type\":\"network\"}],"
	"\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}],\"pids\":{\"limit\":"
	"2048}},"
	"\"maskedPaths\":[\"/proc/kcore\"],"
	"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
	"\"architectures\":[\"SCMP_ARCH_X86_64\"],\"syscalls\":["
	"{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
	"{\"names\":[\"bpf\",\"mount\",\"reboot\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1},"
	"{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,"
	"\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}}}";

static const char document[] = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"User\":"
			       "\"web\",\"Entrypoint\":[\"/entry\"],\"Cmd\":[\"one\",\"two\"],"
			       "\"Volumes\":{\"/"
			       "data\":{}},\"StopSignal\":\"SIGINT\",\"Healthcheck\":{\"Test\":["
			       "\"CMD-SHELL\",\"check\"],\"Interval\":5000000000}},"
			       "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";

static const char caps[] = "[{\"cap\":\"CAP_SYS_ADMIN\",\"calls\":[\"clone\",\"mount\"]},{\"cap\":"
			   "\"CAP_SYS_BOOT\",\"calls\":[\"reboot\"]}]";

static const char passwd[] =
	"root:x:0:0:root:/root:/bin/sh\nbad line\nweb:x:33:34:web:/var/www:/bin/false\n";
static const char group[] =
	"root:x:0:\nwww:x:34:\naudio:x:29:web,last\nvideo:x:44:web\nwheel:x:10:\n";

struct fixture {
	char top[64], bundle[PATH_MAX], secrets[PATH_MAX], volumes[PATH_MAX], images[PATH_MAX];
	struct image_entry *entry;
	struct spec_project project;
	struct spec_service service;
	struct replica_config config;
	struct oci_arena arena;
	struct oci_config *written;
	struct oci_error err;
};

/* The template with the place of its one layer, which has /data. */
static void write_image(struct fixture *f)
{
	char folder[PATH_MAX], layer[PATH_MAX], path[PATH_MAX];
	CLEANUP_FREE char *text = NULL;
	const char *at = strstr(template, "LAYER");

	scale_path(folder, "%s/%s", f->images, HEX);
	scale_path(layer, "%s/layer", f->top);
	assert_int_equal(mkdir(f->images, 0755), 0);
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(mkdir(layer, 0755), 0);
	assert_int_equal(mkdir(scale_path(path, "%s/data", layer), 0750), 0);
	scale_write(layer, "data/first", "of the image\n");
	assert_int_equal(symlink("first", scale_path(path, "%s/data/link", layer)), 0);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - template), template, layer,
			     at + strlen("LAYER")) > 0);
	scale_write(folder, "config.json", text);
	scale_write(folder, "image.json", document);
	scale_write(folder, "caps.json", caps);
	scale_write(folder, "passwd", passwd);
	scale_write(folder, "group", group);
	scale_write(folder, "digest", "sha256:" HEX);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct oci_error err = OCI_ERROR_INIT;

	assert_non_null(f);
	strcpy(f->top, scale_folder());
	scale_path(f->bundle, "%s/bundle", f->top);
	scale_path(f->volumes, "%s/volumes", f->top);
	scale_path(f->secrets, "%s/secrets", f->top);
	scale_path(f->images, "%s/images", f->top);
	write_image(f);
	assert_int_equal(image_load(f->images, HEX, &f->entry, &err), 0);
	f->service = scale_service("web", "localhost/web:1");
	f->project = (struct spec_project){
		.name = "shop", .directory = f->top, .services = &f->service, .services_len = 1
	};
	f->config = (struct replica_config){ .project = &f->project,
					     .service = &f->service,
					     .image = &f->entry->image,
					     .id = ID,
					     .name = "shop-web-1",
					     .bundle = f->bundle,
					     .secrets = f->secrets,
					     .volumes = f->volumes,
					     .netns = "/run/netns/x",
					     .cgroups_path = "/carte/shop/" ID };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	oci_arena_free(&f->arena);
	image_entry_free(f->entry);
	scale_folder_remove(f->top);
	free(f);
	return 0;
}

static void write_ok(struct fixture *f)
{
	const char *text;

	if (replica_config_write(&f->config, &f->err) < 0)
		fail_msg("%s", f->err.message);
	text = scale_read(f->bundle, "config.json");
	assert_non_null(text);
	if (oci_config_parse(&f->arena, "config.json", text, strlen(text), &f->written, &f->err) <
	    0)
		fail_msg("%s", f->err.message);
}

/* It fails with these words, and there is no bundle. */
static void write_bad(struct fixture *f, const char *words)
{
	char path[PATH_MAX];

	assert_true(replica_config_write(&f->config, &f->err) < 0);
	assert_string_equal(f->err.message, words);
	assert_int_equal(access(scale_path(path, "%s", f->bundle), F_OK), -1);
}

static const char *join(char *const *words, size_t len)
{
	static char text[4096];

	text[0] = '\0';
	for (size_t i = 0; i < len; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			       i ? " " : "", words[i]);
	return text;
}

static const struct oci_mount *mount_at(const struct oci_config *config, const char *target)
{
	for (size_t i = 0; i < config->mounts_len; i++)
		if (strcmp(config->mounts[i].destination, target) == 0)
			return &config->mounts[i];
	return NULL;
}

#define WORDS(...)                                          \
	((struct strings){ (const char *[]){ __VA_ARGS__ }, \
			   sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *) })
#define PAIRS(...)                                                          \
	((struct spec_pairs){ (struct spec_pair[]){ __VA_ARGS__ },          \
			      sizeof((struct spec_pair[]){ __VA_ARGS__ }) / \
				      sizeof(struct spec_pair) })

/* ---- the process ---------------------------------------------------------------------------------------------------- */

static void test_defaults(void **state)
{
	struct fixture *f = *state;
	const struct oci_process *process;

	write_ok(f);
	process = f->written->process;
	assert_string_equal(join(process->args, process->args_len), "/entry one two");
	assert_string_equal(join(process->env, process->env_len),
			    "PATH=/bin A=1 HOSTNAME=0123456789ab HOME=/var/www");
	assert_string_equal(process->cwd, "/srv");
	assert_int_equal(process->user->uid.value, 33);
	assert_int_equal(process->user->gid.value, 34);
	assert_int_equal(process->user->additional_gids_len, 2);
	assert_int_equal(process->user->additional_gids[0], 29);
	assert_int_equal(process->user->additional_gids[1], 44);
	/* not root: what root has is only in the bounding set */
	assert_string_equal(
		join(process->capabilities->bounding, process->capabilities->bounding_len),
		"CAP_CHOWN CAP_KILL");
	assert_int_equal(process->capabilities->effective_len, 0);
	assert_string_equal(f->written->hostname, "0123456789ab");
	assert_string_equal(f->written->linux_->cgroups_path, "/carte/shop/" ID);
	assert_string_equal(oci_annotation(f->written->annotations, f->written->annotations_len,
					   "io.carte.name"),
			    "shop-web-1");
	assert_string_equal(scale_read(f->bundle, "hostname"), "0123456789ab\n");
	assert_non_null(strstr(scale_read(f->bundle, "hosts"), "127.0.0.1\tlocalhost\n"));
	assert_string_equal(f->entry->image.stop_signal, "SIGINT");
}

static void test_arguments(void **state)
{
	const struct {
		struct strings entrypoint, command;
		bool entrypoint_given, command_given;
		const char *args;
	} rows[] = {
		{ .command = { (const char *[]){ "x" }, 1 },
		  .command_given = true,
		  .args = "/entry x" },
		{ .entrypoint = { (const char *[]){ "/e", "a" }, 2 },
		  .entrypoint_given = true,
		  .args = "/e a" },
		{ .entrypoint = { (const char *[]){ "/e" }, 1 },
		  .entrypoint_given = true,
		  .command = { (const char *[]){ "x" }, 1 },
		  .command_given = true,
		  .args = "/e x" },
		{ .entrypoint_given = true,
		  .command = { (const char *[]){ "x", "y" }, 2 },
		  .command_given = true,
		  .args = "x y" },
		{ .command_given = true, .args = "/entry" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		f->service.entrypoint = rows[i].entrypoint;
		f->service.command = rows[i].command;
		f->service.entrypoint_given = rows[i].entrypoint_given;
		f->service.command_given = rows[i].command_given;
		write_ok(f);
		assert_string_equal(join(f->written->process->args, f->written->process->args_len),
				    rows[i].args);
	}
}

static void test_environment(void **state)
{
	struct fixture *f = *state;

	f->service.environment = PAIRS({ "A", NULL }, { "B", "two words" }, { "PATH", "/x" },
				       { "C", "" }, { "HOME", "/h" });
	f->service.hostname = "red";
	f->service.domainname = "school";
	f->config.terminal = true;
	write_ok(f);
	assert_string_equal(join(f->written->process->env, f->written->process->env_len),
			    "PATH=/x HOSTNAME=red B=two words C= HOME=/h TERM=xterm");
	assert_true(f->written->process->terminal.value);
	assert_string_equal(f->written->domainname, "school");
}

static void test_users(void **state)
{
	static const struct {
		const char *user;
		uint32_t uid, gid;
		size_t groups;
	} rows[] = {
		{ "0", 0, 0, 0 },           { "web", 33, 34, 2 }, { "33", 33, 34, 2 },
		{ "web:www", 33, 34, 0 },   { "7", 7, 0, 0 },     { "7:9", 7, 9, 0 },
		{ "root:audio", 0, 29, 0 },
	};
	static const struct {
		const char *user, *words;
	} bad[] = {
		{ "nobody", "service web: user: 'nobody' is not in the image's /etc/passwd; give "
			    "one that is, or a number" },
		{ "web:none", "service web: user: group 'none' is not in the image's /etc/group; "
			      "give one that is, or a number" },
		{ "web:", "service web: user: 'web:' is not USER[:GROUP]" },
		{ ":3", "service web: user: ':3' is not USER[:GROUP]" },
		{ "1:2:3", "service web: user: '1:2:3' is not USER[:GROUP]" },
		{ "4294967295", "service web: user: '4294967295' is not in the image's "
				"/etc/passwd; give one that is, or a number" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		f->service.user = bad[i].user;
		f->err.code = 0;
		write_bad(f, bad[i].words);
	}
	f->err.code = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct oci_user *user;

		f->service.user = rows[i].user;
		write_ok(f);
		user = f->written->process->user;
		assert_int_equal(user->uid.value, rows[i].uid);
		assert_int_equal(user->gid.value, rows[i].gid);
		assert_int_equal(user->additional_gids_len, rows[i].groups);
	}
	f->service.user = "0";
	f->service.group_add = WORDS("wheel", "77", "10");
	write_ok(f);
	assert_int_equal(f->written->process->user->additional_gids_len, 2);
	assert_int_equal(f->written->process->user->additional_gids[1], 77);
}

static void test_limits(void **state)
{
	struct fixture *f = *state;
	struct spec_ulimit limits[] = { { "nofile", 10, 20 }, { "core", -1, -1 } };

	f->service.ulimits = limits;
	f->service.ulimits_len = 2;
	f->service.oom_score_adj = -5;
	f->service.no_new_privileges = true;
	f->service.read_only = true;
	f->service.working_dir = "/else";
	write_ok(f);
	assert_int_equal(f->written->process->rlimits_len, 2);
	assert_int_equal(f->written->process->rlimits[0].soft.value, 10);
	assert_int_equal(f->written->process->rlimits[0].hard.value, 20);
	assert_string_equal(f->written->process->rlimits[1].type, "RLIMIT_CORE");
	assert_true(f->written->process->rlimits[1].hard.value == UINT64_MAX);
	assert_int_equal(f->written->process->oom_score_adj.value, -5);
	assert_true(f->written->process->no_new_privileges.value);
	assert_true(f->written->root->readonly.value);
	assert_string_equal(f->written->process->cwd, "/else");
}

/* ---- capabilities and calls ------------------------------------------------------------------------------------------ */

static const struct oci_seccomp_rule *rule_of(const struct oci_config *config, const char *call)
{
	const struct oci_seccomp *seccomp = config->linux_->seccomp;

	for (size_t i = 0; i < seccomp->syscalls_len; i++)
		for (size_t k = 0; k < seccomp->syscalls[i].names_len; k++)
			if (strcmp(seccomp->syscalls[i].names[k], call) == 0)
				return &seccomp->syscalls[i];
	return NULL;
}

static void test_capabilities(void **state)
{
	struct fixture *f = *state;
	const struct oci_capabilities *written;

	f->service.user = "0";
	f->service.cap_add = WORDS("sys_admin", "CAP_NET_ADMIN");
	f->service.cap_drop = WORDS("KILL");
	write_ok(f);
	written = f->written->process->capabilities;
	assert_string_equal(join(written->effective, written->effective_len),
			    "CAP_CHOWN CAP_NET_ADMIN CAP_SYS_ADMIN");
	/* what SYS_ADMIN opens is allowed, and no other rule has it */
	assert_int_equal(rule_of(f->written, "mount")->action, OCI_SECCOMP_ACT_ALLOW);
	assert_int_equal(rule_of(f->written, "clone")->args_len, 0);
	assert_int_equal(rule_of(f->written, "bpf")->action, OCI_SECCOMP_ACT_ERRNO);
	assert_int_equal(rule_of(f->written, "reboot")->action, OCI_SECCOMP_ACT_ERRNO);
	f->service.cap_drop = WORDS("ALL");
	f->service.user = "7";
	write_ok(f);
	written = f->written->process->capabilities;
	assert_string_equal(join(written->ambient, written->ambient_len),
			    "CAP_NET_ADMIN CAP_SYS_ADMIN");
	f->service.cap_add = (struct strings){ 0 };
	write_ok(f);
	assert_int_equal(f->written->process->capabilities->bounding_len, 0);
	assert_int_equal(rule_of(f->written, "mount")->action, OCI_SECCOMP_ACT_ERRNO);
}

static void test_privileged(void **state)
{
	struct fixture *f = *state;
	const struct oci_resources *resources;

	f->service.user = "0";
	f->service.privileged = true;
	write_ok(f);
	assert_null(f->written->linux_->seccomp);
	assert_int_equal(f->written->linux_->masked_paths_len, 0);
	assert_int_equal(f->written->process->capabilities->effective_len, 41);
	resources = f->written->linux_->resources;
	assert_true(resources->devices[resources->devices_len - 1].allow.value);
	assert_null(strstr(join(mount_at(f->written, "/sys")->options,
				mount_at(f->written, "/sys")->options_len),
			   "ro"));
}

static void test_profile(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX];

	scale_write(f->top, "profile.json",
		    "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"archMap\":[{\"architecture\":\"SCMP_"
		    "ARCH_X86_64\",\"subArchitectures\":null}],"
		    "\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		    "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":["
		    "\"CAP_SYS_ADMIN\"]}},"
		    "{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{"
		    "\"minKernel\":\"2.6\"}},"
		    "{\"names\":[\"future\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{"
		    "\"minKernel\":\"99.1\"}},"
		    "{\"names\":[\"s390\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"arches\":["
		    "\"none-such\"]}},"
		    "{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"caps\":["
		    "\"CAP_KILL\"]}}]}");
	f->service.seccomp_profile = scale_path(path, "%s/profile.json", f->top);
	write_ok(f);
	assert_int_equal(f->written->linux_->seccomp->syscalls_len, 2);
	assert_non_null(rule_of(f->written, "read"));
	assert_non_null(rule_of(f->written, "ptrace"));
	assert_int_equal(f->written->linux_->seccomp->architectures_len, 1);
	f->service.seccomp_profile = NULL;
	f->service.seccomp_unconfined = true;
	write_ok(f);
	assert_null(f->written->linux_->seccomp);
}

/* ---- mounts ---------------------------------------------------------------------------------------------------------- */

static void test_mounts(void **state)
{
	struct fixture *f = *state;
	struct spec_volume volume = { .key = "db", .name = "shop_db" };
	char bind[PATH_MAX];
	struct spec_mount mounts[] = {
		{ .type = SPEC_BIND,
		  .source = bind,
		  .target = "/mnt/deep/er",
		  .read_only = true,
		  .create_source = true },
		{ .type = SPEC_VOLUME, .source = "db", .target = "/data/" },
		{ .type = SPEC_VOLUME, .target = "/anon", .read_only = true },
		{ .type = SPEC_TMPFS, .target = "/mnt", .size = 4096, .mode = 0755 },
		{ .type = SPEC_TMPFS, .target = "/etc/hosts" },
	};
	const struct oci_mount *mount;
	char path[PATH_MAX];
	struct stat st;

	scale_path(bind, "%s/bind", f->top);
	f->project.volumes = &volume;
	f->project.volumes_len = 1;
	f->service.mounts = mounts;
	f->service.mounts_len = ARRAY_LEN(mounts);
	f->service.shm_size = 1 << 20;
	write_ok(f);
	mount = mount_at(f->written, "/mnt/deep/er");
	assert_string_equal(mount->source, bind);
	assert_string_equal(join(mount->options, mount->options_len), "rbind ro rprivate");
	assert_int_equal(stat(bind, &st), 0);
	/* the deeper one is mounted later */
	assert_true(mount > mount_at(f->written, "/mnt"));
	mount = mount_at(f->written, "/mnt");
	assert_string_equal(join(mount->options, mount->options_len),
			    "nosuid nodev noexec mode=755 rw size=4096");
	assert_string_equal(mount_at(f->written, "/etc/hosts")->type, "tmpfs");
	assert_string_equal(join(mount_at(f->written, "/dev/shm")->options, 5),
			    "nosuid noexec nodev mode=1777 size=1048576");
	/* a new volume begins as what the image has there, and is not touched again */
	assert_string_equal(mount_at(f->written, "/data")->source,
			    scale_path(path, "%s/shop_db", f->volumes));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_string_equal(scale_read(f->volumes, "shop_db/first"), "of the image\n");
	assert_string_equal(scale_read(f->volumes, "shop_db/link"), "of the image\n");
	scale_write(f->volumes, "shop_db/first", "of the service\n");
	write_ok(f);
	assert_string_equal(scale_read(f->volumes, "shop_db/first"), "of the service\n");
	assert_int_equal(access(scale_path(path, "%s/volumes/0", f->bundle), F_OK), 0);
}

static void test_image_volume(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX];

	write_ok(f);
	assert_string_equal(mount_at(f->written, "/data")->source,
			    scale_path(path, "%s/volumes/0", f->bundle));
	assert_string_equal(scale_read(f->bundle, "volumes/0/first"), "of the image\n");
	assert_int_equal(replica_config_remove(f->bundle, &f->err), 0);
	assert_int_equal(access(f->bundle, F_OK), -1);
	assert_int_equal(replica_config_remove(f->bundle, &f->err), 0);
}

static void test_given_files(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX];
	struct spec_file_source sources[] = {
		{ .name = "conf", .content = "hello\n" },
		{ .name = "key", .path = path, .secret = true },
	};
	struct spec_file files[] = {
		{ .name = "conf", .target = "/etc/conf" },
		{ .name = "key",
		  .target = "/run/secrets/key",
		  .uid = 33,
		  .gid = 34,
		  .owned = true,
		  .secret = true },
	};
	char written[PATH_MAX];
	struct stat st;

	if (geteuid() != 0)
		skip();
	scale_write(f->top, "key", "secret");
	scale_path(path, "%s/key", f->top);
	f->project.files = sources;
	f->project.files_len = 2;
	f->service.files = files;
	f->service.files_len = 2;
	write_ok(f);
	assert_string_equal(scale_read(f->bundle, "files/0"), "hello\n");
	assert_string_equal(scale_read(f->secrets, "1"), "secret");
	/* nowhere below the bundle */
	assert_int_equal(access(scale_path(written, "%s/files/1", f->bundle), F_OK), -1);
	assert_int_equal(stat(scale_path(written, "%s/1", f->secrets), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_uid, 33);
	assert_int_equal(st.st_gid, 34);
	assert_string_equal(mount_at(f->written, "/run/secrets/key")->source, written);
	/* a bundle that is there and cannot be written anew stays as it was */
	scale_path(path, "%s/gone", f->top);
	assert_true(replica_config_write(&f->config, &f->err) < 0);
	assert_non_null(strstr(f->err.message, "service web: secrets.key: read "));
	assert_string_equal(scale_read(f->secrets, "1"), "secret");
	assert_non_null(scale_read(f->bundle, "config.json"));
	/* whose it is is not said: the program's, 33:34 of the image */
	scale_path(path, "%s/key", f->top);
	files[1].uid = files[1].gid = 0;
	files[1].owned = false;
	write_ok(f);
	assert_int_equal(stat(written, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_uid, 33);
	assert_int_equal(st.st_gid, 34);
	/* root's, because somebody says so */
	files[1].owned = true;
	write_ok(f);
	assert_int_equal(stat(written, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, 0);
	f->config.secrets = NULL;
	assert_int_equal(replica_config_write(&f->config, &f->err), -EINVAL);
}

static void test_restart(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX];

	write_ok(f);
	assert_int_equal(mkdir(scale_path(path, "%s/overlay", f->bundle), 0755), 0);
	scale_write(f->bundle, "overlay/written", "by the replica");
	f->service.hostname = "second";
	write_ok(f);
	assert_string_equal(scale_read(f->bundle, "overlay/written"), "by the replica");
	assert_string_equal(scale_read(f->bundle, "hostname"), "second\n");
	assert_int_equal(access(scale_path(path, "%s/.new", f->bundle), F_OK), -1);
}

/* ---- linux ----------------------------------------------------------------------------------------------------------- */

static const struct oci_namespace *namespace_of(const struct oci_config *config,
						enum oci_namespace_type type)
{
	for (size_t i = 0; i < config->linux_->namespaces_len; i++)
		if (config->linux_->namespaces[i].type == type)
			return &config->linux_->namespaces[i];
	return NULL;
}

static void test_namespaces(void **state)
{
	struct fixture *f = *state;

	write_ok(f);
	assert_string_equal(namespace_of(f->written, OCI_NS_NETWORK)->path, "/run/netns/x");
	f->config.netns = NULL;
	f->service.network_mode = SPEC_NET_HOST;
	f->service.pid_mode = f->service.ipc_mode = "host";
	write_ok(f);
	assert_null(namespace_of(f->written, OCI_NS_NETWORK));
	assert_null(namespace_of(f->written, OCI_NS_PID));
	assert_null(namespace_of(f->written, OCI_NS_IPC));
	assert_string_equal(mount_at(f->written, "/dev/shm")->source, "/dev/shm");
	f->service.network_mode = SPEC_NET_NONE;
	write_ok(f);
	assert_non_null(namespace_of(f->written, OCI_NS_NETWORK));
	assert_null(namespace_of(f->written, OCI_NS_NETWORK)->path);
}

static void test_resources(void **state)
{
	struct fixture *f = *state;
	const struct oci_resources *resources;

	write_ok(f);
	assert_int_equal(f->written->linux_->resources->pids->limit.value, 2048);
	assert_null(f->written->linux_->resources->memory);
	f->service.resources = (struct spec_resources){ .cpu_milli = 400,
							.memory = 200 << 20,
							.memory_swap = 200 << 20,
							.pids = 50,
							.cpu_reserved_milli = 100,
							.memory_reserved = 100 << 20,
							.cpu_shares = 512,
							.cpuset = "0-1" };
	f->service.sysctls = PAIRS({ "net.core.somaxconn", "99" });
	f->service.labels = PAIRS({ "a", "service" }, { "run.oci.keep", "no" });
	f->service.annotations = PAIRS({ "run.oci.x", "yes" });
	write_ok(f);
	resources = f->written->linux_->resources;
	assert_int_equal(resources->cpu->quota.value, 40000);
	assert_int_equal(resources->cpu->period.value, 100000);
	assert_int_equal(resources->cpu->shares.value, 512);
	assert_string_equal(resources->cpu->cpus, "0-1");
	assert_int_equal(resources->memory->limit.value, 200 << 20);
	assert_int_equal(resources->memory->swap.value, 200 << 20);
	assert_int_equal(resources->memory->reservation.value, 100 << 20);
	assert_int_equal(resources->pids->limit.value, 50);
	assert_int_equal(resources->devices_len, 1);
	assert_string_equal(f->written->linux_->sysctl[0].value, "99");
	assert_string_equal(
		oci_annotation(f->written->annotations, f->written->annotations_len, "a"),
		"service");
	assert_null(oci_annotation(f->written->annotations, f->written->annotations_len,
				   "run.oci.keep"));
	assert_string_equal(
		oci_annotation(f->written->annotations, f->written->annotations_len, "run.oci.x"),
		"yes");
	f->service.resources.memory_swap = -1;
	write_ok(f);
	assert_int_equal(f->written->linux_->resources->memory->swap.value, 400 << 20);
}

static void test_devices(void **state)
{
	struct fixture *f = *state;

	f->service.devices = WORDS("/dev/null:/dev/nothing:rw", "/dev/zero");
	write_ok(f);
	assert_int_equal(f->written->linux_->devices_len, 2);
	assert_string_equal(f->written->linux_->devices[0].path, "/dev/nothing");
	assert_int_equal(f->written->linux_->devices[0].major.value, 1);
	assert_int_equal(f->written->linux_->devices[0].minor.value, 3);
	assert_string_equal(f->written->linux_->resources->devices[1].access, "rw");
	assert_string_equal(f->written->linux_->resources->devices[2].access, "rwm");
}

/* ---- bad wishes ------------------------------------------------------------------------------------------------------ */

static void test_bad(void **state)
{
	struct fixture *f = *state;
	struct spec_mount mount = { .type = SPEC_VOLUME, .source = "none", .target = "/x" };
	struct spec_ulimit limit = { "files", 1, 1 };
	struct spec_file file = { .name = "conf", .target = "/x" };
	const struct spec_service good = f->service;
	char layer[PATH_MAX], words[2 * PATH_MAX];

#define BAD(words, ...)              \
	do {                         \
		f->service = good;   \
		f->err.code = 0;     \
		__VA_ARGS__;         \
		write_bad(f, words); \
	} while (0)
	BAD("service web: volumes: the project has no volume 'none'", f->service.mounts = &mount;
	    f->service.mounts_len = 1);
	mount = (struct spec_mount){ .type = SPEC_BIND, .source = "/no/such", .target = "/x" };
	BAD("service web: volumes: /no/such (for /x): No such file or directory",
	    f->service.mounts = &mount;
	    f->service.mounts_len = 1);
	mount = (struct spec_mount){ .type = SPEC_TMPFS, .target = "//" };
	BAD("service web: volumes: the root itself is the image's", f->service.mounts = &mount;
	    f->service.mounts_len = 1);
	BAD("service web: ulimits: 'files' is no limit, such as nofile or nproc (getrlimit(2))",
	    f->service.ulimits = &limit;
	    f->service.ulimits_len = 1);
	BAD("service web: cap_add: 'FLY' is no capability, such as NET_ADMIN (capabilities(7)), "
	    "nor ALL",
	    f->service.cap_add = WORDS("FLY"));
	BAD("service web: devices: /etc/passwd is no device",
	    f->service.devices = WORDS("/etc/passwd"));
	BAD("service web: devices: 'null' is not /dev/SOURCE[:/dev/TARGET][:rwm]",
	    f->service.devices = WORDS("null"));
	BAD("service web: configs: the project has no 'conf'", f->service.files = &file;
	    f->service.files_len = 1);
	BAD("service web: working_dir: 'x' is no absolute path", f->service.working_dir = "x");
	BAD("service web: init: has no meaning with 'pid: host': that has one",
	    f->service.init = true;
	    f->service.pid_mode = "host");
	BAD("service web: the limit of memory and swap together (5 bytes) is below that of memory "
	    "(10)",
	    f->service.resources.memory = 10;
	    f->service.resources.memory_swap = 5);
	BAD("service web: nothing to run: neither the image nor the service names a program; give "
	    "a command",
	    f->service.entrypoint_given = true);
	/* somebody removed the image while replicas of it were wanted */
	scale_path(layer, "%s/layer", f->top);
	scale_folder_remove(layer);
	(void)snprintf(words, sizeof(words),
		       "service web: the image's layer %s is gone from the store: build or fetch "
		       "the image again",
		       layer);
	BAD(words, (void)0);
#undef BAD
}

static void test_health(void **state)
{
	struct fixture *f = *state;
	struct spec_probe probe;

	assert_string_equal(f->entry->image.health,
			    "{\"Test\":[\"CMD-SHELL\",\"check\"],\"Interval\":5000000000}");
	assert_int_equal(image_probe(&f->entry->image, &f->arena, &probe, &f->err), 0);
	assert_int_equal(probe.kind, SPEC_PROBE_EXEC);
	assert_int_equal(probe.command.len, 3);
	assert_string_equal(probe.command.items[0], "/bin/sh");
	assert_string_equal(probe.command.items[2], "check");
	assert_int_equal(probe.interval_ms, 5000);
	assert_int_equal(probe.timeout_ms, 30000);
	assert_int_equal(probe.retries, 3);
}

static int64_t cpu_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- a real image ------------------------------------------------------------------------------------------------------ */

struct asked {
	const struct image *image;
	char words[1024];
	unsigned answers;
};

static void found(void *ctx, const struct image *image, const struct oci_error *err)
{
	struct asked *asked = ctx;

	asked->image = image;
	asked->answers++;
	(void)snprintf(asked->words, sizeof(asked->words), "%s", err ? err->message : "");
}

static void ask(struct loop *loop, struct images *images, const char *name, struct asked *asked)
{
	struct oci_error err = OCI_ERROR_INIT;
	unsigned before = asked->answers;

	assert_int_equal(images_find(images, name, found, asked, &err), 0);
	for (int i = 0; i < 100 && asked->answers == before; i++)
		assert_int_equal(loop_once(loop, 300), 0);
	assert_int_equal(asked->answers, before + 1);
}

static void build_image(const struct fixture *f, const char *converter)
{
	char command[3 * PATH_MAX];

	scale_write(f->top, "Cartefile",
		    "FROM scratch\nNAME localhost/live:1\nPATH profile /etc/profile\n"
		    "exe_PATH /etc/profile x\n");
	scale_write(f->top, "profile", "#!/bin/true\n");
	(void)snprintf(
		command, sizeof(command),
		"chmod +x %s/profile && %s build -q --slim none --store %s/store %s >/dev/null "
		"2>%s/said",
		f->top, converter, f->top, f->top, f->top);
	if (system(command) != 0)
		fail_msg("%s", scale_read(f->top, "said"));
}

static void test_live(void **state)
{
	struct fixture *f = *state;
	const char *build = getenv("top_builddir");
	char converter[PATH_MAX], store[PATH_MAX], path[PATH_MAX];
	struct images_options options = { .state_dir = f->top,
					  .converter = converter,
					  .store = store };
	struct asked first = { 0 }, second = { 0 };
	struct images *images;
	struct loop *loop;
	int64_t before, each;

	scale_path(converter, "%s/cartefile-to-oci/cartefile-to-oci", build ? build : "");
	scale_path(store, "%s/store", f->top);
	if (access(converter, X_OK) < 0) {
		print_message("skipped: the converter is not built\n");
		skip();
	}
	build_image(f, converter);
	assert_int_equal(loop_new(&loop, &f->err), 0);
	assert_int_equal(images_new(loop, &options, &images, &f->err), 0);
	/* two who ask at once wait for one program */
	assert_int_equal(images_find(images, "localhost/live:1", found, &second, &f->err), 0);
	ask(loop, images, "localhost/live:1", &first);
	if (!first.image)
		fail_msg("%s", first.words);
	assert_int_equal(second.answers, 1);
	assert_ptr_equal(first.image, second.image);
	f->config.image = first.image;
	f->service.user = "0";
	write_ok(f);
	assert_string_equal(join(f->written->process->args, f->written->process->args_len),
			    "/etc/profile x");
	before = cpu_us();
	for (int i = 0; i < 100; i++)
		assert_int_equal(replica_config_write(&f->config, &f->err), 0);
	each = (cpu_us() - before) / 100;
	print_message("replica_config_write: %lld us of cpu\n", (long long)each);
	/* known and unchanged: no program, even for another supervisor; then none at all to run */
	images_free(images);
	assert_int_equal(images_new(loop, &options, &images, &f->err), 0);
	ask(loop, images, "localhost/live:1", &first);
	assert_non_null(first.image);
	assert_int_equal(images_sweep(images, &first.image->id, 1, &f->err), 0);
	assert_int_equal(
		access(scale_path(path, "%s/images/%s", f->top, first.image->id + 7), F_OK), 0);
	ask(loop, images, "localhost/none:2", &first);
	assert_null(first.image);
	assert_non_null(
		strstr(first.words, "no image 'localhost/none:2': there is localhost/live:1"));
	assert_null(strstr(first.words, ".new"));
	assert_int_equal(images_sweep(images, NULL, 0, &f->err), 0);
	assert_int_equal(access(path, F_OK), -1);
	images_free(images);
	loop_free(loop);
}

/* The same image, prepared by a converter that says more: who asks again gets what it says now. */
static void test_newer_converter(void **state)
{
	struct fixture *f = *state;
	char converter[PATH_MAX], from[PATH_MAX], path[PATH_MAX];
	struct images_options options = { .state_dir = f->top, .converter = converter };
	struct asked first = { 0 }, second = { 0 };
	CLEANUP_FREE char *text = NULL;
	struct images *images;
	struct loop *loop;

	scale_path(from, "%s/from", f->top);
	assert_int_equal(rename(scale_path(path, "%s/%s", f->images, HEX), from), 0);
	/* bundle --template --user 0 --pin DIR -- NAME FOLDER - */
	assert_true(asprintf(&text, "#!/bin/sh\ncp -r %s \"$9\"\n", from) > 0);
	scale_write(f->top, "converter", text);
	assert_int_equal(chmod(scale_path(converter, "%s/converter", f->top), 0755), 0);
	assert_int_equal(loop_new(&loop, &f->err), 0);
	assert_int_equal(images_new(loop, &options, &images, &f->err), 0);
	ask(loop, images, "a:1", &first);
	if (!first.image)
		fail_msg("%s", first.words);
	/* prepared again and nothing new in it: the same */
	ask(loop, images, "b:1", &second);
	assert_ptr_equal(second.image, first.image);
	free(text);
	assert_true(asprintf(&text, "%s\n", first.image->config) > 0);
	scale_write(from, "config.json", text);
	ask(loop, images, "c:1", &second);
	assert_non_null(second.image);
	assert_string_equal(second.image->config, text);
	/* who has the old one keeps it */
	assert_int_equal(first.image->config_length + 1, second.image->config_length);
	assert_string_equal(first.image->id, second.image->id);
	images_free(images);
	loop_free(loop);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),        TEST(test_arguments),
		TEST(test_environment),     TEST(test_users),
		TEST(test_limits),          TEST(test_capabilities),
		TEST(test_privileged),      TEST(test_profile),
		TEST(test_mounts),          TEST(test_image_volume),
		TEST(test_given_files),     TEST(test_restart),
		TEST(test_namespaces),      TEST(test_resources),
		TEST(test_devices),         TEST(test_bad),
		TEST(test_health),          TEST(test_live),
		TEST(test_newer_converter),
	};

	return cmocka_run_group_tests_name("replica_config", tests, NULL, NULL);
}
