package interdict.policies.trial_budget

deny contains "the secret" if input.file.path == "/trial/files/secret"
