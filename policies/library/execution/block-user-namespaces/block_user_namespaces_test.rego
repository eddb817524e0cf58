package interdict.policies.block_user_namespaces_test

import data.interdict.policies.block_user_namespaces

test_whoever_is_not_listed_is_refused if {
	every path in ["/usr/bin/bash", "/usr/bin/python3.13", "/home/u/a.out"] {
		count(block_user_namespaces.deny) > 0 with input as {"hook": "user_namespace", "process": {"exe": {"path": path}}}
	}
}

test_each_sandbox_passes if {
	every path in ["/usr/bin/bwrap", "/usr/lib/chromium/chromium"] {
		count(block_user_namespaces.deny) == 0 with input as {"hook": "user_namespace", "process": {"exe": {"path": path}}}
	}
}
