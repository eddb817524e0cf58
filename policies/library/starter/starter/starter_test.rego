package interdict.policies.starter_test

import data.interdict.policies.starter

attacks := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/var/spool/x", "deleted": false}},
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/tee"}}, "file": {"path": "/proc/sys/kernel/modprobe"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/dash"}}, "socket": {"address": "2001:db8::1", "port": 1, "protocol": "tcp"}},
	{"hook": "file_change", "access": ["link", "create"], "process": {"exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/etc/ld.so.preload"}},
]

twins := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/bash", "deleted": false}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/ls"}}, "file": {"path": "/etc/ld.so.preload"}},
	{"hook": "socket_connect", "process": {"exe": {"path": "/usr/bin/bash"}}, "socket": {"address": "10.0.0.1", "port": 22, "protocol": "tcp"}},
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/lib/systemd/systemd-sysctl"}}, "file": {"path": "/proc/sys/kernel/core_pattern"}},
	{"hook": "file_change", "access": ["rename", "create"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/etc/ld.so.preload"}},
	{"hook": "file_change", "access": ["chmod"], "process": {"exe": {"path": "/usr/bin/chmod"}}, "file": {"path": "/etc/motd"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(starter.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(starter.deny) == 0 with input as event
	}
}

test_a_program_without_a_name_is_remarked_on if {
	count(starter.warn) == 1 with input as {"hook": "exec", "file": {"path": "/memfd:x", "deleted": true}}
}
