package redact

import "regexp"

// Mask stands where a secret was.
const Mask = "[hidden]"

// secrets finds what must not be printed; the first group stays.
var secrets = []*regexp.Regexp{
	// The application key of a Hue bridge in a path of its first API.
	regexp.MustCompile(`(?i)(/api/)[A-Za-z0-9_-]{8,}`),
	// Header fields, up to the line's end.
	regexp.MustCompile(`(?i)\b((?:proxy-)?authorization|cookie|set-cookie|hue-application-key|x-api-key)(["']?\s*[:=]\s*)[^\r\n]+`),
	// Members of JSON objects and parameters of queries.
	regexp.MustCompile(`(?i)\b((?:username|clientkey|client_key|password|passwd|secret|access_token|refresh_token|api_?key)["']?\s*[:=]\s*["']?)[^\s"'&,;}]+()`),
	// User and password in a URL.
	regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@"'<>]+@`),
}

// Secrets masks keys in paths (/api/KEY/…), Authorization, Cookie and the like,
// and user and password in URLs, in a text for logs, reports or exports.
func Secrets(text string) string {
	for i, r := range secrets {
		replacement := "${1}" + Mask
		switch i {
		case 1:
			replacement = "${1}${2}" + Mask
		case 3:
			replacement += "@"
		}
		text = r.ReplaceAllString(text, replacement)
	}
	return text
}
