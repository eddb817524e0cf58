package interdict.policies.block_crypto_miners_test

import data.interdict.policies.block_crypto_miners

attacks := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/tmp/kdevtmpfsi", "deleted": false}},
	{"hook": "mmap_exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/opt/t-rex", "deleted": false}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "198.51.100.1", "port": 14444, "protocol": "tcp"}, "access": ["connect"]},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "2001:db8::1", "port": 3333, "protocol": "tcp"}, "access": ["connect"]},
]

twins := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/bash", "deleted": false}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "198.51.100.1", "port": 443, "protocol": "tcp"}, "access": ["connect"]},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "fd00::9", "port": 3333, "protocol": "tcp"}, "access": ["connect"]},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_crypto_miners.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_crypto_miners.deny) == 0 with input as event
	}
}
