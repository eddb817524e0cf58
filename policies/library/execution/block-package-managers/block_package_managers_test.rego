package interdict.policies.block_package_managers_test

import data.interdict.policies.block_package_managers

attacks := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/dpkg", "deleted": false}},
	{"hook": "mmap_exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/apt", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/node"}}, "file": {"path": "/usr/local/bin/npm", "deleted": false}},
]

twins := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/dpkg-query", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/lib/apt/apt.systemd.daily"}}, "file": {"path": "/usr/bin/apt-get", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/python3.11", "deleted": false}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_package_managers.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_package_managers.deny) == 0 with input as event
	}
}
