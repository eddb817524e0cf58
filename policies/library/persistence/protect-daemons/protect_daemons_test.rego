package interdict.policies.protect_daemons_test

import data.interdict.policies.protect_daemons

attack := {"hook": "signal", "access": ["send"], "process": {"exe": {"path": "/usr/bin/bash"}}, "peer": {"uid": 0, "exe": {"path": "/usr/sbin/auditd"}}, "signal": {"name": "SIGKILL", "number": 9}}

test_whoever_ends_a_daemon_is_refused if {
	every name in ["SIGKILL", "SIGSTOP", "SIGTERM", "34"] {
		count(protect_daemons.deny) > 0 with input as object.union(attack, {"signal": {"name": name}})
	}
}

test_what_does_no_harm_passes if {
	count(protect_daemons.deny) == 0 with input as object.union(attack, {"signal": {"name": "SIGCONT"}})
}

test_the_service_manager_may if {
	count(protect_daemons.deny) == 0 with input as object.union(attack, {"process": {"exe": {"path": "/usr/lib/systemd/systemd"}}})
}

test_a_users_own_is_no_shield if {
	count(protect_daemons.deny) == 0 with input as object.union(attack, {"peer": {"uid": 1000}})
}

test_the_host_is_shut_down if {
	count(protect_daemons.deny) == 0 with input as object.union(attack, {"process": {"exe": {"path": "/usr/lib/systemd/systemd-shutdown"}}})
}

test_other_programs_are_nobodys_business if {
	count(protect_daemons.deny) == 0 with input as object.union(attack, {"peer": {"exe": {"path": "/usr/bin/sleep"}}})
}
