package interdict.policies.block_reverse_shells_test

import data.interdict.policies.block_reverse_shells

attacks := [
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/dash"}}, "socket": {"address": "10.0.0.7", "port": 80, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/gawk"}}, "socket": {"address": "203.0.113.1", "port": 53, "protocol": "udp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/busybox"}}, "socket": {"address": "::ffff:0:1", "port": 1, "protocol": "tcp"}},
]

twins := [
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/bash"}}, "socket": {"address": "::1", "port": 80, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/dash"}}, "socket": {"address": "127.5.0.1", "port": 80, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/ssh"}}, "socket": {"address": "10.0.0.7", "port": 22, "protocol": "tcp"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_reverse_shells.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_reverse_shells.deny) == 0 with input as event
	}
}
