package interdict.policies.xdp_block_list_test

import data.interdict.policies.xdp_block_list

packet(source, port) := {
	"hook": "xdp_ingress",
	"packet": {
		"protocol": "tcp",
		"source": {"address": source, "port": 50000},
		"destination": {"address": "10.0.0.1", "port": port},
	},
}

test_each_blocked_port if {
	every port in data.blocked_ports {
		count(xdp_block_list.deny) == 1 with input as packet("10.9.9.9", port)
	}
}

test_each_blocked_network if {
	every address in ["192.0.2.0", "198.51.100.255", "203.0.113.7", "2001:db8:ffff::1"] {
		xdp_block_list.deny == {concat("", [address, " is in a blocked network"])} with input as packet(address, 443)
	}
}

test_neighbours_of_a_blocked_network_pass if {
	every address in ["203.0.112.255", "203.0.114.0", "2001:db9::1"] {
		count(xdp_block_list.deny) == 0 with input as packet(address, 443)
	}
}

test_allowed_networks_reach_blocked_ports if {
	count(xdp_block_list.deny) == 0 with input as packet("127.0.0.1", 23)
}
