/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.c - the config.json of the scenes, as text.
 */
#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CAPS "\"CAP_KILL\", \"CAP_NET_BIND_SERVICE\", \"CAP_SYS_PACCT\""

static const char process_format[] =
	"{\"terminal\": %s, \"user\": {\"uid\": 0, \"gid\": 0, \"additionalGids\": [5], \"umask\": "
	"18},"
	" \"args\": [\"/bin/witness\", \"%s\"], \"env\": [\"PATH=/bin\", \"FAULT=1\"], \"cwd\": "
	"\"/tmp\","
	" \"capabilities\": {\"bounding\": [" CAPS "], \"effective\": [" CAPS
	"], \"permitted\": [" CAPS
	"]}, \"rlimits\": [{\"type\": \"RLIMIT_NOFILE\", \"hard\": 512, \"soft\": 256},"
	" {\"type\": \"RLIMIT_CORE\", \"hard\": 0, \"soft\": 0}],"
	" \"noNewPrivileges\": %s, \"oomScoreAdj\": 77}";

static const char mounts[] =
	"["
	"{\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"},"
	"{\"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\","
	" \"options\": [\"nosuid\", \"mode=755\", \"size=65536k\"]},"
	"{\"destination\": \"/dev/pts\", \"type\": \"devpts\", \"source\": \"devpts\","
	" \"options\": [\"nosuid\", \"noexec\", \"newinstance\", \"ptmxmode=0666\", \"mode=0620\", "
	"\"gid=5\"]},"
	"{\"destination\": \"/dev/shm\", \"type\": \"tmpfs\", \"source\": \"shm\","
	" \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"mode=1777\", \"size=8m\"]},"
	"{\"destination\": \"/dev/mqueue\", \"type\": \"mqueue\", \"source\": \"mqueue\","
	" \"options\": [\"nosuid\", \"noexec\", \"nodev\"]},"
	"{\"destination\": \"/sys\", \"type\": \"sysfs\", \"source\": \"sysfs\","
	" \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"ro\"]},"
	"{\"destination\": \"/sys/fs/cgroup\", \"type\": \"cgroup\", \"source\": \"cgroup\","
	" \"options\": [\"nosuid\", \"noexec\", \"nodev\", \"ro\"]},"
	"{\"destination\": \"/tmp\", \"type\": \"tmpfs\", \"source\": \"tmpfs\","
	" \"options\": [\"nosuid\", \"rw\", \"tmpcopyup\", \"size=1m\"]},"
	"{\"destination\": \"/log\", \"type\": \"bind\", \"source\": \"%s/log\","
	" \"options\": [\"rbind\", \"rw\", \"nosuid\", \"rprivate\"]}"
	"]";

static const char hooks[] = ", \"hooks\": {"
			    "\"prestart\": [{\"path\": \"%1$s/witness\", \"args\": [\"w\", "
			    "\"hook\", \"%1$s/log/hooks\", \"p\"]}],"
			    "\"createRuntime\": [{\"path\": \"%1$s/witness\", \"args\": [\"w\", "
			    "\"hook\", \"%1$s/log/hooks\", \"r\"],"
			    " \"timeout\": 10}],"
			    "\"createContainer\": [{\"path\": \"%1$s/witness\", \"args\": [\"w\", "
			    "\"hook\", \"%1$s/log/hooks\", \"c\"]}],"
			    "\"startContainer\": [{\"path\": \"/bin/witness\", \"args\": [\"w\", "
			    "\"hook\", \"/log/hooks\", \"s\"]}],"
			    "\"poststart\": [{\"path\": \"%1$s/witness\", \"args\": [\"w\", "
			    "\"hook\", \"%1$s/log/hooks\", \"P\"]}],"
			    "\"poststop\": [{\"path\": \"%1$s/witness\", \"args\": [\"w\", "
			    "\"hook\", \"/dev/null\", \"-\"]}]}";

static const char resources[] =
	"\"resources\": {\"devices\": [{\"allow\": false, \"access\": \"rwm\"}],"
	" \"memory\": {\"limit\": 67108864}, \"pids\": {\"limit\": 40}, \"cpu\": {\"shares\": "
	"512}}";

static const char seccomp[] = ", \"seccomp\": {\"defaultAction\": \"SCMP_ACT_ALLOW\", "
			      "\"architectures\": [\"SCMP_ARCH_X86_64\"],"
			      " \"syscalls\": [{\"names\": [\"acct\"], \"action\": "
			      "\"SCMP_ACT_ERRNO\", \"errnoRet\": 25}]}";

static const char hiding[] =
	", \"maskedPaths\": [\"/proc/kcore\", \"/proc/keys\", \"/sys/firmware\"],"
	" \"readonlyPaths\": [\"/proc/bus\", \"/proc/sys\"]";

static const char devices[] = ", \"devices\": [{\"path\": \"/dev/fault\", \"type\": \"c\", "
			      "\"major\": 1, \"minor\": 3, \"fileMode\": 438,"
			      " \"uid\": 0, \"gid\": 0}]";

static const char ids[] =
	", \"uidMappings\": [{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}],"
	" \"gidMappings\": [{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}]";

void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
		fprintf(stderr, "fault: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	close(fd);
}

static char *process_text(const struct scene *s, const char *mode)
{
	char *text;

	if (asprintf(&text, process_format, s->variant == VARIANT_TERMINAL ? "true" : "false", mode,
		     s->variant == VARIANT_TERMINAL ? "false" : "true") < 0)
		exit(2);
	return text;
}

static char *namespaces_text(const struct scene *s)
{
	char pid[64] = "", *text;

	if (s->variant == VARIANT_JOIN)
		snprintf(pid, sizeof(pid), ", \"path\": \"/proc/%d/ns/pid\"", (int)s->holder);
	if (asprintf(&text,
		     "\"namespaces\": [{\"type\": \"pid\"%s}, {\"type\": \"mount\"}, {\"type\": "
		     "\"ipc\"},"
		     " {\"type\": \"uts\"}, {\"type\": \"network\"}, {\"type\": \"cgroup\"}%s]",
		     pid, s->variant == VARIANT_USER ? ", {\"type\": \"user\"}" : "") < 0)
		exit(2);
	return text;
}

static char *root_text(const struct scene *s)
{
	char *text;
	int n;

	if (s->variant == VARIANT_USER)
		n = asprintf(
			&text,
			"\"root\": {\"path\": \"%1$s/rootfs\"}, \"annotations\": {"
			"\"io.carte.rootfs.layers\": \"[\\\"%1$s/upper\\\", \\\"%1$s/rootfs\\\"]\","
			" \"io.carte.rootfs.upper\": \"tmpfs\"}",
			s->work);
	else
		n = asprintf(&text, "\"root\": {\"path\": \"%s/rootfs\", \"readonly\": true}",
			     s->work);
	if (n < 0)
		exit(2);
	return text;
}

static void write_config(const struct scene *s, const char *folder, const char *mode)
{
	bool full = s->variant == VARIANT_FULL;
	char *process = process_text(s, mode), *namespaces = namespaces_text(s);
	char *root = root_text(s), *mounts_text, *hooks_text, *text;
	char path[128];

	if (asprintf(&mounts_text, mounts, s->work) < 0 ||
	    asprintf(&hooks_text, full ? hooks : "", s->work) < 0 ||
	    asprintf(&text,
		     "{\"ociVersion\": \"1.2.0\", \"process\": %s, %s, \"hostname\": \"witness\","
		     " \"mounts\": %s%s, \"linux\": {%s, %s%s%s%s%s%s}}",
		     process, root, mounts_text, hooks_text, namespaces, resources,
		     full ? seccomp : "", hiding, full ? devices : "",
		     s->variant == VARIANT_USER ? ids : "",
		     full ? ", \"sysctl\": {\"net.ipv4.ip_forward\": \"1\"}" : "") < 0)
		exit(2);
	snprintf(path, sizeof(path), "%s/%s/config.json", s->work, folder);
	write_text(path, text);
	free(process);
	free(namespaces);
	free(root);
	free(mounts_text);
	free(hooks_text);
	free(text);
}

void bundle_write(const struct scene *s)
{
	char *process = process_text(s, "once"), path[128];

	write_config(s, "once", "once");
	write_config(s, "pause", "pause");
	write_config(s, "hang", "pause"); /* stress.c makes more of it */
	snprintf(path, sizeof(path), "%s/process.json", s->work);
	write_text(path, process);
	free(process);
}
