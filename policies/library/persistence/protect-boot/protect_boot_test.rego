package interdict.policies.protect_boot_test

import data.interdict.policies.protect_boot

attacks := [
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/sed"}}, "file": {"path": "/etc/default/grub"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/vim.basic"}}, "file": {"path": "/boot/grub/grub.cfg"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/boot/grub/grub.cfg"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/grub-editenv"}}, "file": {"path": "/boot/grub/grubenv"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_boot.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_boot.deny) == 0 with input as event
	}
}
