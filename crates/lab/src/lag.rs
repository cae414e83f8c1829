//! What both ends of a LAG say about LACP, and waiting until they agree.
//!
//! Read from `lacp/show` and `bond/show` of `ovs-vswitchd` (Open vSwitch 3.1).

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::lab::Lab;

/// The bond of every bonded server.
const SERVER_BOND: &str = "bond0";

/// One end of a LAG.
#[derive(Clone, Copy, Debug)]
pub enum LagEnd<'a> {
    /// The LAG `lag` on a switch.
    Switch {
        /// The switch's name in the lab.
        switch: &'a str,
        /// The name of the LAG's port on the switch.
        lag: &'a str,
    },
    /// The bond of a bonded server.
    Server(&'a str),
}

/// A LAG as one end sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Whether LACP was negotiated with the other end: a member has a current partner. Open
    /// vSwitch alone says so too early, also in the seconds in which it waits for a first frame.
    pub negotiated: bool,
    /// Whether LACP frames are asked for every second rather than every 30 s.
    pub fast: bool,
    /// Sorted by name.
    pub members: Vec<Member>,
}

/// One member of a LAG.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The interface.
    pub name: String,
    /// Whether the partner's LACP frames are up to date.
    pub current: bool,
    /// Whether both ends say that they collect and distribute on it.
    pub distributing: bool,
    /// Whether traffic may use it.
    pub enabled: bool,
}

impl Lag {
    /// The names of the members that carry traffic.
    #[must_use]
    pub fn enabled(&self) -> Vec<&str> {
        let enabled = self.members.iter().filter(|member| member.enabled);
        enabled.map(|member| member.name.as_str()).collect()
    }

    /// Whether LACP was negotiated and exactly `members` (sorted) carry traffic for both ends.
    #[must_use]
    pub fn carries(&self, members: &[&str]) -> bool {
        let agreed = |member: &Member| !member.enabled || (member.current && member.distributing);
        self.negotiated && self.enabled() == members && self.members.iter().all(agreed)
    }
}

impl Lab {
    /// The state of a LAG at one end.
    ///
    /// # Errors
    /// When there is no such LAG.
    pub fn lag(&self, end: LagEnd<'_>) -> Result<Lag> {
        let (name, lag) = match end {
            LagEnd::Switch { switch, lag } => (switch, lag),
            LagEnd::Server(server) => (server, SERVER_BOND),
        };
        let lacp = self.appctl(name, &["lacp/show", lag])?;
        let bond = self.appctl(name, &["bond/show", lag])?;
        Ok(parse(&lacp, &bond))
    }

    /// Waits until LACP is negotiated and exactly `members` (sorted) carry traffic at `end`.
    ///
    /// No one event tells it (the database lags behind the state machine), so it reads the state
    /// until it is so: each read is a round trip to the daemon, which paces the loop.
    ///
    /// # Errors
    /// When it is not so within `limit`; the message holds the last state.
    pub fn wait_lag(&self, end: LagEnd<'_>, members: &[&str], limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            let state = self.lag(end);
            if state.as_ref().is_ok_and(|lag| lag.carries(members)) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                bail!("{end:?} does not carry {members:?} within {limit:?}: {state:?}");
            }
        }
    }
}

fn parse(lacp: &str, bond: &str) -> Lag {
    let said = lacp.lines().any(|line| {
        let words = line.trim().strip_prefix("status:");
        words.is_some_and(|words| words.split_whitespace().any(|word| word == "negotiated"))
    });
    let fast = lacp.lines().any(|line| line.trim() == "lacp_time: fast");
    let mut members: Vec<Member> = Vec::new();
    let mut sides = 0;
    for line in lacp.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("member: ") {
            let (name, state) = rest.split_once(':').unwrap_or((rest, ""));
            sides = 0;
            members.push(Member {
                name: name.to_owned(),
                current: state.split_whitespace().any(|word| word == "current"),
                distributing: false,
                enabled: bond.lines().any(|line| line.trim() == format!("member {name}: enabled")),
            });
        }
        let state = line.strip_prefix("actor state:").or(line.strip_prefix("partner state:"));
        if let (Some(state), Some(member)) = (state, members.last_mut()) {
            sides += u8::from(
                ["collecting", "distributing"]
                    .iter()
                    .all(|word| state.split_whitespace().any(|said| said == *word)),
            );
            member.distributing = sides == 2;
        }
    }
    members.sort();
    let negotiated = said && members.iter().any(|member| member.current);
    Lag { negotiated, fast, members }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOND: &str = "---- bond0 ----\nlacp_status: negotiated\n\nmember eth0: enabled\n  \
                        active member\n\nmember eth1: disabled\n  may_enable: false\n";

    #[test]
    fn a_bond_with_one_member_lost() {
        let lacp = "---- bond0 ----\n  status: active negotiated\n  lacp_time: fast\n\n\
                    member: eth1: defaulted detached\n  actor state: activity aggregation\n  \
                    partner state: timeout\n\nmember: eth0: current attached\n  \
                    actor state: activity synchronized collecting distributing\n  \
                    partner state: activity synchronized collecting distributing\n";
        let lag = parse(lacp, BOND);
        let member = |name: &str, on: bool| Member {
            name: name.to_owned(),
            current: on,
            distributing: on,
            enabled: on,
        };
        let members = vec![member("eth0", true), member("eth1", false)];
        assert_eq!(lag, Lag { negotiated: true, fast: true, members });
        assert!(lag.carries(&["eth0"]));
        assert!(!lag.carries(&["eth0", "eth1"]));
    }

    #[test]
    fn a_bond_that_still_waits_is_not_negotiated() {
        let lacp =
            "  status: active negotiated\n  lacp_time: fast\n\nmember: eth0: expired attached\n";
        assert!(!parse(lacp, "member eth0: disabled\n").negotiated);
    }

    #[test]
    fn a_bond_whose_partner_is_silent() {
        let lacp = "---- bond0 ----\n  status: active\n  lacp_time: slow\n\nmember: eth0: \
                    defaulted detached\n";
        let lag = parse(lacp, "member eth0: disabled\n");
        assert_eq!((lag.negotiated, lag.fast, lag.enabled()), (false, false, vec![]));
    }
}
