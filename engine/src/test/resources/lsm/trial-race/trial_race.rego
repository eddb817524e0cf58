package interdict.policies.trial_race

deny contains "file" if input.file.path in {"/trial/race/file-0", "/trial/race/runs-42"}

deny contains "address" if input.socket.address == "127.0.0.2"
