package interdict.policies.protect_block_devices_test

import data.interdict.policies.protect_block_devices

attacks := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/python3.11"}}, "file": {"path": "/dev/mapper/x", "type": "block"}},
	{"hook": "file_open", "process": {"exe": {}}, "file": {"type": "block"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/sbin/e2fsck"}}, "file": {"path": "/dev/sda1", "type": "block"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/dev/null", "type": "char"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/srv/disk.img", "type": "regular"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_block_devices.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_block_devices.deny) == 0 with input as event
	}
}
