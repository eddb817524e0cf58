package interdict.policies.block_container_terminals_test

import data.interdict.policies.block_container_terminals

attacks := [
	{"hook": "exec", "process": {"tty": true, "namespaces": ["mnt", "pid", "net"], "cgroup": {"path": "/system.slice/docker-1.scope"}}, "file": {"path": "/bin/sh"}},
	{"hook": "mmap_exec", "process": {"tty": true, "namespaces": ["mnt"]}, "file": {"path": "/usr/bin/bash"}},
]

twins := [
	{"hook": "exec", "process": {"tty": false, "namespaces": ["mnt", "pid"], "cgroup": {"path": "/system.slice/docker-1.scope"}}, "file": {"path": "/bin/sh"}},
	{"hook": "exec", "process": {"tty": true, "namespaces": [], "cgroup": {"path": "/user.slice"}}, "file": {"path": "/usr/bin/bash"}},
	{"hook": "exec", "process": {"tty": true, "namespaces": ["net"], "cgroup": {"path": "/user.slice"}}, "file": {"path": "/usr/bin/bash"}},
	{"hook": "exec", "process": {"tty": true, "namespaces": ["mnt"], "cgroup": {"path": "/system.slice/docker-1.scope"}}, "file": {"path": "/usr/bin/psql"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_container_terminals.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_container_terminals.deny) == 0 with input as event
	}
}
