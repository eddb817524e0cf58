package interdict.policies.trial_containers

deny contains $"{input.process.container.name} may not run its own program" if {
	input.process.container.image == "trial.test/closed:1"
	input.file.path == "/bin/entry"
}

# What only containers of one image may run.
deny contains "no container of the image" if {
	input.file.path == "/trial/files/companion"
	not of_the_image
}

of_the_image if input.process.container.image == "trial.test/open:1"
