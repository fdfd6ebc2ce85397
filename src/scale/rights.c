/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rights.c - capabilities(7), as /proc shows them.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "scale/rights.h"

bool rights_have(uint64_t mask)
{
	CLEANUP_FCLOSE FILE *file = fopen("/proc/thread-self/status", "re");
	uint64_t effective = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %" SCNx64, &effective) == 1)
			break;
	return (effective & mask) == mask;
}
