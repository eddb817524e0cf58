package interdict.policies.block_scanners_test

import data.interdict.policies.block_scanners

attacks := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/sbin/arp-scan", "deleted": false}},
	{"hook": "mmap_exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/opt/masscan", "deleted": false}},
]

twins := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/nmcli", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/map", "deleted": false}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_scanners.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_scanners.deny) == 0 with input as event
	}
}
