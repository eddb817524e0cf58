package interdict.policies.block_kernel_modules_test

import data.interdict.policies.block_kernel_modules

attacks := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/sbin/kexec", "deleted": false}},
	{"hook": "mmap_exec", "process": {"exe": {"path": "/usr/bin/dash"}}, "file": {"path": "/usr/bin/kmod", "deleted": false}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/python3.11"}}, "file": {"path": "/lib/modules/6.1/x.ko.xz"}},
	{"hook": "module_load", "access": ["module", "memory"], "process": {"exe": {"path": "/usr/bin/python3.11"}}},
	{"hook": "module_load", "access": ["kexec"], "process": {"exe": {"path": "/usr/sbin/kexec"}}, "file": {"path": "/boot/vmlinuz"}},
	{"hook": "module_load", "access": ["module"], "process": {"exe": {"path": "/usr/bin/kmod"}}, "file": {"path": "/tmp/x.ko"}},
	{"hook": "module_load", "access": ["module"], "process": {"exe": {"path": "/usr/bin/kmod"}, "namespaces": ["mnt", "pid"]}, "file": {"path": "/usr/lib/modules/6.1/x.ko"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/kmod"}}, "file": {"path": "/lib/modules/6.1/x.ko"}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/lib/systemd/systemd-udevd"}}, "file": {"path": "/usr/bin/kmod", "deleted": false}},
	{"hook": "exec", "process": {"cgroup": {"path": "/"}}, "file": {"path": "/usr/bin/kmod", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/lsblk", "deleted": false}},
	{"hook": "module_load", "access": ["module", "memory"], "process": {"exe": {"path": "/usr/bin/kmod"}}},
	{"hook": "module_load", "access": ["module"], "process": {"exe": {"path": "/usr/bin/kmod"}}, "file": {"path": "/usr/lib/modules/6.1/x.ko"}},
	{"hook": "module_load", "access": ["module"], "process": {"exe": {"path": "/usr/bin/udevadm"}, "namespaces": ["mnt", "uts"]}, "file": {"path": "/usr/lib/modules/6.1/x.ko"}},
	{"hook": "module_load", "access": ["request"], "process": {"exe": {"path": "/usr/bin/mount"}}, "module": {"name": "fs-vfat"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/usr/share/locale/ko/LC_MESSAGES/x.mo"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_kernel_modules.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_kernel_modules.deny) == 0 with input as event
	}
}
