// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
/* Both ways of one open, one after the other: the short way may say "passes" only where the long way does, and has the same path or none. Nothing is
 * refused or asked. */
#include "../src/file.bpf.c"
#include "ways.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct ways);
} ways SEC(".maps");

/* Whether the short way has a path, and another than the long one, or one where it says that something is unusual. After fill_file(). */
SUBPROGRAM bool other_path(struct run *run, struct file *file)
{
	__u64 path = path_of(file);

	name_object(run);
	return path && (path != run->record.facts.file.path || run->record.facts.flags);
}

SUBPROGRAM void long_way(struct file *file, const struct posture *posture, const struct slot_mask *covered, struct ways *seen, bool passed)
{
	struct run *run = claim();

	if (!run)
		return;
	begin(run, posture, covered, HOOK_FILE_OPEN, access_of(file, false));
	fill_file(run, file);
	name_event(run, HOOK_FILE_OPEN);
	seen->opens++;
	seen->key = run->record.key;
	seen->digest = run->digest;
	seen->passed = passed;
	if (consult(run)) {
		seen->matters++;
		seen->wrong += passed;
	} else {
		seen->passes++;
		seen->short_passes += passed;
	}
	if (other_path(run, file))
		seen->other_paths++;
	release(run);
}

SUBPROGRAM void both_ways(struct file *file, struct ways *seen)
{
	bool passed = passes(HOOK_FILE_OPEN, access_of(file, false), file);
	struct slot_mask covered;
	struct posture *posture = cover(HOOK_FILE_OPEN, &covered);

	if (posture)
		long_way(file, posture, &covered, seen, passed);
	else
		seen->wrong += passed;
}

SEC("lsm/file_open")
int BPF_PROG(ways_file_open, struct file *file, int before)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0;
	struct ways *seen = bpf_map_lookup_elem(&ways, &zero);

	if (!before && seen && READ(seen->watched) == (__u32)task->tgid && !(file->f_mode & FMODE_CREATED) && !uncovered(HOOK_FILE_OPEN))
		both_ways(file, seen);
	return before;
}
