/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Packets on their way in. Nothing can be stopped here, and need not be: a packet that is dropped until its flow is decided is sent
 * again. */
#include <interdict/packet.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define INTERFACE_CACHE 64

/* A packet is judged without another one coming between, so each CPU needs but one run. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct run);
} packet_runs SEC(".maps");

static struct scope_entry interface_cache[INTERFACE_CACHE];

/* The slots of an interface, remembered as long as the epoch lasts. */
static __always_inline void slots_of(__u32 interface, __u32 epoch, __u64 *slots)
{
	struct scope_entry *entry = &interface_cache[interface & (INTERFACE_CACHE - 1)];
	__u64 tag = (__u64)epoch << 32 | interface;
	struct slot_mask *found;

	if (remembered_scope(entry, tag, slots))
		return;
	found = bpf_map_lookup_elem(&interfaces, &interface);
	for (int i = 0; i < SLOT_WORDS; i++)
		slots[i] = found ? found->slots[i] : 0;
	remember_scope(entry, tag, slots);
}

/* The posture in force, and the slots that cover the interface; NULL if there are none. */
static __always_inline struct posture *cover_interface(struct run *run, const struct engine_state *state, __u32 interface)
{
	__u32 epoch = READ(state->posture_epoch), index = epoch & 1;
	struct posture *posture = bpf_map_lookup_elem(&postures, &index);

	if (!posture)
		return NULL;
	slots_of(interface, epoch, run->covered);
	for (int i = 0; i < SLOT_WORDS; i++)
		run->covered[i] &= posture->active[HOOK_XDP_INGRESS][i];
	return any(run->covered) ? posture : NULL;
}

/* What only a packet needs that is not simply passed. */
static __always_inline void prepare(struct run *run, const struct posture *posture)
{
	__u64 keep = glass_broken() ? 0 : ~0ULL;
	const __u64 *enforce = enforced(posture);
	struct slot_mask *off;
	__u32 zero = 0;

	off = bpf_map_lookup_elem(&tripped, &zero);
	for (int i = 0; i < SLOT_WORDS; i++) {
		run->enforce[i] = enforce[i] & keep & ~(off ? off->slots[i] : 0);
		run->wait[i] = run->enforce[i];
		run->hold[i] = posture->hold[i];
		run->refuse_miss[i] = posture->refuse_miss[i];
	}
	run->exe.start = PATH_BYTES;	/* no names */
	run->object.start = PATH_BYTES;
}

/* Whether it is time for another record about a flow; since_ns: when the first of an unbroken row of them was sent. */
SUBPROGRAM bool due(__u64 digest, __u64 now, __u64 deadline_ns, __u64 *since_ns)
{
	struct flow *flow = bpf_map_lookup_elem(&pending, &digest);
	struct flow state = {.since_ns = now, .last_ns = now};

	if (flow && now - flow->last_ns <= deadline_ns)
		state.since_ns = flow->since_ns;
	*since_ns = state.since_ns;
	if (flow && now - flow->last_ns < PENDING_NS)
		return false;
	bpf_map_update_elem(&pending, &digest, &state, BPF_ANY);
	return true;
}

/* Whom a budget counts: a source in its network. */
static __always_inline void name_source(struct run *run)
{
	const struct verdict_key *facts = &run->record.facts;
	const __u64 *source = (const __u64 *)facts->packet.source;
	bool old = facts->family == 4;

	run->walk.unit = old ? source[1] & bpf_cpu_to_be64(~0xffULL) : source[0] & bpf_cpu_to_be64(~0xffffULL);
	run->walk.executable = old ? source[1] : source[0] | 1;
}

/* Answers by what has been found out. Records of refusals come once in PENDING_NS of each key: a flood must not become one of records. */
SUBPROGRAM int conclude_packet(struct run *run, const struct posture *posture, const __u64 *fallback, const __u64 *answered)
{
	__u64 now = bpf_ktime_get_boot_ns(), since;
	__u8 flags = fallback ? RECORD_FALLBACK : 0;
	bool refused;

	if (fallback)
		refuse_undecided(run, fallback, answered);
	name_source(run);
	refused = settle(run, HOOK_XDP_INGRESS);
	if (refused)
		flags |= RECORD_REFUSED;
	if (due(~run->digest, now, 0, &since) || run->used_up)
		report(run, HOOK_XDP_INGRESS, flags);
	return refused ? XDP_DROP : XDP_PASS;
}

/* Some slot is undecided. Drops without a refusal as long as the sender is to try again. */
SUBPROGRAM int miss_packet(struct run *run, const struct posture *posture)
{
	bool refuses = any_of(run->deny, run->enforce, run->covered) || any_of(run->undecided, run->enforce, posture->refuse_miss);
	bool holds = any_of(run->undecided, run->enforce, posture->hold), cannot = holds && !expected(run, posture->hold);
	__u64 now = bpf_ktime_get_boot_ns(), since = now;
	bool asks = any_open(run) && due(run->digest, now, posture->deadline_ns, &since);
	bool lost = holds && engine_lost(posture->stale_ns), late = now - since > posture->deadline_ns;
	bool waits = holds && !(refuses | cannot | lost | late), told = refuses || holds || any(run->deny);
	int answer = XDP_PASS;

	if (waits && asks && !ask(run, &packets, HOOK_XDP_INGRESS, RECORD_HELD)) {
		bpf_map_delete_elem(&pending, &run->digest);	/* the next packet asks */
		waits = asks = false;
	}
	if (waits) {
		COUNT(HOOK_XDP_INGRESS, restarted);
		return XDP_DROP;
	}
	apply_mode(run);
	if (refuses) {
		answer = conclude_packet(run, posture, posture->refuse_miss, posture->refuse_miss);
	} else if (holds) {
		if (cannot)
			COUNT(HOOK_XDP_INGRESS, cannot);
		else if (lost)
			COUNT(HOOK_XDP_INGRESS, stale);
		else if (late)
			COUNT(HOOK_XDP_INGRESS, gave_up);
		answer = conclude_packet(run, posture, posture->fallback_deny, posture->hold);
	} else if (told) {
		answer = conclude_packet(run, posture, NULL, NULL);
	}
	if (asks)
		ask(run, &packets, HOOK_XDP_INGRESS, (told ? RECORD_TOLD : 0) | (answer == XDP_DROP ? RECORD_REFUSED : 0));
	return answer;
}

/* What cannot be read to its end is dropped by every slot that does not say otherwise, without asking. */
SUBPROGRAM int unparsed(struct run *run, const struct posture *posture)
{
	__u64 dropping = 0;

	for (int i = 0; i < SLOT_WORDS; i++) {
		run->deny[i] = run->covered[i] & ~posture->unparsed_pass[HOOK_XDP_INGRESS][i];
		run->undecided[i] = 0;
		dropping |= run->deny[i];
	}
	COUNT(HOOK_XDP_INGRESS, undecidable);
	apply_mode(run);
	return dropping ? conclude_packet(run, posture, NULL, NULL) : XDP_PASS;
}

/* Anything but a flow that all slots let pass. */
SUBPROGRAM int judge(struct run *run, const struct posture *posture)
{
	prepare(run, posture);
	if (run->record.facts.flags & OBJECT_UNPARSED)
		return unparsed(run, posture);
	if (any(run->undecided)) {
		COUNT(HOOK_XDP_INGRESS, misses);
		return miss_packet(run, posture);
	}
	COUNT(HOOK_XDP_INGRESS, hits);
	apply_mode(run);
	return conclude_packet(run, posture, NULL, NULL);
}

static __always_inline int uncovered_packet(void)
{
	COUNT_ALONE(HOOK_XDP_INGRESS, uncovered);
	return XDP_PASS;
}

static __always_inline int answer_packet(struct xdp_md *context, enum link_header header)
{
	struct cursor cursor = {.start = (void *)(long)context->data, .end = (void *)(long)context->data_end};
	struct engine_state *state = engine();
	const struct verdict_key *mask;
	struct packet packet = {};
	struct posture *posture;
	struct run *run;
	__u32 zero = 0;

	run = bpf_map_lookup_elem(&packet_runs, &zero);
	if (!state || !run)
		return XDP_PASS;	/* neither can be: both maps are arrays of one */
	posture = cover_interface(run, state, context->ingress_ifindex);
	cursor.limit = cursor.end - cursor.start;
	if (!posture || !read_frame(&cursor, header, &packet))
		return uncovered_packet();
	mask = mask_of(posture->mask_set[HOOK_XDP_INGRESS], HOOK_XDP_INGRESS);
	if (!mask)
		return XDP_PASS;	/* cannot be, for the same reason */
	fill_packet(&run->record.facts, &packet, posture->mask_set[HOOK_XDP_INGRESS], context->ingress_ifindex);
	run->record.packet_bytes = cursor.end - cursor.start;
	run->digest = mask_key(&run->record.key, &run->record.facts, mask, state->digest_key);
	/* From memory: with what the parser knows of the packet in its registers the verifier would walk all this once for each kind. */
	if (consult_table(run, &flows) || READ(run->record.facts.flags) & OBJECT_UNPARSED)
		return judge(run, posture);
	COUNT_ALONE(HOOK_XDP_INGRESS, hits);
	return XDP_PASS;
}

static __always_inline int only_pass_or_drop(int answer)
{
	return answer == XDP_DROP ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int xdp_ingress(struct xdp_md *context)
{
	return only_pass_or_drop(answer_packet(context, LINK_ETHERNET));
}

/* For interfaces whose frames begin with the IP header: tunnels, tun, WireGuard, PPP. */
SEC("xdp")
int xdp_ingress_ip(struct xdp_md *context)
{
	return only_pass_or_drop(answer_packet(context, LINK_NONE));
}
