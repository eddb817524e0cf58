package interdict.policies.protect_loader_config_test

import data.interdict.policies.protect_loader_config

attacks := [
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/sed"}}, "file": {"path": "/etc/environment"}},
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/python3.11"}}, "file": {"path": "/etc/ld.so.cache"}},
	{"hook": "file_change", "access": ["symlink", "create"], "process": {"exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/etc/ld.so.preload"}},
	{"hook": "file_change", "access": ["delete"], "process": {"exe": {"path": "/usr/bin/rm"}}, "file": {"path": "/etc/ld.so.cache"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/ld.so.conf.d"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/etc/ld.so.cache"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/etc/ld.so.conf.d/libc.conf"}},
	{"hook": "file_change", "access": ["rename", "create", "delete"], "process": {"exe": {"path": "/usr/sbin/ldconfig.real"}}, "file": {"path": "/etc/ld.so.cache"}},
	{"hook": "file_change", "access": ["rename", "create", "delete"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/etc/ld.so.conf.d/libc.conf"}},
	{"hook": "file_change", "access": ["rename", "create"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/motd"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/etc"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_loader_config.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_loader_config.deny) == 0 with input as event
	}
}
