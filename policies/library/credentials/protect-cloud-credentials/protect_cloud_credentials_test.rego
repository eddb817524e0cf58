package interdict.policies.protect_cloud_credentials_test

import data.interdict.policies.protect_cloud_credentials

attacks := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/root/.aws/credentials"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/home/a/.config/gcloud/legacy/x/adc.json"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/home/a/.azure/msal_token_cache.json"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/root/.docker/config.json"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/etc/rancher/k3s/k3s.yaml"}},
	{"hook": "file_change", "access": ["link"], "process": {"exe": {"path": "/usr/bin/ln"}}, "file": {"path": "/root/.kube/config"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/kubernetes/admin.conf"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/home/a/.config/gcloud"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/etc/rancher/k3s"}},
]

twins := [
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/local/bin/aws"}}, "file": {"path": "/root/.aws/credentials"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/kubeadm"}}, "file": {"path": "/etc/kubernetes/admin.conf"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/home/a/.kube/cache/x"}},
	{"hook": "file_open", "access": ["read"], "process": {"exe": {"path": "/usr/bin/cat"}}, "file": {"path": "/home/a/.azure/config"}},
	{"hook": "file_change", "access": ["delete"], "process": {"exe": {"path": "/usr/bin/rm"}}, "file": {"path": "/root/.kube/config"}},
	{"hook": "file_change", "access": ["chmod"], "process": {"exe": {"path": "/usr/bin/chmod"}}, "file": {"path": "/root/.kube/config"}},
	{"hook": "file_change", "access": ["chmod"], "process": {"exe": {"path": "/usr/bin/chmod"}}, "file": {"path": "/root/.kube"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/mv"}}, "file": {"path": "/root/.kube/cache"}},
	{"hook": "file_change", "access": ["rename", "create", "delete"], "process": {"exe": {"path": "/usr/bin/kubeadm"}}, "file": {"path": "/etc/kubernetes/admin.conf"}},
	{"hook": "file_change", "access": ["rename"], "process": {"exe": {"path": "/usr/bin/kubeadm"}}, "file": {"path": "/etc/kubernetes"}},
]

test_each_attack_is_refused if {
	every event in attacks {
		count(protect_cloud_credentials.deny) > 0 with input as event
	}
}

test_each_allowed_twin_passes if {
	every event in twins {
		count(protect_cloud_credentials.deny) == 0 with input as event
	}
}
