package interdict.policies.block_metadata_service_test

import data.interdict.policies.block_metadata_service

connect(exe, address) := {
	"hook": "socket_connect",
	"process": {"exe": {"path": exe}},
	"socket": {"address": address, "port": 80},
}

test_closed_to_others if {
	every address in ["169.254.169.254", "fd00:ec2::254", "169.254.170.2", "100.100.100.200"] {
		count(block_metadata_service.deny) == 1 with input as connect("/usr/bin/python3.11", address)
	}
}

test_open_to_agents if {
	every exe in data.trusted {
		count(block_metadata_service.deny) == 0 with input as connect(exe, "169.254.169.254")
	}
}
