package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-streams/weir/artifact"
	"github.com/weir-streams/weir/engine/catalog"
	"github.com/weir-streams/weir/resource"
	"github.com/weir-streams/weir/server/platform"
	"github.com/weir-streams/weir/server/wire"
)

const udfKind = "udfartifacts"

// udfDocument is the wire form of a file with functions.
type udfDocument struct {
	Name          string             `json:"name"`
	JarURL        string             `json:"jarUrl"`
	JarUpdateTime resource.Time      `json:"jarUpdateTime,omitzero"`
	CreateTime    resource.Time      `json:"createTime,omitzero"`
	UpdateTime    resource.Time      `json:"updateTime,omitzero"`
	UDFClasses    []udfClassDocument `json:"udfClasses"`
}

type udfClassDocument struct {
	ClassName       string   `json:"className"`
	ClassType       string   `json:"classType"`
	FunctionNames   []string `json:"functionNames"`
	UDFArtifactName string   `json:"udfArtifactName"`
}

// functionsOf are the functions of a namespace's catalogs by class.
func (o *opened) functionsOf() map[string][]string {
	out := map[string][]string{}
	k := o.Catalog()
	for _, c := range k.Catalogs() {
		for _, d := range k.Databases(c) {
			for _, name := range k.Functions(c, d) {
				p := catalog.Path{Catalog: c, Database: d, Name: name}
				class := k.Function(p).Class
				out[class] = append(out[class], p.String())
			}
		}
	}
	return out
}

func classDocuments(namespace, artifactName string, classes []resource.UDFClass, functions map[string][]string) []udfClassDocument {
	out := make([]udfClassDocument, 0, len(classes))
	for _, c := range classes {
		d := udfClassDocument{c.ClassName, c.ClassType, []string{}, fullName(namespace, udfKind, artifactName)}
		d.FunctionNames = append(d.FunctionNames, functions[c.ClassName]...)
		out = append(out, d)
	}
	return out
}

func toUDF(u resource.UDFArtifact, functions map[string][]string) udfDocument {
	m := u.Metadata
	return udfDocument{
		Name: fullName(m.Namespace, udfKind, m.Name), JarURL: u.Spec.JarURL, JarUpdateTime: u.Spec.JarUpdateTime,
		CreateTime: m.CreatedAt, UpdateTime: m.ModifiedAt, UDFClasses: classDocuments(m.Namespace, m.Name, u.Spec.Classes, functions),
	}
}

// wantedFunctions are the names of functions, if the query asks for them.
func (g *Gateway) wantedFunctions(r *http.Request, namespace string) (map[string][]string, error) {
	text := r.URL.Query().Get("requireFunctionNames")
	if text == "" {
		return nil, nil
	}
	want, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return nil, resource.Invalidf("requireFunctionNames", "must be true or false, got %q", text)
	}
	if !want {
		return nil, nil
	}
	o, err := g.open(r.Context(), namespace, "", "")
	if err != nil {
		return nil, err
	}
	return o.functionsOf(), nil
}

func (g *Gateway) listUDFs(w http.ResponseWriter, r *http.Request) error {
	n, err := g.namespace(r)
	if err != nil {
		return err
	}
	functions, err := g.wantedFunctions(r, n.Metadata.Name)
	if err != nil {
		return err
	}
	all, err := g.UDFArtifacts.List(r.Context(), resource.Filter{Namespace: n.Metadata.Name})
	if err != nil {
		return err
	}
	out := make([]udfDocument, len(all))
	for i, u := range all {
		out[i] = toUDF(u, functions)
	}
	return platform.Reply(w, r, http.StatusOK, "udfArtifacts", out)
}

func (g *Gateway) getUDF(w http.ResponseWriter, r *http.Request) error {
	u, err := find(r, g, g.UDFArtifacts, "UDF artifact", r.PathValue("udfArtifactName"))
	if err != nil {
		return err
	}
	functions, err := g.wantedFunctions(r, u.Metadata.Namespace)
	if err != nil {
		return err
	}
	return platform.Reply(w, r, http.StatusOK, "udfArtifact", toUDF(u, functions))
}

type writtenUDF struct {
	Name   string `json:"name"`
	JarURL string `json:"jarUrl"`
}

// spec looks into the file. Of a file that is not kept here nothing is known.
func (g *Gateway) udfSpec(ctx context.Context, uri string) (resource.UDFArtifactSpec, error) {
	s := resource.UDFArtifactSpec{JarURL: uri}
	if uri == "" {
		return s, nil
	}
	s.JarUpdateTime = resource.At(time.Now())
	if g.Files == nil {
		return s, nil
	}
	exists, ours, err := artifact.Exists(ctx, g.Files, uri)
	switch {
	case err != nil:
		return s, err
	case !ours:
		return s, nil
	case !exists:
		return s, resource.Invalidf("jarUrl", "there is no file at %s; upload it first", uri)
	case !strings.HasSuffix(strings.ToLower(uri), ".jar") && !strings.HasSuffix(strings.ToLower(uri), ".zip"):
		return s, nil // functions in files of other kinds are not looked for
	}
	z, done, err := openJar(ctx, g.Files, uri)
	if err != nil {
		return s, err
	}
	defer done()
	s.Classes = functionClasses(z)
	return s, nil
}

// colliding are the classes that another artifact of the namespace has too.
func (g *Gateway) colliding(ctx context.Context, namespace, name string, classes []resource.UDFClass) ([]udfClassDocument, error) {
	out := []udfClassDocument{}
	all, err := g.UDFArtifacts.List(ctx, resource.Filter{Namespace: namespace})
	if err != nil {
		return nil, err
	}
	for _, other := range all {
		if other.Metadata.Name == name {
			continue
		}
		both := slices.DeleteFunc(slices.Clone(other.Spec.Classes), func(c resource.UDFClass) bool { return !hasClass(classes, c.ClassName) })
		out = append(out, classDocuments(namespace, other.Metadata.Name, both, nil)...)
	}
	return out, nil
}

func hasClass(classes []resource.UDFClass, name string) bool {
	return slices.ContainsFunc(classes, func(c resource.UDFClass) bool { return c.ClassName == name })
}

func (g *Gateway) createUDF(w http.ResponseWriter, r *http.Request) error {
	n, err := g.namespace(r)
	if err != nil {
		return err
	}
	var in writtenUDF
	if err := body(w, r, &in); err != nil {
		return err
	}
	name, err := shortName(n.Metadata.Name, udfKind, in.Name)
	if err != nil {
		return err
	}
	return g.storeUDF(w, r, n.Metadata.Name, name, in)
}

// storeUDF creates an artifact, unless classes in it collide with others: then
// it answers with those and stores nothing.
func (g *Gateway) storeUDF(w http.ResponseWriter, r *http.Request, namespace, name string, in writtenUDF) error {
	if err := resource.ValidateName("name", name); err != nil {
		return err
	}
	var u resource.UDFArtifact
	var err error
	u.Metadata.Namespace, u.Metadata.Name = namespace, name
	if u.Spec, err = g.udfSpec(r.Context(), in.JarURL); err != nil {
		return err
	}
	colliding, err := g.colliding(r.Context(), namespace, name, u.Spec.Classes)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if len(colliding) == 0 {
		status = http.StatusCreated
		if u, err = g.UDFArtifacts.Create(r.Context(), g.author(r), u); err != nil {
			return err
		}
	}
	wire.WriteJSON(w, r, status, struct {
		UDFArtifact      udfDocument        `json:"udfArtifact"`
		CollidingClasses []udfClassDocument `json:"collidingClasses"`
	}{toUDF(u, nil), colliding})
	return nil
}

// putUDF replaces the file of an artifact, unless classes collide with those
// of others, or ones that functions are made of would be missing: then it
// answers with those and changes nothing.
func (g *Gateway) putUDF(w http.ResponseWriter, r *http.Request) error {
	n, err := g.namespace(r)
	if err != nil {
		return err
	}
	var in writtenUDF
	if err := body(w, r, &in); err != nil {
		return err
	}
	namespace := n.Metadata.Name
	name, err := named(namespace, udfKind, in.Name, r.PathValue("udfArtifactName"))
	if err != nil {
		return err
	}
	u, err := g.UDFArtifacts.GetByName(r.Context(), namespace, name)
	if errors.Is(err, resource.ErrNotFound) {
		return g.storeUDF(w, r, namespace, name, in)
	}
	if err != nil {
		return err
	}
	spec, err := g.udfSpec(r.Context(), in.JarURL)
	if err != nil {
		return err
	}
	colliding, err := g.colliding(r.Context(), namespace, name, spec.Classes)
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(slices.Clone(u.Spec.Classes), func(c resource.UDFClass) bool { return hasClass(spec.Classes, c.ClassName) })
	missing, err := g.referenced(r.Context(), namespace, name, gone)
	if err != nil {
		return err
	}
	if len(colliding) == 0 && len(missing) == 0 {
		if u, err = g.UDFArtifacts.Update(r.Context(), g.author(r), u.Metadata.ID, func(u *resource.UDFArtifact) error {
			u.Spec = spec
			return nil
		}); err != nil {
			return err
		}
	}
	wire.WriteJSON(w, r, http.StatusOK, struct {
		UDFArtifact      udfDocument        `json:"udfArtifact"`
		CollidingClasses []udfClassDocument `json:"collidingClasses"`
		MissingClasses   []udfClassDocument `json:"missingClasses"`
	}{toUDF(u, nil), colliding, missing})
	return nil
}

// referenced are the classes that functions of the catalogs are made of.
func (g *Gateway) referenced(ctx context.Context, namespace, name string, classes []resource.UDFClass) ([]udfClassDocument, error) {
	o, err := g.open(ctx, namespace, "", "")
	if err != nil {
		return nil, err
	}
	functions := o.functionsOf()
	used := slices.DeleteFunc(slices.Clone(classes), func(c resource.UDFClass) bool { return len(functions[c.ClassName]) == 0 })
	return classDocuments(namespace, name, used, functions), nil
}

// deleteUDF removes an artifact that no function is made of; else it answers
// with the classes and removes nothing. The file itself stays.
func (g *Gateway) deleteUDF(w http.ResponseWriter, r *http.Request) error {
	u, err := find(r, g, g.UDFArtifacts, "UDF artifact", r.PathValue("udfArtifactName"))
	if err != nil {
		return err
	}
	referenced, err := g.referenced(r.Context(), u.Metadata.Namespace, u.Metadata.Name, u.Spec.Classes)
	if err != nil {
		return err
	}
	if len(referenced) == 0 {
		if _, err := g.UDFArtifacts.Delete(r.Context(), u.Metadata.ID); err != nil {
			return err
		}
	}
	return platform.Reply(w, r, http.StatusOK, "referencedClasses", referenced)
}

// uploadJar stores a file for an artifact; a PUT then makes it the artifact's.
func (g *Gateway) uploadJar(w http.ResponseWriter, r *http.Request) error {
	u, err := find(r, g, g.UDFArtifacts, "UDF artifact", r.PathValue("udfArtifactName"))
	if err != nil {
		return err
	}
	if g.Files == nil {
		return noFiles()
	}
	f, err := platform.Upload(w, r, g.FileLimit, func(ctx context.Context, name string, content io.Reader) (artifact.Info, error) {
		if err := artifact.CheckName("file", name); err != nil {
			return artifact.Info{}, err
		}
		return g.Files.Put(ctx, u.Metadata.Namespace, "udf-"+u.Metadata.Name+"-"+name, content)
	})
	if err != nil {
		return err
	}
	return platform.Reply(w, r, http.StatusOK, "jarUri", f.URI)
}

func noFiles() error {
	return &wire.Error{Status: http.StatusNotImplemented, Reason: "NotImplemented", Message: "this server has no place for uploaded files"}
}

// analyzeJars lists the types of catalogs that jars announce.
func (g *Gateway) analyzeJars(w http.ResponseWriter, r *http.Request) error {
	n, err := g.namespace(r)
	if err != nil {
		return err
	}
	var in struct {
		JarURIs []struct {
			JarURI string `json:"jarUri"`
		} `json:"jarUris"`
	}
	if err := body(w, r, &in); err != nil {
		return err
	}
	if g.Files == nil {
		return noFiles()
	}
	const most = 100
	if len(in.JarURIs) > most {
		return resource.Invalidf("jarUris", "has %d jars; at most %d are looked at", len(in.JarURIs), most)
	}
	p := g.catalogConnectors()
	out := []map[string]any{}
	for i, jar := range in.JarURIs {
		z, done, err := openJar(r.Context(), g.Files, jar.JarURI)
		if err != nil {
			return resource.Invalidf("jarUris["+strconv.Itoa(i)+"].jarUri", "%v", err)
		}
		for _, s := range catalogFactories(z) {
			s.Dependencies = []string{jar.JarURI}
			out = append(out, p.document(n.Metadata.Name, resource.Slug(s.Type), s))
		}
		done()
	}
	return platform.Reply(w, r, http.StatusOK, "catalogConnectors", out)
}
