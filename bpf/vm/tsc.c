/* SPDX-License-Identifier: Apache-2.0 */
/* The frequency of this machine's time stamp counter in kHz, which QEMU hands through to its guests. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

int main(void)
{
	struct timespec start, end;
	unsigned long long first, last;

	clock_gettime(CLOCK_MONOTONIC_RAW, &start);
	first = __rdtsc();
	usleep(300000);
	clock_gettime(CLOCK_MONOTONIC_RAW, &end);
	last = __rdtsc();
	printf("%.0f\n", (last - first) / ((end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) / 1e6));
	return 0;
}
