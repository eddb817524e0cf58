/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Every map. README.md names the one writer of each. Weak: each source file has them, the linker keeps one. */
#ifndef INTERDICT_MAPS_BPF_H
#define INTERDICT_MAPS_BPF_H

#include <interdict/event.h>
#include <interdict/kernel.h>

/* A task that waits, by pid_tgid. Least recently used entries make room: the entry of a task that was killed while it waited is never
 * deleted, and must not keep others from waiting. */
struct waiter {
	__u64 digest;		/* of the key it waits for */
	__u64 since_ns;		/* CLOCK_MONOTONIC */
	__u64 last_ns;		/* when it last left the hook */
	__u64 asked_until;	/* as in struct run */
	__u32 asks;
	__u32 pad0;
	struct bpf_task_work work;	/* that makes it go round */
};

/* What the executable of a task is called, so that a hit need not walk. Only the task itself writes it. */
struct exe_name {
	__u64 file;		/* address and inode number: whether it is still the same */
	__u64 inode;
	__u64 exec_id;
	__u64 hash;		/* verdict_key.exe_path */
	__u64 epoch;		/* engine_state.names_epoch; bit 32: whether the task could arrange names then */
};

/* A place in the tree of mounts and names; numbers, since the verifier would forget what they point to. */
struct place {
	__u64 dentry;
	__u64 mount;		/* struct vfsmount */
};

/* What the walk reads of a name, as it lies in memory. */
struct link {
	__u64 parent;
	__u32 hash;
	__u32 bytes;
	const void *name;
};

/* A path, built from its end. */
struct text {
	__u32 start;		/* offset of the first byte in room; the string ends at PATH_BYTES */
	__u32 flags;		/* enum object_flag */
	__u64 hash;		/* 0: unknown */
	__u64 names;		/* enum names */
	__u64 sums[2];		/* of the hash, while it is made */
	__u32 count;		/* names so far */
	__u32 rootless;		/* the first has no slash before it */
	__u64 mounts;		/* digest of the mounts that the walk crossed */
	struct place at, root, from;	/* where the walk is; here because the stack of all functions together has 512 bytes */
	__u64 mount_root;	/* dentry */
	__u32 done;
	__u32 slash;		/* the path ends with one: a file without a name, in this folder */
	__u32 tries, depth;	/* walks, and names of one, at most */
	__u32 whole;	/* to the root of the mount namespace, whatever the caller has for his own */
	__u32 pad0;
	struct link last;	/* the last name, */
	__u64 name[(NAME_BYTES + 1) / 8];	/* and its bytes */
	char room[PATH_BYTES + 256 + 8];	/* the hash reads words beyond the end of a name */
};

/* What is done with slots one by one; only on the rare way of a denial. */
enum slot_work {
	LABEL,		/* collects what they may set */
	SPEND,		/* from the budget; over it: trips the slot and takes it out of refused, or sets the alarm */
	COUNT_DENIED,
	COUNT_WOULD_DENY,
	COUNT_FALLBACK,
};

struct slot_walk {
	__u64 left[SLOT_WORDS];
	__u64 over[SLOT_WORDS];	/* SPEND: slots that are disarmed */
	__u64 now_ns;
	__u64 unit, executable;	/* SPEND: who is refused */
	enum slot_work work;
	__u32 used_up;		/* SPEND: a budget, just now */
	__u64 labels;		/* LABEL */
};

/* Working memory of one run of a hook. */
struct run {
	__u64 claimed;
	__u64 digest;
	__u64 covered[SLOT_WORDS];	/* slots that have a say */
	__u64 enforce[SLOT_WORDS];	/* slots that may refuse: enforced and not tripped */
	__u64 undecided[SLOT_WORDS];	/* covering slots that have not been asked */
	__u64 cannot[SLOT_WORDS];	/* those of them that cannot answer */
	__u64 deny[SLOT_WORDS];
	__u64 kill[SLOT_WORDS];
	__u64 label[SLOT_WORDS];	/* slots that set labels, */
	__u64 labels;		/* of these */
	__u64 fell[SLOT_WORDS];	/* slots whose fallback answers */
	__u64 spending[SLOT_WORDS];	/* slots that refuse at the cost of their budget */
	struct slot_walk walk;
	/* Of the posture that the run began with: it may be filled anew while a task waits. */
	__u64 wait[SLOT_WORDS];	/* slots that may be waited for: those of enforce, and those that set labels */
	__u64 hold[SLOT_WORDS];
	__u64 refuse_miss[SLOT_WORDS];
	__u64 fallback_deny[SLOT_WORDS];
	__u64 poll_ns;
	__u64 patience_ns;
	__u64 deadline_ns;
	__u64 stale_ns;
	__u64 asked_until;	/* where its question ends in the ring, or a little beyond; 0: it has not been asked */
	__u32 asks;		/* how often it has been */
	__u32 at_once;		/* nobody may stay in the hook, and the call cannot be issued again */
	struct place at;	/* of the object; no dentry: it has no path */
	struct place below;	/* where it really is, below an overlay; no dentry: at */
	__u32 exe_walked;
	__u32 object_walked;
	__u32 fresh;		/* the object is being created */
	__u32 flags;		/* enum record_flag */
	__u32 used_up;		/* a budget, by this refusal */
	__u32 labels_read;
	__u32 context_read;	/* what the record says of the task's state */
	__u32 foreign;		/* whoever has the object could arrange names */
	__u32 unspent;		/* what fell back spends no budget */
	__u32 pad0;
	struct text object;
	struct text exe;
	struct event record;
	char strings[STRINGS_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VERDICTS_MAX);
	__type(key, __u64);
	__type(value, struct verdict);
} verdicts __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, FLOWS_MAX);
	__type(key, __u64);
	__type(value, struct verdict);
} flows __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * HOOKS);
	__type(key, __u32);
	__type(value, struct verdict_key);
} key_masks __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * HOOKS);
	__type(key, __u32);
	__type(value, struct context);
} context_masks __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct posture);
} postures __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct engine_state);
} engine_state __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SCOPES_MAX);
	__type(key, __u64);
	__type(value, struct slot_mask);
} scopes __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, INTERFACES_MAX);
	__type(key, __u32);
	__type(value, struct slot_mask);
} interfaces __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NAMES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct named_place);
	__type(value, __u32);
} named_places __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NAMES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct named_file);
	__type(value, __u32);
} named_files __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, struct budget);
} budgets __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, struct budget_window);
} budget_windows __weak SEC(".maps");

/* Full, it forgets who was refused longest ago: that subject may be counted twice. Units that are used up add nothing to it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BUDGET_SUBJECTS_MAX);
	__type(key, struct budget_subject);
	__type(value, __u64);
} budget_subjects __weak SEC(".maps");

/* By enum alarm. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct slot_mask);
} tripped __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HOOKS);
	__type(key, __u32);
	__type(value, struct hook_counters);
} hook_counters __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, struct slot_counters);
} slot_counters __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, HOOKS + SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct told);
} told __weak SEC(".maps");

/* SHA-256 of the last line of the engine's history and of the one that may follow, where who may write its files does not see it. No program
 * reads it. */
struct last_lines { __u8 now[32], next[32]; };
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct last_lines);
} history_head __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, DECIDE_RING_BYTES);
} decide __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PACKET_RING_BYTES);
} packets __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, OBSERVE_RING_BYTES);
} observe __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, WAITERS_MAX);
	__type(key, __u64);
	__type(value, struct waiter);
} waiters __weak SEC(".maps");

enum creation_stage {
	CREATION_PASSED,	/* path_mknod has let it pass: file_open of the same call is not asked again */
	CREATION_LOOKS,		/* it goes round, to come with a name that is known */
	CREATION_MADE,		/* above an overlay, which opens the file below it in the same call; no digest */
};

/* What a thread was told last about a file that it makes (map creations). */
struct creation {
	__u64 digest;	/* of the event */
	__u64 time_ns;	/* CLOCK_MONOTONIC */
	__u64 stage;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CREATIONS_MAX);
	__type(key, __u64);
	__type(value, struct creation);
} creations __weak SEC(".maps");

/* Records about one flow, CLOCK_BOOTTIME. */
struct flow {
	__u64 since_ns;		/* of the first in an unbroken row */
	__u64 last_ns;
};

/* By the digest of the flow for questions, its complement for refusals. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PENDING_MAX);
	__type(key, __u64);
	__type(value, struct flow);
} pending __weak SEC(".maps");

/* Digest of what a task was refused -> when that was last reported, CLOCK_BOOTTIME. Apart from pending, which packets can flood. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, REPORTED_MAX);
	__type(key, __u64);
	__type(value, __u64);
} reported __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct exe_name);
} exe_names __weak SEC(".maps");

/* When a process was last sent stops and a SIGCONT that are not ours, CLOCK_MONOTONIC; kept with its first thread. */
struct real_signals {
	__u64 stopped_ns[STOPS];	/* SIGSTOP to SIGTTOU */
	__u64 continued_ns;
};

/* Only of processes that a signal has sent round. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct real_signals);
} real_signals __weak SEC(".maps");

/* Labels of a task, by bit. All threads have what their process was forked with; what a process with one thread is given is here, too. */
struct task_labels {
	__u64 labels;
	__u64 pending;		/* of an execve that has not succeeded yet; the task's own, and no one else's */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_labels);
} task_labels __weak SEC(".maps");

/* A process: the number and the start time of its first thread, which another one that execs takes over. Never the same again. */
struct group {
	__u64 start;
	__u32 pid;
	__u32 pad0;
};

/* What a process with several threads is given is every thread's at once, and stays the process's when one of them execs and the others end. Not
 * one that forgets: where it is full no label is set. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, GROUPS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct group);
	__type(value, __u64);
} group_labels __weak SEC(".maps");

/* The labels that the policy of a slot may set. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} slot_labels __weak SEC(".maps");

/* POLICY/LABEL by bit; as long as the host runs. No program reads it: it is here because what tasks carry is. */
struct label_name { char text[LABEL_BYTES]; };
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LABELS);
	__type(key, __u32);
	__type(value, struct label_name);
} label_names __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SCRATCH_MAX);
	__type(key, __u32);
	__type(value, struct run);
} scratch __weak SEC(".maps");

#endif
