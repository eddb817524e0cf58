package interdict.policies.trial_budget

deny contains "secret" if input.file.path == "/trial/files/secret"
