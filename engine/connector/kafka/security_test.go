package kafka

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"software.sslmate.com/src/go-pkcs12"
)

// party is somebody with a key and a certificate.
type party struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// issue makes a certificate signed by an authority; nil: by itself.
func issue(t *testing.T, name string, by *party, hosts ...string) *party {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true, IsCA: by == nil,
	}
	for _, h := range hosts {
		c.IPAddresses = append(c.IPAddresses, net.ParseIP(h))
	}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return &party{key, c}
}

func (p *party) certPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw})
}

func (p *party) keyDER(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (p *party) keyPEM(t *testing.T) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: p.keyDER(t)})
}

func (p *party) tls() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{p.cert.Raw}, PrivateKey: p.key}
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestSecureBrokers connects to brokers that want TLS, a client's certificate, or
// a password, with all kinds of stores that clients of Kafka have.
func TestSecureBrokers(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	authority, stranger := issue(t, "authority", nil), issue(t, "stranger", nil)
	broker, elsewhere, client := issue(t, "broker", authority, "127.0.0.1"), issue(t, "broker", authority, "10.0.0.1"), issue(t, "client", authority)

	trustJKS := keystore.New()
	if err := trustJKS.SetTrustedCertificateEntry("ca", keystore.TrustedCertificateEntry{CreationTime: time.Now(), Certificate: keystore.Certificate{Type: "X509", Content: authority.cert.Raw}}); err != nil {
		t.Fatal(err)
	}
	keyJKS := keystore.New()
	if err := keyJKS.SetPrivateKeyEntry("me", keystore.PrivateKeyEntry{
		CreationTime: time.Now(), PrivateKey: client.keyDER(t), CertificateChain: []keystore.Certificate{{Type: "X509", Content: client.cert.Raw}},
	}, []byte("of-the-key")); err != nil {
		t.Fatal(err)
	}
	stored := func(s keystore.KeyStore) []byte {
		var b bytes.Buffer
		if err := s.Store(&b, []byte("of-the-store")); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	bytesOf := must[[]byte](t)
	files := map[string]string{
		"ca.pem":     file("ca.pem", authority.certPEM()),
		"ca.jks":     file("ca.jks", stored(trustJKS)),
		"ca.p12":     file("ca.p12", bytesOf(pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{authority.cert}, "of-the-store"))),
		"other.pem":  file("other.pem", stranger.certPEM()),
		"client.pem": file("client.pem", append(client.keyPEM(t), client.certPEM()...)),
		"client.jks": file("client.jks", stored(keyJKS)),
		"client.p12": file("client.p12", bytesOf(pkcs12.Modern.Encode(client.key, client.cert, []*x509.Certificate{authority.cert}, "of-the-store"))),
		"empty":      file("empty", nil),
	}

	clients := x509.NewCertPool()
	clients.AddCert(authority.cert)
	address := func(opts ...kfake.Opt) string {
		c, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c.ListenAddrs()[0]
	}
	ofBroker := &tls.Config{Certificates: []tls.Certificate{broker.tls()}}
	brokers := map[string]string{
		"tls":       address(kfake.TLS(ofBroker)),
		"elsewhere": address(kfake.TLS(&tls.Config{Certificates: []tls.Certificate{elsewhere.tls()}})),
		"mutual":    address(kfake.TLS(&tls.Config{Certificates: []tls.Certificate{broker.tls()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients})),
		"password":  address(kfake.EnableSASL(), kfake.Superuser("PLAIN", "weir", `a "quoted" one`), kfake.Superuser("SCRAM-SHA-256", "weir", "256"), kfake.Superuser("SCRAM-SHA-512", "weir", "512")),
		"both":      address(kfake.TLS(ofBroker), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "weir", "512")),
	}
	jaas := func(password string) string {
		return `org.apache.kafka.common.security.scram.ScramLoginModule required username="weir" password="` + password + `";`
	}
	for _, tt := range []struct {
		name, broker, properties string
		jaas                     string
		want                     string // stands in the error; empty: none
	}{
		{"PEM", "tls", "security.protocol=SSL ssl.truststore.type=PEM ssl.truststore.location=ca.pem", "", ""},
		{"PEM without its type", "tls", "security.protocol=SSL ssl.truststore.location=ca.pem", "", ""},
		{"JKS", "tls", "security.protocol=SSL ssl.truststore.location=ca.jks ssl.truststore.password=of-the-store", "", ""},
		{"JKS without its password", "tls", "security.protocol=SSL ssl.truststore.type=JKS ssl.truststore.location=ca.jks", "", ""},
		{"PKCS12", "tls", "security.protocol=SSL ssl.truststore.type=PKCS12 ssl.truststore.location=ca.p12 ssl.truststore.password=of-the-store", "", ""},
		{"PKCS12 that is called JKS", "tls", "security.protocol=SSL ssl.truststore.type=JKS ssl.truststore.location=ca.p12 ssl.truststore.password=of-the-store", "", ""},
		{"another authority", "tls", "security.protocol=SSL ssl.truststore.type=PEM ssl.truststore.location=other.pem", "", "unknown authority"},
		{"no TLS where it is wanted", "tls", "security.protocol=PLAINTEXT", "", "is TLS missing"},
		{"another name", "elsewhere", "security.protocol=SSL ssl.truststore.location=ca.jks ssl.truststore.password=of-the-store", "", "not 127.0.0.1"},
		{"another name, not checked", "elsewhere", "security.protocol=SSL ssl.truststore.location=ca.jks ssl.truststore.password=of-the-store ssl.endpoint.identification.algorithm=", "", ""},
		{"another authority, name not checked", "elsewhere", "security.protocol=SSL ssl.truststore.type=PEM ssl.truststore.location=other.pem ssl.endpoint.identification.algorithm=", "", "unknown authority"},
		{"a wrong password of JKS", "tls", "security.protocol=SSL ssl.truststore.location=ca.jks ssl.truststore.password=x", "", "properties.ssl.truststore.location"},
		{"a wrong password of PKCS12", "tls", "security.protocol=SSL ssl.truststore.type=PKCS12 ssl.truststore.location=ca.p12 ssl.truststore.password=x", "", "the password is wrong; give it with 'properties.ssl.truststore.password'"},
		{"an empty file", "tls", "security.protocol=SSL ssl.truststore.location=empty", "", "cannot be read as JKS"},
		{"a file that is not there", "tls", "security.protocol=SSL ssl.truststore.location=/nowhere/ca.jks", "", "no such file"},
		{"another kind", "tls", "security.protocol=SSL ssl.truststore.type=BKS ssl.truststore.location=ca.jks", "", "JKS, PKCS12 or PEM expected, got \"BKS\""},
		{"a certificate of the client in PEM", "mutual", "security.protocol=SSL ssl.truststore.type=PEM ssl.truststore.location=ca.pem ssl.keystore.type=PEM ssl.keystore.location=client.pem", "", ""},
		{"in JKS", "mutual", "security.protocol=SSL ssl.truststore.location=ca.jks ssl.keystore.location=client.jks ssl.keystore.password=of-the-store ssl.key.password=of-the-key", "", ""},
		{"in PKCS12", "mutual", "security.protocol=SSL ssl.truststore.location=ca.jks ssl.keystore.type=PKCS12 ssl.keystore.location=client.p12 ssl.keystore.password=of-the-store", "", ""},
		{"a wrong password of the key", "mutual", "security.protocol=SSL ssl.truststore.location=ca.jks ssl.keystore.location=client.jks ssl.keystore.password=of-the-store", "", "properties.ssl.key.password"},
		{"none where one is wanted", "mutual", "security.protocol=SSL ssl.truststore.type=PEM ssl.truststore.location=ca.pem", "", "certificate required"},
		{"PLAIN", "password", "security.protocol=SASL_PLAINTEXT sasl.mechanism=PLAIN", jaas(`a \"quoted\" one`), ""},
		{"SCRAM-SHA-256", "password", "security.protocol=SASL_PLAINTEXT sasl.mechanism=SCRAM-SHA-256", jaas("256"), ""},
		{"SCRAM-SHA-512", "password", "security.protocol=SASL_PLAINTEXT sasl.mechanism=SCRAM-SHA-512", jaas("512"), ""},
		{"a wrong password", "password", "security.protocol=SASL_PLAINTEXT sasl.mechanism=PLAIN", jaas("x"), "EOF"},
		{"SASL over TLS", "both", "security.protocol=SASL_SSL sasl.mechanism=SCRAM-SHA-512 ssl.truststore.type=PEM ssl.truststore.location=ca.pem", jaas("512"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			given := map[string]string{"topic": "t", "properties.bootstrap.servers": brokers[tt.broker]}
			for _, kv := range strings.Fields(tt.properties) {
				k, v, _ := strings.Cut(kv, "=")
				if path, ok := files[v]; ok {
					v = path
				}
				given["properties."+k] = v
			}
			if tt.jaas != "" {
				given["properties.sasl.jaas.config"] = tt.jaas
			}
			err := func() error {
				p, err := readProperties(options(t, Connector, given))
				if err != nil {
					return err
				}
				c, err := kgo.NewClient(append(p.all, kgo.RequestRetries(0), kgo.RetryTimeout(5*time.Second))...)
				if err != nil {
					return err
				}
				defer c.Close()
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				defer cancel()
				return c.Ping(ctx)
			}()
			switch {
			case tt.want == "" && err != nil:
				t.Fatal(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}
