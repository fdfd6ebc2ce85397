/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal.c - a pty of the container's own devpts.
 *
 * The master is opened in a folder that was verified to be devpts, the slave comes from the master by TIOCGPTPEER and
 * never by its name, and /dev/console gets that very fd: a container's process that swaps /dev/pts/N finds nothing to
 * swap (CVE-2025-52565).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/major.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "runtime/process.h"
#include "runtime/terminal.h"

static bool is_devpts(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC;
}

/* With stdin or stdout closed by the caller a new descriptor may be one of those that dup2 is going to replace. */
static int above_stdio(int fd)
{
	int moved;

	if (fd < 0 || fd > 2)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	(void)close(fd);
	return moved;
}

static int open_master(struct oci_error *err)
{
	/* by name: whatever it is, it must turn out to be devpts */
	CLEANUP_CLOSE int dir = open("/dev/pts", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (dir < 0)
		return err_sys(err, errno, "process.terminal: open /dev/pts");
	if (!is_devpts(dir))
		return err_set(err, ENODEV, "process.terminal: /dev/pts is not a devpts mount");
	fd = above_stdio(openat(dir, "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC));
	if (fd < 0)
		return err_sys(err, errno, "process.terminal: open /dev/pts/ptmx");
	return fd;
}

static int open_slave(int master, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;
	int unlocked = 0;
	struct stat st;

	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return err_sys(err, errno, "process.terminal: unlock the pty");
	fd = above_stdio(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)); /* 4.13 */
	if (fd < 0)
		return err_sys(err, errno, "process.terminal: open the pty's other end");
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "process.terminal: stat the pty");
	if (!is_devpts(fd) || !S_ISCHR(st.st_mode) || major(st.st_rdev) < UNIX98_PTY_SLAVE_MAJOR ||
	    major(st.st_rdev) >= UNIX98_PTY_SLAVE_MAJOR + UNIX98_PTY_MAJOR_COUNT)
		return err_set(err, ENODEV, "process.terminal: the pty is not one of devpts");
	return TAKE_FD(fd);
}

/* The file that the slave is mounted on; a link or a folder there is not followed or replaced. */
static int open_console(struct oci_error *err)
{
	/* by name: the root was entered, no link leads out of it */
	CLEANUP_CLOSE int dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int fd = -EBADF;
	struct stat st;

	if (dev < 0)
		return err_sys(err, errno, "/dev/console: open /dev");
	fd = openat(dev, "console", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		fd = openat(dev, "console", O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
	if (fd < 0)
		return err_sys(err, errno, "/dev/console: create");
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "/dev/console: stat");
	if (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))
		return err_set(err, ELOOP, "/dev/console: is a %s",
			       S_ISDIR(st.st_mode) ? "folder" : "symbolic link");
	return TAKE_FD(fd);
}

static int mount_console(int slave, struct oci_error *err)
{
	CLEANUP_CLOSE int target = open_console(err), tree = -EBADF;
	char from[32], to[32];
	int r;

	if (target < 0)
		return target;
	tree = sys_open_tree(slave, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	if (tree >= 0)
		r = sys_move_mount(tree, "", target, "",
				   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	else
		r = tree;
	/* by name: of our own descriptors */
	if (r == -ENOSYS)
		r = mount(path_fd_link(slave, from), path_fd_link(target, to), NULL, MS_BIND,
			  NULL) < 0
			    ? -errno
			    : 0;
	if (r < 0)
		return err_sys(err, -r, "/dev/console: mount the pty");
	return 0;
}

static int become_controlling(int slave, struct oci_error *err)
{
	if (setsid() < 0 && errno != EPERM) /* EPERM: it leads a session already */
		return err_sys(err, errno, "process.terminal: setsid");
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_sys(err, errno, "process.terminal: take the controlling terminal");
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(slave, fd) < 0)
			return err_sys(err, errno, "process.terminal: dup2 to %d", fd);
	return 0;
}

int terminal_open(const struct process_plan *plan, bool bind_console, int *ret_master,
		  struct oci_error *err)
{
	CLEANUP_CLOSE int master = open_master(err), slave = -EBADF;
	struct winsize size = { .ws_row = plan->rows, .ws_col = plan->columns };
	int r;

	if (master < 0)
		return master;
	slave = open_slave(master, err);
	if (slave < 0)
		return slave;
	/*
	 * Standard input is the caller's still. The relay sets this size as well, but only once the program runs, which
	 * would be told 0x0 when it asks at once.
	 */
	if (!size.ws_row && !size.ws_col)
		(void)ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	if ((size.ws_row || size.ws_col) && ioctl(master, TIOCSWINSZ, &size) < 0)
		return err_sys(err, errno, "process.consoleSize: set the size");
	/* The group stays what the mount's gid= made it. */
	if (plan->uid != 0 && fchown(slave, plan->uid, (gid_t)-1) < 0)
		return err_sys(err, errno, "process.terminal: chown the pty to %u", plan->uid);
	r = bind_console ? mount_console(slave, err) : 0;
	if (r == 0)
		r = become_controlling(slave, err);
	if (r < 0)
		return r;
	*ret_master = TAKE_FD(master);
	return 0;
}

int terminal_send(int socket, int master, struct oci_error *err)
{
	char name[32];
	int number, r;

	if (ioctl(master, TIOCGPTN, &number) < 0)
		return err_sys(err, errno, "console socket: name of the pty");
	(void)snprintf(name, sizeof(name), "/dev/pts/%d", number);
	r = io_send_fds(socket, name, strlen(name), &master, 1);
	if (r < 0)
		return err_sys(err, -r, "console socket: send the terminal");
	return 0;
}
