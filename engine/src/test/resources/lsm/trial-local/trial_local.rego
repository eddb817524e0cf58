package interdict.policies.trial_local

deny contains "address" if {
	input.hook == "socket_bind"
	input.socket.local.address in {"127.0.0.2", "fd00::2"}
}

# All addresses: what stands there is no loopback.
deny contains "any address" if {
	input.hook == "socket_bind"
	input.socket.local.address in {"0.0.0.0", "::"}
	input.socket.local.port == 7850
}

deny contains "port" if {
	input.hook == "socket_listen"
	input.socket.local.port in {0, 7860}
}

deny contains "caller" if {
	input.hook == "socket_accept"
	input.socket.local.port == 7870
}

deny contains "kind" if {
	input.hook == "socket_create"
	[input.socket.family, input.socket.type, input.socket.protocol] in {
		["netlink", "raw", "generic"],
		["packet", "raw", "2048"],
		["packet", "packet", "2048"],
		["inet6", "stream", "262"],
		["inet6", "dgram", "udp"],
		["unix", "seqpacket", "0"],
	}
}

# Makes each user a new subject.
deny contains "nobody's number" if input.process.uid == 2999
