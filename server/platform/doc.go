// Package platform answers the second family of the API, the Platform API:
// namespaces, API tokens, artifacts, autopilot. Its answers are wrapped
// ({"namespace":{…}}), always JSON, and its errors have a shape of their own.
//
// Bodies use full names (namespaces/default/apitokens/ci), paths short ones;
// a full name that does not agree with the path is refused.
package platform
