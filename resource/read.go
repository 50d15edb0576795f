package resource

// Read fills the struct that to points at from a JSON object, by the rules of
// the Decode functions but leaving nothing out: it is for what has another
// shape than a resource, such as the documents of the Platform API. It returns
// which fields of the object were given, be it as null.
func Read(data []byte, to any) (given map[string]bool, err error) {
	tree, err := parseObject(data)
	if err != nil {
		return nil, err
	}
	given = make(map[string]bool, len(tree))
	for name := range tree {
		given[name] = true
	}
	var p problems
	p.assign(to, tree)
	return given, p.err()
}
