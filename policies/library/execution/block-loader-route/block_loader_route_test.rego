package interdict.policies.block_loader_route_test

import data.interdict.policies.block_loader_route

attacks := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/lib64/ld-linux-x86-64.so.2", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/lib/ld-linux-aarch64.so.1", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/lib/aarch64-linux-gnu/ld-2.31.so", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/lib/x86_64-linux-musl/libc.so", "deleted": false}},
]

twins := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/ldd", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/x86_64-linux-gnu-ld.bfd", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/lib/x86_64-linux-gnu/libc.so.6", "deleted": false}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_loader_route.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_loader_route.deny) == 0 with input as event
	}
}
