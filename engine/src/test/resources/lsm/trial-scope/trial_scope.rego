package interdict.policies.trial_scope

deny contains "scoped" if input.file.path == "/trial/files/scoped"
