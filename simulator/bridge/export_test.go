package bridge

import (
	"net/http"
	"net/netip"
	"sync"
)

// Handler is the plain web server without a network.
func Handler(b *Bridge, open *sync.WaitGroup) http.Handler {
	h := b.handler(open, false)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(withConnection(r.Context(), nil)))
	})
}

// AnswerMDNS answers one datagram without a network.
func AnswerMDNS(b *Bridge, datagram []byte, fromPort int) ([]byte, bool) {
	reply, _, ok := b.answerMDNS(datagram, fromPort, netip.MustParseAddr("192.168.7.2"), 443)
	return reply, ok
}
