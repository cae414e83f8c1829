//! JSON-RPC 2.0: the envelope, the switch service's requests and answers, its client, server-side authentication.
