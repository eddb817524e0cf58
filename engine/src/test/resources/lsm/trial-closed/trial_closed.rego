package interdict.policies.trial_closed

deny contains "secret" if input.file.path == "/trial/files/secret"
