package interdict.policies.block_dns_bypass_test

import data.interdict.policies.block_dns_bypass

attacks := [
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "8.8.8.8", "port": 53, "protocol": "udp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "2001:db8::53", "port": 853, "protocol": "tcp"}},
]

twins := [
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "10.0.0.53", "port": 53, "protocol": "udp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "8.8.8.8", "port": 443, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/sbin/unbound"}}, "socket": {"address": "8.8.8.8", "port": 53, "protocol": "udp"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_dns_bypass.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_dns_bypass.deny) == 0 with input as event
	}
}
