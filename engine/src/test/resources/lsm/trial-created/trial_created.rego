package interdict.policies.trial_created

deny contains "made" if {
	input.file.created
	startswith(input.file.path, "/trial/over/")
	not startswith(input.file.path, "/trial/over/merged/free/")
}

deny contains "not listed" if {
	endswith(input.file.path, "/listed")
	not input.file.path in {"/trial/over/merged/listed"}
}
