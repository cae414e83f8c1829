//! A fault at every command of a change: what the answer says is true, no port is ever in a third
//! VLAN, and the next request puts everything right.

use std::time::Duration;

use fabric::ssh::{Fault, Moment, Trigger};
use rpc::{client::CallError, method::Method};
use serde_json::{Value, json};
use system_tests::{attach, detach, trunk};

use crate::{
    site::{Site, Vlans},
    vendor::{EOS, IOS, JUNOS, NVUE, NXOS, OS10, SONIC, Vendor},
};

/// How long an exchange may take in these tests: faults that swallow answers cost all of it.
const PATIENCE: &str = "operation_timeout_ms = 3000\n";

/// More commands than a change has.
const MOST: usize = 80;

fn data(error: CallError) -> Value {
    let CallError::Rpc(error) = error else { panic!("{error}") };
    serde_json::to_value(error).unwrap()["data"].clone()
}

/// What a port carries before and after the change that goes wrong.
const BEFORE: &str = "untagged 100";
const AFTER: &str = "untagged 200 tagged 300-301";

/// Whether the answer says what has become of the port.
fn truthful(site: &Site, port: &str, answer: Result<Value, CallError>) -> Result<(), String> {
    let carries = site.carries(port);
    let told = match answer {
        Ok(_) => return (carries == AFTER).then_some(()).ok_or(format!("done, but {carries}")),
        Err(error) => data(error),
    };
    let outcome = told["links"][0]["outcome"].as_str().unwrap_or("untouched");
    let good = match outcome {
        "untouched" | "undone" => carries == BEFORE,
        "unknown" | "not_undone" => true,
        _ => false,
    };
    good.then_some(()).ok_or(format!("{carries}, but {told}"))
}

/// One change with the fault at its command number `skip`; false when it has no such command.
fn strike(site: &Site, port: &str, skip: usize, fault: &Fault) -> bool {
    let here = [("leaf-01", port)];
    site.switch.faults().clear();
    site.call(Method::AttachPort, attach(&here, 100));
    assert_eq!(site.carries(port), BEFORE);
    site.switch.forget();
    site.switch.faults().after(skip, Trigger::Any, fault.clone());
    let answer = site.daemon.call(Method::AttachPort, trunk(&here, Some(200), "300-301"));
    let struck = site.switch.faults().pending() == 0;
    if !struck {
        site.switch.faults().clear();
    }
    let fate = |what: String| {
        panic!("{fault:?} at command {skip}: {what}\n{}\n{}", site.said(), site.daemon.log())
    };
    if let Err(what) = truthful(site, port, answer) {
        fate(what);
    }
    let ever = site.ever(&[port]);
    let allowed: Vlans = [100, 200, 300, 301].into();
    // Who is lied to learns it by reading back, and not before.
    if *fault != Fault::Lie && !ever.is_subset(&allowed) {
        fate(format!("{ever:?}"));
    }
    struck
}

/// The fault at every command of a change or, where that says little more, at every `step`th.
fn storm(vendor: Vendor, step: usize, faults: &[Fault]) {
    let site = Site::with(vendor, |settings| settings.ports(2), PATIENCE, "");
    let port = site.port(1);
    for fault in faults {
        let each = (0..MOST).step_by(step);
        let struck = step * each.take_while(|skip| strike(&site, &port, *skip, fault)).count();
        assert!((8..MOST).contains(&struck), "{fault:?} struck {struck} commands");
    }
    site.switch.faults().clear();
    site.call(Method::DetachPort, detach(&[("leaf-01", &port)]));
    let switches = site.call(Method::ListSwitches, json!({}));
    assert_eq!(switches["switches"][0]["in_doubt"], json!([]), "{switches}");
}

const NONSENSE: &str = "%% Reticulating splines failed (0x17)";

#[rstest::rstest]
fn a_connection_is_lost_at_any_moment(
    #[values(EOS, NXOS, IOS, OS10, SONIC, NVUE, JUNOS)] vendor: Vendor,
) {
    storm(vendor, 4, &[Fault::Drop(Moment::Before), Fault::Drop(Moment::After)]);
}

#[rstest::rstest]
fn an_answer_is_one_that_nobody_knows(
    #[values(EOS, NXOS, IOS, OS10, SONIC, NVUE, JUNOS)] vendor: Vendor,
) {
    storm(vendor, 2, &[Fault::Reject(NONSENSE.to_owned())]);
}

#[rstest::rstest]
fn a_command_seems_to_be_done(#[values(EOS, NXOS, IOS, OS10, SONIC, NVUE, JUNOS)] vendor: Vendor) {
    storm(vendor, 3, &[Fault::Lie]);
}

#[rstest::rstest]
fn an_answer_is_damaged(#[values(EOS, IOS, SONIC)] vendor: Vendor) {
    let question = Fault::Question("Are you sure? [confirm]".to_owned());
    storm(vendor, 4, &[Fault::Garbage, question]);
}

#[rstest::rstest]
#[case::never_comes(Fault::Hang(Moment::Before))]
#[case::stops_half_way(Fault::Hang(Moment::During))]
#[case::never_ends(Fault::Endless)]
#[case::pages_for_ever(Fault::StuckPager)]
fn an_answer_has_no_end(#[values(EOS, IOS)] vendor: Vendor, #[case] fault: Fault) {
    let site = Site::with(vendor, |settings| settings.ports(2), PATIENCE, "");
    let port = site.port(1);
    // One command that reads, one that changes.
    for skip in [0, 7] {
        strike(&site, &port, skip, &fault);
    }
    site.switch.faults().clear();
    site.call(Method::AttachPort, attach(&[("leaf-01", &port)], 100));
}

/// What a switch writes to whoever is logged in and has asked for it, or has not.
#[rstest::rstest]
#[case(
    EOS,
    "Mar  1 18:46:11 leaf-01 Cli: %SYS-5-CONFIG_I: Configured from console by admin on vty2"
)]
#[case(
    NXOS,
    "2026 Mar  1 18:46:11 leaf-01 %$ VDC-1 %$ %VSHD-5-VSHD_SYSLOG_CONFIG_I: Configured from vty"
)]
#[case(IOS, "*Mar  1 18:46:11.000: %SYS-5-CONFIG_I: Configured from console by vty2")]
#[case(
    OS10,
    "<165>1 2026-03-01T18:46:11.000000+00:00 leaf-01 dn_ifm 912 - - Node.1-Unit.1:PRI [event]"
)]
fn an_event_is_printed_between_two_commands(#[case] vendor: Vendor, #[case] event: &str) {
    let site = Site::with(vendor, |settings| settings.ports(2), PATIENCE, "");
    let port = site.port(1);
    site.switch.faults().always(Trigger::Any, Fault::Noise(format!("\r\n{event}\r\n")));
    for round in 0..4 {
        let here = [("leaf-01", port.as_str())];
        let (asked, wanted) = if round % 2 == 0 {
            (attach(&here, 100), "untagged 100")
        } else {
            (trunk(&here, Some(200), "300"), "untagged 200 tagged 300")
        };
        site.call(Method::AttachPort, asked);
        assert_eq!(site.carries(&port), wanted);
    }
}

#[rstest::rstest]
fn an_event_that_nobody_knows_is_no_prompt(#[values(EOS, OS10, JUNOS)] vendor: Vendor) {
    let site = Site::with(vendor, |settings| settings.ports(2), PATIENCE, "");
    let port = site.port(1);
    let here = [("leaf-01", port.as_str())];
    site.call(Method::AttachPort, attach(&here, 100));
    let event = "\r\nThe time sharing system is going down\r\n";
    site.switch.faults().always(Trigger::Any, Fault::Noise(event.to_owned()));
    let answer = site.daemon.call(Method::AttachPort, trunk(&here, Some(200), "300-301"));
    if let Err(what) = truthful(&site, &port, answer) {
        panic!("{what}\n{}", site.daemon.log());
    }
    site.switch.faults().clear();
    site.call(Method::AttachPort, attach(&here, 100));
}

#[rstest::rstest]
fn a_slow_switch_is_waited_for(#[values(EOS, SONIC)] vendor: Vendor) {
    let site = Site::new(vendor);
    site.switch.faults().weather(|weather| {
        weather.command_delay = Duration::from_millis(30);
        weather.login_delay = Duration::from_millis(300);
        weather.round_trip = Duration::from_millis(20);
    });
    let port = site.port(1);
    site.call(Method::AttachPort, attach(&[("leaf-01", &port)], 100));
    assert_eq!(site.carries(&port), "untagged 100");
}
