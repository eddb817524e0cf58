package interdict.policies.trial_peer_attach

deny contains "attach" if {
	input.peer.exe.path == "/usr/lib/trial-peer/keeper"
	"attach" in input.access
}

# Makes each user a new subject.
deny contains "nobody's number" if input.process.uid == 2999
