/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every size and every time that both sides share, each with its reason. */
#ifndef INTERDICT_LIMITS_H
#define INTERDICT_LIMITS_H

/* Changes with every change of a shared struct; a reader of another version refuses to start. */
#define WIRE_VERSION 12

/* Policy slots of a host. Four words: the most that a verdict of two cache lines can carry three times. */
#define SLOTS 256
#define SLOT_WORDS 4

/* Room for enum hook; arrays are indexed by it. A power of two, so that an index can be masked for the verifier. */
#define HOOKS 16

/* PATH_MAX, which has room for the zero at the end: a path has one byte less at most, here as in the kernel. */
#define PATH_BYTES 4096

/* Most path components that the walk visits; a path of 4095 bytes holds at most 2047, and real trees stay below 60. */
#define PATH_DEPTH 512

/* The two strings of a record at most; records are as long as their strings. */
#define STRINGS_BYTES (2 * PATH_BYTES)

/* The last name of a path, NAME_MAX. */
#define NAME_BYTES 255

/* The words of eight bytes that a name takes at most. */
#define NAME_WORDS 32

/* Walks of one path that concurrent renames may spoil before it counts as unknown. A walk takes 1 us; two processors that do
 * nothing but rename spoil about three walks of four, and 1024 in a row never. */
#define PATH_TRIES 1024

/* The same under a spin lock, where others wait with interrupts off: a program of five folders takes half a microsecond, the deepest that is walked spoilt each time
 * 200. Programs that are worth a rule are not so deep, and of two processors that do nothing but rename not one in 10,000 is spoilt so often;
 * unknownPath answers then. */
#define SPINNING_TRIES 32
#define SPINNING_DEPTH 64

/* Names that policies mention. */
#define NAMES_MAX 65536

/* Bits of the filter in front of them, by words: one page. Of a thousand names one look in sixteen is in vain. */
#define NAMES_FILTER_WORDS 512
#define NAMES_FILTER_BITS 15

/* TASK_COMM_LEN */
#define COMM_BYTES 16

/* Labels of a host: bits of one word, and no bit is given to another name before the host starts anew. */
#define LABELS 64

/* POLICY/LABEL, each of 63 characters, and the zero at the end. */
#define LABEL_BYTES 128

/* Processes with several threads that were given a label after they were forked: those that threads have, and not their children. PID_MAX_DEFAULT is 32768. */
#define GROUPS_MAX 32768

/* One entry a masked key. At 8 + 280 bytes and the hash map's 48 an entry this is 22 MB. */
#define VERDICTS_MAX 65536

/* Packets have a table of their own, so that a flood of sources cannot push out the verdicts on processes. */
#define FLOWS_MAX 65536

/* Tasks that wait at the same time. PID_MAX_DEFAULT is 32768. */
#define WAITERS_MAX 32768

/* Cgroups that can be named in scopes. */
#define SCOPES_MAX 4096

/* Levels of cgroups above a task that the scope walk visits; systemd with containers uses 8. Whoever is deeper is covered by every slot. */
#define CGROUP_LEVELS 4096

/* Interfaces that can carry packet policies. */
#define INTERFACES_MAX 256

/* Working memory of the hooks, 17 KB each. One is held while a hook runs; there are more than processors because a preempted task keeps
 * its own. A power of two. */
#define SCRATCH_MAX 256

/* Looks for one that is free, of 30 ns each: some milliseconds, in which a preempted task is back. */
#define CLAIM_TRIES (1 << 17)

/* Under a spin lock: two microseconds, in which one is found unless nearly all are in use. */
#define SPINNING_CLAIM_TRIES 64

/* Questions of one waiting task. The engine leaves an answer to each or says that there is none; one that has pushed the answer out, or let it
 * expire, before the task could look is asked again. */
#define ASKS_MAX 16

/* A processor that is free shows a sign of life of the engine in less than a millisecond. */
#define STALL_NS 10000000ULL

/* Cgroups whose scope the hooks remember, and a hook's list of those it need not look at. Powers of two. */
#define SCOPE_CACHE 1024

/* Open calls between the creation of a file and its opening. */
#define CREATIONS_MAX 4096

/* Flows of which the engine has been told. In this time a flow is not reported again: to decide takes 1 ms, and the first
 * retransmission of a SYN comes after 200 ms at the earliest. */
#define PENDING_MAX 16384
#define PENDING_NS 100000000ULL

/* The level of the cgroups that budgets, and rollouts of policies without a scope, take for one unit: below a slice of systemd's. */
#define UNIT_LEVEL 2

/* Levels of cgroups below the root in which a rollout looks for the scope of its pair; deeper ones have the unit of this level. */
#define CANARY_LEVELS 64

/* Executables of one unit that a budget counts, and bits of such a count. */
#define UNIT_SUBJECTS 4
#define SPENT_BITS 24

/* Units that are refused something, and their executables, in the windows of all slots. */
#define BUDGET_SUBJECTS_MAX 8192

/* VLAN tags of a frame: QinQ has two, one more for a provider between. */
#define VLAN_TAGS 3

/* Extension headers of an IPv6 packet. RFC 8200 names 6 and lets only one of them come twice. */
#define IPV6_HEADERS 8

/* What /proc tells times in. */
#define CLOCK_TICK_NS 10000000ULL

/* Rings: powers of two, multiples of the page. A record of usual paths has 490 bytes: 8,500 waiting tasks fit. */
#define DECIDE_RING_BYTES (4 << 20)
#define PACKET_RING_BYTES (1 << 20)
#define OBSERVE_RING_BYTES (4 << 20)

/* Of the observe ring so much is kept for denials that have not been reported for a while: whoever repeats one denial as fast as he
 * can shall not hide another. */
#define OBSERVE_RESERVE_BYTES (OBSERVE_RING_BYTES / 2)
#define OBSERVE_AGAIN_NS 1000000000ULL
#define REPORTED_MAX 16384

#endif
