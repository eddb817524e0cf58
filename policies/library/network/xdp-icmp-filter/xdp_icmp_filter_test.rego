package interdict.policies.xdp_icmp_filter_test

import data.interdict.policies.xdp_icmp_filter

attacks := [
	{"hook": "xdp_ingress", "packet": {"protocol": "icmp", "source": {"address": "10.0.0.9", "port": 40000}, "destination": {"address": "10.0.0.5"}, "fragment": false, "parsed": true, "icmp": {"type": 13, "code": 0}}},
	{"hook": "xdp_ingress", "packet": {"protocol": "icmpv6", "source": {"address": "10.0.0.9", "port": 40000}, "destination": {"address": "10.0.0.5"}, "fragment": false, "parsed": true, "icmp": {"type": 139, "code": 0}}},
	{"hook": "xdp_ingress", "packet": {"protocol": "icmp", "source": {"address": "10.0.0.9", "port": 40000}, "destination": {"address": "10.0.0.5"}, "fragment": false, "parsed": true}},
]

twins := [
	{"hook": "xdp_ingress", "packet": {"protocol": "icmp", "source": {"address": "10.0.0.9", "port": 40000}, "destination": {"address": "10.0.0.5"}, "fragment": false, "parsed": true, "icmp": {"type": 3, "code": 4}}},
	{"hook": "xdp_ingress", "packet": {"protocol": "icmpv6", "source": {"address": "10.0.0.9", "port": 40000}, "destination": {"address": "10.0.0.5"}, "fragment": false, "parsed": true, "icmp": {"type": 2, "code": 0}}},
	{"hook": "xdp_ingress", "packet": {"protocol": "tcp", "source": {"address": "10.0.0.9", "port": 40000}, "destination": {"address": "10.0.0.5", "port": 443}, "fragment": false, "parsed": true}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(xdp_icmp_filter.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(xdp_icmp_filter.deny) == 0 with input as event
	}
}
