// Command bundles reads and writes bundles with OPA's own packages.
//
//	read FILE [ALGORITHM KEYFILE KEYID SCOPE]            what OPA makes of it, as JSON; verified if there is a key
//	rewrite FILE OUT ALGORITHM KEYFILE KEYID CLAIMSFILE  reads, signs and writes it anew; CLAIMSFILE may be ""
//	hash                                                 the hash of the structured document on standard input
package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

func main() {
	var err error
	switch os.Args[1] {
	case "read":
		err = read(os.Args[2], os.Args[3:])
	case "rewrite":
		err = rewrite(os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6], os.Args[7])
	case "hash":
		err = hash()
	}
	if err != nil {
		fmt.Println("refused:", err)
	}
}

func load(file string, key []string) (*bundle.Bundle, error) {
	archive, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	reader := bundle.NewReader(bytes.NewReader(archive)).WithRegoVersion(ast.RegoV1)
	if len(key) == 0 {
		reader = reader.WithSkipBundleVerification(true)
	} else {
		text, err := os.ReadFile(key[1])
		if err != nil {
			return nil, err
		}
		keys := map[string]*bundle.KeyConfig{key[2]: {Key: string(text), Algorithm: key[0], Scope: key[3]}}
		reader = reader.WithBundleVerificationConfig(bundle.NewVerificationConfig(keys, key[2], key[3], nil))
	}
	b, err := reader.Read()
	return &b, err
}

// read loads the bundle and activates it in a store, as a running OPA does.
func read(file string, key []string) error {
	b, err := load(file, key)
	if err != nil {
		return err
	}
	modules := map[string]string{}
	for _, m := range b.Modules {
		modules[m.Path] = m.Parsed.Package.Path.String()
	}
	ctx := context.Background()
	store := inmem.New()
	txn, err := store.NewTransaction(ctx, storage.WriteParams)
	if err != nil {
		return err
	}
	err = bundle.Activate(&bundle.ActivateOpts{Ctx: ctx, Store: store, Txn: txn, Compiler: ast.NewCompiler(),
		Metrics: metrics.New(), Bundles: map[string]*bundle.Bundle{"b": b}, ParserOptions: ast.ParserOptions{RegoVersion: ast.RegoV1}})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"revision": b.Manifest.Revision, "roots": b.Manifest.Roots,
		"metadata": b.Manifest.Metadata, "data": b.Data, "modules": modules})
}

func rewrite(file, out, algorithm, keyFile, keyID, claims string) error {
	b, err := load(file, nil)
	if err != nil {
		return err
	}
	// What OPA's writer signs is what it writes: the data of all folders in one file, modules as they were.
	if err := b.GenerateSignature(bundle.NewSigningConfig(keyFile, algorithm, claims), keyID, true); err != nil {
		return err
	}
	var buffer bytes.Buffer
	if err := bundle.NewWriter(&buffer).UseModulePath(true).DisableFormat(true).Write(*b); err != nil {
		return err
	}
	return os.WriteFile(out, buffer.Bytes(), 0o600)
}

func hash() error {
	document, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var value any
	if err := util.Unmarshal(document, &value); err != nil {
		return err
	}
	hasher, err := bundle.NewSignatureHasher(bundle.SHA256)
	if err != nil {
		return err
	}
	sum, err := hasher.HashFile(value)
	if err != nil {
		return err
	}
	fmt.Println(hex.EncodeToString(sum))
	return nil
}
