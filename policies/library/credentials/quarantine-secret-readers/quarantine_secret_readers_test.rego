package interdict.policies.quarantine_secret_readers_test

import data.interdict.policies.quarantine_secret_readers

readers := [
	{"hook": "file_open", "access": ["read"], "process": {"labels": [], "exe": {"path": "/usr/bin/python3.11"}}, "file": {"path": "/root/.kube/config"}},
	{"hook": "file_change", "access": ["rename"], "process": {"labels": [], "exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/root/.ssh/id_rsa"}},
	{"hook": "file_change", "access": ["rename"], "process": {"labels": [], "exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/home/a/.ssh"}},
	{"hook": "file_open", "access": ["read", "write"], "process": {"labels": [], "exe": {"path": "/usr/bin/vim.basic"}}, "file": {"path": "/home/a/.netrc"}},
]

others := [
	{"hook": "file_change", "access": ["rename"], "process": {"labels": [], "exe": {"path": "/usr/bin/ssh-keygen"}}, "file": {"path": "/root/.ssh/id_rsa"}},
	{"hook": "file_change", "access": ["link"], "process": {"labels": [], "exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/root/.ssh/id_rsa.pub"}},
	{"hook": "file_open", "access": ["read"], "process": {"labels": [], "exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/root/.ssh/id_rsa.pub"}},
	{"hook": "file_change", "access": ["delete"], "process": {"labels": [], "exe": {"path": "/usr/bin/rm"}}, "file": {"path": "/root/.ssh/id_rsa"}},
	{"hook": "file_open", "access": ["write"], "process": {"labels": [], "exe": {"path": "/usr/bin/tee"}}, "file": {"path": "/root/.kube/config"}},
	{"hook": "file_open", "access": ["read"], "process": {"labels": [], "exe": {"path": "/usr/bin/kubectl"}}, "file": {"path": "/root/.kube/config"}},
]

test_each_reader_is_labelled_and_not_refused if {
	every event in readers {
		quarantine_secret_readers.label == {"has-read-secrets"} with input as event
		count(quarantine_secret_readers.deny) == 0 with input as event
	}
}

test_the_others_are_not_labelled if {
	every event in others {
		count(quarantine_secret_readers.label) == 0 with input as event
	}
}

connects(labels, address) := {
	"hook": "socket_connect",
	"process": {"labels": labels, "exe": {"path": "/usr/bin/curl"}},
	"socket": {"address": address, "port": 443, "protocol": "tcp"},
}

test_who_has_read_is_kept_from_the_network if {
	count(quarantine_secret_readers.deny) == 1 with input as connects(["has-read-secrets"], "198.51.100.4")
	count(quarantine_secret_readers.deny) == 0 with input as connects(["has-read-secrets"], "::1")
	count(quarantine_secret_readers.deny) == 0 with input as connects(["other"], "198.51.100.4")
	count(quarantine_secret_readers.deny) == 0 with input as connects([], "198.51.100.4")
}
