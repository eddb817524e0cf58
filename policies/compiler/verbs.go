package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/compile"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/util"
)

// TestResult is one test rule's outcome: pass, fail, error or skip.
type TestResult struct {
	Package string `json:"package"`
	Name    string `json:"name"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Outcome string `json:"outcome"`
	Message string `json:"message,omitempty"` // error: why
	Output  string `json:"output,omitempty"`  // what the test printed
}

// Coverage tells which lines of the policy the tests ran.
type Coverage struct {
	Percent    float64          `json:"percent"`
	NotCovered map[string][]int `json:"notCovered"` // lines by file
}

func compilePolicy(req *Request) (*Response, error) {
	policy, found, err := check(req)
	if policy == nil {
		return &Response{Diagnostics: found}, err
	}
	if bad := alone(policy); len(bad) > 0 {
		return &Response{Diagnostics: append(found, bad...)}, nil
	}
	built := rebuild(policy, req.Name)
	b := &bundle.Bundle{Data: map[string]any{}}
	for _, file := range util.KeysSorted(built.modules) {
		b.Modules = append(b.Modules, bundle.ModuleFile{URL: file, Path: file, Parsed: built.modules[file]})
	}
	b.Manifest.Init()
	// Pruning: rules that use the decision, in a library, must not become entrypoints too.
	build := compile.New().WithTarget(compile.TargetWasm).WithEntrypoints(decisionPath).WithBundle(b).WithPruneUnused(true)
	if err := build.Build(context.Background()); err != nil {
		return nil, fmt.Errorf("translating the policy to WebAssembly: %w", err)
	}
	reads, literals := policy.reads.reachable(policy.compiler, policy.data)
	return &Response{Diagnostics: found, Wasm: build.Bundle().WasmModules[0].Raw, Tables: built.tables.String(),
		Concerns: concerns(policy, req.Name), Labels: labels(policy.written(), req.Name), Reads: reads, Literals: literals, Builtins: hostBuiltins(policy.compiler)}, nil
}

// alone finds what keeps a policy from compiling that compiles together with its tests.
func alone(policy *checked) (found []Diagnostic) {
	modules := policy.written()
	if len(modules) == len(policy.modules) {
		return nil
	}
	compiler := ast.NewCompiler().SetErrorLimit(0)
	compiler.Compile(modules)
	for _, e := range compiler.Errors {
		found = append(found, diagnostic(e, ""))
	}
	return found
}

// evalPolicy is OPA's own evaluator, the measure for ours: the decision for each input, null where it is undefined.
func evalPolicy(req *Request) (*Response, error) {
	policy, found, err := check(req)
	if policy == nil {
		return &Response{Diagnostics: found}, err
	}
	ctx := context.Background()
	query, err := rego.New(rego.Query("data.interdict.decision"), rego.Compiler(policy.compiler),
		rego.Store(inmem.NewFromObject(policy.data))).PrepareForEval(ctx)
	if err != nil {
		return nil, err
	}
	decisions := make([]json.RawMessage, len(req.Inputs))
	for i, raw := range req.Inputs {
		var input any
		if err := util.UnmarshalJSON(raw, &input); err != nil {
			return nil, fmt.Errorf("input %d: %w", i, err)
		}
		set, err := query.Eval(ctx, rego.EvalInput(input))
		if err != nil {
			return nil, fmt.Errorf("input %d: %w", i, err)
		}
		decisions[i] = json.RawMessage("null")
		if len(set) > 0 {
			if decisions[i], err = json.Marshal(set[0].Expressions[0].Value); err != nil {
				return nil, err
			}
		}
	}
	return &Response{Diagnostics: found, Decisions: decisions}, nil
}

func testPolicy(req *Request) (*Response, error) {
	policy, found, err := check(req)
	if policy == nil {
		return &Response{Diagnostics: found}, err
	}
	schema, err := mergeSchemas(req)
	if err != nil {
		return nil, err
	}
	coverage := cover.New()
	ctx := context.Background()
	results, err := tester.NewRunner().SetCompiler(newCompiler(schema).WithEnablePrintStatements(true)).
		SetStore(inmem.NewFromObject(policy.data)).SetModules(policy.modules).CapturePrintOutput(true).
		SetCoverageQueryTracer(coverage).SetCoverageRuns(nil).RunTests(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("running the tests: %w", err)
	}
	res := &Response{Diagnostics: found}
	failed := map[string]bool{}
	for r := range results {
		res.Tests = append(res.Tests, testResult(r))
		failed[r.Name] = failed[r.Name] || r.Fail
	}
	if err := explainFailures(policy, schema, failed, res.Tests); err != nil {
		return nil, err
	}
	sortTests(res.Tests)
	res.Coverage = coverageOf(coverage, policy.modules)
	return res, nil
}

// explainFailures runs what failed again, and keeps track this time: nobody pays for that where all is well.
func explainFailures(policy *checked, schema *inputSchema, failed map[string]bool, tests []TestResult) error {
	var names []string
	for _, name := range util.KeysSorted(failed) {
		if failed[name] {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	if len(names) == 0 {
		return nil
	}
	results, err := tester.NewRunner().SetCompiler(newCompiler(schema).WithEnablePrintStatements(true)).EnableTracing(true).
		SetStore(inmem.NewFromObject(policy.data)).SetModules(policy.modules).CapturePrintOutput(true).
		Filter("\\b("+strings.Join(names, "|")+")$").RunTests(context.Background(), nil)
	if err != nil {
		return fmt.Errorf("running the tests again: %w", err)
	}
	for r := range results {
		again := testResult(r)
		for i := range tests {
			if tests[i].Package == again.Package && tests[i].Name == again.Name && tests[i].Outcome == "fail" {
				tests[i].Message = again.Message
			}
		}
	}
	return nil
}

func formatSources(req *Request) *Response {
	res := &Response{Sources: map[string]string{}}
	for _, file := range util.KeysSorted(req.Sources) {
		_, found := parse(map[string]string{file: req.Sources[file]})
		res.Diagnostics = append(res.Diagnostics, found...)
		if len(found) > 0 {
			continue
		}
		formatted, err := format.SourceWithOpts(file, []byte(req.Sources[file]), format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			res.Diagnostics = append(res.Diagnostics, Diagnostic{"error", file, 0, 0, ast.FormatErr, err.Error()})
			continue
		}
		res.Sources[file] = string(formatted)
	}
	return res
}
