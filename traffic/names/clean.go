package names

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestName bounds a cleaned name in bytes: the longest DNS name with every
// byte escaped.
const longestName = 4 * 255

// Clean brings a name from the wire into the form in which names are kept:
// lower case, without the final dot, with backslash, space and everything that
// is unprintable or no UTF-8 escaped as \DDD (RFC 1035, section 5.1). Letters
// of other scripts stay, as mDNS has them. Cleaning twice changes the escapes.
func Clean(name string) string {
	name = strings.TrimSuffix(name, ".")
	var b strings.Builder
	for i := 0; i < len(name) && b.Len() < longestName; {
		r, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case r == utf8.RuneError && size == 1, r == ' ', !unicode.IsPrint(r):
			for _, c := range []byte(name[i : i+size]) {
				fmt.Fprintf(&b, `\%03d`, c)
			}
		default:
			b.WriteRune(unicode.ToLower(r))
		}
		i += size
	}
	return b.String()
}
