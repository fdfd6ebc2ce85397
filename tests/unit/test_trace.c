/* SPDX-License-Identifier: Apache-2.0 */
/* test_trace.c - a child with a filter of its own calls, the parent listens and notes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "cartefile-to-oci/store-private.h"
#include "cartefile-to-oci/trace_calls.h"
#include "cartefile-to-oci/trace_notify.h"
#include "unit/forked.h"

static char folder[] = "/tmp/test-trace-XXXXXX";
static struct tree tree;

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	int fd = open("/tmp", O_PATH | O_DIRECTORY);
	int r = folder_remove(fd, strrchr(folder, '/') + 1);

	(void)state;
	(void)close(fd);
	tree_free(&tree);
	return r;
}

/* A file, link or folder both in the folder and in the tree, where the folder has its own path. */
static void put(const char *name, enum tree_type type, const char *target)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct tree_node *node;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (type == TREE_DIR)
		assert_int_equal(mkdir(path, 0755), 0);
	else if (type == TREE_LINK)
		assert_int_equal(symlink(target, path), 0);
	else
		assert_int_equal(mknod(path, S_IFREG | 0755, 0), 0);
	assert_int_equal(tree_put(&tree, path, type, &node, &err), 0);
	node->target = target;
	if (type == TREE_FILE)
		node->content = tree_content_new(&tree);
}

static int make_tree(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;

	if (make_folder(state) < 0 || tree_init(&tree, &err) < 0)
		return -1;
	put("dir", TREE_DIR, NULL);
	put("dir/sub", TREE_DIR, NULL);
	put("dir/sub/file", TREE_FILE, NULL);
	put("dir/other", TREE_FILE, NULL);
	put("dir/third", TREE_FILE, NULL);
	put("dir/fourth", TREE_FILE, NULL);
	put("never", TREE_FILE, NULL);
	put("link", TREE_LINK, "dir/sub/../other");
	put("way", TREE_LINK, "dir");
	put("prog", TREE_FILE, NULL);
	return 0;
}

/* ---- the child -------------------------------------------------------------------------- */

static int install(void)
{
	struct sock_filter code[2 * TRACE_CALLS_MAX + 8];
	struct sock_fprog program = { 0, code };
	unsigned n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < trace_calls_len; i++) {
		if (trace_calls[i].nr < 0)
			continue;
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 (uint32_t)trace_calls[i].nr, 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

struct scene {
	void (*run)(void);
	bool started; /* as if a program of the tree were running already */
	bool missing;
};

static void begin(const struct scene *scene, int socket)
{
	int listener;

	/* what is not there at all comes before the filter, which asks for each name */
	REQUIRE(chdir(folder) == 0);
	listener = install();
	REQUIRE(listener >= 0);
	REQUIRE(io_send_fds(socket, "l", 1, &listener, 1) == 0);
	(void)close(listener);
	(void)close(socket);
	scene->run();
	_exit(0);
}

/* The names below the folder, noted while @run ran, divided by blanks. */
static const char *seen_of(const struct scene *scene)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct trace_watch watch;
	static char words[65536];
	int ends[2], listener, status, calls = 0;
	size_t count, len, n = 0;
	char byte, **paths;
	pid_t pid;

	assert_int_equal(trace_watch_init(&watch, &tree, &err), 0);
	watch.executed = scene->started;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		begin(scene, ends[1]);
	}
	(void)close(ends[1]);
	assert_int_equal(io_recv_fds(ends[0], &byte, 1, &listener, 1, &count), 1);
	assert_int_equal(count, 1);
	for (;;) {
		struct pollfd slot = { listener, POLLIN, 0 };

		assert_int_equal(poll(&slot, 1, 20000), 1);
		if (!(slot.revents & POLLIN))
			break;
		calls += trace_notify(&watch, listener);
		assert_true(calls < 100000);
	}
	(void)close(listener);
	(void)close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(trace_watch_paths(&watch, scene->missing, &arena, &paths, &len, &err), 0);
	words[0] = '\0';
	for (size_t i = 0; i < len; i++)
		if (strncmp(paths[i], folder, strlen(folder)) == 0 && paths[i][strlen(folder)])
			n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s", n ? " " : "",
					      paths[i] + strlen(folder) + 1);
	trace_watch_free(&watch);
	return words;
}

static const char *seen(void (*run)(void))
{
	return seen_of(&(struct scene){ .run = run, .started = true });
}

/* ---- what is called --------------------------------------------------------------------- */

static void open_relative(void)
{
	REQUIRE(open("dir/sub/file", O_RDONLY) >= 0);
}

static void open_nothing(void)
{
	REQUIRE(open("dir/nothing", O_RDONLY) < 0 && errno == ENOENT);
	REQUIRE(open("never/x", O_RDONLY) < 0 && errno == ENOTDIR);
}

static void stat_link(void)
{
	struct stat st;

	REQUIRE(stat("link", &st) == 0 && S_ISREG(st.st_mode));
}

static void lstat_link(void)
{
	struct stat st;

	REQUIRE(lstat("link", &st) == 0 && S_ISLNK(st.st_mode));
}

static void open_nofollow(void)
{
	REQUIRE(open("link", O_RDONLY | O_NOFOLLOW) < 0 && errno == ELOOP);
}

static void openat2_nofollow(void)
{
	REQUIRE(sys_openat2(AT_FDCWD, "link", O_PATH | O_NOFOLLOW, 0, 0) >= 0);
}

static void read_link(void)
{
	char buf[64];

	REQUIRE(readlink("way", buf, sizeof(buf)) == 3);
}

static void by_folder(void)
{
	int fd = open("way/sub", O_PATH | O_DIRECTORY);

	REQUIRE(fd >= 0);
	REQUIRE(faccessat(fd, "../third", R_OK, 0) == 0);
	REQUIRE(fchdir(fd) == 0);
	REQUIRE(access("file", R_OK) == 0);
}

static void by_descriptor(void)
{
	struct stat st;
	int fd = open("dir", O_PATH | O_DIRECTORY);

	REQUIRE(fstatat(fd, "", &st, AT_EMPTY_PATH) == 0);
}

static void absolute(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s//dir/./sub/../fourth", folder);
	REQUIRE(truncate(path, 0) == 0);
}

static void make_names(void)
{
	REQUIRE(mkdir("dir/sub/new", 0755) == 0 && rmdir("dir/sub/new") == 0);
}

static void rename_to(void)
{
	REQUIRE(rename("dir/third", "dir/sub/third") == 0);
	REQUIRE(rename("dir/sub/third", "dir/third") == 0);
}

static void *open_in_thread(void *arg)
{
	(void)arg;
	REQUIRE(open("dir/other", O_RDONLY) >= 0);
	return NULL;
}

static void by_thread_and_child(void)
{
	pthread_t thread;
	int status;
	pid_t pid;

	REQUIRE(pthread_create(&thread, NULL, open_in_thread, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		REQUIRE(open("dir/third", O_RDONLY) >= 0);
		_exit(0);
	}
	REQUIRE(pthread_join(thread, NULL) == 0);
	REQUIRE(waitpid(pid, &status, 0) == pid && status == 0);
}

/* The path ends where its memory ends; one that does not end is no path. */
static void odd_memory(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory =
		mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *late;

	REQUIRE(memory != MAP_FAILED);
	REQUIRE(munmap(memory + 2 * page, page) == 0);
	late = memory + 2 * page - sizeof("dir/fourth");
	memcpy(late, "dir/fourth", sizeof("dir/fourth"));
	REQUIRE(access(late, R_OK) == 0);
	/* across two pages */
	memcpy(memory + page - 4, "dir/sub", sizeof("dir/sub"));
	REQUIRE(access(memory + page - 4, R_OK) == 0);
	memset(memory, 'a', 2 * page);
	REQUIRE(access(memory, R_OK) < 0);
	REQUIRE(access((char *)8, R_OK) < 0 && errno == EFAULT);
}

static void before_the_program(void)
{
	char *argv[] = { (char[]){ "prog" }, NULL }, *envp[] = { NULL };

	/* the runtime's own look at the image */
	REQUIRE(access("never", R_OK) == 0);
	/* an empty file is no program: what counts is that it was asked for */
	REQUIRE(execve("prog", argv, envp) < 0 && errno == ENOEXEC);
	REQUIRE(access("dir/other", R_OK) == 0);
}

static void notes(void **state)
{
	(void)state;
	assert_string_equal(seen(open_relative), "dir dir/sub dir/sub/file");
	assert_string_equal(seen(open_nothing), "dir");
	assert_string_equal(seen(stat_link), "dir dir/other dir/sub link");
	assert_string_equal(seen(lstat_link), "link");
	assert_string_equal(seen(open_nofollow), "link");
	assert_string_equal(seen(openat2_nofollow), "link");
	assert_string_equal(seen(read_link), "way");
	assert_string_equal(seen(by_folder), "dir dir/sub dir/sub/file dir/third way");
	assert_string_equal(seen(by_descriptor), "dir");
	assert_string_equal(seen(absolute), "dir dir/fourth dir/sub");
	assert_string_equal(seen(make_names), "dir dir/sub");
	assert_string_equal(seen(rename_to), "dir dir/sub dir/third");
	assert_string_equal(seen(by_thread_and_child), "dir dir/other dir/third");
	assert_string_equal(seen(odd_memory), "dir dir/fourth dir/sub");
}

static void begins_with_the_program(void **state)
{
	(void)state;
	assert_string_equal(seen_of(&(struct scene){ .run = before_the_program }),
			    "dir dir/other prog");
}

/* What slimming left out and was asked for, not what was only passed. */
static void missing(void **state)
{
	static const char *const out[] = { "link", "dir/sub", "dir/other", "never" };
	char path[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(out); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, out[i]);
		tree_find(&tree, path)->out = true;
	}
	assert_string_equal(
		seen_of(&(struct scene){ .run = stat_link, .started = true, .missing = true }),
		"dir/other");
	assert_string_equal(
		seen_of(&(struct scene){ .run = absolute, .started = true, .missing = true }), "");
}

static void look_for_many(void)
{
	char path[256];

	for (unsigned i = 0; i < 3000; i++) {
		(void)snprintf(path, sizeof(path), "dir/sub/n%u", i);
		REQUIRE(access(path, F_OK) < 0);
	}
}

/* Thousands of nodes: the table grows. */
static void many(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct tree_node *node;
	char path[256];

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		(void)snprintf(path, sizeof(path), "%s/dir/sub/n%u", folder, i);
		assert_int_equal(tree_put(&tree, path, TREE_DIR, &node, &err), 0);
	}
	assert_string_equal(strrchr(seen(look_for_many), ' '), " dir/sub/n999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes),
		cmocka_unit_test(begins_with_the_program),
		cmocka_unit_test(missing),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_folder);
}
