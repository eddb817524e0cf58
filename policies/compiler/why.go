package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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
	Input  int      `json:"input"` // for which of the inputs; the first, if for several
}

const whyReasons = 64 // as many as the engine tells

var whyLimit = 5 * time.Second // the engine gives up after milliseconds

// whyPolicy has OPA's own evaluator decide about one event, under each of its names, and tells which rules held.
func whyPolicy(req *Request) (*Response, error) {
	policy, found, err := check(req)
	if policy == nil {
		return &Response{Diagnostics: found}, err
	}
	res := &Response{Diagnostics: found}
	query, err := rego.New(rego.Query("data.interdict.decision"), rego.Compiler(policy.compiler),
		rego.Store(inmem.NewFromObject(policy.data))).PrepareForEval(context.Background())
	if err != nil {
		return nil, err
	}
	w := &why{policy: policy, name: "data." + packageName(req.Name), query: query, now: time.Unix(0, req.Time),
		end: time.Now().Add(whyLimit), reads: map[*ast.Rule][]string{}}
	for i, raw := range req.Inputs {
		var input any
		if err := util.UnmarshalJSON(raw, &input); err != nil {
			return nil, fmt.Errorf("input %d: %w", i, err)
		}
		held, err := w.evaluate(input)
		if err != nil {
			res.Failure = err.Error()
			return res, nil
		}
		for _, h := range held {
			h.Input = i
			if len(res.Held) < whyReasons && !slices.ContainsFunc(res.Held, h.same) {
				res.Held = append(res.Held, h)
			}
		}
	}
	return res, nil
}

func (h Held) same(other Held) bool {
	return h.Set == other.Set && h.Reason == other.Reason && h.File == other.File && h.Line == other.Line
}

type why struct {
	policy *checked
	name   string
	query  rego.PreparedEvalQuery
	now    time.Time // of the decision
	end    time.Time
	reads  map[*ast.Rule][]string
}

// evaluate gives the rules whose reasons are in the decision.
func (w *why) evaluate(input any) ([]Held, error) {
	value, err := ast.InterfaceToValue(input)
	if err != nil {
		return nil, err
	}
	trace := &heldTracer{why: w, input: value, cancel: topdown.NewCancel()}
	set, err := w.query.Eval(context.Background(), rego.EvalParsedInput(value), rego.EvalTime(w.now),
		rego.EvalQueryTracer(trace), rego.EvalExternalCancel(trace.cancel))
	switch {
	case trace.late:
		return nil, fmt.Errorf("no decision after %v", whyLimit)
	case err != nil:
		return nil, err
	case len(set) == 0:
		return nil, errors.New("the decision is undefined")
	}
	said, err := json.Marshal(set[0].Expressions[0].Value)
	if err != nil {
		return nil, err
	}
	var reasons map[string][]string
	if err := json.Unmarshal(said, &reasons); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(trace.held, func(h Held) bool { return !slices.Contains(reasons[h.Set], h.Reason) }), nil
}

// heldTracer sees each rule of deny, kill and warn that holds for the event as it is: what holds under a "with" is another
// question.
type heldTracer struct {
	why    *why
	input  ast.Value
	held   []Held
	cancel topdown.Cancel
	events int
	late   bool
}

func (*heldTracer) Enabled() bool { return true }

// Config asks for no variables of events: a reason is taken from the bindings, which are there while the rule is left.
func (*heldTracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (t *heldTracer) TraceEvent(event topdown.Event) {
	if t.events++; t.events%256 == 0 && time.Now().After(t.why.end) {
		t.late = true
		t.cancel.Cancel()
	}
	rule, ok := event.Node.(*ast.Rule)
	if event.Op != topdown.ExitOp || !ok || rule.Head.Key == nil || event.Input() == nil || event.Input().Value.Compare(t.input) != 0 {
		return
	}
	pkg, set := rule.Module.Package.Path.String(), rule.Head.Ref()[0].Value.String()
	if !slices.Contains(reasonSets, set) || pkg != t.why.name && !strings.HasPrefix(pkg, t.why.name+".") {
		return
	}
	held := Held{Set: set, Reason: reason(event.Plug(rule.Head.Key)), File: rule.Location.File, Line: rule.Location.Row}
	if !slices.ContainsFunc(t.held, held.same) {
		held.Reads = t.why.readsOf(rule)
		t.held = append(t.held, held)
	}
}

func (w *why) readsOf(rule *ast.Rule) []string {
	if _, known := w.reads[rule]; !known {
		w.reads[rule] = w.policy.reads.of(w.policy.compiler, rule)
	}
	return w.reads[rule]
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
