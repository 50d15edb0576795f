package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
)

// mayListen refuses to serve other machines without knowing who asks.
func (s *Server) mayListen(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("listen address %q: want HOST:PORT, for example 127.0.0.1:8080", address)
	}
	if s.config.Authenticate != nil || isLoopback(host) {
		return nil
	}
	if host == "" {
		host = "every interface"
	}
	return fmt.Errorf("refusing to listen on %s: requests are not authenticated, so anybody who can reach this machine could run code on it; "+
		"set auth, or listen on 127.0.0.1 and put a proxy that authenticates in front if others are to reach it", host)
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

func listenError(address string, err error) error {
	_, port, _ := net.SplitHostPort(address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %s is in use: another program listens on %s; stop it or choose another port with --listen", port, address)
	case errors.Is(err, syscall.EACCES), errors.Is(err, os.ErrPermission):
		return fmt.Errorf("port %s needs more rights than this process has; choose one above 1023 with --listen", port)
	}
	return fmt.Errorf("listen on %s: %w", address, err)
}
