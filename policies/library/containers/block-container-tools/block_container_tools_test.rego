package interdict.policies.block_container_tools_test

import data.interdict.policies.block_container_tools

attacks := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/unshare", "deleted": false}},
	{"hook": "mmap_exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/local/bin/docker", "deleted": false}},
]

twins := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/ls", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/conmon"}}, "file": {"path": "/usr/sbin/runc", "deleted": false}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_container_tools.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_container_tools.deny) == 0 with input as event
	}
}
