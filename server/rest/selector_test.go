package rest

import "testing"

func TestSelector(t *testing.T) {
	labels := map[string]string{"team": "a", "tier": "x", "app.kubernetes.io/name": "orders", "empty": ""}
	for _, tt := range []struct {
		text    string
		want    bool
		wantErr bool
	}{
		{text: "", want: true},
		{text: "  ", want: true},
		{text: "team=a", want: true},
		{text: "team == a , tier!=y", want: true},
		{text: "team=b"},
		{text: "team!=a"},
		{text: "missing!=a", want: true},
		{text: "team", want: true},
		{text: "!team"},
		{text: "! missing", want: true},
		{text: "tier in (x, y)", want: true},
		{text: "tier in (y)"},
		{text: "missing in (y)"},
		{text: "tier notin (x,y)"},
		{text: "missing notin (x)", want: true},
		{text: "app.kubernetes.io/name=orders,team=a", want: true},
		{text: "empty=", want: true},
		{text: "in", want: false},
		{text: "team=a,", wantErr: true},
		{text: ",team=a", wantErr: true},
		{text: "team=a tier=x", wantErr: true},
		{text: "tier in x", wantErr: true},
		{text: "tier in (x", wantErr: true},
		{text: "=a", wantErr: true},
		{text: "team>1", wantErr: true},
	} {
		t.Run(tt.text, func(t *testing.T) {
			matches, err := parseSelector(tt.text)
			if (err != nil) != tt.wantErr {
				t.Fatalf("error %v, want one: %v", err, tt.wantErr)
			}
			if err == nil && matches(labels) != tt.want {
				t.Errorf("matches %v, want %v", !tt.want, tt.want)
			}
		})
	}
}

func FuzzSelector(f *testing.F) {
	for _, s := range []string{"a=b,c in (d,e),!f", "a notin(", "==", "a!=b ,c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if matches, err := parseSelector(text); err == nil {
			matches(map[string]string{"a": "b"})
		}
	})
}
