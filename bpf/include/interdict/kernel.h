/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* All that we read of the kernel: the structs by name and field, found on each kernel by CO-RE; and numbers that are no part of BTF. */
#ifndef INTERDICT_KERNEL_H
#define INTERDICT_KERNEL_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_endian.h>

/* A function of its own in each program that needs it, and none where it is not needed. */
#define SUBPROGRAM static __noinline __attribute__((unused))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernel_id { __u32 val; };	/* kuid_t, kgid_t */
struct hlist_bl_node { struct hlist_bl_node **pprev; };
struct qstr { __u32 len; const unsigned char *name; };
struct list_head { struct list_head *next; };
struct super_block { __u32 s_dev; unsigned long s_flags; struct dentry *s_root; struct list_head s_mounts; int s_stack_depth; };
struct super_block___chain { struct mount *s_mounts; };	/* since Linux 6.17 */
struct inode {
	__u16 i_mode;
	struct kernel_id i_uid;
	struct kernel_id i_gid;
	__u32 i_generation;
	unsigned long i_ino;
	struct super_block *i_sb;
};
struct user_namespace { int level; };	/* 0: the initial one */
struct mnt_namespace { struct mount *root; struct user_namespace *user_ns; };
struct nsproxy { void *uts_ns, *ipc_ns; struct mnt_namespace *mnt_ns; void *net_ns, *time_ns, *cgroup_ns; };
struct task_struct;
struct pid_namespace { struct task_struct *child_reaper; };
struct upid { struct pid_namespace *ns; };
struct pid { unsigned int level; struct upid numbers[1]; };	/* level 0: seen in the initial namespace only; numbers[0] is always of that */
struct seccomp { int mode; };
struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct hlist_bl_node d_hash;
};
struct vfsmount { struct dentry *mnt_root; struct super_block *mnt_sb; };
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct list_head mnt_instance;
	struct mnt_namespace *mnt_ns;
	struct vfsmount mnt;
};
struct mount___chain { struct mount *mnt_next_for_sb; };	/* since Linux 6.17 */
struct seqcount { unsigned int sequence; };
struct path { struct vfsmount *mnt; struct dentry *dentry; };
struct file {
	unsigned int f_mode;
	unsigned int f_flags;
	struct inode *f_inode;
	struct path f_path;
	void *private_data;
};
struct backing_file { struct path user_path; };	/* since Linux 6.8; before, f_path is that one */
struct linux_binprm { struct file *file; };
struct kernfs_node { __u64 id; };
struct cgroup_subsys_state { struct cgroup_subsys_state *parent; };
struct cgroup { struct cgroup_subsys_state self; struct kernfs_node *kn; };
struct css_set { struct cgroup *dfl_cgrp; };
struct vm_area_struct { struct file *vm_file; };

struct ipv6_address { __u8 bytes; };	/* we only want its place: it has 16 bytes */
struct sock_common {
	unsigned short skc_family;
	int skc_bound_dev_if;
	__u16 skc_num;		/* the local port, in host order */
	__u32 skc_rcv_saddr;
	struct ipv6_address skc_v6_rcv_saddr;
	__u32 skc_daddr;
	struct ipv6_address skc_v6_daddr;
	__be16 skc_dport;
};
struct sock { struct sock_common __sk_common; __u16 sk_protocol; __u16 sk_type; };
struct socket { short type; struct sock *sk; };
struct msghdr { void *msg_name; int msg_namelen; unsigned int msg_flags; void *msg_control; __u64 msg_controllen; };
struct ip_options { unsigned char srr; };	/* offset of a source route */
struct ip_options_rcu { struct ip_options opt; };
struct ipv6_txoptions { void *srcrt; };
struct ipv6_pinfo { struct ipv6_txoptions *opt; };
struct ipv6_pinfo___labels { void *ipv6_fl_list; };	/* before Linux 7 */
struct inet_sock {
	struct ipv6_pinfo *pinet6;
	struct ip_options_rcu *inet_opt;
	int uc_index;
	__be32 inet_saddr;
	unsigned long inet_flags;
};
struct inet_sock___bits { __u8 hdrincl : 1; };	/* before Linux 6.6 */
struct inet_sock___labels { void *ipv6_fl_list; };

struct capabilities { __u8 bytes; };	/* as ipv6_address: it has 8 */
struct cred {
	struct kernel_id uid, gid, suid, euid, egid, fsuid, fsgid;
	unsigned int securebits;
	struct capabilities cap_inheritable, cap_permitted, cap_effective, cap_bset;
	struct user_namespace *user_ns;
};
struct mm_struct { struct file *exe_file; };
struct fs_struct { int umask; struct path root; };
struct sigset { unsigned long sig[1]; };
struct sigpending { struct sigset signal; };
struct sigaction { void *sa_handler; };
struct k_sigaction { struct sigaction sa; };
struct sighand_struct { struct k_sigaction action[64]; };
struct atomic_number { int counter; };	/* atomic_t */
struct signal_struct { struct atomic_number live; unsigned int flags; int nr_threads; struct sigpending shared_pending; void *tty; };
struct callback_head { struct callback_head *next; };
struct thread_info { __u32 status; };
struct pt_regs { unsigned long ax, orig_ax, bx, cx, dx, si, di, r10; };	/* x86 only */
struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	unsigned int ptrace;
	int exit_state;			/* 0 until it has let go of all it had */
	unsigned long jobctl;
	unsigned long atomic_flags;
	int pid;
	int tgid;
	char comm[16];
	__u64 start_boottime;
	__u64 self_exec_id;
	struct task_struct *group_leader;
	struct task_struct *real_parent;
	const struct cred *real_cred;
	const struct cred *cred;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct pid *thread_pid;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	struct sigset blocked;
	struct sigpending pending;
	struct callback_head *task_works;
	struct seccomp seccomp;		/* empty in kernels without */
	struct kernel_id loginuid;	/* in kernels with audit */
};

/* What a file, or memory, is read for. Each kernel has its own numbers. */
enum kernel_read_file_id {
	READING_FIRMWARE = 1,
	READING_MODULE = 2,
	READING_KEXEC_IMAGE = 3,
	READING_KEXEC_INITRAMFS = 4,
	READING_MODULE_COMPRESSED = 7,	/* since Linux 7.0; before, READING_MODULE is for these, too */
};
enum kernel_load_data_id { LOADING_FIRMWARE = 1, LOADING_MODULE = 2, LOADING_KEXEC_IMAGE = 3, LOADING_KEXEC_INITRAMFS = 4 };

/* Where the numbers of kernel functions stand that only some kernels have. */
enum special_kfunc_type { KF_bpf_task_work_schedule_signal = 1, KF_bpf_rdonly_cast = 2 };

#pragma clang attribute pop

/* A place in a map's value for work that a task does on its way to user mode, from Linux 7.0 on; to older ones it is eight bytes. */
struct bpf_task_work { __u64 opaque; };

#define MODULE_NAME_BYTES 64	/* room for a module's name; MODULE_NAME_LEN is 56 */

#define EPERM 1
#define ENOMEM 12
#define ERESTARTNOINTR 513	/* the call is issued again before the task is back in user mode */
#define ENOSYS 38	/* what a call returns while it has not returned */

#define SIGKILL 9
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define STOPS 4	/* signals that stop, in a row from SIGSTOP on */
#define SEND_SIG_PRIV 1	/* in the place of a siginfo: the kernel sends it */
#define SIGNAL_BIT(signal) (1ULL << ((signal) - 1))
#define STOP_SIGNALS (SIGNAL_BIT(19) | SIGNAL_BIT(20) | SIGNAL_BIT(21) | SIGNAL_BIT(22))	/* STOP TSTP TTIN TTOU */
#define SIG_IGN 1

#define PTRACE_MODE_ATTACH 0x02
#define PTRACE_MODE_NOAUDIT 0x04	/* no call fails for the answer */
#define PIDFD_SIGNAL_PROCESS_GROUP 4

/* task_struct.flags */
#define PF_EXITING 0x00000004
#define PF_IO_WORKER 0x00000010
#define PF_DUMPCORE 0x00000200
#define PF_SIGNALED 0x00000400
#define PF_KTHREAD 0x00200000

#define PFA_NO_NEW_PRIVS 1UL	/* task_struct.atomic_flags */
#define SECBIT_NOROOT 1U		/* cred.securebits: uid 0 is like any other */

#define JOBCTL_STOP_PENDING (1UL << 17)
/* signal_struct.flags */
#define SIGNAL_CLD_MASK 0x30	/* a stop was ended before anybody was told */
#define SIGNAL_UNKILLABLE 0x40	/* the init of a pid namespace */
#define TS_COMPAT 0x0002	/* thread_info.status, x86: in a 32-bit system call */

#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
/* A file that overlayfs opens for itself: nobody has a descriptor of it. The second moved from bit 25 to 24 with Linux 6.14; what else has either is accounted. */
#define FMODE_NOACCOUNT (1U << 29)
#define FMODE_BACKING (3U << 24)
#define FMODE_CREATED 0x100000
#define FLAG_APPEND 02000	/* file.f_flags */
#define FLAG_TRUNCATE 01000
#define FLAG_EXEC 0x20		/* __FMODE_EXEC: opened by execve */
#define FLAG_TMPFILE 020000000	/* without O_DIRECTORY, which O_TMPFILE includes */

#define FMODE_PATH 0x4000
#define SB_NOUSER (1UL << 31)	/* super_block.s_flags: nothing there has a name; pipes, sockets, memory */

#define CAPABILITY_SYS_ADMIN (1ULL << 21)
#define ALL_CAPABILITIES ((1ULL << 41) - 1)	/* of Linux 5.9 and newer */

#define S_IFMT 0170000
#define S_IFREG 0100000
#define S_IFDIR 0040000
#define S_IFLNK 0120000
#define RENAME_EXCHANGE 2

/* mount(2) */
#define MS_REMOUNT 0x20
#define MS_BIND 0x1000
#define MS_MOVE 0x2000
#define MS_PROPAGATION (1U << 17 | 1U << 18 | 1U << 19 | 1U << 20)	/* unbindable, private, slave, shared */

#define PROT_EXEC 4

#define AF_UNSPEC 0
#define AF_INET 2
#define AF_INET6 10
#define AF_PACKET 17
#define LOOPBACK 0x7f000001	/* 127.0.0.1 */
#define AF_SMC 43		/* TCP, or what stands for it between hosts that know it */
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_SEQPACKET 5
#define SOCK_DCCP 6
#define MSG_FASTOPEN 0x20000000
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define PROTOCOL_ICMP 1
#define PROTOCOL_ICMPV6 58
#define PROTOCOL_DCCP 33
#define PROTOCOL_SCTP 132
#define PROTOCOL_RAW 255
#define SMC_OVER_IPV6 1	/* as a protocol of AF_SMC */
#define PROTOCOL_SMC 256
#define PROTOCOL_MPTCP 262

#define LEVEL_IP 0		/* of socket options and control messages */
#define IP_HDRINCL 3
#define IP_OPTIONS 4
#define IP_RETOPTS 7
#define IP_PKTINFO 8
#define LEVEL_IPV6 41
#define IPV6_2292PKTINFO 2
#define IPV6_2292RTHDR 5
#define IPV6_2292PKTOPTIONS 6
#define IPV6_FLOWLABEL_MGR 32
#define IPV6_HDRINCL 36
#define IPV6_PKTINFO 50
#define IPV6_RTHDR 57
#define INET_HDRINCL 12		/* bit of inet_sock.inet_flags */
#define SCTP_PRIMARY_ADDR 6	/* what sctp_bind_connect is about: the option of setsockopt */
#define SCTP_SOCKOPT_BINDX_ADD 100
#define SCTP_SOCKOPT_CONNECTX 110
#define SCTP_DSTADDRV4 7	/* control messages */
#define SCTP_DSTADDRV6 8

#endif
