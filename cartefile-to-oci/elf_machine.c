/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_machine.c - machines and their words: of Go (image-spec config.md#properties, "architecture"), of Debian's multiarch
 * folders, of the loader's $PLATFORM.
 */
#include <elf.h>
#include <string.h>

#include "cartefile-to-oci/elf.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif
#ifndef EF_ARM_ABI_FLOAT_HARD
#define EF_ARM_ABI_FLOAT_HARD 0x400
#endif
#ifndef EF_ARM_ABI_FLOAT_SOFT
#define EF_ARM_ABI_FLOAT_SOFT 0x200
#endif
#define RISCV_FLOAT_ABI 0x6u /* EF_RISCV_FLOAT_ABI */
#define MIPS_ABI2 0x20u      /* EF_MIPS_ABI2: n32 */

static const struct machine {
	uint16_t machine;
	uint8_t elf_class, data; /* 0: any */
	const char *architecture, *variant, *triplet, *platform;
} machines[] = {
	{ EM_X86_64, ELFCLASS64, 0, "amd64", NULL, "x86_64-linux-gnu", "x86_64" },
	{ EM_X86_64, ELFCLASS32, 0, NULL, NULL, "x86_64-linux-gnux32", "x86_64" },
	{ EM_386, 0, 0, "386", NULL, "i386-linux-gnu", "i686" },
	{ EM_AARCH64, ELFCLASS64, ELFDATA2LSB, "arm64", NULL, "aarch64-linux-gnu", "aarch64" },
	{ EM_ARM, 0, ELFDATA2LSB, "arm", "v7", "arm-linux-gnueabihf", "v7l" },
	{ EM_RISCV, ELFCLASS64, 0, "riscv64", NULL, "riscv64-linux-gnu", "riscv64" },
	{ EM_PPC64, ELFCLASS64, ELFDATA2LSB, "ppc64le", NULL, "powerpc64le-linux-gnu", "power8" },
	{ EM_PPC64, ELFCLASS64, ELFDATA2MSB, "ppc64", NULL, "powerpc64-linux-gnu", "ppc64" },
	{ EM_PPC, 0, ELFDATA2MSB, NULL, NULL, "powerpc-linux-gnu", "powerpc" },
	{ EM_S390, ELFCLASS64, 0, "s390x", NULL, "s390x-linux-gnu", "z900" },
	{ EM_MIPS, ELFCLASS64, ELFDATA2LSB, "mips64le", NULL, "mips64el-linux-gnuabi64", "mips" },
	{ EM_MIPS, ELFCLASS64, ELFDATA2MSB, "mips64", NULL, "mips64-linux-gnuabi64", "mips" },
	{ EM_MIPS, ELFCLASS32, ELFDATA2LSB, "mipsle", NULL, "mipsel-linux-gnu", "mips" },
	{ EM_MIPS, ELFCLASS32, ELFDATA2MSB, "mips", NULL, "mips-linux-gnu", "mips" },
	{ EM_LOONGARCH, ELFCLASS64, 0, "loong64", NULL, "loongarch64-linux-gnu", "loongarch" },
};

static const struct machine *machine_of(const struct elf *elf)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		const struct machine *m = &machines[i];

		if (m->machine == elf->machine &&
		    (!m->elf_class || m->elf_class == elf->elf_class) &&
		    (!m->data || m->data == elf->data))
			return m;
	}
	return NULL;
}

/* A program without either flag says nothing of its floats, nor does one with both. */
static uint32_t arm_floats(const struct elf *elf)
{
	uint32_t flags = elf->flags & (EF_ARM_ABI_FLOAT_HARD | EF_ARM_ABI_FLOAT_SOFT);

	return flags == (EF_ARM_ABI_FLOAT_HARD | EF_ARM_ABI_FLOAT_SOFT) ? 0 : flags;
}

static bool is_soft_float(const struct elf *elf)
{
	return elf->machine == EM_ARM && arm_floats(elf) == EF_ARM_ABI_FLOAT_SOFT;
}

bool elf_platform(const struct elf *elf, const char **ret_architecture, const char **ret_variant)
{
	const struct machine *m = machine_of(elf);

	if (!m || !m->architecture)
		return false;
	*ret_architecture = m->architecture;
	*ret_variant = is_soft_float(elf) ? "v5" : m->variant;
	return true;
}

const char *elf_triplet(const struct elf *elf)
{
	const struct machine *m = machine_of(elf);

	if (m && is_soft_float(elf))
		return "arm-linux-gnueabi";
	return m ? m->triplet : NULL;
}

const char *elf_machine_word(const struct elf *elf)
{
	const struct machine *m = machine_of(elf);

	return m ? m->platform : NULL;
}

/* glibc's elf_machine_matches_host and elf_machine_reject_phdr_p, as far as the header tells */
bool elf_fits(const struct elf *program, const struct elf *library)
{
	if (program->machine != library->machine || program->elf_class != library->elf_class ||
	    program->data != library->data)
		return false;
	switch (program->machine) {
	case EM_ARM:
		return !arm_floats(program) || !arm_floats(library) ||
		       arm_floats(program) == arm_floats(library);
	case EM_RISCV:
		return ((program->flags ^ library->flags) & RISCV_FLOAT_ABI) == 0;
	case EM_MIPS:
		return ((program->flags ^ library->flags) & MIPS_ABI2) == 0;
	default:
		return true;
	}
}
