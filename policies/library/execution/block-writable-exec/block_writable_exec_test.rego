package interdict.policies.block_writable_exec_test

import data.interdict.policies.block_writable_exec

attacks := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/var/tmp/x", "deleted": false}},
	{"hook": "mmap_exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/dev/shm/x", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/run/lock/y", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/run/user/1000/x", "deleted": false}},
]

twins := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/opt/x", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/tmp", "deleted": false}},
	{"hook": "mmap_exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/tmp/hsperfdata_none/x", "deleted": false}},
	{"hook": "mmap_exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/var/tmpx/y", "deleted": false}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_writable_exec.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_writable_exec.deny) == 0 with input as event
	}
}
