/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_note.c - .note.dlopen: what a program opens by name, said by its author (https://systemd.io/ELF_DLOPEN_METADATA).
 *
 * A note of the vendor "FDO" and this type holds JSON: [{"soname":["libx.so.1"],"priority":"required"}]. One that cannot
 * be read says nothing; the file is not damaged by that.
 */
#include <string.h>

#include <ocispec-lite/table.h>

#include "base/error.h"
#include "cartefile-to-oci/elf-private.h"

#define NOTE_DLOPEN 0x407c0c0a
#define NOTES_MAX (1u << 20) /* bytes of one segment or section */
#define SECTIONS_MAX 65535

static const struct oci_row dlopen_rows[] = {
	OCI_ROW_STRINGS(struct elf_dlopen, soname, "soname", .flags = OCI_REQUIRED),
	OCI_ROW_STRING(struct elf_dlopen, feature, "feature"),
	OCI_ROW_STRING(struct elf_dlopen, priority, "priority"),
};
static const OCI_TABLE(dlopen_table, struct elf_dlopen, dlopen_rows);

static int add_note(const char *text, size_t length, struct oci_arena *arena, struct elf *elf)
{
	struct elf_dlopen *all;
	void *list;
	size_t count;

	while (length > 0 && text[length - 1] == '\0')
		length--;
	if (oci_table_parse_list(&dlopen_table, arena, ".note.dlopen", text, length, &list, &count,
				 NULL) < 0 ||
	    count == 0)
		return 0;
	if (elf->dlopens_len + count > ELF_NEEDED_MAX)
		return 0;
	all = oci_arena_array(arena, elf->dlopens_len + count, sizeof(*all));
	if (!all)
		return -ENOMEM;
	if (elf->dlopens_len > 0)
		memcpy(all, elf->dlopens, elf->dlopens_len * sizeof(*all));
	memcpy(all + elf->dlopens_len, list, count * sizeof(*all));
	elf->dlopens = all;
	elf->dlopens_len += count;
	return 0;
}

static size_t aligned(size_t value, size_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/* Notes one behind the other: three words of 32 bits, the vendor, the text (gABI, "Note Section"). */
static int each_note(struct elf_reader *r, const unsigned char *notes, size_t length, size_t align,
		     struct oci_arena *arena, struct elf *elf)
{
	size_t at = 0;

	while (length - at >= sizeof(Elf32_Nhdr)) {
		size_t namesz = elf_number(r, notes + at, 4);
		size_t descsz = elf_number(r, notes + at + 4, 4);
		uint64_t type = elf_number(r, notes + at + 8, 4);
		size_t name = at + sizeof(Elf32_Nhdr), desc;

		if (namesz > length - name)
			return 0;
		desc = aligned(name + namesz, align);
		if (desc > length || descsz > length - desc)
			return 0;
		if (type == NOTE_DLOPEN && namesz == 4 && memcmp(notes + name, "FDO", 4) == 0) {
			int e = add_note((const char *)notes + desc, descsz, arena, elf);

			if (e < 0)
				return err_nomem(r->err);
		}
		at = aligned(desc + descsz, align);
		if (at > length)
			return 0;
	}
	return 0;
}

static int read_range(struct elf_reader *r, uint64_t offset, uint64_t length, uint64_t align,
		      struct oci_arena *arena, struct elf *elf)
{
	unsigned char *notes;
	int e;

	if (length > NOTES_MAX || offset > r->size || length > r->size - offset)
		return 0;
	notes = oci_arena_alloc(&r->scratch, (size_t)length + 1);
	if (!notes)
		return err_nomem(r->err);
	e = elf_bytes(r, offset, notes, (size_t)length, "a note");
	if (e < 0)
		return e;
	return each_note(r, notes, (size_t)length, align == 8 ? 8 : 4, arena, elf);
}

/* For what a linker script put into no segment; a stripped file has no such table, and that is fine. */
static int read_sections(struct elf_reader *r, struct oci_arena *arena, struct elf *elf)
{
	size_t count = ELF_FIELD(r, r->head, Ehdr, e_shnum);
	size_t each = ELF_FIELD(r, r->head, Ehdr, e_shentsize);
	uint64_t at = ELF_FIELD(r, r->head, Ehdr, e_shoff);
	unsigned char *table;
	int e;

	if (at == 0 || count == 0 || each != ELF_SIZE(r, Shdr) || at > r->size ||
	    count * each > r->size - at)
		return 0;
	table = oci_arena_array(&r->scratch, count, each);
	if (!table)
		return err_nomem(r->err);
	e = elf_bytes(r, at, table, count * each, "the section header table");
	for (size_t i = 0; e == 0 && i < count; i++) {
		const unsigned char *section = table + i * each;

		if (ELF_FIELD(r, section, Shdr, sh_type) == SHT_NOTE)
			e = read_range(r, ELF_FIELD(r, section, Shdr, sh_offset),
				       ELF_FIELD(r, section, Shdr, sh_size),
				       ELF_FIELD(r, section, Shdr, sh_addralign), arena, elf);
	}
	return e;
}

int elf_read_notes(struct elf_reader *r, struct oci_arena *arena, struct elf *elf)
{
	bool found = false;
	int e = 0;

	for (size_t i = 0; e == 0 && i < r->segments_len; i++) {
		const struct elf_segment *s = &r->segments[i];

		if (s->type != PT_NOTE)
			continue;
		found = true;
		e = read_range(r, s->offset, s->filesz, s->align, arena, elf);
	}
	if (e == 0 && !found)
		e = read_sections(r, arena, elf);
	return e;
}
