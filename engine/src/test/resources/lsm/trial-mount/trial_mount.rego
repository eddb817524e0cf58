package interdict.policies.trial_mount

# Each place is closed to what it is called by: what a door needs there before may be mounted.
deny contains "closed" if {
	some word in input.access
	input.file.path == concat("/", ["/trial/mount/closed", word])
}

# Makes each user a new subject.
deny contains "nobody's number" if input.process.uid == 2999
