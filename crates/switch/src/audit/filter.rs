//! Which records a search is after.

use jiff::Timestamp;
use model::{PortName, SwitchName};

use super::{
    InDoubt,
    record::{Entry, Kind, Record},
};

/// Which records a search is after: those that meet every member that is given.
///
/// A record about a change is found by what its `begin` says: searching for a caller finds the
/// `end` of its changes too.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Records about this switch.
    pub switch: Option<SwitchName>,
    /// Records about this port; with `switch`, about this port of that switch.
    pub port: Option<PortName>,
    /// Records about what this caller asked for.
    pub caller: Option<String>,
    /// Records about this request.
    pub request_id: Option<String>,
    /// Records of this time and later.
    pub since: Option<Timestamp>,
    /// Records from before this time.
    pub until: Option<Timestamp>,
    /// Records of this kind.
    pub kind: Option<Kind>,
}

impl Filter {
    /// Whether the search is after `record`, which is about the change `about`.
    pub(super) fn wants(&self, record: &Record, about: Option<&InDoubt>) -> bool {
        let Self { switch, port, caller, request_id, since, until, kind } = self;
        since.is_none_or(|since| record.time >= since)
            && until.is_none_or(|until| record.time < until)
            && kind.is_none_or(|kind| record.entry.kind() == kind)
            && caller
                .as_ref()
                .is_none_or(|caller| who(&record.entry, about).any(|(who, _)| who == caller))
            && request_id
                .as_ref()
                .is_none_or(|id| who(&record.entry, about).any(|(_, request)| request == id))
            && ((switch.is_none() && port.is_none()) || self.wants_place(&record.entry, about))
    }

    fn wants_place(&self, entry: &Entry, about: Option<&InDoubt>) -> bool {
        let here = |at_switch: &SwitchName, at_port: Option<&PortName>| {
            self.switch.as_ref().is_none_or(|want| want == at_switch)
                && self.port.as_ref().is_none_or(|want| Some(want) == at_port)
        };
        let of_change = about.into_iter().flat_map(|change| &change.ports);
        let own = match entry {
            Entry::Refused(refused) => refused.ports.as_slice(),
            _ => &[],
        };
        of_change.chain(own).any(|at| here(&at.switch, Some(&at.port)))
            || match entry {
                Entry::Begin(begin) => {
                    begin.operations.iter().any(|operation| here(&operation.switch, None))
                }
                Entry::End(end) => end.legs.iter().any(|leg| {
                    here(&leg.switch, None)
                        || leg.ports.iter().any(|port| here(&leg.switch, Some(port)))
                }),
                Entry::Saved(saved) => here(&saved.switch, None),
                _ => false,
            }
    }
}

/// The caller and the request that a record is about.
fn who<'a>(
    entry: &'a Entry,
    about: Option<&'a InDoubt>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let refused = match entry {
        Entry::Refused(refused) => Some((refused.who.as_str(), refused.request_id.as_str())),
        _ => None,
    };
    // Whoever was not let in is found by who it claimed to be.
    let denied = match entry {
        Entry::Denied(denied) => denied.users.as_slice(),
        _ => &[],
    };
    let change = about.map(|change| (change.who.as_str(), change.request_id.as_str()));
    change.into_iter().chain(refused).chain(denied.iter().map(|user| (user.as_str(), "")))
}
