package interdict.policies.confine_containers_test

import data.interdict.policies.confine_containers

run(container, path) := {
	"hook": "exec",
	"process": {"container": container},
	"file": {"path": path},
}

ask(container, address) := {
	"hook": "socket_connect",
	"process": {"container": container},
	"socket": {"address": address, "port": 80},
}

confined := [
	{"id": "a", "state": "known", "image": "nginx"},
	{"id": "a", "state": "known", "image": "nginx:1.27"},
	{"id": "a", "state": "known", "image": "docker.io/library/nginx@sha256:0f"},
	{"id": "a", "state": "known", "image": "registry.example.com/shop/eu/cart:3"},
	{"id": "a", "state": "known", "image": "docker.io/library/nginx:1.27"},
	{"id": "a", "state": "known", "image": "quay.io/cart:3", "pod": {"namespace": "shop", "name": "cart-1"}},
	{"state": "unknown"},
]

free := [
	{"id": "a", "state": "known", "image": "nginx-tools"},
	{"id": "a", "state": "known", "image": "docker.io/library/nginx-tools:1"},
	{"id": "a", "state": "known", "image": "quay.io/cart:3", "pod": {"namespace": "workshop", "name": "cart-1"}},
	{"id": "a", "state": "known"},
]

test_confined if {
	every container in confined {
		count(confine_containers.deny) == 1 with input as run(container, "/usr/bin/bash")
		count(confine_containers.deny) == 1 with input as ask(container, "169.254.169.254")
	}
}

test_confined_go_about_their_work if {
	every container in confined {
		count(confine_containers.deny) == 0 with input as run(container, "/usr/sbin/nginx")
		count(confine_containers.deny) == 0 with input as ask(container, "10.0.0.1")
	}
}

test_others_are_free if {
	every container in free {
		count(confine_containers.deny) == 0 with input as run(container, "/usr/bin/bash")
		count(confine_containers.deny) == 0 with input as ask(container, "169.254.169.254")
	}
}
