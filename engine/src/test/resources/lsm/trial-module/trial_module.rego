package interdict.policies.trial_module

deny contains "file" if input.file.path == "/opt/attack/victim"

deny contains "memory" if "memory" in input.access

deny contains "request" if input.module.name == "fs-squashfs"

# Makes each user a new subject.
deny contains "nobody's number" if input.process.uid == 2999
