/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Where somebody gets rights that he has not had. */
#include <interdict/decide.bpf.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Who is root in a namespace below the host's already, with all that belongs to it, reaches no more of the kernel's code from another one.
 * Whoever lacks a capability there (a container without, a program that has given them up) does. */
static __always_inline bool gains_nothing(const struct cred *cred)
{
	__u64 effective = 0;

	if (!cred->user_ns->level)
		return false;
	bpf_probe_read_kernel(&effective, sizeof(effective), &cred->cap_effective);
	return (effective & ALL_CAPABILITIES) == ALL_CAPABILITIES;
}

/* Since Linux 6.1; comes before the fresh credentials are those of the new namespace. In it he is root, and the kernel's code for root is open to him. */
SEC("lsm/userns_create")
int BPF_PROG(lsm_userns_create, const struct cred *fresh, int before)
{
	if (before || gains_nothing(fresh) || uncovered(HOOK_USER_NAMESPACE))
		return before;
	return clamp(enter(HOOK_USER_NAMESPACE, ACCESS_CREATE, WAY_NAMESPACE));
}
