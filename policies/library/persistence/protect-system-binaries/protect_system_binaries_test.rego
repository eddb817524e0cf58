package interdict.policies.protect_system_binaries_test

import data.interdict.policies.protect_system_binaries

attacks := [
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/lib/x86_64-linux-gnu/security/pam_unix.so"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/curl"}}, "file": {"path": "/usr/bin/x"}},
	{"hook": "file_change", "access": ["rename", "create"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/usr/bin/x"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/usr/bin"}},
	{"hook": "file_change", "access": ["rename", "create"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/bin"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/usr/bin/ls"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/usr/bin/ls"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/cp"}}, "file": {"path": "/usr/local/lib/x.so"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/cp"}}, "file": {"path": "/usr/share/x"}},
	{"hook": "file_change", "access": ["rename", "create", "delete"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/usr/bin/ls"}},
	{"hook": "file_change", "access": ["delete"], "process": {"exe": {"path": "/usr/bin/rm"}}, "file": {"path": "/usr/share/x"}},
	{"hook": "file_change", "access": ["symlink", "create"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/lib64"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_system_binaries.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_system_binaries.deny) == 0 with input as event
	}
}
