package interdict.policies.egress_allow_list_test

import data.interdict.policies.egress_allow_list

attacks := [
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "10.0.2.1", "port": 8080, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "10.0.0.53", "port": 443, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "2001:db8::1", "port": 8080, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "10.0.0.54", "port": 53, "protocol": "udp"}},
]

twins := [
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "10.0.1.255", "port": 8443, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "127.0.0.1", "port": 1, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "10.0.0.53", "port": 53, "protocol": "udp"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(egress_allow_list.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(egress_allow_list.deny) == 0 with input as event
	}
}
