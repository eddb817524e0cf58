package interdict.policies.trial_generation

deny contains "an odd one" if {
	startswith(input.file.path, "/trial/many-")
	input.file.generation % 2 == 1
}
