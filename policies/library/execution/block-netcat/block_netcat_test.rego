package interdict.policies.block_netcat_test

import data.interdict.policies.block_netcat

event(hook, path) := {"hook": hook, "file": {"path": path}}

test_both_routes_are_closed if {
	every hook in ["exec", "mmap_exec"] {
		every path in ["/usr/bin/nc.openbsd", "/usr/bin/ncat", "/usr/bin/socat"] {
			block_netcat.deny == {concat(" ", [path, "is a network pipe"])} with input as event(hook, path)
		}
	}
}

test_others_run if {
	count(block_netcat.deny) == 0 with input as event("exec", "/usr/bin/ssh")
}
