package interdict.policies.block_raw_sockets_test

import data.interdict.policies.block_raw_sockets

attacks := [
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/bin/bash"}}, "socket": {"family": "packet", "type": "dgram", "protocol": "2048"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/bin/bash"}}, "socket": {"family": "inet6", "type": "raw", "protocol": "icmpv6"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/bin/bash"}}, "socket": {"family": "xdp", "type": "raw", "protocol": "0"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/bin/bash"}}, "socket": {"family": "inet", "type": "raw", "protocol": "255"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/sbin/xtables-legacy-multi"}}, "socket": {"family": "inet", "type": "raw", "protocol": "tcp"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/sbin/xtables-legacy-multi"}}, "socket": {"family": "packet", "type": "raw", "protocol": "255"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/bin/ping"}}, "socket": {"family": "tipc", "type": "seqpacket", "protocol": "0"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/bin/ping"}}, "socket": {"family": "netlink", "type": "dgram", "protocol": "netfilter"}},
]

twins := [
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/bin/tcpdump"}}, "socket": {"family": "packet", "type": "raw", "protocol": "3"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/sbin/xtables-legacy-multi"}}, "socket": {"family": "inet", "type": "raw", "protocol": "255"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/sbin/radvd"}}, "socket": {"family": "inet6", "type": "raw", "protocol": "icmpv6"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/bin/bash"}}, "socket": {"family": "inet", "type": "dgram", "protocol": "icmp"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/bin/bash"}}, "socket": {"family": "netlink", "type": "raw", "protocol": "route"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/bin/bash"}}, "socket": {"family": "unix", "type": "stream", "protocol": "0"}},
	{"hook": "socket_create", "process": {"exe": {"path": "/usr/sbin/xtables-nft-multi"}}, "socket": {"family": "netlink", "type": "raw", "protocol": "netfilter"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_raw_sockets.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_raw_sockets.deny) == 0 with input as event
	}
}
