/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf.c - program headers and the dynamic section, see elf.h; elf(5), gABI chapter 5.
 *
 * Only what the loader itself reads is read: segments, no section headers, so that stripped files are the same. Every
 * offset and count comes from an image and is checked before it is used.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/elf-private.h"

#define SEGMENTS_MAX 4096
#define DYNAMIC_MAX (1u << 20) /* bytes */
#define STRING_MAX 4096        /* with the NUL */

int elf_damaged(struct elf_reader *r, const char *format, ...)
{
	char words[256], path[4096];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	return err_set(r->err, EINVAL, "%s: ELF: %s", tree_path(r->node, path, sizeof(path)),
		       words);
}

int elf_bytes(struct elf_reader *r, uint64_t offset, void *buf, size_t length, const char *what)
{
	size_t done = 0;

	if (offset > r->size || length > r->size - offset)
		return elf_damaged(r, "%s is outside of the file", what);
	while (done < length) {
		ssize_t n = RETRY_EINTR(pread(r->fd, (char *)buf + done, length - done,
					      (off_t)(r->begin + offset + done)));

		if (n < 0)
			return err_sys(r->err, errno, "read %s", r->node->name);
		if (n == 0)
			return elf_damaged(r, "%s is outside of the file", what);
		done += (size_t)n;
	}
	return 0;
}

uint64_t elf_number(const struct elf_reader *r, const unsigned char *at, size_t width)
{
	uint64_t value = 0;

	for (size_t i = 0; i < width; i++)
		value = value << 8 | at[r->big ? i : width - 1 - i];
	return value;
}

/* ---- the head and the segments ---- */

static int read_head(struct elf_reader *r)
{
	int e;

	e = elf_bytes(r, 0, r->head, EI_NIDENT, "the header");
	if (e < 0)
		return e;
	if (r->head[EI_CLASS] != ELFCLASS32 && r->head[EI_CLASS] != ELFCLASS64)
		return elf_damaged(r, "class %u is unknown", r->head[EI_CLASS]);
	if (r->head[EI_DATA] != ELFDATA2LSB && r->head[EI_DATA] != ELFDATA2MSB)
		return elf_damaged(r, "byte order %u is unknown", r->head[EI_DATA]);
	r->is64 = r->head[EI_CLASS] == ELFCLASS64;
	r->big = r->head[EI_DATA] == ELFDATA2MSB;
	return elf_bytes(r, 0, r->head, ELF_SIZE(r, Ehdr), "the header");
}

static void fill_segment(const struct elf_reader *r, const unsigned char *at,
			 struct elf_segment *segment)
{
	*segment = (struct elf_segment){
		.type = (uint32_t)ELF_FIELD(r, at, Phdr, p_type),
		.flags = (uint32_t)ELF_FIELD(r, at, Phdr, p_flags),
		.offset = ELF_FIELD(r, at, Phdr, p_offset),
		.vaddr = ELF_FIELD(r, at, Phdr, p_vaddr),
		.filesz = ELF_FIELD(r, at, Phdr, p_filesz),
		.align = ELF_FIELD(r, at, Phdr, p_align),
	};
}

static int read_segments(struct elf_reader *r)
{
	size_t count = ELF_FIELD(r, r->head, Ehdr, e_phnum);
	size_t each = ELF_FIELD(r, r->head, Ehdr, e_phentsize);
	unsigned char *table;
	int e;

	if (count == 0)
		return 0;
	if (count > SEGMENTS_MAX)
		return elf_damaged(r, "%zu program headers, at most %d are read", count,
				   SEGMENTS_MAX);
	if (each < ELF_SIZE(r, Phdr) || each > 1024)
		return elf_damaged(r, "program headers of %zu bytes each", each);
	table = oci_arena_array(&r->scratch, count, each);
	r->segments = oci_arena_array(&r->scratch, count, sizeof(*r->segments));
	if (!table || !r->segments)
		return err_nomem(r->err);
	e = elf_bytes(r, ELF_FIELD(r, r->head, Ehdr, e_phoff), table, count * each,
		      "the program header table");
	if (e < 0)
		return e;
	for (size_t i = 0; i < count; i++)
		fill_segment(r, table + i * each, &r->segments[i]);
	r->segments_len = count;
	return 0;
}

int elf_open(struct elf_reader *r, const struct tree_node *node, struct oci_error *err)
{
	char magic[SELFMAG];
	int e;

	*r = (struct elf_reader){ .node = node, .fd = -1, .err = err };
	if (node->type != TREE_FILE || !node->content || node->content->size < SELFMAG)
		return 0;
	r->size = node->content->size;
	e = tree_open(node, &r->fd, &r->owned, &r->begin, err);
	if (e < 0)
		return e;
	e = elf_bytes(r, 0, magic, sizeof(magic), "the header");
	if (e < 0)
		return e;
	if (memcmp(magic, ELFMAG, SELFMAG) != 0)
		return 0;
	e = read_head(r);
	if (e == 0)
		e = read_segments(r);
	return e < 0 ? e : 1;
}

void elf_close(struct elf_reader *r)
{
	if (r->owned)
		fd_closep(&r->fd);
	r->fd = -1;
	r->owned = false;
	oci_arena_free(&r->scratch);
}

/* ---- the dynamic section ---- */

/* What the entries say before the strings are looked up; offsets into the string table. */
struct dynamic {
	uint64_t *needed;
	size_t needed_len;
	bool has_strtab, has_soname, has_rpath, has_runpath;
	uint64_t strtab, strsz, soname, rpath, runpath;
	uint64_t flags_1;
};

static int note_entry(struct elf_reader *r, int64_t tag, uint64_t value, struct dynamic *d)
{
	switch (tag) {
	case DT_NEEDED:
		if (d->needed_len == ELF_NEEDED_MAX)
			return elf_damaged(r, "more than %d entries DT_NEEDED", ELF_NEEDED_MAX);
		d->needed[d->needed_len++] = value;
		break;
	case DT_STRTAB:
		d->has_strtab = true;
		d->strtab = value;
		break;
	case DT_STRSZ:
		d->strsz = value;
		break;
	case DT_SONAME:
		d->has_soname = true;
		d->soname = value;
		break;
	case DT_RPATH:
		d->has_rpath = true;
		d->rpath = value;
		break;
	case DT_RUNPATH:
		d->has_runpath = true;
		d->runpath = value;
		break;
	case DT_FLAGS_1:
		d->flags_1 = value;
		break;
	default:
		break;
	}
	return 0;
}

static int read_dynamic(struct elf_reader *r, const struct elf_segment *segment, struct dynamic *d)
{
	size_t each = ELF_SIZE(r, Dyn), count;
	unsigned char *table;
	int e;

	if (segment->filesz > DYNAMIC_MAX)
		return elf_damaged(r, "a dynamic section of %llu bytes",
				   (unsigned long long)segment->filesz);
	count = (size_t)segment->filesz / each;
	table = oci_arena_array(&r->scratch, count + 1, each);
	d->needed =
		oci_arena_array(&r->scratch, count < ELF_NEEDED_MAX ? count + 1 : ELF_NEEDED_MAX,
				sizeof(*d->needed));
	if (!table || !d->needed)
		return err_nomem(r->err);
	e = elf_bytes(r, segment->offset, table, count * each, "the dynamic section");
	for (size_t i = 0; e == 0 && i < count; i++) {
		const unsigned char *at = table + i * each;
		int64_t tag = r->is64 ? (int64_t)ELF_FIELD(r, at, Dyn, d_tag)
				      : (int32_t)ELF_FIELD(r, at, Dyn, d_tag);

		if (tag == DT_NULL)
			break;
		e = note_entry(r, tag, ELF_FIELD(r, at, Dyn, d_un), d);
	}
	return e;
}

/* An address in memory to one in the file; the bytes that follow it in its segment. */
static bool to_offset(const struct elf_reader *r, uint64_t vaddr, uint64_t *ret_offset,
		      uint64_t *ret_room)
{
	for (size_t i = 0; i < r->segments_len; i++) {
		const struct elf_segment *s = &r->segments[i];

		if (s->type != PT_LOAD || vaddr < s->vaddr || vaddr - s->vaddr >= s->filesz)
			continue;
		if (s->offset > UINT64_MAX - (vaddr - s->vaddr))
			return false;
		*ret_offset = s->offset + (vaddr - s->vaddr);
		*ret_room = s->filesz - (vaddr - s->vaddr);
		return true;
	}
	return false;
}

struct strings {
	uint64_t offset, length;
};

/* A string that begins at @offset of the file and ends before @room bytes. */
static int read_string(struct elf_reader *r, uint64_t offset, uint64_t room,
		       struct oci_arena *arena, const char *what, char **ret)
{
	char buf[STRING_MAX];
	size_t length = room < sizeof(buf) ? (size_t)room : sizeof(buf);
	int e;

	if (offset < r->size && length > r->size - offset)
		length = (size_t)(r->size - offset);
	e = elf_bytes(r, offset, buf, length, what);
	if (e < 0)
		return e;
	if (!memchr(buf, '\0', length))
		return room > sizeof(buf) ? elf_damaged(r, "%s is longer than %zu bytes", what,
							sizeof(buf) - 1)
					  : elf_damaged(r, "%s has no end", what);
	*ret = oci_arena_strdup(arena, buf);
	return *ret ? 0 : err_nomem(r->err);
}

static int table_string(struct elf_reader *r, const struct strings *strings, uint64_t index,
			struct oci_arena *arena, const char *what, char **ret)
{
	if (index >= strings->length)
		return elf_damaged(r, "%s is outside of the string table", what);
	return read_string(r, strings->offset + index, strings->length - index, arena, what, ret);
}

static int find_strings(struct elf_reader *r, const struct dynamic *d, struct strings *ret)
{
	if (!to_offset(r, d->strtab, &ret->offset, &ret->length) || ret->offset > r->size)
		return elf_damaged(r, "the string table is outside of the file");
	if (d->strsz < ret->length)
		ret->length = d->strsz;
	return 0;
}

static int fill_needed(struct elf_reader *r, const struct dynamic *d, const struct strings *strings,
		       struct oci_arena *arena, struct elf *elf)
{
	elf->needed = oci_arena_array(arena, d->needed_len + 1, sizeof(*elf->needed));
	if (!elf->needed)
		return err_nomem(r->err);
	for (size_t i = 0; i < d->needed_len; i++) {
		int e = table_string(r, strings, d->needed[i], arena,
				     "the name of a needed library", &elf->needed[i]);

		if (e < 0)
			return e;
		if (!elf->needed[i][0])
			return elf_damaged(r, "a needed library without a name");
	}
	elf->needed_len = d->needed_len;
	return 0;
}

static int fill_dynamic(struct elf_reader *r, const struct elf_segment *segment,
			struct oci_arena *arena, struct elf *elf)
{
	struct dynamic d = { .strsz = UINT64_MAX };
	struct strings strings = { 0, 0 };
	int e;

	e = read_dynamic(r, segment, &d);
	if (e < 0)
		return e;
	elf->no_default_lib = (d.flags_1 & DF_1_NODEFLIB) != 0;
	if (d.needed_len == 0 && !d.has_soname && !d.has_rpath && !d.has_runpath)
		return 0;
	if (!d.has_strtab)
		return elf_damaged(r, "a dynamic section without a string table");
	e = find_strings(r, &d, &strings);
	if (e == 0)
		e = fill_needed(r, &d, &strings, arena, elf);
	if (e == 0 && d.has_soname)
		e = table_string(r, &strings, d.soname, arena, "DT_SONAME", &elf->soname);
	if (e == 0 && d.has_rpath)
		e = table_string(r, &strings, d.rpath, arena, "DT_RPATH", &elf->rpath);
	if (e == 0 && d.has_runpath)
		e = table_string(r, &strings, d.runpath, arena, "DT_RUNPATH", &elf->runpath);
	return e;
}

static int fill(struct elf_reader *r, struct oci_arena *arena, struct elf *elf)
{
	int e = 0;

	elf->elf_class = r->head[EI_CLASS];
	elf->data = r->head[EI_DATA];
	elf->type = (uint16_t)ELF_FIELD(r, r->head, Ehdr, e_type);
	elf->machine = (uint16_t)ELF_FIELD(r, r->head, Ehdr, e_machine);
	elf->flags = (uint32_t)ELF_FIELD(r, r->head, Ehdr, e_flags);
	if (elf->type != ET_EXEC && elf->type != ET_DYN)
		return 0; /* an object or a core: nothing loads it */
	for (size_t i = 0; e == 0 && i < r->segments_len; i++) {
		const struct elf_segment *s = &r->segments[i];

		if (s->type == PT_INTERP && !elf->interpreter)
			e = read_string(r, s->offset, s->filesz, arena, "the interpreter's name",
					&elf->interpreter);
		else if (s->type == PT_DYNAMIC && !elf->needed)
			e = fill_dynamic(r, s, arena, elf);
	}
	return e < 0 ? e : elf_read_notes(r, arena, elf);
}

int elf_read(const struct tree_node *file, struct oci_arena *arena, struct elf **ret,
	     struct oci_error *err)
{
	struct elf_reader r;
	struct elf *elf;
	int e;

	e = elf_open(&r, file, err);
	if (e > 0) {
		elf = oci_arena_alloc(arena, sizeof(*elf));
		e = elf ? fill(&r, arena, elf) : err_nomem(err);
		if (e == 0) {
			*ret = elf;
			e = 1;
		}
	}
	elf_close(&r);
	return e;
}
