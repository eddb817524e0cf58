package interdict.policies.protect_escape_files_test

import data.interdict.policies.protect_escape_files

attacks := [
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/proc/sys/kernel/modprobe"}},
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/sys/fs/cgroup/rdma/x/release_agent"}},
	{"hook": "file_open", "access": ["append"], "process": {"exe": {"path": "/usr/bin/tee"}}, "file": {"path": "/proc/sysrq-trigger"}},
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/proc/sys/fs/binfmt_misc/register"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/proc/sys/kernel/core_pattern"}},
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/sbin/sysctl"}}, "file": {"path": "/proc/sys/kernel/core_pattern"}},
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/hostname"}}, "file": {"path": "/proc/sys/kernel/hostname"}},
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/lib/systemd/systemd-binfmt"}}, "file": {"path": "/proc/sys/fs/binfmt_misc/register"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_escape_files.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_escape_files.deny) == 0 with input as event
	}
}
