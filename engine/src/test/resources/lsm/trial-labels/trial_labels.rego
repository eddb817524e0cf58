package interdict.policies.trial_labels

label contains "marked" if {
	input.hook == "file_open"
	input.file.path == "/trial/files/label-marker"
}

label contains "made" if {
	input.hook == "file_open"
	"create" in input.access
	startswith(input.file.path, "/trial/files/label-made")
}

label contains "started" if {
	input.hook == "exec"
	input.file.path in {"/trial/files/label-tool", "/trial/files/label-broken"}
}

label contains "tried" if {
	input.hook == "exec"
	input.file.path == "/trial/files/label-refused"
}

deny contains "not to be run" if {
	input.hook == "exec"
	input.file.path == "/trial/files/label-refused"
}

deny contains "after" if {
	input.hook == "file_open"
	input.file.path == "/trial/files/label-after"
	count(input.process.labels) > 0
}

deny contains "apart" if {
	input.hook == "file_open"
	input.file.path == "/trial/files/label-apart"
	"apart" in input.process.labels
}

# Makes each user a new subject.
deny contains "nobody's number" if input.process.uid == 2999
