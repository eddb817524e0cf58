package interdict.policies.protect_cron_test

import data.interdict.policies.protect_cron

attacks := [
	{"hook": "file_open", "access": ["append"], "process": {"exe": {"path": "/usr/bin/tee"}}, "file": {"path": "/etc/crontab"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/vim.basic"}}, "file": {"path": "/var/spool/cron/crontabs/root"}},
	{"hook": "file_change", "access": ["link", "create"], "process": {"exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/etc/cron.d/x"}},
	{"hook": "file_change", "access": ["symlink", "create"], "process": {"exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/etc/cron.hourly"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/var/spool"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/etc/cron.d/e2scrub_all"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/etc/cron.daily/apt"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/tee"}}, "file": {"path": "/etc/cronolog.conf"}},
	{"hook": "file_change", "access": ["delete"], "process": {"exe": {"path": "/usr/bin/crontab"}}, "file": {"path": "/var/spool/cron/crontabs/ada"}},
	{"hook": "file_change", "access": ["chmod"], "process": {"exe": {"path": "/usr/sbin/atd"}}, "file": {"path": "/var/spool/cron/atjobs/a00001"}},
	{"hook": "file_change", "access": ["rename", "create"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/etc/cron.daily/apt"}},
	{"hook": "file_change", "access": ["chmod"], "process": {"exe": {"path": "/usr/bin/chmod"}}, "file": {"path": "/var/spool"}},
	{"hook": "file_change", "access": ["rename", "create"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/cronolog.conf"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/etc"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_cron.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_cron.deny) == 0 with input as event
	}
}
