package interdict.policies.trial_peer_strict

deny contains "peer" if input.peer.exe.path == "/usr/lib/trial-peer/keeper"

# Makes each user a new subject.
deny contains "nobody's number" if input.process.uid == 2999
