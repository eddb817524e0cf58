/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What the kernel asks (key), what the engine has said (verdict), and what may be enforced (posture).
 *
 * No struct here has a byte that the compiler added: a key is hashed whole, and a value crosses to user space whole.
 * Every struct and enum of this file is compared with its Java twin through the object's BTF before anything is attached.
 */
#ifndef INTERDICT_VERDICT_H
#define INTERDICT_VERDICT_H

#include <linux/types.h>

#include <interdict/limits.h>

/* A place in the kernel where a program of ours runs and a policy can be asked. Zero is no hook. */
enum hook {
	HOOK_NONE = 0,
	HOOK_EXEC = 1,		/* bprm_check_security: each file that an execve runs, the script and its interpreter */
	HOOK_MMAP_EXEC = 2,	/* mmap_file and file_mprotect with PROT_EXEC and a file: libraries, and programs through the loader */
	HOOK_FILE_OPEN = 3,	/* file_open; path_mknod for a file that the open creates */
	HOOK_SOCKET_CONNECT = 4,	/* socket_connect; socket_sendmsg with an address (UDP, TCP Fast Open) */
	HOOK_XDP_INGRESS = 5,
	HOOK_FILE_CHANGE = 6,	/* path_unlink, path_rename, path_chmod and their like: names and attributes; each name of a call by itself */
	HOOK_SOCKET_BIND = 7,	/* socket_bind; SCTP's bindx */
	HOOK_SOCKET_LISTEN = 8,	/* socket_listen */
	HOOK_SOCKET_CREATE = 9,	/* socket_create */
	HOOK_SOCKET_ACCEPT = 10,	/* socket_accept: before it is known whom */
	HOOK_USER_NAMESPACE = 11,	/* userns_create */
	HOOK_MODULE_LOAD = 12,	/* kernel_read_file, kernel_load_data, kernel_module_request: what the kernel itself is to run, or to hand to a device */
	HOOK_PTRACE = 13,	/* ptrace_access_check, ptrace_traceme: who looks into another process, or lets himself be traced */
	HOOK_SIGNAL = 14,	/* task_kill */
	HOOK_MOUNT = 15,	/* sb_mount, move_mount, sb_umount, sb_remount, sb_pivotroot, path_chroot: what stands where in the tree, and what a process takes for its root */
};

/* What the subject wants of the object; a set. The hook of mounts has words of its own for some bits: a key says its hook. */
enum access {
	ACCESS_READ = 1 << 0,
	ACCESS_WRITE = 1 << 1,
	ACCESS_APPEND = 1 << 2,
	ACCESS_CREATE = 1 << 3,
	ACCESS_TRUNCATE = 1 << 4,
	ACCESS_EXEC = 1 << 5,	/* execve */
	ACCESS_MAP = 1 << 6,	/* mmap or mprotect with PROT_EXEC */
	ACCESS_CONNECT = 1 << 7,
	ACCESS_SEND = 1 << 8,	/* sendmsg with an address */
	ACCESS_RECEIVE = 1 << 9,	/* a packet */
	ACCESS_DELETE = 1 << 10,	/* unlink, rmdir; what a rename replaces */
	ACCESS_MKDIR = 1 << 11,
	ACCESS_MKNOD = 1 << 12,	/* what is neither a regular file nor a folder, nor a symbolic link */
	ACCESS_SYMLINK = 1 << 13,
	ACCESS_LINK = 1 << 14,
	ACCESS_RENAME = 1 << 15,
	ACCESS_CHMOD = 1 << 16,
	ACCESS_CHOWN = 1 << 17,
	ACCESS_XATTR = 1 << 18,	/* an extended attribute or an ACL, set or removed */
	ACCESS_BIND = 1 << 19,
	ACCESS_LISTEN = 1 << 20,
	ACCESS_ACCEPT = 1 << 21,
	ACCESS_MODULE = 1 << 22,	/* code for the kernel */
	ACCESS_FIRMWARE = 1 << 23,	/* for a device */
	ACCESS_KEXEC = 1 << 24,	/* another kernel, or its initial RAM disk */
	ACCESS_MEMORY = 1 << 25,	/* what is loaded comes from no file */
	ACCESS_REQUEST = 1 << 26,	/* the kernel asks for a module by its name, in the caller's behalf */
	ACCESS_ATTACH = 1 << 27,	/* to change another process, or read its memory; ACCESS_READ: to look at it, and what the kernel takes for that: environ, process_madvise */
	ACCESS_TRACEME = 1 << 28,	/* to be traced by the parent */
	/* At HOOK_MOUNT, where ACCESS_BIND is a bind mount. */
	ACCESS_MOUNT = 1 << 22,	/* a file system, or a mount that had no place (fsmount, open_tree) */
	ACCESS_MOVE = 1 << 23,	/* to this place */
	ACCESS_REMOUNT = 1 << 24,	/* other flags, options or propagation */
	ACCESS_UNMOUNT = 1 << 25,
	ACCESS_PIVOT = 1 << 26,	/* to be the root of the mount namespace */
	ACCESS_CHROOT = 1 << 27,	/* to be the root of the process */
};

/* What is unusual about the object; a set, part of the key because policies can read it. */
enum object_flag {
	OBJECT_DELETED = 1 << 0,	/* the name is gone: unlinked, or memory-backed */
	OBJECT_UNREACHABLE = 1 << 1,	/* not below the root of the caller */
	OBJECT_PATH_UNKNOWN = 1 << 2,	/* of PATH_BYTES or more, or deeper than PATH_DEPTH: path is empty */
	OBJECT_FRAGMENT = 1 << 3,	/* a packet that is part of a larger one */
	OBJECT_UNPARSED = 1 << 4,	/* a packet whose headers could not be read to the end */
	OBJECT_DETOUR = 1 << 5,	/* a socket that may send elsewhere than to its address: source route, headers of its own, AF_PACKET; or that is bound
				 * elsewhere, too: bindx, SMC */
};

/* By which of the names that policies mention a file is known on this host, whatever mounts and root the caller has. Two numbers of
 * sets of names, of 30 bits: in the upper half by the place (folder and last name), in the lower half by the file itself, 0 if that says
 * the same or nothing. */
enum names {
	NAMES_FOREIGN = 1 << 30,	/* in the upper half: what the caller sees was, or may have been, arranged without privilege */
};

/* Where a name that policies mention leads (map named_places): the folder's identity and the keyed hash of the last name. With name 0 it
 * says that the folder has such names at all. The value is the number of the set of names. */
struct named_place {
	__u64 folder;		/* its inode number */
	__u64 name;
	__u32 device;		/* of the folder */
	__u32 pad0;
};

/* The file that is there now (map named_files), which may have other names, too. */
struct named_file {
	__u64 inode;
	__u32 device;
	__u32 pad0;
};

/* Kinds of namespaces; a set. */
enum namespaces {
	NAMESPACE_MNT = 1 << 0,
	NAMESPACE_PID = 1 << 1,
	NAMESPACE_NET = 1 << 2,
	NAMESPACE_USER = 1 << 3,
	NAMESPACE_UTS = 1 << 4,
	NAMESPACE_IPC = 1 << 5,
	NAMESPACE_CGROUP = 1 << 6,
	NAMESPACE_TIME = 1 << 7,
};

/* The state of the task that acts, as far as few policies read it. In the key one word stands for all of it (context_digest()), so that
 * who reads none of it pays for one word; unmasked it travels in each record. */
struct context {
	__u64 capabilities;	/* permitted, and what an execve gives root back, in its own user namespace, by the kernel's numbers */
	__u32 session_uid;	/* that somebody has logged in as; ~0: nobody, or this kernel does not keep it */
	__u8 namespaces;	/* enum namespaces: those that are not the host's */
	__u8 no_new_privs;
	__u8 seccomp;		/* SECCOMP_MODE_ */
	__u8 tty;		/* whether it has a controlling terminal */
};

#define CONTEXT_WORDS (sizeof(struct context) / sizeof(__u64))

/* Words of the secret of context_digest: as DIGEST_WORDS. */
#define CONTEXT_SECRET_WORDS (4 * CONTEXT_WORDS + 2)

/* In place of the hash of a program whose path cannot be told: another key than that of those that have no program. */
#define EXE_PATH_UNKNOWN (1ULL << 63)	/* a bit that enum names leaves free */

struct file_identity {
	__u64 inode;
	__u64 path;		/* keyed hash of the path as the caller sees it (0: unknown) ^ enum names; 0: not read. Of ACCESS_REQUEST: of the name */
	__u32 device;		/* the kernel's dev_t: major << 20 | minor */
	__u32 generation;	/* i_generation: another number when the inode number is used again */
	__u32 uid;
	__u32 gid;
	__u32 mode;		/* st_mode: type and permission bits */
	__u32 pad0;
};

/* Of the far end; at bind, listen and accept of the near one; at socket_create of none. */
struct socket_address {
	__u8 address[16];	/* network order; IPv4 as ::ffff:a.b.c.d */
	__u16 port;		/* host order */
	__u16 type;		/* SOCK_STREAM, SOCK_DGRAM, SOCK_RAW ... */
	__u32 protocol;		/* socket_create: of the family, and in host order */
	__u64 pad1[2];
};

/* Another process. What its program is stands where a file's identity does, so that its path is made in the same way. */
struct peer {
	__u64 inode;		/* of its program; 0: none, or it cannot be told */
	__u64 path;		/* as file_identity.path */
	__u32 device;
	__u32 signal;		/* at the hook of signals */
	__u32 uid;
	__u32 pad0;
	__u64 cgroup;
};

/* Of a fragment that is not the first the ports are unknown: zero, and OBJECT_UNPARSED says so. */
struct packet_tuple {
	__u8 source[16];	/* network order; IPv4 as ::ffff:a.b.c.d */
	__u8 destination[16];
	__u16 source_port;	/* host order; ICMP: type */
	__u16 destination_port;	/* host order; ICMP: code */
	__u32 interface;	/* ifindex */
};

/* Who does what to what. Before the look-up it is ANDed with the hook's key_mask, so that facts no policy reads are zero.
 * Unmasked ("facts") it travels in each record. */
struct verdict_key {
	__u8 hook;		/* enum hook */
	__u8 family;		/* 4 or 6; 0 where there is no address; socket_create: AF_ */
	__u8 protocol;		/* IPPROTO_ */
	__u8 flags;		/* enum object_flag */
	__u32 mask_set;		/* which of the hook's masks made this key; never masked out */
	__u32 access;		/* enum access */
	__u32 uid;
	__u32 gid;
	__u32 euid;
	__u32 egid;
	__u32 exe_device;
	__u64 exe_inode;
	__u64 exe_path;		/* as file_identity.path, but EXE_PATH_UNKNOWN for an unknown hash; 0, too: no program, a thread of the kernel */
	__u64 image;		/* one execve of one process: keyed hash of pid, start time and exec count */
	__u64 cgroup;		/* cgroup v2 id */
	__u64 labels;		/* that the process has, by bit */
	__u64 context;		/* context_digest() of what policies read of struct context; 0: nothing, or a packet */
	union {
		struct file_identity file;
		struct socket_address socket;
		struct packet_tuple packet;
		struct peer peer;
	};
};

/* What the engine has said about one masked key (maps verdicts and flows, under key_digest()).
 *
 * The kernel uses the memory of an entry again at once when another takes its place, even while a program still reads it. So the
 * value names its key, which the program compares whole, and carries a number at either end that differs from write to write:
 * a program that does not find the same number four times has read a mixture, and reads again. */
struct verdict {
	__u64 stamp;		/* of this write: a counter of the engine */
	struct verdict_key key;
	__u64 decided[SLOT_WORDS];	/* these slots have been asked */
	__u64 deny[SLOT_WORDS];		/* and these of them deny; of a slot that is not decided: it cannot answer, nobody need wait for it */
	__u64 kill[SLOT_WORDS];		/* and these of those want the process killed */
	__u64 label[SLOT_WORDS];	/* decided ones that set labels, */
	__u64 labels;			/* and which, of all of them: of those that cover a task its own (map slot_labels) count */
	__u64 expires_ns;		/* CLOCK_BOOTTIME; 0: never */
	__u64 stamp_again;	/* the same number */
};

#define KEY_WORDS (sizeof(struct verdict_key) / sizeof(__u64))

/* Words of the secret of key_digest: four for each word of a key, and two to begin with. */
#define DIGEST_WORDS (4 * KEY_WORDS + 2)

/* The map key of a verdict. The tables are found by this instead of the whole key because the kernel's hash of 120 bytes would
 * cost more than everything else the hook does. Two keys of one digest push each other out; they are never taken for each other.
 *
 * Parts of a key are anybody's choice, both halves of an address in one. So the digest is a strongly universal one (multilinear, Lemire
 * and Kaser 2014): 32 bits of the key times 64 secret bits each, summed, and of the sum the upper half; twice, with two secrets. Whatever two
 * keys, they share a digest for one secret of 2^64. What is zero, as all that no policy reads, adds nothing and is left out. */
static inline __attribute__((always_inline)) void digest_word(__u64 *sums, int i, __u64 word, const __u64 *secret)
{
	__u64 first = (__u32)word, second = word >> 32;

	sums[0] += secret[4 * i] * first + secret[4 * i + 1] * second;
	sums[1] += secret[4 * i + 2] * first + secret[4 * i + 3] * second;
}

static inline __attribute__((always_inline)) __u64 digest_end(const __u64 *sums)
{
	return (sums[0] & 0xffffffff00000000ULL) | sums[1] >> 32;
}

static inline __attribute__((always_inline)) __u64 key_digest(const struct verdict_key *key, const __u64 *secret)
{
	const __u64 *word = (const __u64 *)key;
	__u64 sums[2] = {secret[4 * KEY_WORDS], secret[4 * KEY_WORDS + 1]};

#ifdef __clang__
#pragma unroll
#endif
	for (int i = 0; i < (int)KEY_WORDS; i++)
		if (word[i])
			digest_word(sums, i, word[i], secret);
	return digest_end(sums);
}

/* The word that stands for a context in the key: the same hash, with a secret of its own, of what the mask leaves of it (map context_masks). Two states
 * that share it for one secret of 2^64 would share a verdict; nobody is told what it is. */
static inline __attribute__((always_inline)) __u64 context_digest(const struct context *context, const struct context *mask,
								  const __u64 *secret)
{
	const __u64 *word = (const __u64 *)context, *keep = (const __u64 *)mask;
	__u64 sums[2] = {secret[4 * CONTEXT_WORDS], secret[4 * CONTEXT_WORDS + 1]};

#ifdef __clang__
#pragma unroll
#endif
	for (int i = 0; i < (int)CONTEXT_WORDS; i++)
		digest_word(sums, i, word[i] & keep[i], secret);
	return digest_end(sums);
}

/* Words of the secret of a name's hash: four for each word of a name, and four to begin with. */
#define NAME_SECRET_WORDS (4 * NAME_WORDS + 4)

/* And of a path's: four for each name, and four to begin with. */
#define PATH_SECRET_WORDS (4 * PATH_DEPTH + 4)

/* The hash of one name (a component of a path), made as key_digest is: strongly universal for names of all lengths, since the length is a word like the
 * others. A path's is made so of its names' (path.bpf.h): whatever two paths, they share one for two secrets of 2^64. Names are anybody's choice,
 * but nobody is told what becomes of them. */
static inline __attribute__((always_inline)) void name_begin(__u64 *sums, __u32 bytes, const __u64 *secret)
{
	sums[0] = secret[0] + secret[1] * bytes;
	sums[1] = secret[2] + secret[3] * bytes;
}

/* Word i of the name: eight bytes, the first one lowest, zero behind its end. */
static inline __attribute__((always_inline)) void name_word(__u64 *sums, int i, __u64 word, const __u64 *secret)
{
	digest_word(sums, i, word, secret + 4);
}

/* Never zero, which means that there is none. */
static inline __attribute__((always_inline)) __u64 name_end(const __u64 *sums)
{
	return digest_end(sums) ?: 1;
}

/* The bit of engine_state.names_filter for a file or for a folder. Of no name: whoever can time a look-up may learn which folders have names that
 * policies mention, and not what their hashes have in common with those of his own files. */
static inline __attribute__((always_inline)) __u32 names_filter_bit(__u64 inode, __u32 device)
{
	return ((inode ^ (__u64)device << 40) * 0x9e3779b97f4a7c15ULL) >> (64 - NAMES_FILTER_BITS);
}

/* What may be enforced, read once a run. Two copies; posture_epoch names the one in force. */
struct posture {
	__u64 active[HOOKS][SLOT_WORDS];	/* slots that have a say at this hook */
	__u64 everywhere[SLOT_WORDS];	/* slots without a cgroup scope */
	__u64 enforce[SLOT_WORDS];	/* slots that may refuse; empty when the host is in audit */
	__u64 hold[SLOT_WORDS];		/* onMiss: hold */
	__u64 wait[SLOT_WORDS];		/* those of them that set labels: they are waited for also where they refuse nothing */
	__u64 refuse_miss[SLOT_WORDS];	/* onMiss: deny */
	__u64 fallback_deny[SLOT_WORDS];	/* fallback: deny */
	__u64 unparsed_pass[HOOKS][SLOT_WORDS];	/* by hook: packets that cannot be parsed and sockets with detours pass this slot; the others refuse them */
	__u64 poll_ns;			/* stage 1: at most this long in the hook */
	__u64 patience_ns;		/* stage 1 where stage 2 is not possible, or would be noticed */
	__u64 deadline_ns;		/* who waits gets the fallback when the engine has been silent for so long */
	__u64 stale_ns;			/* a heartbeat older than this: the engine is lost, nobody waits */
	__u64 enforce_after[SLOT_WORDS];	/* in place of enforce from lease_end_ns on, whether there is an engine or not */
	__u64 lease_end_ns;		/* CLOCK_BOOTTIME; 0: no change waits for its confirmation */
	/* Of each hook, by itself: a change of what is read at one makes no verdict of another a miss. key_masks[mask_set & 1] and
	 * context_masks[mask_set & 1] are in force there. */
	__u32 mask_set[HOOKS];
	/* A rollout, which also ends at lease_end_ns: in its share of the units the candidate's slot takes the place of the active one's. */
	__u64 enforce_canary[SLOT_WORDS];	/* in place of enforce on the candidate's side */
	__u64 canary_scope[SLOT_WORDS];	/* slots of the pair, whose cgroups units are below; none: units of the whole host */
	__u64 canary_key[2];		/* secret of unit_place(), drawn for each rollout */
	__u64 canary_share;		/* units whose place is below it are on the candidate's side, of 2^32; 0: no rollout */
};

/* The memory that engine and programs share without system calls (a mapped array of one): two cache lines that change, secrets, and a filter.
 *
 * posture_epoch is what the programs' caches of scopes rest on: one aligned store that adds 1 switches to the spare posture and
 * makes all that was remembered about cgroups void. So it follows every change of a posture and every change of the map scopes (an
 * unchanged posture is then filled into the spare copy too). A copy is filled again only when no run can still read it: 100 ms after
 * the switch that took it out of force. But for enforce, enforce_canary, enforce_after and lease_end_ns: a run reads them once, so they are also
 * switched in the copy in force, and the epoch stays. */
struct engine_state {
	/* The line that every run reads: it changes with the posture and the engine. */
	__u32 posture_epoch;	/* postures[posture_epoch & 1] is in force; see below */
	__u32 engine_pid;	/* tgid in the initial pid namespace; 0: no engine. Never held, never refused, if it also has */
	__u64 engine_start;	/* this start time: of its first thread, in hundredths of a second since boot */
	__u64 hash_key[2];	/* secret of the hashes of images; random, set before attach, never changed while verdicts live */
	__u32 processors;	/* that the engine found */
	__u32 names_epoch;	/* rises after each change of named_places or named_files: what is remembered of them is void */
	__u64 audit_until_ns;	/* CLOCK_BOOTTIME, by an operator, past the engine: until then nothing is refused; 0: the glass is whole */
	__u64 pad1[2];
	/* The line that changes all the time. */
	__u64 heartbeat_ns;	/* CLOCK_MONOTONIC, by the engine after and during each evaluation; a host that slept has not been without one */
	__u32 asleep;		/* 1: the consumer blocks and wants to be woken by the next record */
	__u32 patient;		/* by the programs: tasks that wait in a hook and do not leave it */
	__u64 pad2[6];
	__u64 digest_key[DIGEST_WORDS];	/* secret of key_digest; as hash_key */
	__u64 context_key[CONTEXT_SECRET_WORDS];	/* of context_digest */
	__u64 name_key[NAME_SECRET_WORDS];	/* of the hashes of names; as hash_key */
	__u64 path_key[PATH_SECRET_WORDS];	/* of the hashes of paths; as hash_key */
	/* A bit is set as long as named_places may have the folder, or named_files the file: set before the entry is there, taken back after it is gone. */
	__u64 names_filter[NAMES_FILTER_WORDS];
};

/* Which slots cover a cgroup and all below it (map scopes, written by the engine; its level below the root must be less than
 * CGROUP_LEVELS) and an interface (map interfaces). */
struct slot_mask {
	__u64 slots[SLOT_WORDS];
};

/* How many subjects a policy may refuse in a window (map budgets by slot, written by the engine). One more, and the kernel itself stops
 * enforcing it (trips the slot) or, once the policy has settled, only sets the alarm: a policy that has done no harm for so long is
 * attacked rather than wrong, and an attacker shall find no switch.
 *
 * A subject is an executable in a unit. A unit is the cgroup two levels below the root (a service, all that one user runs), which who is not
 * root cannot make, and counts for UNIT_SUBJECTS at most, however many copies of a program are started in it. Of a packet it is the
 * source, in its network of 24 (IPv6: 64 in 48) bits. */
struct budget {
	__u64 subjects;		/* 0: no budget */
	__u64 window_ns;
	__u64 settle_ns;	/* from the moment it begins to enforce; what settled_ns was made of */
	__u64 settled_ns;	/* CLOCK_BOOTTIME from which it sets the alarm; ~0: never; 0: it does not enforce */
};

/* The kernel's side of a budget (map budget_windows by slot, written by the programs). One word, so that a window and its count change
 * together. */
struct budget_window {
	__u64 spent;		/* CLOCK_BOOTTIME / window_ns << SPENT_BITS | subjects */
};

/* Who has been refused in a window (map budget_subjects); executable 0: how many executables of the unit. */
struct budget_subject {
	__u64 unit;
	__u64 executable;
	__u32 window;
	__u32 slot;
};

/* Index of the two sets in the map tripped. */
enum alarm {
	ALARM_TRIPPED = 0,	/* slots that only record */
	ALARM_RAISED = 1,	/* slots that go on, although their budget is used up */
};

/* Per hook and CPU (map hook_counters). Every branch that answers for want of a verdict has its own. */
struct hook_counters {
	__u64 uncovered;	/* left after a look: no slot covers the subject, or it is the engine; a cgroup known as uncovered is not looked at */
	__u64 hits;
	__u64 misses;
	__u64 denied;		/* refused, for whatever reason */
	__u64 would_deny;	/* denied by a verdict, not refused because of mode or a tripped budget */
	__u64 waited;		/* answered in stage 1 after a miss */
	__u64 restarted;	/* stage 2 taken */
	__u64 patient;		/* stage 2 not possible here, or noticed: waited in the hook for patience_ns at most */
	__u64 gave_up;		/* the engine was silent for a whole deadline, or had the question and left no answer: fallback */
	__u64 stale;		/* no heartbeat: fallback without waiting */
	__u64 lost_decide;	/* no room in the decide ring: asks again later. In the packet ring: fallback */
	__u64 lost_observe;	/* no room in the observe ring: the denial stands, its record is lost */
	__u64 folded;		/* the observe ring is half full: the denial stands; it has been reported a moment ago, or is of a packet */
	__u64 undecidable;	/* path unknown to a policy that reads it, a packet that cannot be parsed, a socket with a detour, or one that was bound anew while it waited */
	__u64 no_waiter;	/* no room to remember the waiting task: fallback */
	__u64 sigcont_seen;	/* stage 2 by a SIGCONT that the program or its tracer sees, since patience had not helped */
	__u64 killed;
	__u64 asked;		/* decide or packet records submitted: asked + lost_decide = what the engine should have seen */
	__u64 observed;		/* observe records submitted */
	__u64 cannot;		/* the engine has said that a policy cannot answer: fallback without waiting */
	__u64 crowded;		/* cannot leave the hook, where as many wait as there are processors, and the engine gets none: fallback */
	__u64 no_memory;	/* no working memory: comes again; who cannot is refused, but for PID 1 at the hooks of other processes */
	__u64 labelled;		/* labels were set that the process did not have; at exec: are to be set when it has succeeded */
	__u64 unlabelled;	/* no memory for a label: refused if a policy that sets it enforces; of HOOK_NONE: a fork, which fails */
	__u64 at_once;		/* nobody may stay in the hook, and the call cannot be issued again: fallback */
};

/* What the engine's decisions said about attempts that the kernel had let pass, or dropped to wait, before they were there (map told: by
 * hook, then by slot from HOOKS on; written by the engine). What the kernel answered by a verdict is in the counters of the programs. */
struct told {
	__u64 denied;
	__u64 would_deny;
};

/* Per slot and CPU (map slot_counters). */
struct slot_counters {
	__u64 denied;
	__u64 would_deny;
	__u64 fallback;		/* its fallback answered */
	__u64 tripped;		/* times its budget tripped */
	__u64 alarms;		/* times it was used up after the policy had settled */
};

#endif
