package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/smallstep/certificates/authority/config"
	"github.com/smallstep/certificates/ca"
	_ "github.com/smallstep/certificates/cas/softcas"
	_ "github.com/smallstep/certificates/kms/pkcs11"
	_ "github.com/smallstep/certificates/kms/softkms"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: %s CONFIGURATION", os.Args[0])
	}
	configuration, err := config.LoadConfiguration(os.Args[1])
	if err != nil {
		return err
	}
	server, err := ca.New(configuration, ca.WithConfigFile(os.Args[1]))
	if err != nil {
		return err
	}
	if err := server.Run(); err != http.ErrServerClosed {
		return err
	}
	return nil
}
