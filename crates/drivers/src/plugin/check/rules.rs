//! The rules by name: what each asks for, and what to do about a plugin that breaks it. The same
//! names stand in the protocol's document.

/// A rule of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    pub(super) todo: &'static str,
}

macro_rules! rules {
    ($($id:ident $name:literal: $text:literal, $todo:literal;)*) => {
        $(pub(super) const $id: Rule = Rule { name: $name, text: $text, todo: $todo };)*

        #[cfg(test)]
        pub(super) const ALL: &[Rule] = &[$($id),*];
    };
}

rules! {
    PROGRAM "program":
        "the program can be run, and nobody else can put another in its place",
        "give the program an absolute path, `chmod +x`, and a folder that only its owner writes to";
    DESCRIBE "describe":
        "it starts, reads its settings and secrets from `describe`, and answers with its description",
        "write exactly one line to standard output for each request: the answer, flushed";
    CLOSE "close":
        "it answers `close` and ends by itself",
        "answer `{}`, flush, and return from the main loop";
    LEAVES_NOTHING "leaves-nothing":
        "no process that it started is left when it has ended",
        "wait for the programs that you start, and end those that stay, before you end";
    DESCRIBES_THE_SAME "describes-the-same":
        "a second process with the same settings describes itself the same",
        "let the description depend on nothing but the settings";
    OBSERVE "observe":
        "`observe` answers with each port that is asked for, and with nothing else",
        "answer the ports of the question by the names in the question, each with all that is known";
    OBSERVE_NOTHING "observe-nothing":
        "asked for nothing, it answers nothing",
        "answer `{}` when `ports`, `lags` and `vlans` are empty and `lag_names` is false";
    OBSERVE_UNKNOWN "observe-unknown":
        "a port that the switch does not have is left out, and is no error",
        "leave out what is not there; Mercury tells the caller that there is no such port";
    OBSERVE_TWICE "observe-twice":
        "reading changes nothing: a second reading gives the same",
        "answer only what is configured; what moves by itself belongs in `status`";
    LAG_NAMES "lag-names":
        "asked for `lag_names`, a switch with LAGs answers the names of all of them",
        "answer a list of names, empty if there are none";
    UNKNOWN_METHOD "unknown-method":
        "a method that is unknown is answered with error -32601, and the plugin goes on",
        "answer an error, and do not end: a later Mercury may ask more than today's";
    NOT_JSON "not-json":
        "a line that is not JSON is answered with error -32700 and the id null",
        "catch the parser's error, answer it, and read the next line";
    NO_REQUEST "no-request":
        "a line that is JSON but no request is answered with an error and the id null",
        "check that the line is an object with `jsonrpc`, `id` and `method`";
    BAD_PARAMS "bad-params":
        "parameters of the wrong type are answered with an error, and the plugin goes on",
        "check the parameters before using them, and answer error -32602";
    MORE_PARAMS "more-params":
        "a parameter that is unknown is ignored: later versions may add some",
        "take the parameters that you know, and leave the rest";
    LONG_LINE "long-line":
        "a request of 256 KiB in one line is read and answered",
        "read until the line feed, however long the line";
    RESOLVE "resolve":
        "`resolve` finds a port by its name",
        "answer `{\"matches\":[{\"port\":NAME,\"matched\":\"name\"}]}`";
    RESOLVE_NOTHING "resolve-nothing":
        "a text that names no port resolves to nothing, and is no error",
        "answer `{\"matches\":[]}`";
    ACCESS "access":
        "an access VLAN is set, read back, taken back and read back",
        "make the port carry exactly the one VLAN untagged, or do not claim `access`";
    TRUNK "trunk":
        "a trunk is set, its VLANs are changed, all is read back and taken back",
        "make the port carry exactly the allowed VLANs tagged, or do not claim `trunk`";
    NATIVE "native-on-trunk":
        "a trunk with a native VLAN is set, changed, read back and taken back",
        "carry the native VLAN untagged beside the tagged ones, or do not claim `native_on_trunk`";
    HYBRID "hybrid":
        "a hybrid port is set, changed, read back and taken back",
        "make it a mode of its own, or claim `\"hybrid\": \"as_trunk\"` or `\"none\"`";
    CLOSED "closed":
        "a port is closed (up, in no VLAN), read back and opened again",
        "make the port carry no VLAN at all, or do not claim `closed`";
    SHUT "port-shut":
        "a port is shut, read back as `down`, and switched on again",
        "shut the port and read `admin` from the configuration, or do not claim `port_shut`";
    DESCRIPTION "description":
        "a description is set, changed, removed and restored, read back each time",
        "keep the text as it is, and remove it when `to` is null, or do not claim `description`";
    MTU "mtu":
        "an MTU is set, read back and taken back to what it was, also to the default",
        "read the configured MTU, leave it out when it is the default, or do not claim `mtu`";
    STP_EDGE "stp-edge":
        "an STP edge port is set and taken back, read back each time",
        "read and write the flag, or do not claim `stp_edge`";
    BPDU_GUARD "bpdu-guard":
        "BPDU guard is set and taken back, read back each time",
        "read and write the flag, or do not claim `bpdu_guard`";
    VLANS "vlan-database":
        "a VLAN is defined, read back, deleted and gone",
        "create and delete VLANs by `create_vlan` and `delete_vlan`, or claim `implicit`";
    VXLAN "vxlan":
        "a VLAN is defined and mapped to a VNI, read back, also among all VLANs, and taken back",
        "carry out `map_vni` and `unmap_vni`, and answer `vni`, or do not claim `vxlan`";
    LAG_ACTIVE "lag-active":
        "a LAG with active LACP is made of the ports, read back, and dissolved",
        "carry out `create_lag`, `add_member`, `remove_member`, `delete_lag`, or do not claim it";
    LAG_PASSIVE "lag-passive":
        "a LAG with passive LACP is made of the ports, read back, and dissolved",
        "set LACP passive, or do not claim `lag.passive`";
    LAG_STATIC "lag-static":
        "a LAG without LACP is made of the ports, read back, and dissolved",
        "switch LACP off, or do not claim `lag.static`";
    LAG_PAIR "lag-across-pair":
        "a LAG is made with a number of the pair, read back, also among all numbers, and dissolved",
        "keep `settings.pair`, and answer it and `pair_ids`, or do not claim `lag.across_pair`";
    EMPTY_WORK "empty-work":
        "a work without steps is done, and changes nothing",
        "answer `done` with no operations";
    AGAIN "again":
        "the same work sent twice is done or refused, and its ports are as they were after the first",
        "set values instead of toggling them, and refuse what does not fit";
    BATCH "batch":
        "two works in one `apply` get two outcomes, in order, and both take effect",
        "answer one outcome a work, in the order of the works";
    ATOMICITY "atomicity":
        "a work that fails half-way leaves nothing behind, as its `atomicity` claims",
        "send the work as one transaction, or claim `\"atomicity\": \"per_command\"`";
    SAVE "save":
        "`save` is answered",
        "save the running configuration, or claim `\"saving\": \"implicit\"`";
    RESTORED "restored":
        "after all this the ports are as they were at first",
        "look at the ports: something that was changed was not taken back";
    QUIET "quiet":
        "it writes nothing that is no answer",
        "write to standard error what is for people; standard output is the protocol's";
    MEMORY "memory":
        "thirty readings make it grow by less than 16 MiB",
        "do not keep what was answered";
    END_OF_INPUT "end-of-input":
        "it ends by itself when its standard input ends",
        "leave the main loop at the end of input: Mercury may have been killed";
    SIGTERM "sigterm":
        "it ends when it gets SIGTERM",
        "do not ignore SIGTERM; what it does by default is right";
    SECRETS "secrets":
        "no secret is written to standard error, or into an answer",
        "never print the parameters of `describe`, and keep credentials out of `operations`";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_in_the_document_of_the_protocol() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let document = folder.join("../../docs/src/plugin-protocol.md");
        let document = std::fs::read_to_string(document).unwrap();
        let missing: Vec<_> = ALL
            .iter()
            .map(|rule| rule.name)
            .filter(|name| !document.contains(&format!("| `{name}` |")))
            .collect();
        assert_eq!(missing, [""; 0]);
    }
}
