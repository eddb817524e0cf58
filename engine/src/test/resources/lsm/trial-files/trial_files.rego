package interdict.policies.trial_files

deny contains "secret" if input.file.path == "/trial/files/secret"

deny contains "new" if input.file.path == "/trial/files/new"

# A file without a name is created in the directory itself.
deny contains "closed directory" if {
	input.file.path == "/trial/files/closed"
	input.file.created
}

deny contains "forbidden by name" if contains(input.file.path, "/forbidden-")

# Makes each user a new subject.
deny contains "nobody's number" if input.process.uid == 2999

deny contains "late" if input.file.path == "/trial/alias/late"

deny contains "keys" if {
	input.file.path == "/trial/files/keys"
	not input.process.exe.path in {"/usr/bin/cat", "/trial/files/reader"}
}

deny contains "below" if startswith(input.file.path, "/trial/files/below/")
