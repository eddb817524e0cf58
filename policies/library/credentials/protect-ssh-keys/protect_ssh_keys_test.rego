package interdict.policies.protect_ssh_keys_test

import data.interdict.policies.protect_ssh_keys

attacks := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/root/.ssh/id_rsa"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/python3.11"}}, "file": {"path": "/home/bob/.ssh/id_ecdsa"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/etc/ssh/ssh_host_ed25519_key"}},
	{"hook": "file_open", "file": {"path": "/root/.ssh/id_rsa"}, "process": {"exe": {}}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/root/.ssh/id_rsa"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/ssh"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/ssh"}}, "file": {"path": "/root/.ssh/id_rsa"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/root/.ssh/id_rsa.pub"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/root/.ssh/config"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/home/a/b/.ssh/id_rsa"}},
	{"hook": "file_change", "access": ["rename", "create", "delete"], "process": {"exe": {"path": "/usr/bin/ssh-keygen"}}, "file": {"path": "/root/.ssh/id_rsa"}},
	{"hook": "file_change", "access": ["chmod"], "process": {"exe": {"path": "/usr/bin/chmod"}}, "file": {"path": "/root/.ssh/id_rsa"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/root/.ssh/id_rsa.pub"}},
	{"hook": "file_change", "access": ["chmod"], "process": {"exe": {"path": "/usr/bin/chmod"}}, "file": {"path": "/root/.ssh"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/ssh-keygen"}}, "file": {"path": "/root/.ssh"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_ssh_keys.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_ssh_keys.deny) == 0 with input as event
	}
}
