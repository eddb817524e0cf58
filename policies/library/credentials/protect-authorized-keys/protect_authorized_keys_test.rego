package interdict.policies.protect_authorized_keys_test

import data.interdict.policies.protect_authorized_keys

attacks := [
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/tee"}}, "file": {"path": "/root/.ssh/authorized_keys2"}},
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/vim.basic"}}, "file": {"path": "/etc/ssh/authorized_keys.d/ada"}},
	{"hook": "file_change", "access": ["symlink", "create"], "process": {"exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/root/.ssh"}},
	{"hook": "file_change", "access": ["delete"], "process": {"exe": {"path": "/usr/bin/rm"}}, "file": {"path": "/etc/ssh/authorized_keys.d/ada"}},
	{"hook": "file_change", "access": ["rename", "create"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/ssh/authorized_keys.d"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/sbin/sshd"}}, "file": {"path": "/root/.ssh/authorized_keys"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/google_guest_agent"}}, "file": {"path": "/root/.ssh/authorized_keys"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/ssh"}}, "file": {"path": "/root/.ssh/known_hosts"}},
	{"hook": "file_change", "access": ["mkdir", "create"], "process": {"exe": {"path": "/usr/bin/ssh"}}, "file": {"path": "/home/ada/.ssh"}},
	{"hook": "file_change", "access": ["mkdir", "create"], "process": {"exe": {"path": "/usr/bin/mktemp"}}, "file": {"path": "/home/ada/.ssh/ssh-copy-id.4vU2cLKFUj"}},
	{"hook": "file_change", "access": ["delete"], "process": {"exe": {"path": "/usr/sbin/userdel"}}, "file": {"path": "/home/ada/.ssh/authorized_keys"}},
	{"hook": "file_change", "access": ["rename", "create", "delete"], "process": {"exe": {"path": "/usr/bin/google_guest_agent"}}, "file": {"path": "/root/.ssh/authorized_keys"}},
	{"hook": "file_change", "access": ["chmod"], "process": {"exe": {"path": "/usr/bin/chmod"}}, "file": {"path": "/home/ada/.ssh"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/sbin/usermod"}}, "file": {"path": "/home/ada/.ssh"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_authorized_keys.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_authorized_keys.deny) == 0 with input as event
	}
}
