package interdict.policies.trial_keep

# Nobody is there.
deny contains "nobody" if input.process.uid == 2999
