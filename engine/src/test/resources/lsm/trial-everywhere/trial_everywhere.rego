package interdict.policies.trial_everywhere

deny contains $"secret, from {input.process.cgroup.path}" if input.file.path == "/trial/files/secret"
