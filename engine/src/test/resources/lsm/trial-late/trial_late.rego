package interdict.policies.trial_late

deny contains "secret" if input.file.path == "/trial/files/secret"
