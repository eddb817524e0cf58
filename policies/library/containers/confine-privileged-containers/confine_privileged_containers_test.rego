package interdict.policies.confine_privileged_containers_test

import data.interdict.policies.confine_privileged_containers

attacks := [
	{"hook": "exec", "process": {"namespaces": ["mnt", "pid"], "capabilities": ["CAP_NET_RAW", "CAP_SYS_ADMIN"], "exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/nsenter"}},
	{"hook": "mmap_exec", "process": {"namespaces": ["mnt"], "capabilities": ["CAP_SYS_MODULE"], "exe": {"path": "/usr/bin/python3"}}, "file": {"path": "/usr/bin/kmod"}},
	{"hook": "exec", "process": {"namespaces": ["mnt"], "capabilities": ["CAP_SYS_PTRACE"]}, "file": {"path": "/usr/bin/gdb"}},
]

twins := [
	{"hook": "exec", "process": {"namespaces": ["mnt"], "capabilities": ["CAP_NET_RAW"], "exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/nsenter"}},
	{"hook": "exec", "process": {"namespaces": [], "capabilities": ["CAP_SYS_ADMIN"], "exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/mount"}},
	{"hook": "exec", "process": {"namespaces": ["mnt", "user"], "capabilities": ["CAP_SYS_ADMIN"], "exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/mount"}},
	{"hook": "exec", "process": {"namespaces": ["mnt"], "capabilities": ["CAP_SYS_ADMIN"], "exe": {"path": "/usr/lib/systemd/systemd-udevd"}}, "file": {"path": "/usr/bin/kmod"}},
	{"hook": "exec", "process": {"namespaces": ["mnt"], "capabilities": ["CAP_SYS_ADMIN"], "exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/ls"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(confine_privileged_containers.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(confine_privileged_containers.deny) == 0 with input as event
	}
}
