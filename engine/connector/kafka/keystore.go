package kafka

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"
)

// tls makes the configuration of connections. Stores of keys and certificates
// are those of Java's clients: JKS (their default), PKCS12 and PEM.
func (s *security) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	trusted, err := s.trusted()
	if err != nil {
		return nil, err
	}
	if len(trusted) > 0 {
		c.RootCAs = x509.NewCertPool()
		for _, cert := range trusted {
			c.RootCAs.AddCert(cert)
		}
	}
	own, err := s.own()
	if err != nil {
		return nil, err
	}
	if own != nil {
		c.Certificates = []tls.Certificate{*own}
	}
	if s.hostnameGiven && s.hostname == "" { // Kafka's way to say: do not check the name
		c.InsecureSkipVerify = true
		roots := c.RootCAs
		c.VerifyConnection = func(state tls.ConnectionState) error {
			o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
			for _, cert := range state.PeerCertificates[1:] {
				o.Intermediates.AddCert(cert)
			}
			_, err := state.PeerCertificates[0].Verify(o)
			return err
		}
	}
	return c, nil
}

// trusted are the certificates that the brokers' may be signed with; none: those
// that the machine trusts.
func (s *security) trusted() ([]*x509.Certificate, error) {
	if s.trustPEM != "" {
		certs, err := certificates([]byte(s.trustPEM))
		if err != nil {
			return nil, fmt.Errorf("option 'properties.ssl.truststore.certificates': %w", err)
		}
		return certs, nil
	}
	if s.trust == "" {
		return nil, nil
	}
	wrong := func(err error) ([]*x509.Certificate, error) {
		return nil, fmt.Errorf("option 'properties.ssl.truststore.location': %s: %w", s.trust, err)
	}
	b, err := os.ReadFile(s.trust)
	if err != nil {
		return nil, fmt.Errorf("option 'properties.ssl.truststore.location': %w", err)
	}
	var certs []*x509.Certificate
	switch kindOfStore(b, s.trustType) {
	case "PEM":
		certs, err = certificates(b)
	case "PKCS12":
		if certs, err = pkcs12.DecodeTrustStore(b, s.trustPassword); err != nil {
			// A store with keys has their authorities beside them.
			if _, _, chain, e := pkcs12.DecodeChain(b, s.trustPassword); e == nil && len(chain) > 0 {
				certs, err = chain, nil
			}
		}
	case "JKS":
		certs, err = trustedOfJKS(b, s.trustPassword)
	default:
		return nil, fmt.Errorf("option 'properties.ssl.truststore.type': JKS, PKCS12 or PEM expected, got %q", s.trustType)
	}
	switch {
	case err != nil:
		return wrong(explained(err, "properties.ssl.truststore.password"))
	case len(certs) == 0:
		return wrong(errors.New("no certificate in it"))
	}
	return certs, nil
}

// own is the certificate that the client shows; nil: none.
func (s *security) own() (*tls.Certificate, error) {
	if s.keyFile == "" {
		if s.chainPEM == "" {
			return nil, nil
		}
		pair, err := tls.X509KeyPair([]byte(s.chainPEM), []byte(s.keyPEM))
		if err != nil {
			return nil, fmt.Errorf("option 'properties.ssl.keystore.certificate.chain': %w", err)
		}
		return &pair, nil
	}
	wrong := func(err error) (*tls.Certificate, error) {
		return nil, fmt.Errorf("option 'properties.ssl.keystore.location': %s: %w", s.keyFile, err)
	}
	b, err := os.ReadFile(s.keyFile)
	if err != nil {
		return nil, fmt.Errorf("option 'properties.ssl.keystore.location': %w", err)
	}
	switch kindOfStore(b, s.keyType) {
	case "PEM":
		if bytes.Contains(b, []byte("ENCRYPTED")) {
			return wrong(errors.New("its key is encrypted, which is not read here; give it without a password, or in a PKCS12 store"))
		}
		pair, err := tls.X509KeyPair(b, b)
		if err != nil {
			return wrong(err)
		}
		return &pair, nil
	case "PKCS12":
		key, leaf, chain, err := pkcs12.DecodeChain(b, s.storePassword)
		if err != nil {
			return wrong(explained(err, "properties.ssl.keystore.password"))
		}
		pair := &tls.Certificate{PrivateKey: key, Leaf: leaf, Certificate: [][]byte{leaf.Raw}}
		for _, c := range chain {
			pair.Certificate = append(pair.Certificate, c.Raw)
		}
		return pair, nil
	case "JKS":
		pair, err := keyOfJKS(b, s.storePassword, s.keyPassword)
		if err != nil {
			return wrong(explained(err, "properties.ssl.keystore.password"))
		}
		return pair, nil
	}
	return nil, fmt.Errorf("option 'properties.ssl.keystore.type': JKS, PKCS12 or PEM expected, got %q", s.keyType)
}

// kindOfStore is what was said, or what the file begins like. Java, too, reads a
// PKCS12 file where JKS is said, and that is the default.
func kindOfStore(b []byte, said string) string {
	if said != "" && said != "JKS" {
		return said
	}
	switch {
	case bytes.HasPrefix(b, []byte{0xfe, 0xed, 0xfe, 0xed}):
		return "JKS"
	case bytes.HasPrefix(b, []byte{0x30}):
		return "PKCS12"
	case said == "" && bytes.Contains(b, []byte("-----BEGIN ")):
		return "PEM"
	}
	return "JKS"
}

func explained(err error, option string) error {
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return fmt.Errorf("the password is wrong; give it with '%s'", option)
	}
	return err
}

func certificates(b []byte) (certs []*x509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, b = pem.Decode(b); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return nil, errors.New("no certificate in PEM found")
	}
	return certs, nil
}

// openJKS reads a store of Java. Without a password its contents are read, as
// Java does, and not checked against change.
func openJKS(b []byte, password string) (keystore.KeyStore, error) {
	store := keystore.New()
	err := store.Load(bytes.NewReader(b), []byte(password))
	if err != nil && (password != "" || len(store.Aliases()) == 0) {
		return store, fmt.Errorf("it cannot be read as JKS, or the password is wrong: %w", err)
	}
	return store, nil
}

func trustedOfJKS(b []byte, password string) (certs []*x509.Certificate, err error) {
	store, err := openJKS(b, password)
	if err != nil {
		return nil, err
	}
	for _, alias := range store.Aliases() {
		if !store.IsTrustedCertificateEntry(alias) {
			continue
		}
		entry, err := store.GetTrustedCertificateEntry(alias)
		if err != nil {
			return nil, err
		}
		cert, err := x509.ParseCertificate(entry.Certificate.Content)
		if err != nil {
			return nil, fmt.Errorf("certificate %q: %w", alias, err)
		}
		certs = append(certs, cert)
	}
	return certs, nil
}

func keyOfJKS(b []byte, storePassword, keyPassword string) (*tls.Certificate, error) {
	store, err := openJKS(b, storePassword)
	if err != nil {
		return nil, err
	}
	if keyPassword == "" {
		keyPassword = storePassword
	}
	for _, alias := range store.Aliases() {
		if !store.IsPrivateKeyEntry(alias) {
			continue
		}
		entry, err := store.GetPrivateKeyEntry(alias, []byte(keyPassword))
		if err != nil {
			return nil, fmt.Errorf("key %q cannot be opened; is 'properties.ssl.key.password' right: %w", alias, err)
		}
		key, err := x509.ParsePKCS8PrivateKey(entry.PrivateKey)
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", alias, err)
		}
		pair := &tls.Certificate{PrivateKey: key}
		for _, c := range entry.CertificateChain {
			pair.Certificate = append(pair.Certificate, c.Content)
		}
		return pair, nil
	}
	return nil, errors.New("no key in it")
}
