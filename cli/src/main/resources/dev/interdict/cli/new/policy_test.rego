package interdict.policies.@IDENTIFIER@_test

import data.interdict.policies.@IDENTIFIER@

open(path, exe) := {
	"hook": "file_open",
	"access": ["read"],
	"process": {"uid": 0, "exe": {"path": exe}},
	"file": {"path": path},
}

test_others_are_denied if {
	count(@IDENTIFIER@.deny) == 1 with input as open("/etc/@NAME@/secret", "/usr/bin/cat")
}

test_the_owner_is_allowed if {
	count(@IDENTIFIER@.deny) == 0 with input as open("/etc/@NAME@/secret", "/usr/bin/@NAME@")
}
