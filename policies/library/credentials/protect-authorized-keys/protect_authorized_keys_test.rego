package interdict.policies.protect_authorized_keys_test

import data.interdict.policies.protect_authorized_keys

attacks := [
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/tee"}}, "file": {"path": "/root/.ssh/authorized_keys2"}},
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/vim.basic"}}, "file": {"path": "/etc/ssh/authorized_keys.d/ada"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/sbin/sshd"}}, "file": {"path": "/root/.ssh/authorized_keys"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/google_guest_agent"}}, "file": {"path": "/root/.ssh/authorized_keys"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/ssh"}}, "file": {"path": "/root/.ssh/known_hosts"}},
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
