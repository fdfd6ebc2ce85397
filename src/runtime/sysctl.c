/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sysctl.c - linux.sysctl: which keys belong to the container alone, and writing them.
 *
 * What must hold: one key is one file below /proc/sys, whatever its
 * characters are (CVE-2022-0811), and a key that reaches beyond the
 * container's namespaces is refused.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "runtime/rootfs-private.h"

static const char *const ipc_keys[] = {
	"kernel/auto_msgmni",     "kernel/msg_next_id", "kernel/msgmax",      "kernel/msgmnb",
	"kernel/msgmni",          "kernel/sem",         "kernel/sem_next_id", "kernel/shm_next_id",
	"kernel/shm_rmid_forced", "kernel/shmall",      "kernel/shmmax",      "kernel/shmmni",
};

static bool has_prefix(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static bool is_ipc(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(ipc_keys); i++)
		if (!strcmp(path, ipc_keys[i]))
			return true;
	return has_prefix(path, "fs/mqueue/");
}

/*
 * As sysctl(8): whichever of "." and "/" comes first separates, and the other
 * is then its opposite inside a name ("net/ipv4/conf/eth0.1/forwarding",
 * "net.ipv4.conf.eth0/1.forwarding").
 */
static int key_to_path(const char *key, char *path)
{
	const char *first = strpbrk(key, "./");
	bool dots = first && *first == '.';
	size_t name = 0;

	for (size_t i = 0;; i++) {
		char c = key[i];

		if (dots && c == '.')
			c = '/';
		else if (dots && c == '/')
			c = '.';
		if (c == '/' || c == '\0') {
			/* an empty name, "." and ".." are no names of files there */
			if (!name || (name == 1 && path[i - 1] == '.') ||
			    (name == 2 && path[i - 1] == '.' && path[i - 2] == '.'))
				return -EINVAL;
			name = 0;
		} else {
			if (!isalnum((unsigned char)c) && !strchr("_-.:@+", c))
				return -EINVAL;
			name++;
		}
		path[i] = c;
		if (!c)
			return 0;
	}
}

static int check_namespace(const char *path, const char *key, const struct rootfs_options *o,
			   struct oci_error *err)
{
	const char *need = NULL;

	if (!strcmp(path, "kernel/hostname"))
		return err_set(err, EINVAL, "linux.sysctl: %s: use hostname instead", key);
	if (is_ipc(path)) {
		if (o->new_ipc_ns)
			return 0;
		need = "an ipc";
	} else if (has_prefix(path, "net/")) {
		if (o->new_net_ns)
			return 0;
		need = "a network";
	} else if (!strcmp(path, "kernel/domainname")) {
		if (o->new_uts_ns)
			return 0;
		need = "a uts";
	} else if (has_prefix(path, "user/")) {
		if (o->new_user_ns)
			return 0;
		need = "a user";
	}
	if (need)
		return err_set(err, EINVAL, "linux.sysctl: %s: not allowed without %s namespace",
			       key, need);
	return err_set(err, EINVAL, "linux.sysctl: %s: is not in a separate kernel namespace", key);
}

int sysctl_plan(struct oci_arena *arena, const struct oci_config *config, struct rootfs *rf,
		struct oci_error *err)
{
	const struct oci_linux *linux_ = config->linux_;
	struct oci_pair *out;

	if (!linux_ || !linux_->sysctl_len)
		return 0;
	out = oci_arena_array(arena, linux_->sysctl_len, sizeof(*out));
	if (!out)
		return err_nomem(err);
	for (size_t i = 0; i < linux_->sysctl_len; i++) {
		const struct oci_pair *in = &linux_->sysctl[i];
		static const char top[] = "sys/";
		int r;

		out[i].key = oci_arena_alloc(arena, sizeof(top) + strlen(in->key));
		if (!out[i].key)
			return err_nomem(err);
		memcpy(out[i].key, top, sizeof(top));
		out[i].value = in->value;
		r = key_to_path(in->key, out[i].key + strlen(top));
		if (r < 0)
			return err_set(err, EINVAL, "linux.sysctl: \"%s\": is no sysctl name",
				       in->key);
		r = check_namespace(out[i].key + strlen(top), in->key, &rf->options, err);
		if (r < 0)
			return r;
		for (size_t j = 0; j < i; j++)
			if (!strcmp(out[i].key, out[j].key))
				return err_set(err, EINVAL, "linux.sysctl: %s: given twice",
					       in->key);
	}
	rf->sysctl = out;
	rf->sysctl_len = linux_->sysctl_len;
	return 0;
}

/* Some files belong to the host's root although what they set is the namespace's own: the system call asks for that. */
static int write_one(const struct rootfs *rf, int procfd, const struct oci_pair *one,
		     struct oci_error *err)
{
	struct oci_error why = OCI_ERROR_INIT;
	int r = procfs_write(procfd, one->key, one->value, &why);

	if (r == -EACCES && rf->options.new_user_ns) {
		if (!strcmp(one->key, "sys/kernel/domainname") &&
		    setdomainname(one->value, strlen(one->value)) == 0)
			return 0;
		return err_set(err, EACCES,
			       "linux.sysctl: %s (this kernel leaves it to the host's root)",
			       why.message);
	}
	return r < 0 ? err_set(err, -r, "linux.sysctl: %s", why.message) : 0;
}

int sysctl_do(const struct rootfs *rf, int procfd, struct oci_error *err)
{
	for (size_t i = 0; i < rf->sysctl_len; i++) {
		int r = write_one(rf, procfd, &rf->sysctl[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}
