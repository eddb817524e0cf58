package main

import (
	"cmp"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/tester"
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
	}
	return t
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
