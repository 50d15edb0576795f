package gateway

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weir-streams/weir/resource"
)

const sqlRoot = "/sql/v1beta1/namespaces/default"

type step struct {
	method, path, body string
	code               int
	want               string
}

func (w *world) steps(steps []step) {
	w.t.Helper()
	for _, s := range steps {
		if code, text := w.call(s.method, sqlRoot+s.path, s.body); code != s.code || !strings.Contains(text, s.want) {
			w.t.Errorf("%s %s %s: %d %s\nwant %d %s", s.method, s.path, s.body, code, text, s.code, s.want)
		}
	}
}

func TestConnectors(t *testing.T) {
	w := newWorld(t, Limits{})
	w.must("CREATE TABLE k (a INT) WITH ('connector'='pulsar','format'='orc')", orders)
	const tables = `[{"catalogName":"vvp","databaseName":"default","tableName":"k"}]`
	w.steps([]step{
		{"GET", "/connectors", "", 200, `"name":"namespaces/default/connectors/datagen","packaged":true,"properties":[`},
		{"GET", "/connectors", "", 200, `{"key":"format","required":true,"defaultValue":"","description":"how rows are written as bytes","definesFormat":true}`},
		{"GET", "/connectors/datagen", "", 200, `"source":true`},
		{"GET", "/connectors/datagen:list-tables", "", 200, `[{"catalogName":"vvp","databaseName":"default","tableName":"orders"}]`},
		{"GET", "/connectors/pulsar", "", 404, "NOT_FOUND"},
		{"POST", "/connectors", `{"name":"namespaces/default/connectors/pulsar","type":"pulsar","source":true,"sink":true,"dependencies":["s3://x/pulsar.jar"],"properties":[{"key":"topic","required":"true"}]}`, 201, `"dependencies":["s3://x/pulsar.jar"]`},
		{"POST", "/connectors", `{"name":"pulsar","type":"pulsar"}`, 409, "ALREADY_EXISTS"},
		{"POST", "/connectors", `{"name":"mine"}`, 400, "type: must be set"},
		{"POST", "/connectors", `{"name":"mine","type":"datagen"}`, 409, "is packaged"},
		{"GET", "/connectors/pulsar", "", 200, `"properties":[{"key":"topic","required":true,`},
		{"GET", "/connectors/pulsar:list-tables", "", 200, tables},
		{"POST", "/sqlscripts:validate", `{"statement":"INSERT INTO k SELECT 1"}`, 200, "INVALID_CONNECTOR_CONFIG"}, // it needs a topic
		{"POST", "/sqlscripts:execute", `{"statement":"ALTER TABLE k SET ('topic' = 't', 'anything' = 'x')"}`, 200, "RESULT_SUCCESS"},
		{"POST", "/sqlscripts:validate", `{"statement":"INSERT INTO k SELECT a FROM k"}`, 200, "VALID_INSERT_QUERY"},
		{"POST", "/sqlscripts:execute", `{"statement":"SELECT * FROM k"}`, 200, "it runs on Flink targets only"},
		{"PUT", "/connectors/pulsar", `{"type":"pulsar","lookup":true}`, 200, `"affectedTables":` + tables},
		{"PUT", "/connectors/print", `{"type":"print"}`, 409, "is packaged"},
		{"PUT", "/connectors/other", `{"type":"other"}`, 201, `"connector":{`},
		{"DELETE", "/connectors/pulsar", "", 200, `{"affectedTables":` + tables + `}`},
		{"DELETE", "/connectors/pulsar", "", 404, "NOT_FOUND"},
		{"DELETE", "/connectors/print", "", 409, "is packaged"},
		{"GET", "/formats", "", 200, `"name":"namespaces/default/formats/json","packaged":true`},
		{"GET", "/formats/csv", "", 200, `"key":"csv.field-delimiter"`},
		{"POST", "/formats", `{"name":"orc","type":"orc","source":true}`, 201, `"type":"orc"`},
		{"GET", "/formats/orc:list-tables", "", 200, tables},
		{"DELETE", "/formats/orc", "", 200, tables},
		{"GET", "/catalog-connectors", "", 200, `"type":"generic_in_memory"`},
		{"GET", "/catalog-connectors/generic_in_memory:list-catalogs", "", 200, `{"catalogs":[{"name":"default_catalog"},{"name":"vvp"}]}`},
		{"POST", "/catalog-connectors", `{"name":"jdbc","type":"jdbc","readOnly":true}`, 201, `"readOnly":true`},
		{"PUT", "/catalog-connectors/jdbc", `{"type":"jdbc"}`, 200, `"readOnly":false`},
		{"DELETE", "/catalog-connectors/jdbc", "", 200, "{}"},
	})
}

// class writes the head of a class file.
func class(name, super string, access uint16) []byte {
	var b bytes.Buffer
	u2 := func(v uint16) { _ = binary.Write(&b, binary.BigEndian, v) }
	text := func(s string) { b.WriteByte(1); u2(uint16(len(s))); b.WriteString(s) }
	b.Write([]byte{0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 61})
	u2(7)
	b.WriteByte(5) // a long takes two places
	b.Write(make([]byte, 8))
	text(name)
	text(super)
	b.WriteByte(7)
	u2(3)
	b.WriteByte(7)
	u2(4)
	u2(access)
	u2(5)
	u2(6)
	return b.Bytes()
}

func jar(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.Write(content)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (w *world) upload(path, name string, content []byte) (int, string) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, _ := form.CreateFormFile("file", name)
	_, _ = part.Write(content)
	_ = form.Close()
	r := httptest.NewRequest("POST", sqlRoot+path, &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	return rec.Code, rec.Body.String()
}

func TestUDFArtifacts(t *testing.T) {
	w := newWorld(t, Limits{})
	scalar := "org/apache/flink/table/functions/ScalarFunction"
	first := jar(t, map[string][]byte{
		"com/x/Add.class": class("com/x/Add", "com/x/Base", 0x21), "com/x/Base.class": class("com/x/Base", scalar, 0x421),
		"com/x/Split.class": class("com/x/Split", "org/apache/flink/table/functions/TableFunction", 0x21),
		"com/x/Plain.class": class("com/x/Plain", "java/lang/Object", 0x21), "com/x/Bad.class": []byte("not a class"),
		"META-INF/services/org.apache.flink.table.factories.Factory": []byte("# comment\ncom.x.FancyCatalogFactory\ncom.x.OtherFactory\n"),
	})
	w.steps([]step{
		{"POST", "/udfartifacts", `{"name":"namespaces/default/udfartifacts/geo"}`, 201, `"udfArtifact":{"name":"namespaces/default/udfartifacts/geo","jarUrl":""`},
		{"POST", "/udfartifacts", `{"name":"geo"}`, 409, "ALREADY_EXISTS"},
	})
	code, text := w.upload("/udfartifacts/geo:upload-jar", "geo.jar", first)
	var uploaded struct{ JarURI string }
	if err := json.Unmarshal([]byte(text), &uploaded); err != nil || code != 200 || uploaded.JarURI == "" {
		t.Fatalf("upload: %d %s", code, text)
	}
	code, text = w.upload("/udfartifacts/geo:upload-jar", "small.jar", jar(t, map[string][]byte{"com/x/Split.class": class("com/x/Split", "org/apache/flink/table/functions/TableFunction", 0x21)}))
	var small struct{ JarURI string }
	if err := json.Unmarshal([]byte(text), &small); err != nil || code != 200 {
		t.Fatalf("upload: %d %s", code, text)
	}
	if code, text := w.upload("/udfartifacts/nope:upload-jar", "x.jar", first); code != 404 {
		t.Errorf("upload to nothing: %d %s", code, text)
	}
	w.steps([]step{
		{"PUT", "/udfartifacts/geo", `{"jarUrl":"` + uploaded.JarURI + `"}`, 200, `"udfClasses":[{"className":"com.x.Add","classType":"UDF_TYPE_SCALAR","functionNames":[],"udfArtifactName":"namespaces/default/udfartifacts/geo"},{"className":"com.x.Split","classType":"UDF_TYPE_TABLE"`},
		{"POST", "/udfartifacts", `{"name":"twin","jarUrl":"` + uploaded.JarURI + `"}`, 200, `"collidingClasses":[{"className":"com.x.Add"`},
		{"GET", "/udfartifacts/twin", "", 404, "NOT_FOUND"},
		{"POST", "/udfartifacts", `{"name":"far","jarUrl":"s3://bucket/far.jar"}`, 201, `"udfClasses":[]`},
		{"POST", "/udfartifacts", `{"name":"gone","jarUrl":"` + strings.Replace(uploaded.JarURI, "geo.jar", "none.jar", 1) + `"}`, 400, "upload it first"},
		{"POST", "/catalog-connectors:analyze-jars", `{"jarUris":[{"jarUri":"` + uploaded.JarURI + `"}]}`, 200, `"type":"fancy"`},
		{"POST", "/catalog-connectors:analyze-jars", `{"jarUris":[{"jarUri":"s3://x/y.jar"}]}`, 400, "jarUris[0].jarUri"},
	})
	w.must("CREATE FUNCTION plus AS 'com.x.Add'")
	w.steps([]step{
		{"GET", "/udfartifacts?requireFunctionNames=true", "", 200, `"functionNames":["vvp.default.plus"]`},
		{"GET", "/udfartifacts/geo?requireFunctionNames=maybe", "", 400, "true or false"},
		{"PUT", "/udfartifacts/geo", `{"jarUrl":"` + small.JarURI + `"}`, 200, `"missingClasses":[{"className":"com.x.Add"`},
		{"GET", "/udfartifacts/geo", "", 200, `"jarUrl":"` + uploaded.JarURI + `"`}, // nothing was changed
		{"DELETE", "/udfartifacts/geo", "", 200, `"referencedClasses":[{"className":"com.x.Add"`},
		{"GET", "/udfartifacts/geo", "", 200, "com.x.Add"},
	})
	w.must("DROP FUNCTION plus")
	w.steps([]step{
		{"PUT", "/udfartifacts/geo", `{"jarUrl":"` + small.JarURI + `"}`, 200, `"missingClasses":[]`},
		{"DELETE", "/udfartifacts/geo", "", 200, `{"referencedClasses":[]}`},
		{"GET", "/udfartifacts/geo", "", 404, "NOT_FOUND"},
	})
}

func TestJobGraphs(t *testing.T) {
	w := newWorld(t, Limits{})
	w.must(orders)
	var d resource.Deployment
	d.Metadata.Namespace, d.Metadata.Name = "default", "jobs"
	d.Spec.Template.Spec.Artifact = resource.Artifact{Kind: resource.ArtifactSQLScript, SQLScript: "CREATE TEMPORARY TABLE s (a BIGINT) WITH ('connector'='print'); INSERT INTO s SELECT id FROM orders"}
	d.Spec.Template.Spec.FlinkConfiguration = map[string]string{"pipeline.max-parallelism": "128"}
	d, err := w.db.Deployments().Create(t.Context(), "test", d)
	if err != nil {
		t.Fatal(err)
	}
	w.steps([]step{
		{"POST", "/deployments/" + d.Metadata.ID + ":create-jobgraph", `{"jobId":"j1"}`, 200, `"sourceTables":[{"catalogName":"vvp","databaseName":"default","temporary":false,"table":{"name":"orders"`},
		{"POST", "/deployments/jobs:create-jobgraph", `{}`, 200, `"sinkTables":[{"catalogName":"vvp","databaseName":"default","temporary":true,"table":{"name":"s"`},
		{"POST", "/deployments/jobs:create-jobgraph", `{"sqlStatement":"INSERT INTO nope SELECT 1"}`, 200, `"state":"JOBGRAPH_STATE_FAILED"`},
		{"POST", "/deployments/none:create-jobgraph", `{}`, 404, "NOT_FOUND"},
		{"DELETE", "/deployments/jobs:delete-jobgraphs", "", 200, `{"deletedJobGraphs":[]}`},
		{"POST", "/deployments/jobs:validate-config-change", `{"flinkVersion":"1.20","newConfig":{"pipeline.max-parallelism":"128","table.exec.state.ttl":"1 h","anything":"x"}}`, 200, `{"unsupportedConfigOptions":[]}`},
		{"POST", "/deployments/jobs:validate-config-change", `{"newConfig":{"pipeline.max-parallelism":64,"parallelism.default":"many"}}`, 200, `{"unsupportedConfigOptions":["parallelism.default","pipeline.max-parallelism"]}`},
	})
}
