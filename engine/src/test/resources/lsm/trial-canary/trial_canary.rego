package interdict.policies.trial_canary

deny contains "secret" if input.file.path == "/trial/files/secret"
