package interdict.policies.trial_canary

deny contains "public" if input.file.path == "/trial/files/public"

deny contains "victim" if input.file.path == "/trial/files/victim"
