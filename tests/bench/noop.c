/* SPDX-License-Identifier: Apache-2.0 */
/* noop.c - what the containers of the bench run: under the name "pause" it waits, under any other it ends. Static. */
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	while (argc && strstr(argv[0], "pause"))
		pause();
	return 0;
}
