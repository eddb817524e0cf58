package interdict.policies.trial_behind

deny contains "secret" if input.file.path == "/trial/files/secret"
