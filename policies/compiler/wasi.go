//go:build wasip1

package main

import (
	"fmt"
	"os"
)

// run answers one request. The module is built as a reactor: its packages are initialized once, at build time, and the
// memory is kept, since this is most of the time a short request takes.
//
//go:wasmexport run
func run() int32 {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return 0
}
