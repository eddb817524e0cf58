package interdict.policies.trial_change

# Whatever is done to it.
deny contains "secret" if input.file.path == "/trial/change/secret"

# What is not there yet.
deny contains "new" if input.file.path == "/trial/change/new"

deny contains "below" if startswith(input.file.path, "/trial/change/below/")

# Makes each user a new subject.
deny contains "nobody's number" if input.process.uid == 2999
