package interdict.policies.protect_key_agents_test

import data.interdict.policies.protect_key_agents

attack := {"hook": "ptrace", "access": ["attach"], "process": {"exe": {"path": "/usr/bin/gdb"}}, "peer": {"exe": {"path": "/usr/bin/gpg-agent"}}}

test_whoever_looks_into_a_keeper_is_refused if {
	count(protect_key_agents.deny) > 0 with input as attack
}

test_others_are_nobodys_business if {
	count(protect_key_agents.deny) == 0 with input as object.union(attack, {"peer": {"exe": {"path": "/usr/bin/less"}}})
}

test_a_look_at_what_everybody_is_shown_passes if {
	count(protect_key_agents.deny) == 0 with input as object.union(attack, {"access": ["read"]})
}

test_the_trusted_may if {
	count(protect_key_agents.deny) == 0 with input as object.union(attack, {"process": {"exe": {"path": "/usr/sbin/debuggerd"}}})
		with data.trusted as ["/usr/sbin/debuggerd"]
}
