package interdict.policies.trial_closed

deny contains "secret" if input.file.path == "/trial/files/secret"

deny contains "netrc" if input.file.path == "/trial/home/netrc"
