package interdict.policies.protect_model_weights_test

import data.interdict.policies.protect_model_weights

attacks := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/home/a/x.gguf"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/tar"}}, "file": {"path": "/var/lib/models/x"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/local/bin/ollama"}}, "file": {"path": "/home/a/x.gguf"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/srv/modelsx/y"}},
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
