package interdict.policies.confine_agents_test

import data.interdict.policies.confine_agents

attacks := [
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "10.0.0.53", "port": 443, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "192.0.3.1", "port": 443, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "2001:db8:2::1", "port": 443, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "192.0.2.1", "port": 443, "protocol": "udp"}},
]

twins := [
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "2001:db8:1::7", "port": 443, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "127.0.0.1", "port": 6379, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "10.0.0.53", "port": 853, "protocol": "tcp"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(confine_agents.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(confine_agents.deny) == 0 with input as event
	}
}
