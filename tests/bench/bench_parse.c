/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_parse.c - what reading a config.json costs beyond yajl's bare callback pass over the same bytes.
 *
 *	bench_parse [--check] [FILE...]
 *
 * The documents beside the FILEs: a container of an engine with its default seccomp profile, written compactly (as
 * engines do) and with indentation, and one of a pod, with about 25 KB. Medians of interleaved rounds in one process, CPU time. --check exits
 * with 1 when a target is missed: 2 times the bare pass, 2 heap blocks per 4 KiB of document.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>

#include <ocispec-lite/runtime.h>

#include "unit/seccomp-profile.h"

#define ROUNDS 61
#define ROUND_NS 2000000.0

/* ---- heap blocks: glibc's allocator under counting names -------------------------------------- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static unsigned long blocks;

void *malloc(size_t size)
{
	blocks++;
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	blocks++;
	return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	blocks++;
	return __libc_realloc(memory, size);
}

/* ---- the contenders --------------------------------------------------------------------------- */

static void parse_ours(const char *text, size_t length)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error error = OCI_ERROR_INIT;
	struct oci_config *config;

	if (oci_config_parse(&arena, "config.json", text, length, &config, &error) < 0)
		errx(2, "%s", error.message);
	oci_arena_free(&arena);
}

static int bare(void *ctx)
{
	(void)ctx;
	return 1;
}

static int bare_boolean(void *ctx, int value)
{
	(void)ctx;
	(void)value;
	return 1;
}

static int bare_number(void *ctx, const char *text, size_t length)
{
	(void)ctx;
	(void)text;
	(void)length;
	return 1;
}

static int bare_string(void *ctx, const unsigned char *text, size_t length)
{
	(void)ctx;
	(void)text;
	(void)length;
	return 1;
}

static const yajl_callbacks bare_callbacks = {
	.yajl_null = bare,
	.yajl_boolean = bare_boolean,
	.yajl_number = bare_number,
	.yajl_string = bare_string,
	.yajl_start_map = bare,
	.yajl_map_key = bare_string,
	.yajl_end_map = bare,
	.yajl_start_array = bare,
	.yajl_end_array = bare,
};

static void parse_bare(const char *text, size_t length)
{
	yajl_handle yajl = yajl_alloc(&bare_callbacks, NULL, NULL);

	if (yajl_parse(yajl, (const unsigned char *)text, length) != yajl_status_ok ||
	    yajl_complete_parse(yajl) != yajl_status_ok)
		errx(2, "yajl refuses the document");
	yajl_free(yajl);
}

/* ---- measuring -------------------------------------------------------------------------------- */

struct contender {
	const char *name;
	void (*parse)(const char *text, size_t length);
	double samples[ROUNDS];
	unsigned long blocks;
};

/* of this process: what else the machine does must not decide */
static double cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *samples)
{
	qsort(samples, ROUNDS, sizeof(*samples), compare_doubles);
	return samples[ROUNDS / 2];
}

/* Return: targets missed. */
static int measure(const char *title, const char *text, size_t length)
{
	struct contender contenders[] = {
		{ .name = "libocispec-lite", .parse = parse_ours },
		{ .name = "yajl, bare callbacks", .parse = parse_bare },
	};
	double times[2], ratio, started, per_4k;
	size_t count, turn, c, i;
	int round;

	for (c = 0; c < 2; c++) {
		blocks = 0;
		contenders[c].parse(text, length);
		contenders[c].blocks = blocks;
	}
	started = cpu_ns();
	for (i = 0; i < 20; i++)
		parse_bare(text, length);
	count = 1 + (size_t)(ROUND_NS / ((cpu_ns() - started) / 20));
	for (round = 0; round < ROUNDS; round++) {
		for (turn = 0; turn < 2; turn++) {
			c = (turn + (size_t)round) % 2;
			started = cpu_ns();
			for (i = 0; i < count; i++)
				contenders[c].parse(text, length);
			contenders[c].samples[round] = (cpu_ns() - started) / (double)count;
		}
	}
	for (c = 0; c < 2; c++)
		times[c] = median(contenders[c].samples);
	ratio = times[0] / times[1];
	per_4k = (double)contenders[0].blocks / ((double)length / 4096);
	for (c = 0; c < 2; c++)
		printf("%-28s %-21s %7zu bytes %9.0f ns %5.2f x %6.2f ns/byte %3lu heap blocks\n",
		       title, contenders[c].name, length, times[c], times[c] / times[1],
		       times[c] / (double)length, contenders[c].blocks);
	return (ratio > 2.0) + (per_4k > 2.0);
}

/* ---- the document ----------------------------------------------------------------------------- */

static const char container[] =
	"{\"ociVersion\":\"1.0.2-dev\",\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":"
	"24,"
	"\"width\":80},\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[0,1,2,3,4,6,10,11,20,26,"
	"27]},"
	"\"args\":[\"redis-server\",\"--save\",\"\"],\"env\":[\"PATH=/usr/local/sbin:/usr/local/"
	"bin:"
	"/usr/sbin:/usr/bin:/sbin:/bin\",\"HOSTNAME=4d1fa8c7d6a1\",\"TERM=xterm\",\"REDIS_VERSION="
	"7.2.4\",\"HOME=/root\"],\"cwd\":\"/data\",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\","
	"\"CAP_DAC_OVERRIDE\",\"CAP_FSETID\",\"CAP_FOWNER\",\"CAP_MKNOD\",\"CAP_NET_RAW\","
	"\"CAP_SETGID\",\"CAP_SETUID\",\"CAP_SETFCAP\",\"CAP_SETPCAP\",\"CAP_NET_BIND_SERVICE\","
	"\"CAP_SYS_CHROOT\",\"CAP_KILL\",\"CAP_AUDIT_WRITE\"],\"effective\":[\"CAP_CHOWN\","
	"\"CAP_DAC_OVERRIDE\",\"CAP_FSETID\",\"CAP_FOWNER\",\"CAP_SETGID\",\"CAP_SETUID\","
	"\"CAP_KILL\"],\"permitted\":[\"CAP_CHOWN\",\"CAP_DAC_OVERRIDE\",\"CAP_FSETID\","
	"\"CAP_FOWNER\",\"CAP_SETGID\",\"CAP_SETUID\",\"CAP_KILL\"]},\"oomScoreAdj\":0},"
	"\"root\":{\"path\":\"/var/lib/engine/overlay/3f5a/merged\"},\"hostname\":\"4d1fa8c7d6a1\","
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\",\"options\":"
	"[\"nosuid\",\"noexec\",\"nodev\"]},{\"destination\":\"/"
	"dev\",\"type\":\"tmpfs\",\"source\":"
	"\"tmpfs\",\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":["
	"\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":[\"nosuid\","
	"\"noexec\",\"nodev\",\"ro\"]},{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\","
	"\"source\":\"cgroup\",\"options\":[\"ro\",\"nosuid\",\"noexec\",\"nodev\"]},"
	"{\"destination\":\"/etc/hosts\",\"type\":\"bind\",\"source\":\"/var/lib/engine/hosts\","
	"\"options\":[\"rbind\",\"rprivate\"]}],\"hooks\":{\"prestart\":[{\"path\":\"/proc/812/"
	"exe\","
	"\"args\":[\"setkey\",\"-exec-root=/var/run/engine\",\"4d1fa8c7d6a1\"]}]},\"annotations\":{"
	"\"org.opencontainers.image.title\":\"redis\"},\"linux\":{\"sysctl\":{"
	"\"net.ipv4.ping_group_range\":\"0 "
	"2147483647\"},\"resources\":{\"devices\":[{\"allow\":false,"
	"\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":5,\"access\":"
	"\"rwm\"}],\"memory\":{\"limit\":268435456,\"swap\":536870912,\"disableOOMKiller\":false},"
	"\"cpu\":{\"shares\":512,\"quota\":50000,\"period\":100000},\"pids\":{\"limit\":100},"
	"\"blockIO\":{\"weight\":0}},\"cgroupsPath\":\"/engine/4d1fa8c7d6a1\",\"namespaces\":["
	"{\"type\":\"mount\"},{\"type\":\"network\"},{\"type\":\"uts\"},{\"type\":\"pid\"},"
	"{\"type\":\"ipc\"}],\"maskedPaths\":[\"/proc/asound\",\"/proc/acpi\",\"/proc/kcore\","
	"\"/proc/keys\",\"/proc/latency_stats\",\"/proc/timer_list\",\"/sys/firmware\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\"]}}";

/* What a pod adds: service addresses in the environment, many small mounts. */
static int grow(struct oci_arena *arena, struct oci_config *config)
{
	size_t env = 120, mounts = 64, i;

	config->process->env = oci_arena_array(arena, env + 1, sizeof(char *));
	config->mounts = oci_arena_array(arena, mounts, sizeof(*config->mounts));
	if (!config->process->env || !config->mounts)
		return -1;
	for (i = 0; i < env; i++)
		config->process->env[i] = oci_arena_printf(
			arena, "SERVICE_%zu_PORT_6379_TCP=tcp://10.96.%zu.17:6379", i, i);
	config->process->env_len = env;
	for (i = 0; i < mounts; i++) {
		static char *options[] = { (char *)"rbind", (char *)"rprivate", (char *)"ro",
					   NULL };
		struct oci_mount *mount = &config->mounts[i];

		mount->destination = oci_arena_printf(arena, "/etc/config/part-%zu", i);
		mount->type = (char *)"bind";
		mount->source = oci_arena_printf(
			arena, "/var/lib/node/pods/5e2c1f9a-73d1/volumes/config-map/part-%zu", i);
		mount->options = options;
		mount->options_len = 3;
	}
	config->mounts_len = mounts;
	return 0;
}

static char *make_document(unsigned flags, bool pod, size_t *ret_length)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error error = OCI_ERROR_INIT;
	struct oci_config *config;
	char *text;

	if (oci_config_parse(&arena, "container", container, sizeof(container) - 1, &config,
			     &error) < 0)
		errx(2, "%s", error.message);
	config->linux_->seccomp = &profile_default;
	if (pod && grow(&arena, config) < 0)
		errx(2, "out of memory");
	if (oci_config_emit(config, flags, &text, ret_length, &error) < 0)
		errx(2, "%s", error.message);
	oci_arena_free(&arena);
	return text;
}

static char *read_document(const char *path, size_t *ret_length)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(2, "%s", path);
	text = malloc((size_t)st.st_size + 1);
	if (!text || read(fd, text, (size_t)st.st_size) != st.st_size)
		err(2, "%s", path);
	close(fd);
	*ret_length = (size_t)st.st_size;
	return text;
}

static const char *short_name(const char *path)
{
	size_t length = strlen(path);

	return length > 28 ? path + length - 28 : path;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *title;
		unsigned flags;
		bool pod;
	} made[] = {
		{ "config.json of a pod", 0, true },
		{ "config.json", 0, false },
		{ "config.json, indented", OCI_EMIT_INDENT, false },
	};
	bool check = argc > 1 && strcmp(argv[1], "--check") == 0;
	int missed = 0, i;
	size_t length;
	char *text;

	for (i = 0; i < 3; i++) {
		text = make_document(made[i].flags, made[i].pod, &length);
		missed += measure(made[i].title, text, length);
		free(text);
	}
	for (i = 1 + check; i < argc; i++) {
		text = read_document(argv[i], &length);
		missed += measure(short_name(argv[i]), text, length);
		free(text);
	}
	return check && missed;
}
