package interdict.policies.protect_model_weights_test

import data.interdict.policies.protect_model_weights

attacks := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/home/a/x.gguf"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/tar"}}, "file": {"path": "/var/lib/models/x"}},
	{"hook": "file_change", "access": ["link"], "process": {"exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/home/a/x.gguf"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/var/lib/models/m1"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/var/lib"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/local/bin/ollama"}}, "file": {"path": "/home/a/x.gguf"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/srv/modelsx/y"}},
	{"hook": "file_change", "access": ["rename", "create"], "process": {"exe": {"path": "/usr/local/bin/ollama"}}, "file": {"path": "/var/lib/models/x"}},
	{"hook": "file_change", "access": ["mkdir", "create"], "process": {"exe": {"path": "/usr/bin/mkdir"}}, "file": {"path": "/srv/models/m2"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/srv/modelsx/y"}},
	{"hook": "file_change", "access": ["chmod"], "process": {"exe": {"path": "/usr/bin/chmod"}}, "file": {"path": "/srv/models"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/local/bin/ollama"}}, "file": {"path": "/srv/models"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_model_weights.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_model_weights.deny) == 0 with input as event
	}
}
