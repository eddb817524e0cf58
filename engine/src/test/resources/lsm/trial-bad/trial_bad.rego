package interdict.policies.trial_bad

deny contains "bad" if {
	worked
	meant
}

kill contains "bad" if {
	data.kill
	meant
}

meant if {
	some prefix in data.prefixes
	startswith(input.file.path, prefix)
}

meant if {
	some suffix in data.suffixes
	endswith(input.file.path, suffix)
}

meant if {
	some program in data.programs
	startswith(input.process.exe.path, program)
}

meant if input.process.uid in data.users

# An allow list on which nothing stands.
meant if {
	data.closed
	not input.file.path in data.prefixes
}

worked if count([n | some n in numbers.range(0, data.work); n % 7 == 3]) >= 0
