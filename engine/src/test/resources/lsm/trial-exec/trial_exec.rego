package interdict.policies.trial_exec

deny contains "victim" if input.file.path == "/trial/files/victim"

# Makes each user a new subject.
deny contains "nobody's number" if input.process.uid == 2999
