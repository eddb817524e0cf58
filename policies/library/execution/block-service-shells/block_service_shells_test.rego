package interdict.policies.block_service_shells_test

import data.interdict.policies.block_service_shells

attacks := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/sbin/apache2"}, "cgroup": {"path": "/system.slice/apache2.service"}}, "file": {"path": "/usr/bin/bash", "deleted": false}},
	{"hook": "mmap_exec", "process": {"exe": {"path": "/usr/bin/java"}, "cgroup": {"path": "/system.slice/tomcat10.service"}}, "file": {"path": "/usr/bin/zsh", "deleted": false}},
]

twins := [
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}, "cgroup": {"path": "/system.slice/ssh.service"}}, "file": {"path": "/usr/bin/bash", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}, "cgroup": {"path": "/system.slice/nginx.service.old"}}, "file": {"path": "/usr/bin/bash", "deleted": false}},
	{"hook": "exec", "process": {"exe": {"path": "/usr/bin/bash"}}, "file": {"path": "/usr/bin/bash", "deleted": false}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_service_shells.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_service_shells.deny) == 0 with input as event
	}
}
