package interdict.policies.protect_shell_startup_test

import data.interdict.policies.protect_shell_startup

attacks := [
	{"hook": "file_open", "access": ["append"], "process": {"exe": {"path": "/usr/bin/tee"}}, "file": {"path": "/etc/profile"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/curl"}}, "file": {"path": "/etc/profile.d/x.sh"}},
	{"hook": "file_open", "access": ["append"], "process": {"exe": {"path": "/usr/bin/python3.11"}}, "file": {"path": "/root/.profile"}},
	{"hook": "file_change", "access": ["link", "create"], "process": {"exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/root/.zshenv"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/profile.d"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/zsh"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/root/.bashrc"}},
	{"hook": "file_open", "access": ["append"], "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/root/.bash_history"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/etc/profile.d/x.sh"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/vim.basic"}}, "file": {"path": "/home/ada/.bashrc"}},
	{"hook": "file_change", "access": ["delete"], "process": {"exe": {"path": "/usr/sbin/userdel"}}, "file": {"path": "/home/ada/.profile"}},
	{"hook": "file_change", "access": ["rename", "create", "delete"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/etc/profile.d/x.sh"}},
	{"hook": "file_change", "access": ["rename", "create", "delete"], "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/root/.bash_history"}},
	{"hook": "file_change", "access": ["mkdir", "create"], "process": {"exe": {"path": "/usr/sbin/useradd"}}, "file": {"path": "/home/bob"}},
	{"hook": "file_change", "access": ["chmod"], "process": {"exe": {"path": "/usr/bin/chmod"}}, "file": {"path": "/etc"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/etc/zsh"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_shell_startup.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_shell_startup.deny) == 0 with input as event
	}
}
