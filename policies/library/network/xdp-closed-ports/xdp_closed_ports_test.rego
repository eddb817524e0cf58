package interdict.policies.xdp_closed_ports_test

import data.interdict.policies.xdp_closed_ports

attacks := [
	{"hook": "xdp_ingress", "packet": {"protocol": "tcp", "source": {"address": "10.0.0.9", "port": 40000}, "destination": {"address": "10.0.0.5", "port": 23}, "fragment": false, "parsed": true}},
	{"hook": "xdp_ingress", "packet": {"protocol": "tcp", "source": {"address": "10.0.0.9", "port": 40000}, "destination": {"address": "10.0.0.5", "port": 32767}, "fragment": false, "parsed": true}},
	{"hook": "xdp_ingress", "packet": {"protocol": "udp", "source": {"address": "10.0.0.9", "port": 40000}, "destination": {"address": "10.0.0.5", "port": 53}, "fragment": false, "parsed": true}},
	{"hook": "xdp_ingress", "packet": {"protocol": "tcp", "source": {"address": "2001:db8::1", "port": 40000}, "destination": {"address": "10.0.0.5", "port": 8080}, "fragment": false, "parsed": true}},
]

twins := [
	{"hook": "xdp_ingress", "packet": {"protocol": "tcp", "source": {"address": "10.0.0.9", "port": 40000}, "destination": {"address": "10.0.0.5", "port": 443}, "fragment": false, "parsed": true}},
	{"hook": "xdp_ingress", "packet": {"protocol": "tcp", "source": {"address": "10.0.0.9", "port": 40000}, "destination": {"address": "10.0.0.5", "port": 32768}, "fragment": false, "parsed": true}},
	{"hook": "xdp_ingress", "packet": {"protocol": "tcp", "source": {"address": "10.0.9.254", "port": 40000}, "destination": {"address": "10.0.0.5", "port": 5432}, "fragment": false, "parsed": true}},
	{"hook": "xdp_ingress", "packet": {"protocol": "icmp", "source": {"address": "10.0.0.9", "port": 40000}, "destination": {"address": "10.0.0.5"}, "fragment": false, "parsed": true}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(xdp_closed_ports.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(xdp_closed_ports.deny) == 0 with input as event
	}
}
