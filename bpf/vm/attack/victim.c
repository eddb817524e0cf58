/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The program that is run by attacks. Dynamically linked, because the loader route needs it to be. */
#include "attack.h"

int main(int count, char **args)
{
	/* A twin is told apart by its status. */
	return count > 1 && !strcmp(args[1], "twin") ? TWIN_STATUS : VICTIM_STATUS;
}
