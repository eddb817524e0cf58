package interdict.policies.trial_namespace

deny contains "namespace" if "create" in input.access

# Makes each user a new subject.
deny contains "nobody's number" if input.process.uid == 2999
