package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

func at(loc *ast.Location, file, code, message string) Diagnostic {
	d := Diagnostic{"error", file, 0, 0, code, message}
	if loc != nil {
		d.Line, d.Column = loc.Row, loc.Col
		if loc.File != "" {
			d.File = loc.File
		}
	}
	return d
}

func diagnostic(e *ast.Error, file string) Diagnostic {
	message := e.Message
	if _, source := e.Details.(*ast.ParserErrorDetail); e.Details != nil && !source {
		var lines []string
		for _, line := range e.Details.Lines() {
			if line = strings.Join(strings.Fields(line), " "); strings.Trim(line, "^") != "" {
				lines = append(lines, line)
			}
		}
		message += " (" + strings.Join(lines, "; ") + ")"
	}
	return at(e.Location, file, e.Code, message)
}

// explain words the compiler's errors. With a file that did not parse, what seems missing may be in there.
func explain(errs ast.Errors, schema *inputSchema, incomplete bool) []Diagnostic {
	var found []Diagnostic
	for _, e := range errs {
		missing := e.Code == ast.UnsafeVarErr || strings.HasPrefix(e.Message, "undefined function")
		if incomplete && missing {
			continue
		}
		d := diagnostic(e, "")
		if d.File == "" || d.File == wrapperFile {
			if e.Code == ast.RecursionErr && len(errs) > 1 {
				continue // said at the rule that people wrote
			}
			d.File, d.Line, d.Column = "", 0, 0 // about the policy as a whole, not about a file people wrote
		}
		if e.Code == ast.RecursionErr && strings.Contains(e.Message, "interdict.decision") {
			d.Message = "this rule reads all of data, and with it the decision that rests on it: name the part of data that is meant"
		}
		switch detail := e.Details.(type) {
		case *ast.RefErrInvalidDetail:
			if detail.Ref.HasPrefix(ast.InputRootRef) {
				d.Message = schema.noSuchField(detail.Ref, detail.Pos)
			}
		case *ast.UnificationErrDetail:
			if left, right := types.Sprint(detail.Left), types.Sprint(detail.Right); len(left)+len(right) < 100 {
				d.Message = fmt.Sprintf("%s: a %s is never a %s", firstLine(e.Location.Text), left, right)
			}
		case *ast.RefErrUnsupportedDetail:
			if detail.Ref.HasPrefix(ast.InputRootRef) {
				d.Message = fmt.Sprintf("%v is a %s: there is nothing below it, so %v is never defined",
					detail.Ref[:detail.Pos+1], types.Sprint(detail.Have), detail.Ref)
			}
		}
		if i := slices.IndexFunc(found, func(f Diagnostic) bool {
			return d.Code == ast.RecursionErr && f.Code == d.Code && f.File == d.File && f.Line == d.Line
		}); i >= 0 { // one circle: the rule reads itself, and the decision
			found = append(found[:i], found[i+1:]...)
		}
		found = append(found, d)
	}
	return found
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

func hasErrors(found []Diagnostic) bool {
	return slices.ContainsFunc(found, func(d Diagnostic) bool { return d.Severity == "error" })
}

func sortDiagnostics(found []Diagnostic) {
	slices.SortFunc(found, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
}
