/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every size and every time that both sides share, each with its reason. */
#ifndef INTERDICT_LIMITS_H
#define INTERDICT_LIMITS_H

/* Changes with every change of a shared struct; a reader of another version refuses to start. */
#define WIRE_VERSION 1

/* Policy slots of a host. Four words: the most that a verdict of two cache lines can carry three times. */
#define SLOTS 256
#define SLOT_WORDS 4

/* Room for enum hook; arrays are indexed by it. A power of two, so that an index can be masked for the verifier. */
#define HOOKS 8

/* PATH_MAX: the kernel builds no longer path either. */
#define PATH_BYTES 4096

/* Most path components that the walk visits; a path of 4095 bytes holds at most 2047, and real trees stay below 60. */
#define PATH_DEPTH 512

/* Two strings of the small record: 98 % of the paths of a Debian system are shorter than 256 bytes. */
#define SMALL_STRINGS_BYTES 512
#define LARGE_STRINGS_BYTES (2 * PATH_BYTES)

/* TASK_COMM_LEN */
#define COMM_BYTES 16

/* One entry a masked key. At 104 + 112 bytes and the hash map's 48 an entry this is 17 MB at the most. */
#define VERDICTS_MAX 65536

/* Packets have a table of their own, so that a flood of sources cannot push out the verdicts on processes. */
#define FLOWS_MAX 65536

/* Tasks that wait at the same time; one entry 32 bytes. PID_MAX_DEFAULT is 32768. */
#define WAITERS_MAX 32768

/* Cgroups that can be named in scopes. */
#define SCOPES_MAX 4096

/* Levels of cgroups above a task that the scope walk visits; systemd with containers uses 8. */
#define CGROUP_LEVELS 16

/* Interfaces that can carry packet policies. */
#define INTERFACES_MAX 256

/* Rings: powers of two, multiples of the page. A small record is 832 bytes: 5,000 waiting tasks fit. */
#define DECIDE_RING_BYTES (4 << 20)
#define PACKET_RING_BYTES (1 << 20)
#define OBSERVE_RING_BYTES (4 << 20)

#endif
