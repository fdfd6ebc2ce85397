/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_platform.c - platforms in the words of images: GOOS and GOARCH (image-spec config.md).
 */
#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/image_config.h"

static char word_linux[] = "linux";

static bool is_word(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(text);
}

int image_platform_parse(const char *text, struct oci_arena *arena, struct oci_platform *ret,
			 struct oci_error *err)
{
	char *words = oci_arena_strdup(arena, text), *architecture, *variant;

	if (!words)
		return err_nomem(err);
	architecture = strchr(words, '/');
	if (architecture)
		*architecture++ = '\0';
	variant = architecture ? strchr(architecture, '/') : NULL;
	if (variant)
		*variant++ = '\0';
	if (!architecture || !is_word(words) || !is_word(architecture) ||
	    (variant && !is_word(variant)))
		return err_set(
			err, EINVAL,
			"--platform %s: expected OS/ARCH or OS/ARCH/VARIANT, such as linux/arm64",
			text);
	if (strcmp(words, word_linux) != 0)
		return err_set(err, EINVAL, "--platform %s: only linux images are made", text);
	*ret = (struct oci_platform){ .os = words,
				      .architecture = architecture,
				      .variant = variant };
	return 0;
}

void image_platform_host(struct oci_platform *ret)
{
	/* uname(2)'s machine and what Go calls it */
	static const struct {
		char machine[12], architecture[12], variant[4];
	} known[] = {
		{ "x86_64", "amd64", "" },        { "i686", "386", "" },
		{ "aarch64", "arm64", "" },       { "armv7l", "arm", "v7" },
		{ "armv6l", "arm", "v6" },        { "riscv64", "riscv64", "" },
		{ "ppc64le", "ppc64le", "" },     { "s390x", "s390x", "" },
		{ "loongarch64", "loong64", "" },
	};
	static struct utsname host; /* the words live as long as the program */

	*ret = (struct oci_platform){ .os = word_linux };
	if (uname(&host) < 0)
		return;
	ret->architecture = host.machine;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(known[i].machine, host.machine) != 0)
			continue;
		ret->architecture = (char *)known[i].architecture;
		ret->variant = known[i].variant[0] ? (char *)known[i].variant : NULL;
	}
}
