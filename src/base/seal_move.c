/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal_move.c - change over to a sealed image of the program without a second exec.
 *
 * The program maps its own segments anew from the sealed file, at the addresses
 * where they are; the writable ones, which hold state, it copies into anonymous
 * memory that is moved over them (mremap(2)). Then nothing maps the old file any
 * more, and the kernel lets PR_SET_MM_MAP put the sealed one in its place as
 * /proc/self/exe (prctl(2); 3.18, CONFIG_CHECKPOINT_RESTORE, and CAP_CHECKPOINT_RESTORE
 * or CAP_SYS_ADMIN since 5.9). Children inherit that. What a container then finds
 * behind /proc/PID/exe is what it would find after an exec of the sealed file.
 *
 * Moving is safe because the bytes, their addresses and their protection stay as
 * they are; the process has one thread; between copy and move of a writable
 * segment only the stack is written to. When a step fails, all that has changed is
 * which file or memory some pages come from, and the caller goes on with the exec.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/seal.h"

#ifdef CARTE_SANITIZERS
/* their shadow memory does not move along, and they check what is copied */
int seal_move(int fd)
{
	(void)fd;
	return -EOPNOTSUPP;
}
#else

#define STAT_FIELDS 52 /* proc_pid_stat(5) */

struct image {
	const ElfW(Phdr) * headers;
	size_t count;
	uintptr_t base; /* what is added to p_vaddr */
	uintptr_t page;
};

/* From the linker: a static program may lack PT_PHDR, a kernel before 5.18 may tell AT_PHDR wrongly. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static int find_image(struct image *ret)
{
	ret->page = getauxval(AT_PAGESZ);
	ret->headers = (const ElfW(Phdr) *)((uintptr_t)&__ehdr_start + __ehdr_start.e_phoff);
	ret->count = __ehdr_start.e_phnum;
	for (size_t i = 0; i < ret->count; i++) {
		if (ret->headers[i].p_type != PT_LOAD || ret->headers[i].p_offset != 0)
			continue;
		ret->base = (uintptr_t)&__ehdr_start - ret->headers[i].p_vaddr;
		return 0;
	}
	return -ENOSYS;
}

static void *segment_pages(const struct image *image, const ElfW(Phdr) * segment, size_t size,
			   size_t *ret_length)
{
	uintptr_t start = (image->base + segment->p_vaddr) & ~(image->page - 1);
	uintptr_t end =
		(image->base + segment->p_vaddr + size + image->page - 1) & ~(image->page - 1);

	*ret_length = end - start;
	return (void *)start;
}

static int map_segment(const struct image *image, const ElfW(Phdr) * segment, int fd)
{
	int prot = (segment->p_flags & PF_R ? PROT_READ : 0) |
		   (segment->p_flags & PF_X ? PROT_EXEC : 0);
	size_t length;
	void *pages = segment_pages(image, segment, segment->p_filesz, &length);
	off_t offset = (off_t)(segment->p_offset - segment->p_vaddr % image->page);

	return mmap(pages, length, prot, MAP_PRIVATE | MAP_FIXED, fd, offset) == MAP_FAILED ? -errno
											    : 0;
}

static int copy_segment(const struct image *image, const ElfW(Phdr) * segment)
{
	size_t length;
	/* what lies behind the file's bytes (.bss) is anonymous as it is */
	void *pages = segment_pages(image, segment, segment->p_filesz, &length);
	void *copy = mmap(NULL, length, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (copy == MAP_FAILED)
		return -errno;
	memcpy(copy, pages, length);
	if (mremap(copy, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, pages) == MAP_FAILED) {
		int code = errno;

		(void)munmap(copy, length);
		return -code;
	}
	return 0;
}

static int move_image(int fd)
{
	struct image image = { 0 };
	int r = find_image(&image);

	for (size_t i = 0; r == 0 && i < image.count; i++)
		if (image.headers[i].p_type == PT_LOAD && image.headers[i].p_filesz > 0)
			r = image.headers[i].p_flags & PF_W
				    ? copy_segment(&image, &image.headers[i])
				    : map_segment(&image, &image.headers[i], fd);
	/* the part of the writable segment that the loader has made read-only */
	for (size_t i = 0; r == 0 && i < image.count; i++) {
		size_t length;
		void *start;

		if (image.headers[i].p_type != PT_GNU_RELRO)
			continue;
		start = segment_pages(&image, &image.headers[i], image.headers[i].p_memsz, &length);
		if (mprotect(start, length, PROT_READ) < 0)
			r = -errno;
	}
	return r;
}

/* The kernel wants the whole map of the process back, with the new exe in it. */
static int read_map(struct prctl_mm_map *ret)
{
	unsigned long field[STAT_FIELDS + 1] = { 0 };
	char text[1024], *p;
	ssize_t n = io_read_small(AT_FDCWD, "/proc/self/stat", text, sizeof(text));

	p = n > 0 ? strrchr(text, ')') : NULL;
	if (!p)
		return n < 0 ? (int)n : -EINVAL;
	p += 3; /* ") S" */
	for (size_t i = 4; i <= STAT_FIELDS; i++)
		field[i] = strtoul(p, &p, 10);
	*ret = (struct prctl_mm_map){
		.start_code = field[26],
		.end_code = field[27],
		.start_stack = field[28],
		.start_data = field[45],
		.end_data = field[46],
		.start_brk = field[47],
		.brk = (uintptr_t)sbrk(0),
		.arg_start = field[48],
		.arg_end = field[49],
		.env_start = field[50],
		.env_end = field[51],
	};
	return 0;
}

int seal_move(int fd)
{
	struct prctl_mm_map map;
	int r;

	r = read_map(&map);
	if (r == 0)
		r = move_image(fd);
	if (r < 0)
		return r;
	map.exe_fd = (uint32_t)fd;
	return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0 ? -errno : 0;
}
#endif
