// Package helm tests the chart beside it with the real helm, which test/helm
// pins and make builds: what is made of five sets of values (ci), and that what
// cannot work is refused in words. go test ./deploy/helm -rewrite writes what is
// expected anew.
package helm
