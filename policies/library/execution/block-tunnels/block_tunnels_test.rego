package interdict.policies.block_tunnels_test

import data.interdict.policies.block_tunnels

attacks := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/tmp/chisel", "deleted": false}},
	{"hook": "mmap_exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/local/bin/cloudflared", "deleted": false}},
]

twins := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/monitor", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/ssh", "deleted": false}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_tunnels.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_tunnels.deny) == 0 with input as event
	}
}
