package interdict.policies.trial_net

deny contains "address" if input.socket.address in {"127.0.0.2", "fd00::2"}

deny contains "port" if {
	input.socket.address == "127.0.0.1"
	input.socket.port == 7778
}

# Makes each user a new subject.
deny contains "nobody's number" if input.process.uid == 2999
