package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
)

// Held is a rule of deny, kill or warn that held for an event, once for each reason that it gave.
type Held struct {
	Set    string   `json:"set"` // deny, kill or warn
	Reason string   `json:"reason"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Reads  []string `json:"reads"` // dotted paths below input that it can read, by the rules that it uses, too
}

// whyPolicy has OPA's own evaluator decide about one event, and tells which rules held.
func whyPolicy(req *Request) (*Response, error) {
	if len(req.Inputs) != 1 {
		return nil, fmt.Errorf("why is about one input, not %d", len(req.Inputs))
	}
	policy, found, err := check(req)
	if policy == nil {
		return &Response{Diagnostics: found}, err
	}
	var input any
	if err := util.UnmarshalJSON(req.Inputs[0], &input); err != nil {
		return nil, fmt.Errorf("the input: %w", err)
	}
	trace := &heldTracer{policy: policy, name: "data." + packageName(req.Name)}
	_, err = rego.New(rego.Query("data.interdict.decision"), rego.Compiler(policy.compiler),
		rego.Store(inmem.NewFromObject(policy.data)), rego.Input(input), rego.QueryTracer(trace)).Eval(context.Background())
	if err != nil {
		return nil, fmt.Errorf("evaluating the policy: %w", err)
	}
	return &Response{Diagnostics: found, Held: trace.held}, nil
}

type heldTracer struct {
	policy *checked
	name   string
	held   []Held
}

func (*heldTracer) Enabled() bool { return true }

// Config asks for no variables of events: a reason is taken from the bindings, which are there while the rule is left.
func (*heldTracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (t *heldTracer) TraceEvent(event topdown.Event) {
	rule, ok := event.Node.(*ast.Rule)
	if event.Op != topdown.ExitOp || !ok || rule.Module.Package.Path.String() != t.name || rule.Head.Key == nil {
		return
	}
	set := rule.Head.Ref()[0].Value.String()
	if !slices.Contains(reasonSets, set) {
		return
	}
	held := Held{Set: set, Reason: reason(event.Plug(rule.Head.Key)), File: rule.Location.File, Line: rule.Location.Row}
	if !slices.ContainsFunc(t.held, func(h Held) bool {
		return h.Set == held.Set && h.Reason == held.Reason && h.File == held.File && h.Line == held.Line
	}) {
		held.Reads = t.policy.reads.of(t.policy.compiler, rule)
		t.held = append(t.held, held)
	}
}

// reason is what the wrapper makes of a member: itself if it is a string, else its JSON.
func reason(member *ast.Term) string {
	if text, ok := member.Value.(ast.String); ok {
		return string(text)
	}
	value, err := ast.JSON(member.Value)
	if err == nil {
		if text, err := json.Marshal(value); err == nil {
			return string(text)
		}
	}
	return member.String()
}
