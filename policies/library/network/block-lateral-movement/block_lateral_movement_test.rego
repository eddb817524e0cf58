package interdict.policies.block_lateral_movement_test

import data.interdict.policies.block_lateral_movement

attacks := [
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "10.0.0.8", "port": 445, "protocol": "tcp"}, "access": ["connect"]},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "2001:db8::8", "port": 10250, "protocol": "tcp"}, "access": ["connect"]},
]

twins := [
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "127.0.0.1", "port": 22, "protocol": "tcp"}, "access": ["connect"]},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/kubelet"}}, "socket": {"address": "10.0.0.8", "port": 6443, "protocol": "tcp"}, "access": ["connect"]},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "10.0.0.8", "port": 5432, "protocol": "tcp"}, "access": ["connect"]},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_lateral_movement.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_lateral_movement.deny) == 0 with input as event
	}
}
