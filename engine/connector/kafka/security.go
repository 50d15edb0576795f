package kafka

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// security is what the sasl.* and ssl.* settings say.
type security struct {
	protocol, mechanism, jaas string
	hostname                  string // ssl.endpoint.identification.algorithm
	hostnameGiven             bool
	trust, trustPEM           string
	trustType, trustPassword  string
	keyFile, keyType          string
	storePassword             string // of the key store
	keyPassword               string // of the key in it
	chainPEM, keyPEM          string
}

func (s *security) take(key, value string) (bool, error) {
	switch key {
	case "security.protocol":
		switch strings.ToUpper(value) {
		case "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL":
			s.protocol = strings.ToUpper(value)
		default:
			return false, fmt.Errorf("PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL expected, got %q", value)
		}
	case "sasl.mechanism":
		s.mechanism = strings.ToUpper(value)
	case "sasl.jaas.config":
		s.jaas = value
	case "ssl.endpoint.identification.algorithm":
		s.hostname, s.hostnameGiven = value, true
	case "ssl.truststore.location":
		s.trust = value
	case "ssl.truststore.certificates":
		s.trustPEM = value
	case "ssl.truststore.type":
		s.trustType = strings.ToUpper(value)
	case "ssl.truststore.password":
		s.trustPassword = value
	case "ssl.keystore.password":
		s.storePassword = value
	case "ssl.key.password":
		s.keyPassword = value
	case "ssl.keystore.location":
		s.keyFile = value
	case "ssl.keystore.type":
		s.keyType = strings.ToUpper(value)
	case "ssl.keystore.certificate.chain":
		s.chainPEM = value
	case "ssl.keystore.key":
		s.keyPEM = value
	default:
		return false, nil
	}
	return true, nil
}

// options are what the client needs for them. Files are read now, so that a
// wrong one is found before anything runs.
func (s *security) options() ([]kgo.Opt, error) {
	var out []kgo.Opt
	if s.protocol == "SSL" || s.protocol == "SASL_SSL" {
		c, err := s.tls()
		if err != nil {
			return nil, err
		}
		out = append(out, kgo.DialTLSConfig(c))
	}
	if strings.HasPrefix(s.protocol, "SASL_") {
		m, err := s.sasl()
		if err != nil {
			return nil, err
		}
		out = append(out, kgo.SASL(m))
	}
	return out, nil
}

var jaasOption = regexp.MustCompile(`\b(username|password)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;]+))`)

func (s *security) sasl() (sasl.Mechanism, error) {
	var user, password string
	for _, m := range jaasOption.FindAllStringSubmatch(s.jaas, -1) {
		value := strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(m[2] + m[3] + m[4])
		if m[1] == "username" {
			user = value
		} else {
			password = value
		}
	}
	if user == "" {
		return nil, fmt.Errorf(`option 'properties.sasl.jaas.config' must have username="…" and password="…"`)
	}
	switch s.mechanism {
	case "PLAIN":
		return plain.Auth{User: user, Pass: password}.AsMechanism(), nil
	case "SCRAM-SHA-256":
		return scram.Auth{User: user, Pass: password}.AsSha256Mechanism(), nil
	case "SCRAM-SHA-512":
		return scram.Auth{User: user, Pass: password}.AsSha512Mechanism(), nil
	}
	return nil, fmt.Errorf("option 'properties.sasl.mechanism': PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 are supported here, got %q; others run on a Flink target", s.mechanism)
}
