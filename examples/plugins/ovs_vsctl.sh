#!/bin/sh
# Drives Open vSwitch with `ovs-vsctl` and `jq`: access, trunk and closed ports.
#
#   [switch.leaf-01.plugin]
#   command = ["/usr/lib/mercury/plugins/ovs_vsctl.sh"]
#   settings = { database = "unix:/run/openvswitch/db.sock", bridge = "br0" }
set -uf
PATH=/usr/bin:/bin
database=unix:/run/openvswitch/db.sock bridge=br0

# OVSDB's columns as the protocol's words, and back. 4095 is on no wire (IEEE 802.1Q): an empty
# `trunks` would mean all VLANs.
words='
  def column: if type == "array" then .[1] else [.] end;
  def text: map(tostring) | if . == [] then "[]" else join(",") end;
  def ids: split(",") | map(select(. != "") | split("-") | map(tonumber) | [range(.[0]; .[-1] + 1)])
    | add // [];
  def read: (.[1] | column) as $mode | (.[2] | column) as $tag | (.[3] | column) as $trunks
    | if ($mode == [] or $mode == ["access"]) and $tag != [] and $trunks == []
      then { mode: "access", vlan: $tag[0] }
      elif ($mode == [] or $mode == ["trunk"]) and $tag == [] and $trunks == [4095]
      then { mode: "closed" }
      elif ($mode == [] or $mode == ["trunk"]) and $tag == [] and $trunks != []
      then { mode: "trunk", allowed: ($trunks | text) }
      elif $mode == ["native-untagged"] and $tag != [] and $trunks != []
      then { mode: "trunk", native: $tag[0], allowed: ($trunks - $tag | map(tostring) | join(",")) }
      else { mode: "other",
             text: "vlan_mode=\($mode | text) tag=\($tag | text) trunks=\($trunks | text)" } end;
  def write: if .mode == "access" then "vlan_mode=access tag=\(.vlan) trunks=[]"
    elif .mode == "other" then .text
    elif .native then
      "vlan_mode=native-untagged tag=\(.native) trunks=\((.allowed | ids) + [.native] | text)"
    else ((.allowed // "" | ids) | if . == [] then [4095] else . end) as $trunks
      | "vlan_mode=trunk tag=[] trunks=\($trunks | text)" end;'

vsctl() { ovs-vsctl --timeout=5 --db="$database" --format=json "$@" 2>&1; }
of() { printf '%s\n' "$request" | jq "$@"; }
result() { printf '%s\n' "$1" | jq -c --argjson id "$id" '{ jsonrpc: "2.0", id: $id, result: . }'; }
error() {
  jq -cn --argjson id "$id" --argjson code "$1" --arg message "$2" \
    '{ jsonrpc: "2.0", id: $id, error: { code: $code, message: $message } }'
}

describe() {
  database=$(of -r --arg default "$database" '.params.settings.database // $default')
  bridge=$(of -r --arg default "$bridge" '.params.settings.bridge // $default')
  result '{ "protocol": 1, "name": "ovs-vsctl-sh", "capabilities": { "access": true, "trunk": true,
    "native_on_trunk": true, "hybrid": "as_trunk", "closed": true, "atomicity": "transaction" } }'
}

# $1: a filter that gives the names that are asked for.
there() {
  known=$(vsctl list-ports "$bridge") || { error -32001 "$known"; return 1; }
  of -r --arg known "$known" "$1 | select(IN(\$known | split(\"\\n\")[]))"
}

observe() {
  of -e '.params.ports | type == "array"' >/dev/null || { error -32602 'no `ports`'; return; }
  names=$(there '.params.ports[]') || { printf '%s\n' "$names"; return; }
  [ -n "$names" ] || { result '{}'; return; }
  # shellcheck disable=SC2086  # names of ports hold no blanks
  rows=$(vsctl --columns=name,vlan_mode,tag,trunks list port $names) ||
    { error -32001 "$rows"; return; }
  result "$(printf '%s\n' "$rows" |
    jq "$words"'{ ports: .data | map({ key: .[0], value: { config: { vlans: read } } }) | from_entries }')"
}

apply() {
  outcomes='' work=0
  while of -e --argjson work "$work" '.params.works[$work]' >/dev/null; do
    command=$(of -r --argjson work "$work" "$words"'.params.works[$work] as $work | $work.after.ports // {}
      | to_entries[] | select(.value != $work.before.ports[.key])
      | "-- set port \(.key) \(.value.config.vlans | write)"')
    # One invocation is one transaction: all of the work, or nothing.
    # shellcheck disable=SC2086
    if [ -z "$command" ] || said=$(vsctl $command); then outcome=done; else outcome=refused; fi
    outcomes="$outcomes $(jq -cn --arg outcome "$outcome" --arg command "$command" --arg said "${said-}" \
      'if $outcome == "done" then { $outcome, operations: ($command | split("\n")) }
       else { $outcome, operation: $command, answer: $said } end')"
    work=$((work + 1))
  done
  result "{ \"outcomes\": $(printf '%s' "$outcomes" | jq -sc .) }"
}

resolve() {
  names=$(there '.params.text') || { printf '%s\n' "$names"; return; }
  result "$(printf '%s' "$names" | jq -Rsc '{ matches: split("\n") | map({ port: ., matched: "name" }) }')"
}

while IFS= read -r request; do
  id=null
  method=$(of -r 'if type == "object" and .jsonrpc == "2.0" and has("id") then .method else "" end' \
    2>/dev/null) || { error -32700 'not JSON'; continue; }
  [ -n "$method" ] || { error -32600 'no JSON-RPC 2.0 request'; continue; }
  id=$(of -c .id)
  case $method in
    describe | observe | apply | resolve) "$method" ;;
    close) result '{}'; exit ;;
    *) error -32601 "there is no method $method" ;;
  esac
done
