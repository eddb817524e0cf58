package interdict.policies.protect_process_memory_test

import data.interdict.policies.protect_process_memory

attacks := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/proc/1/task/1/mem"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/proc/kcore"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/dd"}}, "file": {"path": "/dev/port"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/proc/1/status"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/dev/null"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/strace"}}, "file": {"path": "/proc/1/mem"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/proc/meminfo"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_process_memory.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_process_memory.deny) == 0 with input as event
	}
}
