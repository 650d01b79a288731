// Package notify tells people who do not look at the panel: a [Message] goes to a
// [Webhook], by [Mail], or to several of them ([All]).
//
// It decides neither what is worth a message nor how often; who sends one tells
// each change once. Messages are not kept: one that cannot be delivered, after
// the attempts that a destination makes, is an error.
//
// What a message says may come from the network under test, and so may what a
// destination's name resolves to. Headers cannot be injected, a webhook reaches
// no address of this machine or link unless it is allowed to, and no error tells
// a key, a password, or more of a webhook's address than its host.
package notify
