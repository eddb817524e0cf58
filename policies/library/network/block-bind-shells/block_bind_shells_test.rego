package interdict.policies.block_bind_shells_test

import data.interdict.policies.block_bind_shells

attacks := [
	{"hook": "socket_listen", "process": {"exe": {"path": "/usr/bin/ncat"}}, "socket": {"type": "stream", "local": {"address": "10.0.0.7", "port": 80}}},
	{"hook": "socket_listen", "process": {"exe": {"path": "/usr/bin/gawk"}}, "socket": {"type": "stream", "local": {"address": "0.0.0.0", "port": 0}}},
	{"hook": "socket_listen", "process": {"exe": {"path": "/dev/shm/a"}}, "socket": {"type": "seqpacket", "local": {"address": "::", "port": 1}}},
	{"hook": "socket_bind", "process": {"exe": {"path": "/usr/bin/busybox"}}, "socket": {"type": "dgram", "protocol": "udp", "local": {"address": "::", "port": 53}}},
	{"hook": "socket_bind", "process": {"exe": {"path": "/var/tmp/a"}}, "socket": {"type": "dgram", "protocol": "udp", "local": {"address": "0.0.0.0", "port": 53}}},
	{"hook": "socket_bind", "process": {"exe": {"path": "/usr/bin/ncat"}}, "socket": {"type": "stream", "protocol": "sctp", "local": {"address": "10.0.0.7", "port": 53}}},
	{"hook": "socket_accept", "process": {"exe": {"path": "/usr/bin/bash"}}, "socket": {"type": "stream", "local": {"address": "0.0.0.0", "port": 53}}},
]

twins := [
	{"hook": "socket_bind", "process": {"exe": {"path": "/usr/sbin/named"}}, "socket": {"type": "dgram", "protocol": "udp", "local": {"address": "0.0.0.0", "port": 53}}},
	{"hook": "socket_listen", "process": {"exe": {"path": "/tmp/a"}}, "socket": {"type": "stream", "local": {"address": "127.0.0.1", "port": 80}}},
	{"hook": "socket_listen", "process": {"exe": {"path": "/usr/bin/ncat"}}, "socket": {"type": "stream", "local": {"address": "::1", "port": 80}}},
	{"hook": "socket_listen", "process": {"exe": {"path": "/usr/sbin/nginx"}}, "socket": {"type": "stream", "local": {"address": "0.0.0.0", "port": 80}}},
	{"hook": "socket_bind", "process": {"exe": {"path": "/tmp/a"}}, "socket": {"type": "stream", "protocol": "tcp", "local": {"address": "0.0.0.0", "port": 80}}},
	{"hook": "socket_bind", "process": {"exe": {"path": "/tmp/a"}}, "socket": {"type": "stream", "protocol": "sctp", "local": {"address": "127.0.0.1", "port": 80}}},
	{"hook": "socket_bind", "process": {"exe": {"path": "/tmp/a"}}, "socket": {"type": "dgram", "protocol": "udp", "local": {"address": "127.0.0.1", "port": 53}}},
	{"hook": "socket_bind", "process": {"exe": {"path": "/usr/bin/ncat"}}, "socket": {"type": "dgram", "protocol": "udp", "local": {"address": "::", "port": 0}}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(block_bind_shells.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(block_bind_shells.deny) == 0 with input as event
	}
}
