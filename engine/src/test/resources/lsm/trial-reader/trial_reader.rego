package interdict.policies.trial_reader

deny contains "only the reader" if {
	input.socket.address == "127.0.0.5"
	not input.process.exe.path in {"/trial/files/reader"}
}
