package interdict.policies.block_memfd_exec_test

import data.interdict.policies.block_memfd_exec

attacks := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/memfd:a", "deleted": true}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/ls", "deleted": true}},
	{"hook": "exec", "process": {"exe": {}}, "file": {"deleted": true}},
]

twins := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/runc"}}, "file": {"path": "/memfd:runc", "deleted": true}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/memfd:named", "deleted": false}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_memfd_exec.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_memfd_exec.deny) == 0 with input as event
	}
}
