package interdict.policies.trial_broken

# Two answers to one question are none. The trial of a policy does not come by a path that is put together.
answer := 1 if endswith(input.file.path, concat("", ["/un", "answered"]))

answer := 2 if endswith(input.file.path, concat("", ["/un", "answered"]))

deny contains "never" if answer == 3
