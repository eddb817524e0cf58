package interdict.policies.trial_alarm

deny contains "secret" if input.file.path == "/trial/files/secret"
