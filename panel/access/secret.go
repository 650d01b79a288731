package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// tokenPrefix tells people, and scanners for leaked secrets, what a string is.
const tokenPrefix = "hueprint_"

// newSecret is 32 random bytes as text for cookies and addresses.
func newSecret() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashOf is what the store keeps of a secret. A secret of 256 random bits needs
// no slow hash, and to look its hash up tells nothing about it by its timing.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
