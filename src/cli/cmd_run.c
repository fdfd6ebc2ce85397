/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_run.c - a container of an image: supervised with -d, else in the foreground as this program's child.
 *
 * Exit statuses are docker's: the program's own; 125 when it could not be started, 126 and 127 when its file cannot be run or is not there.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#include "base/io.h"
#include "cli/common.h"
#include "cli/foreground.h"
#include "cli/run.h"

#define START_MS 30000
#define POLL_MS 10

#define AT(member) offsetof(struct run_args, member)
#define FLAG(name, letter, member, help)                       \
	{                                                      \
		name, letter, OPT_FLAG, AT(member), NULL, help \
	}
#define TEXT(name, letter, member, arg, help)                   \
	{                                                       \
		name, letter, OPT_STRING, AT(member), arg, help \
	}
#define LIST(name, letter, member, arg, help)                 \
	{                                                     \
		name, letter, OPT_LIST, AT(member), arg, help \
	}

static const struct opt run_opts[] = {
	LIST("add-host", 0, add_host, "NAME:ADDRESS", "a line of /etc/hosts; repeatable"),
	LIST("annotation", 0, annotation, "KEY=VALUE",
	     "of the runtime's configuration; repeatable"),
	LIST("cap-add", 0, cap_add, "CAP", "give a capability, or ALL; repeatable"),
	LIST("cap-drop", 0, cap_drop, "CAP", "take a capability, or ALL; repeatable"),
	TEXT("cidfile", 0, cidfile, "FILE", "write the ID to FILE, which must not exist"),
	TEXT("cpu-shares", 'c', cpu_shares, "N", "weight against others"),
	TEXT("cpus", 0, cpus, "N", "limit in processors, such as 0.5"),
	TEXT("cpuset-cpus", 0, cpuset, "LIST", "only these processors, such as 0-3"),
	FLAG("detach", 'd', detach, "in the background, supervised; prints the ID"),
	LIST("device", 0, device, "PATH[:PATH][:rwm]", "a device of the host; repeatable"),
	LIST("dns", 0, dns, "ADDRESS", "a name server; repeatable"),
	LIST("dns-search", 0, dns_search, "DOMAIN", "a search domain; repeatable"),
	TEXT("domainname", 0, domainname, "NAME", "NIS domain name"),
	LIST("entrypoint", 0, entrypoint, "PROGRAM", "instead of the image's; empty: none"),
	LIST("env", 'e', env, "NAME[=VALUE]",
	     "set a variable; without a value as it is here; repeatable"),
	LIST("env-file", 0, env_file, "FILE", "lines of NAME=VALUE; repeatable"),
	LIST("group-add", 0, group_add, "GROUP", "a further group; repeatable"),
	TEXT("health-cmd", 0, health_cmd, "COMMAND",
	     "a shell command that tells whether it is healthy"),
	TEXT("health-interval", 0, health_interval, "TIME", "between two checks, such as 30s"),
	TEXT("health-retries", 0, health_retries, "N", "failures in a row that make it unhealthy"),
	TEXT("health-start-interval", 0, health_start_interval, "TIME",
	     "between two checks of the start period"),
	TEXT("health-start-period", 0, health_start_period, "TIME",
	     "failures do not count before it is over"),
	TEXT("health-timeout", 0, health_timeout, "TIME", "a check that takes longer has failed"),
	TEXT("hostname", 'h', hostname, "NAME", "host name of the container"),
	FLAG("init", 0, init, "a small init that reaps processes"),
	FLAG("interactive", 'i', interactive, "standard input is the program's"),
	TEXT("ip", 0, ip, "ADDRESS", "fixed IPv4 address in the first network"),
	TEXT("ipc", 0, ipc, "MODE", "host, private or shareable"),
	LIST("label", 'l', label, "KEY[=VALUE]", "a label; repeatable"),
	TEXT("log-driver", 0, log_driver, "DRIVER", "json-file or local: the log; none: no log"),
	LIST("log-opt", 0, log_opt, "KEY=VALUE", "max-size, max-file; repeatable"),
	TEXT("memory", 'm', memory, "SIZE", "limit, such as 200m"),
	TEXT("memory-reservation", 0, memory_reservation, "SIZE", "what is kept for it"),
	TEXT("memory-swap", 0, memory_swap, "SIZE", "limit of memory and swap together; -1: none"),
	LIST("mount", 0, mount, "type=TYPE,...",
	     "source=, target=, readonly, tmpfs-size=, tmpfs-mode=; repeatable"),
	TEXT("name", 0, name, "NAME", "default: made of the image's name"),
	LIST("network", 0, network, "NETWORK",
	     "a network's name, host, none, container:NAME or ns:PATH; repeatable"),
	LIST("network-alias", 0, network_alias, "NAME",
	     "a further name in the first network; repeatable"),
	FLAG("no-healthcheck", 0, no_healthcheck, "without the image's health check"),
	FLAG("oom-kill-disable", 0, oom_kill_disable,
	     "out of memory it waits instead of being killed (cgroup v1)"),
	TEXT("oom-score-adj", 0, oom_score_adj, "N",
	     "-1000 to 1000: the larger, the sooner it is killed"),
	TEXT("pid", 0, pid, "MODE", "host: see the host's processes"),
	TEXT("pids-limit", 0, pids_limit, "N", "limit of processes and threads; -1: none"),
	FLAG("privileged", 0, privileged, "all capabilities and devices, nothing masked"),
	LIST("publish", 'p', publish, "[[IP:]PORT:]PORT[/PROTOCOL]",
	     "a port of the host's; ranges too; repeatable"),
	FLAG("publish-all", 'P', publish_all,
	     "every port that the image exposes, at a free port of the host's"),
	{ "pull", 0, OPT_IGNORED_STRING, 0, "POLICY",
	  "accepted for compatibility; images are those of the store" },
	{ "quiet", 'q', OPT_IGNORED_FLAG, 0, NULL, "accepted for compatibility" },
	FLAG("read-only", 0, read_only, "the root file system is read-only"),
	TEXT("restart", 0, restart, "POLICY",
	     "no (default), on-failure[:N], always or unless-stopped"),
	FLAG("rm", 0, remove, "remove it when it has ended"),
	TEXT("runtime", 0, runtime, "PROGRAM", "another OCI runtime"),
	LIST("security-opt", 0, security_opt, "OPTION",
	     "no-new-privileges, seccomp=FILE, apparmor=PROFILE; repeatable"),
	TEXT("shm-size", 0, shm_size, "SIZE", "of /dev/shm"),
	{ "sig-proxy", 0, OPT_IGNORED_FLAG, 0, NULL,
	  "accepted for compatibility; signals are always passed on" },
	TEXT("stop-signal", 0, stop_signal, "SIGNAL",
	     "what `stop` sends; default: the image's, or TERM"),
	TEXT("stop-timeout", 0, stop_timeout, "SECONDS", "grace before SIGKILL"),
	LIST("sysctl", 0, sysctl, "KEY=VALUE", "a kernel parameter of its namespaces; repeatable"),
	LIST("tmpfs", 0, tmpfs, "PATH[:OPTIONS]", "an empty file system in memory; repeatable"),
	FLAG("tty", 't', tty, "the program gets a terminal"),
	LIST("ulimit", 0, ulimit, "NAME=SOFT[:HARD]", "a resource limit; repeatable"),
	TEXT("user", 'u', user, "USER[:GROUP]", "names of the image, or numbers"),
	TEXT("userns", 0, userns, "MODE", "host: no user namespace"),
	LIST("volume", 'v', volume, "[SOURCE:]PATH[:OPTIONS]",
	     "a folder of the host or a volume; repeatable"),
	TEXT("workdir", 'w', workdir, "DIR", "where the program starts"),
	{ .name = NULL },
};

static void free_lists(struct run_args *args)
{
	for (const struct opt *opt = run_opts; opt->name; opt++)
		if (opt->kind == OPT_LIST)
			opt_list_free((struct opt_list *)((char *)args + opt->offset));
}

/* ---- names and files ------------------------------------------------------------------------------------------------- */

/* "docker.io/library/web:1" -> "web-3fa9c1" */
static const char *made_name(const char *image, struct oci_arena *arena)
{
	const char *start = strrchr(image, '/') ? strrchr(image, '/') + 1 : image;
	unsigned char digits[3] = { 0 };
	char *name;

	if (strncmp(start, "oci:", 4) == 0)
		start += 4;
	/* zeros are a name too */
	if (getrandom(digits, sizeof(digits), 0) < 0)
		digits[0] = (unsigned char)getpid();
	name = oci_arena_printf(arena, "%.*s-%02x%02x%02x", (int)strcspn(start, ":@"), start,
				digits[0], digits[1], digits[2]);
	for (char *p = name; p && *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_.-", *p | 0x20))
			*p = '-';
	if (name && strchr("_.-", *name))
		*name = 'c';
	return name;
}

/* Made before anything else: that it exists already must stop everything. */
static int make_cidfile(const char *path, int *ret, struct oci_error *err)
{
	*ret = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return *ret < 0 ? err_sys(err, errno, "--cidfile %s", path) : 0;
}

static int check(const struct run_args *args, struct oci_error *err)
{
	if (args->remove && args->restart && strcmp(args->restart, "no") != 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--rm and --restart %s exclude each other", args->restart);
	if (!args->detach && args->restart && strcmp(args->restart, "no") != 0)
		return err_set_as(
			err, ERR_USAGE, EINVAL,
			"--restart %s needs -d: what is in the foreground is not supervised",
			args->restart);
	if (args->tty && args->interactive && !args->detach && !isatty(STDIN_FILENO))
		return err_set_as(err, ERR_USAGE, ENOTTY, "-t: standard input is no terminal");
	return 0;
}

/* ---- in the background ------------------------------------------------------------------------------------------------ */

static bool has_started(yajl_val container)
{
	static const char *const waiting[] = { "pending", "created", "" };

	for (size_t i = 0; i < ARRAY_LEN(waiting); i++)
		if (strcmp(json_text(container, "state"), waiting[i]) == 0)
			return false;
	return true;
}

/* Until its program runs, or cannot: `run -d` tells that, as people expect. */
static int await_start(const char *id, struct oci_error *err)
{
	int64_t end = common_now_ms() + START_MS;

	for (;;) {
		CLEANUP_JSON yajl_val container = NULL;
		struct oci_error gone = OCI_ERROR_INIT;
		int r = client_get(&container, &gone, "/v1/containers/%s", id);

		/* --rm: it ran, ended and is forgotten */
		if (r < 0)
			return err_kind(&gone) == ERR_NOT_FOUND ? 0 : err_copy(err, &gone);
		if (strcmp(json_text(container, "state"), "failed") == 0)
			return err_set(err, EIO, "%s: %s", json_text(container, "name"),
				       json_text(container, "reason"));
		if (has_started(container))
			return 0;
		if (common_now_ms() > end)
			return err_set_as(err, ERR_TIMEOUT, ETIMEDOUT, "%s is still %s: %s",
					  json_text(container, "name"),
					  json_text(container, "state"),
					  json_text(container, "reason"));
		common_sleep(POLL_MS);
	}
}

/* ---- the verb ---------------------------------------------------------------------------------------------------------- */

static int post(const struct run_args *args, char **operands, int count, yajl_val *ret,
		struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_GEN yajl_gen gen = json_new();
	const char *text, *name = args->name ? args->name : made_name(operands[0], &arena);
	size_t length;
	int r;

	if (!gen || !name)
		return err_nomem(err);
	r = run_document(args, name, operands, count, gen, &arena, &text, &length, err);
	if (r < 0)
		return r;
	return client_call("POST", args->detach ? "/v1/containers" : "/v1/containers?foreground=1",
			   text, length, ret, err);
}

static int run(const struct run_args *args, char **operands, int count, struct oci_error *err)
{
	CLEANUP_JSON yajl_val answer = NULL;
	CLEANUP_CLOSE int cidfile = -1;
	const char *id;
	int r = check(args, err);

	if (r == 0 && args->cidfile)
		r = make_cidfile(args->cidfile, &cidfile, err);
	if (r < 0)
		return r;
	r = post(args, operands, count, &answer, err);
	if (r < 0) {
		if (args->cidfile)
			(void)unlink(args->cidfile);
		return r;
	}
	id = json_text(answer, "id");
	if (cidfile >= 0)
		(void)io_write_all(cidfile, id, strlen(id));
	if (!args->detach)
		return foreground_run(answer, args->interactive, args->tty, err);
	r = await_start(id, err);
	if (r == 0)
		printf("%s\n", id);
	return r;
}

/* docker's status for what went wrong before the program ran */
#define STATUS_NOT_RUN 125

static int run_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct run_args *args = options;
	int r = run(args, operands, count, err);

	free_lists(args);
	if (r >= 0)
		return r;
	common_complain("run", err);
	return STATUS_NOT_RUN;
}

const struct cmd cmd_run = {
	.command = {
		.name = "run",
		.usage = "[OPTIONS] IMAGE [COMMAND [ARGUMENT...]]",
		.summary = "run a program in a new container",
		.opts = run_opts,
		.positional_after = 1,
		.min_operands = 1,
		.max_operands = -1,
	},
	.options_size = sizeof(struct run_args),
	.run = run_run,
};
