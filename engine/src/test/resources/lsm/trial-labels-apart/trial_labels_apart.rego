package interdict.policies.trial_labels_apart

label contains "apart" if input.file.path == "/trial/files/label-marker"

label contains "twice" if input.file.path == "/trial/files/label-marker"

deny contains "twice" if {
	input.file.path == "/trial/files/label-apart"
	"twice" in input.process.labels
}
