package interdict.policies.trial_context

# For each state there is a file that nobody in that state may open.
deny contains state if {
	some state in states
	input.file.path == concat("", ["/trial/files/context-", state])
}

states contains state if some state in input.process.namespaces

states contains state if {
	some state in {"capabilities", "permitted", "bounding", "saved", "inheritable"}
	"CAP_NET_RAW" in input.process.capabilities
}

states contains "no_new_privs" if input.process.no_new_privs

states contains "seccomp" if input.process.seccomp == "filter"

states contains "tty" if input.process.tty

states contains "session_uid" if input.process.session_uid == 1999

# Makes each user a new subject.
deny contains "nobody's number" if input.process.uid == 2999
