package interdict.policies.confine_databases_test

import data.interdict.policies.confine_databases

run(unit, path) := {
	"hook": "exec",
	"process": {"unit": unit},
	"file": {"path": path},
}

test_databases_run_nothing_else if {
	every unit in ["postgresql@15-main.service", "redis-server.service", "redis-server@a.service"] {
		count(confine_databases.deny) == 1 with input as run(unit, "/usr/bin/dash")
		count(confine_databases.deny) == 1 with input as run(unit, "/usr/lib/postgresql-16/bin/postgres")
	}
}

test_databases_run_what_is_theirs if {
	every path in array.concat(data.programs, ["/usr/lib/postgresql/15/bin/postgres", "/usr/lib/postgresql"]) {
		count(confine_databases.deny) == 0 with input as run("postgresql@15-main.service", path)
	}
}

test_others_run_what_they_like if {
	count(confine_databases.deny) == 0 with input as run("cron.service", "/usr/bin/dash")
	count(confine_databases.deny) == 0 with input as {
		"hook": "exec",
		"process": {},
		"file": {"path": "/usr/bin/dash"},
	}
}
