package interdict.policies.protect_systemd_units_test

import data.interdict.policies.protect_systemd_units

attacks := [
	{"hook": "file_open", "access": ["append"], "process": {"exe": {"path": "/usr/bin/tee"}}, "file": {"path": "/etc/rc.local"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/home/ada/.config/systemd/user/x.service"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/etc/init.d/x"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/run/systemd/system/x.timer"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/etc/systemd/system.conf"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/systemctl"}}, "file": {"path": "/etc/systemd/system/x.d/override.conf"}},
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
