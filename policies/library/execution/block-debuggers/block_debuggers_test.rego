package interdict.policies.block_debuggers_test

import data.interdict.policies.block_debuggers

attacks := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/perf", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/sudo"}}, "file": {"path": "/usr/bin/tcpdump", "deleted": false}},
	{"hook": "mmap_exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/sbin/bpftool", "deleted": false}},
]

twins := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/stat", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/local/bin/gdb", "deleted": false}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_debuggers.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_debuggers.deny) == 0 with input as event
	}
}
