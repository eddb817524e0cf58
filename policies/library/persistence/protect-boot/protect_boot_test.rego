package interdict.policies.protect_boot_test

import data.interdict.policies.protect_boot

attacks := [
	{"hook": "file_open", "access": ["write"], "process": {"exe": {"path": "/usr/bin/sed"}}, "file": {"path": "/etc/default/grub"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/vim.basic"}}, "file": {"path": "/boot/grub/grub.cfg"}},
	{"hook": "file_change", "access": ["link", "create"], "process": {"exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/etc/modules-load.d/x.conf"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/modprobe.d"}},
	{"hook": "file_change", "access": ["rename", "create"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/kernel"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/boot/grub/grub.cfg"}},
	{"hook": "file_open", "access": ["write", "create"], "process": {"exe": {"path": "/usr/bin/grub-editenv"}}, "file": {"path": "/boot/grub/grubenv"}},
	{"hook": "file_change", "access": ["rename", "create", "delete"], "process": {"exe": {"path": "/usr/bin/grub-editenv"}}, "file": {"path": "/boot/grub/grubenv"}},
	{"hook": "file_change", "access": ["delete"], "process": {"exe": {"path": "/usr/sbin/grub-install"}}, "file": {"path": "/boot/grub/x86_64-efi/old.mod"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/lib/systemd/systemd-bless-boot"}}, "file": {"path": "/boot/efi/loader/entries/debian+2-1.conf"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/default/locale"}},
	{"hook": "file_change", "access": ["mkdir", "create"], "process": {"exe": {"path": "/usr/bin/mkdir"}}, "file": {"path": "/etc/kernel"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/dpkg"}}, "file": {"path": "/etc/default"}},
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
