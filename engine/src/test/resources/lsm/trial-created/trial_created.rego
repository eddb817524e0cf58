package interdict.policies.trial_created

deny contains "made" if {
	input.file.created
	startswith(input.file.path, "/trial/over/")
}
