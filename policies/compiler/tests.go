package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

func testResult(r *tester.Result) TestResult {
	t := TestResult{Package: r.Package, Name: r.Name, File: r.Location.File, Line: r.Location.Row, Outcome: "pass", Output: string(r.Output)}
	switch {
	case r.Error != nil:
		t.Outcome, t.Message = "error", r.Error.Error()
	case r.Skip:
		t.Outcome = "skip"
	case r.Fail:
		t.Outcome = "fail"
		t.Message = failedAt(r)
	}
	return t
}

// failedAt is the expression of the test that did not hold, with the values of its variables.
func failedAt(r *tester.Result) string {
	var last *topdown.Event
	for _, event := range r.Trace {
		if event.Op == topdown.FailOp && event.Location != nil && event.Location.File == r.Location.File {
			last = event
		}
	}
	if last == nil {
		return ""
	}
	message := fmt.Sprintf("line %d does not hold: %s", last.Location.Row, firstLine(last.Location.Text))
	if last.Locals == nil {
		return message
	}
	var values []string
	last.Locals.Iter(func(key, value ast.Value) bool {
		if v, ok := key.(ast.Var); ok {
			if meta, known := last.LocalMetadata[v]; known && !meta.Name.IsGenerated() {
				values = append(values, fmt.Sprintf("%s is %v", meta.Name, value))
			}
		}
		return false
	})
	slices.Sort(values)
	if len(values) > 0 {
		message += " (" + strings.Join(values, ", ") + ")"
	}
	return message
}

func sortTests(tests []TestResult) {
	slices.SortFunc(tests, func(a, b TestResult) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Name, b.Name))
	})
}

// coverageOf counts the policy's own files only: neither the tests nor the generated module.
func coverageOf(tracer *cover.Cover, modules map[string]*ast.Module) *Coverage {
	own := map[string]*ast.Module{}
	for file, module := range modules {
		if !isTest(file) && file != wrapperFile {
			own[file] = module
		}
	}
	report := tracer.Report(own)
	result := &Coverage{Percent: report.Coverage, NotCovered: map[string][]int{}}
	for file, lines := range report.Files {
		if _, counts := own[file]; !counts {
			continue
		}
		for _, r := range lines.NotCovered {
			for row := r.Start.Row; row <= r.End.Row; row++ {
				if !slices.Contains(result.NotCovered[file], row) {
					result.NotCovered[file] = append(result.NotCovered[file], row)
				}
			}
		}
	}
	return result
}
