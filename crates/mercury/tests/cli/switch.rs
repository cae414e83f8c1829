//! `mercury switch` against a real service with switches in memory.

use std::fs;

use assert_cmd::Command;
use serde_json::{Value, json};

use super::{
    mercury, run,
    service::{NOOP, Service},
};

/// Runs a command and returns its exit code, its output and its errors as one text, without what
/// differs from run to run.
fn transcript(command: &mut Command) -> String {
    let (code, out, err) = run(command);
    let mut text = format!("{}{}exit {code}", steady(&out), steady(&err));
    if let Some(at) = text.find("switch apply ey") {
        text.truncate(at);
    }
    text
}

fn steady(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = match line.split_once(", change ") {
            Some((before, _)) => format!("{before}, change CHANGE"),
            None => line.to_owned(),
        };
        let line = match line.rsplit_once(" (") {
            Some((before, took)) if took.ends_with(" ms)") => format!("{before} (TIME)"),
            _ => line,
        };
        lines.push(line);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_port_is_attached_read_verified_and_detached() {
    let service = Service::start(NOOP);
    let switch =
        |words: &str| transcript(&mut service.switch(&format!("{words} --request-id req-1")));
    insta::assert_snapshot!(switch("list"), @r"
     SWITCH    DRIVER   SESSION   IDLE
    ────────────────────────────────────────
     leaf-01   noop     none      VLAN 4000
     leaf-02   noop     none      VLAN 4000
    exit 0
    ");
    insta::assert_snapshot!(switch("attach leaf-01:swp1 --vlan 100"), @r"
    done: 1 port changed, verified (TIME)
     SWITCH    PORT   RESULT    CARRIES      LINK   VERIFIED
    ─────────────────────────────────────────────────────────
     leaf-01   swp1   changed   access 100   up     yes
    not saved yet: the service saves soon, or at once with `mercury switch flush`
    request req-1, change CHANGE
    exit 0
    ");
    insta::assert_snapshot!(switch("attach leaf-01:swp1 --vlan 100"), @r"
    already so: nothing was sent (TIME)
     SWITCH    PORT   RESULT       CARRIES      LINK   VERIFIED
    ────────────────────────────────────────────────────────────
     leaf-01   swp1   already so   access 100   up     yes
    not saved yet: the service saves soon, or at once with `mercury switch flush`
    request req-1
    exit 0
    ");
    insta::assert_snapshot!(switch("read leaf-01:swp1 leaf-02:swp1"), @r"
     SWITCH    PORT   CARRIES       LINK
    ─────────────────────────────────────
     leaf-01   swp1   access 100    up
     leaf-02   swp1   access 4000   up
    exit 0
    ");
    insta::assert_snapshot!(switch("verify leaf-01:swp1 --vlan 100"), @r"
     SWITCH    PORT   STATE
    ──────────────────────────
     leaf-01   swp1   in sync
    exit 0
    ");
    insta::assert_snapshot!(switch("verify leaf-01:swp1 --vlan 101"), @r"
     SWITCH    PORT   STATE     WHERE
    ──────────────────────────────────────────────────────────────────────
     leaf-01   swp1   differs   vlans: is access 100, believed access 101
    exit 8
    ");
    insta::assert_snapshot!(switch("detach leaf-01:swp1 -v"), @r"
    done: 1 port changed, verified (TIME)
     SWITCH    PORT   RESULT    CARRIES       LINK   VERIFIED
    ──────────────────────────────────────────────────────────
     leaf-01   swp1   changed   access 4000   up     yes

    leaf-01 swp1
      changes
         1. set port swp1 from access 100 to access 4000
      sent
         1. set port swp1 from access 100 to access 4000
    not saved yet: the service saves soon, or at once with `mercury switch flush`
    request req-1, change CHANGE
    exit 0
    ");
    insta::assert_snapshot!(switch("verify leaf-01:swp1 --detached"), @r"
     SWITCH    PORT   STATE
    ──────────────────────────
     leaf-01   swp1   in sync
    exit 0
    ");
    insta::assert_snapshot!(switch("flush"), @r"
     SWITCH    SAVED
    ─────────────────
     leaf-01   yes
    exit 0
    ");
}

#[test]
fn a_lag_over_two_switches() {
    let service = Service::start(NOOP);
    let switch =
        |words: &str| transcript(&mut service.switch(&format!("{words} --request-id req-1")));
    let lag = "leaf-01:swp1 leaf-02:swp1 --lag lacp --lacp-rate fast --vlan 100";
    insta::assert_snapshot!(switch(&format!("plan attach {lag}")), @r"
    plan: 4 changes; nothing was sent

    leaf-01 swp1 (LAG lag-swp1)
       OF             WHAT    NOW           THEN
      ───────────────────────────────────────────────
       port swp1      lag     not set       lag-swp1
       port swp1      vlans   access 4000   not set
       LAG lag-swp1   lag     not there     there
      changes
         1. create LAG lag-swp1 (LACP active, fast, number 1 of the pair; access 100)
         2. add port swp1 to LAG lag-swp1
      would be sent
         1. create LAG lag-swp1 (LACP active, fast, number 1 of the pair; access 100)
         2. add port swp1 to LAG lag-swp1
      to take it back
         1. remove port swp1 from LAG lag-swp1, which makes it access 4000
         2. delete LAG lag-swp1

    leaf-02 swp1 (LAG lag-swp1)
       OF             WHAT    NOW           THEN
      ───────────────────────────────────────────────
       port swp1      lag     not set       lag-swp1
       port swp1      vlans   access 4000   not set
       LAG lag-swp1   lag     not there     there
      changes
         1. create LAG lag-swp1 (LACP active, fast, number 1 of the pair; access 100)
         2. add port swp1 to LAG lag-swp1
      would be sent
         1. create LAG lag-swp1 (LACP active, fast, number 1 of the pair; access 100)
         2. add port swp1 to LAG lag-swp1
      to take it back
         1. remove port swp1 from LAG lag-swp1, which makes it access 4000
         2. delete LAG lag-swp1

    apply it with the token below; it is refused when a switch has changed since
      mercury
    ");
    insta::assert_snapshot!(switch(&format!("attach {lag}")), @r"
    done: 2 ports changed, verified (TIME)
     SWITCH    PORT   LAG        RESULT    CARRIES      LINK   LACP      VERIFIED
    ──────────────────────────────────────────────────────────────────────────────
     leaf-01   swp1   lag-swp1   changed   access 100   up     current   yes
     leaf-02   swp1   lag-swp1   changed   access 100   up     current   yes
    not saved yet: the service saves soon, or at once with `mercury switch flush`
    request req-1, change CHANGE
    exit 0
    ");
    insta::assert_snapshot!(switch("read leaf-01:swp1 leaf-02:swp1"), @r"
     SWITCH    PORT   LAG        CARRIES      LINK   LACP
    ─────────────────────────────────────────────────────────
     leaf-01   swp1   lag-swp1   access 100   up     current
     leaf-02   swp1   lag-swp1   access 100   up     current

     SWITCH    LAG        MODE                                      MEMBERS   CARRIES
    ─────────────────────────────────────────────────────────────────────────────────────
     leaf-01   lag-swp1   LACP active, fast, number 1 of the pair   swp1      access 100
     leaf-02   lag-swp1   LACP active, fast, number 1 of the pair   swp1      access 100
    exit 0
    ");
    insta::assert_snapshot!(switch("detach leaf-01:swp1 leaf-02:swp1"), @r"
    done: 2 ports changed, verified (TIME)
     SWITCH    PORT   RESULT    CARRIES       LINK   VERIFIED
    ──────────────────────────────────────────────────────────
     leaf-01   swp1   changed   access 4000   up     yes
     leaf-02   swp1   changed   access 4000   up     yes
    not saved yet: the service saves soon, or at once with `mercury switch flush`
    request req-1, change CHANGE
    exit 0
    ");
}

#[test]
fn a_plan_is_applied_once_and_refused_when_the_switch_has_changed() {
    let service = Service::start(NOOP);
    let token = service.file("plan.token").display().to_string();
    let plan = format!("plan attach leaf-01:swp2 --vlan 120 --token-file {token}");
    let (code, out, _) = run(&mut service.switch(&plan));
    assert_eq!(code, 0);
    assert!(out.ends_with(&format!("mercury switch apply --token-file {token}\n")), "{out}");
    assert_eq!(run(&mut service.switch("attach leaf-01:swp2 --vlan 130")).0, 0);
    let (code, _, err) = run(&mut service.switch(&format!("apply --token-file {token}")));
    assert_eq!(code, 5, "{err}");
    assert!(err.contains("hint: "), "{err}");

    assert_eq!(run(&mut service.switch(&plan)).0, 0);
    let text = fs::read_to_string(&token).unwrap();
    let (code, out, _) = run(service.switch("apply -").write_stdin(text));
    assert!(code == 0 && out.starts_with("done: 1 port changed, verified"), "{out}");
    let (code, out, _) = run(&mut service.switch("verify leaf-01:swp2 --vlan 120 --json"));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["state"]), (0, &json!("in_sync")));
}

#[test]
fn what_is_refused_says_why_and_what_next() {
    let service = Service::start(NOOP);
    let switch =
        |words: &str| transcript(&mut service.switch(&format!("{words} --request-id req-1")));
    insta::assert_snapshot!(switch("attach leaf-01:swp1 --vlan 300"), @r"
    error: port `swp1` on `leaf-01` refused: VLAN 300 is not in rule `rack-12` (allowed: 100-299,4000)
    request req-1
    exit 3
    ");
    insta::assert_snapshot!(switch("attach leaf-01:swp9 --vlan 100"), @r"
    error: port `swp9` on `leaf-01` refused: port `swp9` is protected by `uplinks` (inter-switch links)
    request req-1
    exit 3
    ");
    insta::assert_snapshot!(switch("attach leaf-01:swp77 --vlan 100"), @r"
    error: port `swp77` on `leaf-01` refused: port `swp77` is not in rule `rack-12` (allowed: swp[1-8])
    request req-1
    exit 3
    ");
    insta::assert_snapshot!(switch("attach leaf-07:swp1 --vlan 100"), @r"
    error: switch `leaf-07` is not in the configuration
    hint: `list_switches` shows the names and MAC addresses that this service knows
    request req-1
    exit 4
    ");
    insta::assert_snapshot!(switch("attach leaf-01:swp1 --mode trunk"), @r"
    error: allowed_vlans: must name at least one VLAN when mode is `trunk` or `hybrid`
    request req-1
    exit 4
    ");
    insta::assert_snapshot!(switch("apply nonsense"), @r"
    error: plan_token: is not one that `plan` gave
    request req-1
    exit 4
    ");
    insta::assert_snapshot!(switch("show leaf-07"), @r"
    error: switch `leaf-07` is not in the configuration
    hint: `list_switches` shows the names and MAC addresses that this service knows
    request req-1
    exit 4
    ");
}

#[test]
fn an_error_for_machines_is_the_service_s_own() {
    let service = Service::start(NOOP);
    let (code, out, err) =
        run(&mut service.switch("attach leaf-01:swp1 --vlan 300 --json --request-id req-1"));
    assert_eq!((code, out.as_str()), (3, ""));
    let error: Value = serde_json::from_str(&err).unwrap();
    assert_eq!(error["code"], 1002);
    assert_eq!(error["data"]["class"], "refused_by_policy");
    assert_eq!(error["data"]["rule"], "rack-12");
    assert_eq!(error["data"]["request_id"], "req-1");
}

#[test]
fn a_password_lets_in() {
    let service = Service::start(NOOP);
    let words = format!("switch list --url {} --user ops", service.tcp());
    let (code, _, err) = run(mercury(&words).env("MERCURY_PASSWORD", "s3cret"));
    assert_eq!((code, err.as_str()), (0, ""));
    let (code, out, err) = run(mercury(&words).env("MERCURY_PASSWORD", "wrong"));
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.contains("HTTP 401") && err.contains("hint: name the user"), "{err}");
    assert!(!err.contains("wrong"), "{err}");
}

#[test]
fn many_operations_come_from_a_file_and_each_has_its_answer() {
    let service = Service::start(NOOP);
    let line = |switch: &str, port: &str, vlan: u16| {
        json!({
            "native_vlan": vlan,
            "binding_profile": {"local_link_information": [{"switch_id": switch, "port_id": port}]},
        })
    };
    let lines =
        [line("leaf-01", "swp1", 100), line("leaf-01", "swp2", 300), line("leaf-02", "swp1", 101)];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let mut command = service.switch("attach --from-file - --request-id req-1");
    let got = transcript(command.write_stdin(text));
    insta::assert_snapshot!(without_times(&got), @r"
     #   ABOUT          RESULT              TOOK
    ─
     1   leaf-01:swp1   changed
     2   leaf-01:swp2   refused by policy
     3   leaf-02:swp1   changed

    #2
    error: port `swp2` on `leaf-01` refused: VLAN 300 is not in rule `rack-12` (allowed: 100-299,4000)
    request req-1
    exit 3
    ");

    let believed = service.file("believed.json");
    fs::write(&believed, serde_json::to_string(&lines).unwrap()).unwrap();
    let words = format!("verify --json --from-file {}", believed.display());
    let (code, out, _) = run(&mut service.switch(&words));
    let answers: Value = serde_json::from_str(&out).unwrap();
    let states: Vec<_> = (0..3).map(|n| &answers[n]["answer"]["state"]).collect();
    assert_eq!((code, states), (8, vec![&json!("in_sync"), &json!("differs"), &json!("in_sync")]));
}

/// The table of many operations has each one's duration.
fn without_times(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_suffix(" ms") {
        Some(before) => before.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end(),
        // The rule is as long as the longest time.
        None if line.starts_with('─') => "─",
        None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_was_done_is_in_the_audit_record() {
    let service = Service::start(NOOP);
    let attach = "attach leaf-01:swp1 --vlan 100 --request-id req-42 --reason because \
                  --host-id node-42 --on-behalf-of alice";
    assert_eq!(run(&mut service.switch(attach)).0, 0);
    let words = format!("audit show --json --request-id req-42 {}", service.audit().display());
    let (code, out, err) = run(&mut mercury(&words));
    assert_eq!((code, err.as_str()), (0, ""));
    let records: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let kinds: Vec<_> = records.iter().map(|record| &record["kind"]).collect();
    assert_eq!(kinds, ["begin", "end"]);
    let begin = &records[0];
    for (member, want) in
        [("who", "anonymous"), ("user", "alice"), ("reason", "because"), ("host", "node-42")]
    {
        assert_eq!(begin[member], want);
    }
}

/// The keys of a switch that does this whenever it is asked to change something.
fn misbehaving(fault: &str) -> String {
    format!(
        "driver = \"chaos\"\noperation_timeout_ms = 300\n\
         chaos = {{ driver = \"noop\", seed = 1, faults = {{ {fault} = 1.0 }} }}"
    )
}

#[test]
fn a_leg_that_is_rejected_takes_the_other_back() {
    let service = Service::start(&misbehaving("refuse_batch"));
    let words = "attach leaf-01:swp1 leaf-02:swp1 --vlan 100 --request-id req-1";
    insta::assert_snapshot!(transcript(&mut service.switch(words)), @r"
    error: `leaf-02`: the switch refused: injected by the chaos driver
       SWITCH    PORT   NOW           CARRIES       WHY
      ───────────────────────────────────────────────────────────────────────────────────────────────
       leaf-01   swp1   put back      access 4000
       leaf-02   swp1   not touched   access 4000   the switch refused: injected by the chaos driver
    request req-1, change CHANGE
    exit 5
    ");
    assert_eq!(run(&mut service.switch("verify leaf-01:swp1 --detached")).0, 0);
}

#[test]
fn a_switch_that_is_not_there_is_6() {
    let service = Service::start(&misbehaving("unreachable"));
    let words = "attach leaf-01:swp1 leaf-02:swp1 --vlan 100 --timeout 3s --request-id req-1";
    insta::assert_snapshot!(transcript(&mut service.switch(words)), @r"
    error: `leaf-02`: cannot reach the switch at chaos: injected by the chaos driver
       SWITCH    PORT   NOW
      ──────────────────────────────
       leaf-02   swp1   not touched
    hint: try again later
    request req-1
    exit 6
    ");
}

#[test]
fn a_change_that_cannot_be_taken_back_is_7_and_says_what_is_where() {
    let service = Service::start(&misbehaving("lie_part"));
    let words = "attach leaf-01:swp1 leaf-02:swp1 --vlan 100 --mtu 9000 --request-id req-1";
    insta::assert_snapshot!(transcript(&mut service.switch(words)), @r"
    error: `leaf-02` accepted the change, but mtu of port swp1 is not set instead of 9000; undo failed: port `swp1` on `leaf-02` is not as it was: access 100
       SWITCH    PORT   NOW            CARRIES       WHY
      ───────────────────────────────────────────────────────────────────────────────────────────────────────
       leaf-01   swp1   put back       access 4000
       leaf-02   swp1   not put back   access 100    vlans of port swp1 is access 100 instead of access 4000
    hint: look at the ports named above, then repeat the request or detach them
    request req-1, change CHANGE
    exit 7
    ");
}
