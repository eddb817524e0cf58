package interdict.policies.protect_gpu_devices_test

import data.interdict.policies.protect_gpu_devices

attacks := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/python3.11"}}, "file": {"path": "/dev/dri/card0", "type": "char"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/x"}}, "file": {"path": "/dev/kfd", "type": "char"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/x"}}, "file": {"path": "/dev/nvidia-uvm", "type": "char"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/x"}}, "file": {"path": "/dev/null", "type": "char"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/nvidia-smi"}}, "file": {"path": "/dev/nvidiactl", "type": "char"}},
	{"hook": "file_open", "process": {"exe": {"path": "/opt/s"}, "cgroup": {"path": "/inference.slice/s.service"}}, "file": {"path": "/dev/nvidia0", "type": "char"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_gpu_devices.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_gpu_devices.deny) == 0 with input as event
	}
}
