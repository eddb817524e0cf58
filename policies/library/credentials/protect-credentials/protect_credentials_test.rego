package interdict.policies.protect_credentials_test

import data.interdict.policies.protect_credentials

stores := {"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/security/opasswd"}

open(path, exe) := {
	"hook": "file_open",
	"access": ["read"],
	"process": {"uid": 0, "exe": {"path": exe, "dev": "8:1", "inode": 11}},
	"file": {"path": path},
}

test_each_store_is_closed_to_others if {
	every path in stores {
		count(protect_credentials.deny) == 1 with input as open(path, "/usr/bin/less")
	}
}

test_each_store_is_open_to_the_trusted if {
	every exe in data.trusted {
		every path in stores {
			count(protect_credentials.deny) == 0 with input as open(path, exe)
		}
	}
}
