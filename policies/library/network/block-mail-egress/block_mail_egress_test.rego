package interdict.policies.block_mail_egress_test

import data.interdict.policies.block_mail_egress

attacks := [
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "203.0.113.25", "port": 587, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "2001:db8::25", "port": 465, "protocol": "tcp"}},
]

twins := [
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "203.0.113.25", "port": 443, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/curl"}}, "socket": {"address": "::1", "port": 25, "protocol": "tcp"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/sbin/exim4"}}, "socket": {"address": "203.0.113.25", "port": 25, "protocol": "tcp"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_mail_egress.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_mail_egress.deny) == 0 with input as event
	}
}
