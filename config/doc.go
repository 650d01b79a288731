// Package config reads and checks hueprint's configuration file.
//
// It is strict: an unknown or repeated key, a value of the wrong type, and a
// design that cannot work are all reported, every one of them at once, each
// with its line and column ([Mistakes]). Past [Load] the values are valid. The
// field docs of [Config] are the manual of the file; the JSON Schema for
// editors is made from the same structs ([Schema]).
//
// The package opens no connection and creates nothing: whether the bridge
// answers or an interface exists is for `hueprint doctor` to say.
package config
