/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What the kernel itself is given: code of its own, another kernel in its place, firmware for a device. */
#include <interdict/decide.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define IS(type, id, name) (bpf_core_enum_value_exists(enum type, name) && (id) == bpf_core_enum_value(enum type, name))

/* 0: nobody's business, such as a certificate. */
static __always_inline __u32 access_of_reading(__u32 id)
{
	if (IS(kernel_read_file_id, id, READING_MODULE) || IS(kernel_read_file_id, id, READING_MODULE_COMPRESSED))
		return ACCESS_MODULE;
	if (IS(kernel_read_file_id, id, READING_KEXEC_IMAGE) || IS(kernel_read_file_id, id, READING_KEXEC_INITRAMFS))
		return ACCESS_KEXEC;
	return IS(kernel_read_file_id, id, READING_FIRMWARE) ? ACCESS_FIRMWARE : 0;
}

static __always_inline __u32 access_of_loading(__u32 id)
{
	if (IS(kernel_load_data_id, id, LOADING_MODULE))
		return ACCESS_MODULE | ACCESS_MEMORY;
	if (IS(kernel_load_data_id, id, LOADING_KEXEC_IMAGE) || IS(kernel_load_data_id, id, LOADING_KEXEC_INITRAMFS))
		return ACCESS_KEXEC | ACCESS_MEMORY;
	return IS(kernel_load_data_id, id, LOADING_FIRMWARE) ? ACCESS_FIRMWARE | ACCESS_MEMORY : 0;
}

/* Firmware is read in the midst of things, such as the first run of a module that a call has loaded. */
static __always_inline enum way way_of(__u32 access)
{
	return access & ACCESS_FIRMWARE ? WAY_NONE : WAY_LOAD;
}

/* A RAM disk comes after the kernel that is its own. If that has passed because nobody answered, the two would take turns without an end. */
static __always_inline enum way way_of_reading(__u32 id, __u32 access)
{
	return IS(kernel_read_file_id, id, READING_KEXEC_INITRAMFS) ? WAY_NONE : way_of(access);
}

/* Before a byte of the file is read. */
SEC("lsm/kernel_read_file")
int BPF_PROG(lsm_kernel_read_file, struct file *file, __u32 id, bool whole, int before)
{
	__u32 access = access_of_reading(id);

	if (before || !access || uncovered(HOOK_MODULE_LOAD))
		return before;
	return clamp(ask_about(file, HOOK_MODULE_LOAD, access, way_of_reading(id, access)));
}

/* Before anything is taken from the caller's memory. */
SEC("lsm/kernel_load_data")
int BPF_PROG(lsm_kernel_load_data, __u32 id, bool whole, int before)
{
	__u32 access = access_of_loading(id);

	if (before || !access || uncovered(HOOK_MODULE_LOAD))
		return before;
	return clamp(enter(HOOK_MODULE_LOAD, access, way_of(access)));
}

/* The name stands where a path does: its hash in the key, its text in the record. */
static __always_inline void fill_name(struct run *run, const char *name)
{
	struct engine_state *state = engine();
	struct text *text = &run->object;
	__u64 sums[2];
	long bytes;

	bytes = bpf_probe_read_kernel_str(text->name, MODULE_NAME_BYTES, name) - 1;	/* without the zero */
	if (!state || bytes <= 0 || bytes >= MODULE_NAME_BYTES)
		return;
	name_begin(sums, bytes, state->name_key);
	ADD_WORDS(sums, text->name, MODULE_NAME_BYTES / 8, 0, bytes, state->name_key);
	run->record.facts.file.path = name_end(sums);
	text->start = PATH_BYTES - bytes;
	bpf_probe_read_kernel(&text->room[text->start & (PATH_BYTES - 1)], bytes & (MODULE_NAME_BYTES - 1), text->name);
}

SUBPROGRAM int request(const char *name)
{
	struct slot_mask covered;
	struct posture *posture = cover(HOOK_MODULE_LOAD, &covered);
	struct run *run;
	int result;

	if (!posture)
		return 0;
	run = claim();
	if (!run)
		return no_memory(&covered, posture, HOOK_MODULE_LOAD, WAY_NONE);
	begin(run, posture, &covered, HOOK_MODULE_LOAD, ACCESS_REQUEST);
	fill_name(run, name);
	result = answer(run, HOOK_MODULE_LOAD, WAY_NONE);
	release(run);
	return result;
}

/* The kernel lacks something that the caller wants, and is about to have modprobe look for it. Comes from anywhere, under any lock that lets one sleep, and most callers
 * make another error of ours: nobody goes round. */
SEC("lsm/kernel_module_request")
int BPF_PROG(lsm_kernel_module_request, char *name, int before)
{
	if (before || uncovered(HOOK_MODULE_LOAD))
		return before;
	return clamp(request(name));
}
