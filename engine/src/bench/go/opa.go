// Command opa is the peer of the decision benchmark: OPA's own engine, prepared once, with parsed inputs.
//
// The first line of standard input is the policy with its data and inputs; the answer is a line with the decisions. Each
// further line is a number of rounds over all inputs; the answer is the processor time of the process for them, in ns.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

type job struct {
	Rego    string
	Package string
	Data    map[string]any
	Inputs  []json.RawMessage
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	ctx := context.Background()
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return err
	}
	var j job
	if err := json.Unmarshal(line, &j); err != nil {
		return err
	}
	query, err := rego.New(rego.Query("data."+j.Package), rego.Module("policy.rego", j.Rego),
		rego.Store(inmem.NewFromObject(j.Data))).PrepareForEval(ctx)
	if err != nil {
		return err
	}
	var inputs []ast.Value
	var decisions []any
	for _, raw := range j.Inputs {
		var input any
		if err := json.Unmarshal(raw, &input); err != nil {
			return err
		}
		inputs = append(inputs, ast.MustInterfaceToValue(input))
		set, err := query.Eval(ctx, rego.EvalParsedInput(inputs[len(inputs)-1]))
		if err != nil {
			return err
		}
		decisions = append(decisions, set[0].Expressions[0].Value)
	}
	if err := json.NewEncoder(os.Stdout).Encode(decisions); err != nil {
		return err
	}
	for {
		text, err := in.ReadString('\n')
		if err != nil {
			return nil
		}
		rounds, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return err
		}
		start := processorTime()
		for range rounds {
			for _, input := range inputs {
				if _, err := query.Eval(ctx, rego.EvalParsedInput(input)); err != nil {
					return err
				}
			}
		}
		fmt.Println(processorTime() - start)
	}
}

func processorTime() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
