package interdict.policies.protect_system_mounts_test

import data.interdict.policies.protect_system_mounts

attack := {"hook": "mount", "access": ["mount"], "process": {"exe": {"path": "/usr/bin/mount"}, "namespaces": [], "unit": "session-1.scope"}, "file": {"path": "/etc/pam.d"}}

test_whoever_changes_a_folder_of_the_system_is_refused if {
	every word in ["mount", "bind", "move", "remount", "unmount"] {
		count(protect_system_mounts.deny) > 0 with input as object.union(attack, {"access": [word]})
	}
}

test_the_folder_itself_is_one_of_the_system if {
	count(protect_system_mounts.deny) > 0 with input as object.union(attack, {"file": {"path": "/etc"}})
}

test_what_stands_above_takes_a_folder_along if {
	every path in ["/var", "/var/lib"] {
		count(protect_system_mounts.deny) > 0 with input as object.union(attack, {"file": {"path": path}})
		count(protect_system_mounts.deny) > 0 with input as object.union(attack, {"access": ["unmount"], "file": {"path": path}})
	}
	count(protect_system_mounts.deny) == 0 with input as object.union(attack, {"file": {"path": "/var/cache"}})
}

test_extensions_are_merged_by_their_units_alone if {
	sysext := object.union(attack, {"process": {"exe": {"path": "/usr/bin/systemd-sysext"}}, "file": {"path": "/usr"}})
	count(protect_system_mounts.deny) > 0 with input as sysext
	count(protect_system_mounts.deny) == 0 with input as object.union(sysext, {"process": {"unit": "systemd-sysext.service"}})
}

test_the_service_manager_may if {
	systemd := {"process": {"exe": {"path": "/usr/lib/systemd/systemd"}}}
	count(protect_system_mounts.deny) == 0 with input as object.union(attack, systemd)
	count(protect_system_mounts.deny) == 0 with input as object.union(attack, object.union(systemd, {"access": ["move"], "file": {"path": "/srv/new"}}))
}

test_mounts_that_may_spread_are_the_hosts if {
	count(protect_system_mounts.deny) > 0 with input as object.union(attack, {"process": {"namespaces": ["mnt"]}})
}

test_the_root_of_all_is_not_put_aside if {
	every word in ["move", "pivot"] {
		count(protect_system_mounts.deny) > 0 with input as object.union(attack, {"access": [word], "file": {"path": "/srv/new"}})
		count(protect_system_mounts.deny) == 0 with input as object.union(attack, {"access": [word], "file": {"path": "/srv/new"}, "process": {"namespaces": ["mnt"]}})
	}
}

test_the_root_of_all_is_not_mounted_anew if {
	remount := object.union(attack, {"access": ["remount"], "file": {"path": "/"}})
	count(protect_system_mounts.deny) > 0 with input as remount
	count(protect_system_mounts.deny) == 0 with input as object.union(remount, {"process": {"namespaces": ["mnt"]}})
	count(protect_system_mounts.deny) == 0 with input as object.union(remount, {"process": {"unit": "systemd-remount-fs.service"}})
}

test_units_are_mounted if {
	count(protect_system_mounts.deny) == 0 with input as object.union(attack, {"process": {"unit": "etc-pam.d.mount"}})
	count(protect_system_mounts.deny) > 0 with input as object.union(attack, {"process": {"unit": "etc-pam.d.mount", "exe": {"path": "/tmp/x"}}})
}

test_containers_have_folders_of_their_own if {
	count(protect_system_mounts.deny) == 0 with input as object.union(attack, {"process": {"namespaces": ["mnt", "pid"]}})
	count(protect_system_mounts.deny) == 0 with input as object.union(attack, {"process": {"namespaces": ["mnt", "user"]}})
}

test_applications_of_snapd_are_arranged_by_its_own_programs if {
	snapd := object.union(attack, {"process": {"namespaces": ["mnt"], "exe": {"path": "/snap/snapd/21759/usr/lib/snapd/snap-confine"}}})
	count(protect_system_mounts.deny) == 0 with input as snapd
	count(protect_system_mounts.deny) > 0 with input as object.union(snapd, {"process": {"exe": {"path": "/snap/app/1/usr/lib/snapd/snap-confine"}}})
}

test_other_places_and_other_roots_are_nobodys_business if {
	count(protect_system_mounts.deny) == 0 with input as object.union(attack, {"file": {"path": "/mnt"}})
	count(protect_system_mounts.deny) == 0 with input as object.union(attack, {"access": ["chroot"]})
}
