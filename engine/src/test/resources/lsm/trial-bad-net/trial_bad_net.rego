package interdict.policies.trial_bad_net

deny contains "bad" if {
	worked
	meant
}

kill contains "bad" if {
	data.kill
	meant
}

meant if {
	some program in data.programs
	startswith(input.process.exe.path, program)
}

meant if input.process.uid in data.users

meant if {
	data.closed
	not input.socket.protocol in data.prefixes
}

worked if count([n | some n in numbers.range(0, data.work); n % 7 == 3]) >= 0
