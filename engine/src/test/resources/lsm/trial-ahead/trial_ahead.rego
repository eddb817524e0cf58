package interdict.policies.trial_ahead

deny contains "secret" if input.file.path == "/trial/files/secret"
