package interdict.policies.protect_account_files_test

import data.interdict.policies.protect_account_files

attacks := [
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/vim.basic"}}, "file": {"path": "/etc/sudoers"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/sed"}}, "file": {"path": "/etc/pam.d/sshd"}},
	{"hook": "file_open", "access": ["append"], "process": {"exe": {"path": "/usr/bin/python3.11"}}, "file": {"path": "/etc/group"}},
	{"hook": "file_open", "access": ["truncate"], "process": {"exe": {"path": "/usr/bin/dd"}}, "file": {"path": "/etc/shadow"}},
	{"hook": "file_change", "access": ["link"], "process": {"exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/etc/shadow"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/sudoers.d"}},
	{"hook": "file_change", "access": ["symlink", "create"], "process": {"exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/etc/pam.d/login"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/sudo"}}, "file": {"path": "/etc/sudoers"}},
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/sbin/visudo"}}, "file": {"path": "/etc/sudoers"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/tee"}}, "file": {"path": "/etc/passwd-"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/motd"}},
	{"hook": "file_change", "access": ["chmod"], "process": {"exe": {"path": "/usr/bin/chmod"}}, "file": {"path": "/etc"}},
	{"hook": "file_change", "access": ["rename", "create", "delete"], "process": {"exe": {"path": "/usr/sbin/visudo"}}, "file": {"path": "/etc/sudoers"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/sbin/visudo"}}, "file": {"path": "/etc/sudoers.d"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_account_files.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_account_files.deny) == 0 with input as event
	}
}
