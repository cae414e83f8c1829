//! How the core's answers are told.

use model::LinkInformation;
use rpc::wire;
use switch::{
    Difference, FlushedSwitch, LacpStatus, LinkReport, MatchKind, PlanReport, PlannedLeg,
    PortMatch, PortReading, PortStatus, PortVerdict, Report, Resolution, SafeState, SaveState,
    SwitchReading, Target, Verdict, Vxlan,
};

pub(super) fn change(request_id: String, report: Report) -> wire::ChangeAnswer {
    let Report { change, links, duration } = report;
    let worst = |state: SaveState| match state {
        SaveState::Implicit => 0,
        SaveState::Saved => 1,
        SaveState::Pending => 2,
    };
    let save = links.iter().map(|link| link.save).max_by_key(|state| worst(*state));
    wire::ChangeAnswer {
        request_id,
        outcome: match change {
            Some(_) => wire::ChangeOutcome::Applied,
            None => wire::ChangeOutcome::Unchanged,
        },
        change_id: change,
        links: links.into_iter().map(link).collect(),
        save: match save {
            Some(SaveState::Pending) => wire::SaveState::Pending,
            Some(SaveState::Saved) => wire::SaveState::Saved,
            Some(SaveState::Implicit) | None => wire::SaveState::Implicit,
        },
        duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
    }
}

fn link(link: LinkReport) -> wire::LinkAnswer {
    let LinkReport { switch, port, lag, changes, operations, observed, vxlan, status, save: _ } =
        link;
    wire::LinkAnswer {
        switch,
        port,
        lag,
        vxlan: vxlan.map(told),
        outcome: match changes.is_empty() {
            true => wire::LinkOutcome::AlreadySo,
            false => wire::LinkOutcome::Applied,
        },
        changes,
        operations,
        // A report exists only of what was read back and found as it should be.
        verified: true,
        observed,
        status: status.map(port_status),
    }
}

const fn told(vxlan: Vxlan) -> wire::Vxlan {
    let Vxlan { vni, vlan } = vxlan;
    wire::Vxlan { vni, vlan }
}

fn port_status(status: PortStatus) -> wire::PortStatus {
    let PortStatus { link, lacp, mtu, error } = status;
    wire::PortStatus {
        link,
        lacp: lacp.map(|lacp| match lacp {
            LacpStatus::Current => wire::LacpState::Current,
            LacpStatus::NoPartner => wire::LacpState::NoPartner,
        }),
        mtu,
        error,
    }
}

pub(super) fn plan(request_id: String, plan: PlanReport) -> wire::PlanAnswer {
    let PlanReport { token, legs } = plan;
    wire::PlanAnswer {
        request_id,
        plan_token: token,
        empty: legs.iter().all(|leg| leg.changes.is_empty()),
        links: legs.into_iter().map(planned).collect(),
    }
}

fn planned(leg: PlannedLeg) -> wire::PlannedLink {
    let PlannedLeg { switch, ports, lag, vxlan, changes, inverse, operations, diff } = leg;
    let vxlan = vxlan.map(told);
    let diff = diff.into_iter().map(|Difference { target, member, wanted, observed }| {
        let target = target.map_or_else(|| "switch".to_owned(), |target| target.to_string());
        wire::Difference { target, member, from: Some(observed), to: Some(wanted) }
    });
    let diff = diff.collect();
    wire::PlannedLink { switch, ports, lag, vxlan, changes, inverse, operations, diff }
}

pub(super) fn verify(verdicts: Vec<PortVerdict>) -> wire::VerifyAnswer {
    let has = |verdict: Verdict| verdicts.iter().any(|port| port.verdict == verdict);
    let state = if has(Verdict::Differs) {
        Verdict::Differs
    } else if has(Verdict::Unknown) {
        Verdict::Unknown
    } else {
        Verdict::InSync
    };
    wire::VerifyAnswer {
        state: verify_state(state),
        ports: verdicts.into_iter().map(verdict).collect(),
    }
}

const fn verify_state(verdict: Verdict) -> wire::VerifyState {
    match verdict {
        Verdict::InSync => wire::VerifyState::InSync,
        Verdict::Differs => wire::VerifyState::Differs,
        Verdict::Unknown => wire::VerifyState::Unknown,
    }
}

fn verdict(verdict: PortVerdict) -> wire::PortVerdict {
    let PortVerdict { switch, port, verdict, differences, reason } = verdict;
    let differences = differences.into_iter().map(|difference| {
        let Difference { target, member, wanted, observed } = difference;
        wire::MemberDifference {
            member: match target {
                Some(lag @ Target::Lag(_)) => format!("{member} of {lag}"),
                Some(Target::Port(_)) | None => member,
            },
            wanted: Some(wanted),
            observed: Some(observed),
        }
    });
    wire::PortVerdict {
        switch,
        port,
        state: verify_state(verdict),
        differences: differences.collect(),
        reason,
    }
}

pub(super) fn read(readings: Vec<PortReading>) -> wire::ReadAnswer {
    let ports = readings.into_iter().map(|reading| {
        let PortReading { switch, port, config, lag, vxlans, status } = reading;
        wire::PortRead {
            switch,
            port,
            config,
            lag: lag.map(|(name, state)| wire::LagRead {
                name,
                settings: state.settings,
                members: state.members.into_iter().collect(),
                config: state.config,
            }),
            vxlans: vxlans.into_iter().map(told).collect(),
            status: status.map(port_status).unwrap_or_default(),
        }
    });
    wire::ReadAnswer { ports: ports.collect() }
}

pub(super) fn resolve(given: &[LinkInformation], found: Vec<Resolution>) -> wire::ResolveAnswer {
    let links = given.iter().zip(found).map(|(given, found)| {
        let Resolution { switch, port, candidates } = found;
        wire::ResolvedLink {
            given: given.clone(),
            switch,
            matched: port.as_ref().map(|port| matched(port.matched)),
            port: port.map(|port| port.port),
            candidates: candidates
                .into_iter()
                .map(|PortMatch { port, matched: by }| wire::PortCandidate {
                    port,
                    matched: matched(by),
                })
                .collect(),
        }
    });
    wire::ResolveAnswer { links: links.collect() }
}

const fn matched(kind: MatchKind) -> wire::MatchedBy {
    match kind {
        MatchKind::Name => wire::MatchedBy::Name,
        MatchKind::Alias => wire::MatchedBy::Alias,
        MatchKind::Index => wire::MatchedBy::Index,
        MatchKind::Mac => wire::MatchedBy::Mac,
    }
}

pub(super) fn list(readings: &[SwitchReading]) -> wire::SwitchesAnswer {
    wire::SwitchesAnswer { switches: readings.iter().map(switch).collect() }
}

fn switch(reading: &SwitchReading) -> wire::SwitchInfo {
    let SwitchReading { switch, status, in_doubt, vxlan_vlans } = reading;
    let settings = switch.settings();
    let pending = status.pending_save.as_ref().map(|pending| wire::PendingSave {
        changes: u64::from(pending.changes),
        since_ms: u64::try_from(pending.since.elapsed().as_millis()).unwrap_or(u64::MAX),
        failed: pending.failed.clone(),
    });
    let in_doubt = in_doubt.iter().flat_map(|change| {
        let here = change.ports.iter().filter(|port| port.switch == settings.name);
        here.map(|port| wire::InDoubt {
            port: port.port.clone(),
            since: change.time,
            request_id: change.request_id.clone(),
            change_id: change.change.clone(),
        })
    });
    wire::SwitchInfo {
        name: settings.name.clone(),
        driver: switch.driver().name().to_owned(),
        switch_ids: settings.switch_ids.iter().map(ToString::to_string).collect(),
        physical_networks: settings.physical_networks.iter().cloned().collect(),
        idle: idle(settings.safe),
        // Capabilities are plain data, which always serialises.
        capabilities: serde_json::to_value(switch.driver().capabilities()).unwrap_or_default(),
        connected: status.connected,
        last_error: status.last_error.clone(),
        pending_save: pending,
        in_doubt: in_doubt.collect(),
        allowed_vlans: settings.allowed_vlans.clone(),
        flat_networks: settings.flat_networks.clone(),
        create_vlans: settings.create_vlans,
        vxlan_vlans: vxlan_vlans.clone(),
    }
}

fn idle(safe: SafeState) -> String {
    match safe {
        SafeState::Idle(vlan) => format!("VLAN {vlan}"),
        SafeState::Closed => "closed".to_owned(),
        SafeState::Shut(None) => "shut".to_owned(),
        SafeState::Shut(Some(vlan)) => format!("shut, VLAN {vlan}"),
    }
}

pub(super) fn flush(flushed: Vec<FlushedSwitch>) -> wire::FlushAnswer {
    let switches = flushed.into_iter().map(|FlushedSwitch { switch, saved }| wire::FlushedSwitch {
        switch,
        saved: saved.is_ok(),
        error: saved.err(),
    });
    wire::FlushAnswer { switches: switches.collect() }
}
