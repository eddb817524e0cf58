package interdict.policies.trial_budget

deny contains "public" if input.file.path == "/trial/files/public"
