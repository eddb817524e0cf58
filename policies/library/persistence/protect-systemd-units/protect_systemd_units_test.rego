package interdict.policies.protect_systemd_units_test

import data.interdict.policies.protect_systemd_units

attacks := [
	{"hook": "file_open", "access": ["append"], "process": {"exe": {"path": "/usr/bin/tee"}}, "file": {"path": "/etc/rc.local"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/home/ada/.config/systemd/user/x.service"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/etc/init.d/x"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/run/systemd/system/x.timer"}},
	{"hook": "file_change", "access": ["delete"], "process": {"exe": {"path": "/usr/bin/rm"}}, "file": {"path": "/usr/lib/systemd/system/auditd.service", "type": "regular"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/systemd", "type": "directory"}},
	{"hook": "file_change", "access": ["rename", "create"], "process": {"exe": {"path": "/usr/bin/perl"}}, "file": {"path": "/etc/systemd/system/x.service", "type": "regular"}},
	{"hook": "file_change", "access": ["symlink", "create"], "process": {"exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/root/.config/systemd", "type": "symlink"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/usr/lib/systemd", "type": "directory"}},
	{"hook": "file_change", "access": ["symlink", "create"], "process": {"exe": {"path": "/usr/bin/perl"}}, "file": {"path": "/home/ada/.config", "type": "symlink"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/etc/systemd/system.conf"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/systemctl"}}, "file": {"path": "/etc/systemd/system/x.d/override.conf"}},
	{"hook": "file_change", "access": ["symlink", "create"], "process": {"exe": {"path": "/usr/lib/systemd/systemd"}}, "file": {"path": "/etc/systemd/system/multi-user.target.wants/x.service", "type": "symlink"}},
	{"hook": "file_change", "access": ["delete"], "process": {"exe": {"path": "/usr/bin/systemctl"}}, "file": {"path": "/etc/systemd/system/x.service", "type": "symlink"}},
	{"hook": "file_change", "access": ["rename", "create", "delete"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/usr/lib/systemd/system/nginx.service", "type": "regular"}},
	{"hook": "file_change", "access": ["mkdir", "create"], "process": {"exe": {"path": "/usr/bin/perl"}}, "file": {"path": "/etc/systemd/system/x.target.wants", "type": "directory"}},
	{"hook": "file_change", "access": ["mkdir", "create"], "process": {"exe": {"path": "/usr/bin/mkdir"}}, "file": {"path": "/home/ada/.config", "type": "directory"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/usr/lib", "type": "directory"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_systemd_units.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_systemd_units.deny) == 0 with input as event
	}
}
