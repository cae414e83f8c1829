//! What a port or LAG carries, from what was said about its VLANs.

use std::collections::BTreeMap;

use model::{Vlan, VlanMode, VlanSet};
use regex::Regex;
use switch::HybridSupport;

use super::{
    super::profile::{
        Problem,
        pattern::{self, Extent},
        schema::{NativeStyle, RawProfile, VlanStyle},
    },
    Fact,
    facts::Told,
    vlan_list,
};

/// How a system keeps VLANs, as `[vlans]` of its profile says.
#[derive(Debug, Clone)]
pub(super) struct VlanRules {
    style: VlanStyle,
    native: NativeStyle,
    hybrid: HybridSupport,
    relevant: Vec<Regex>,
}

/// Why the VLANs are [`VlanMode::Other`], for people.
pub(super) type Oddity = String;

impl VlanRules {
    pub(super) fn compile(raw: &RawProfile, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let relevant =
            pattern::lines("vlans.relevant", &raw.vlans.relevant, Extent::Part, problems);
        if problems.len() > before {
            return None;
        }
        Some(Self {
            style: raw.vlans.style,
            native: raw.vlans.native,
            hybrid: raw.capabilities.hybrid,
            relevant,
        })
    }

    pub(super) fn is_relevant(&self, line: &str) -> bool {
        self.relevant.iter().any(|pattern| pattern.is_match(line))
    }

    /// What is carried; none when nothing says it, and an oddity when it is said in a way that the
    /// core has no words for.
    pub(super) fn mode(
        &self,
        told: &Told,
        defaults: &BTreeMap<Fact, String>,
    ) -> Result<Option<VlanMode>, Oddity> {
        let vlans = Said { told, defaults };
        match self.style {
            VlanStyle::Switchport => self.switchport(&vlans),
            VlanStyle::Membership => self.membership(&vlans),
        }
    }

    fn switchport(&self, said: &Said<'_>) -> Result<Option<VlanMode>, Oddity> {
        let Some(mode) = said.one(Fact::Mode)? else { return Ok(None) };
        let mode = match mode {
            "closed" => VlanMode::Closed,
            "access" => match said.vlan(Fact::Access)? {
                Some(Some(vlan)) => VlanMode::access(vlan),
                Some(None) => VlanMode::Closed,
                None => return Err("no rule tells its `access` VLAN".to_owned()),
            },
            "trunk" => {
                let (native, allowed) = self.trunk(said)?;
                trunk(native, &allowed)
            }
            "hybrid" => {
                let (native, allowed) = match said.has(&[Fact::Untagged, Fact::Tagged]) {
                    true => hybrid_members(said)?,
                    false => self.trunk(said)?,
                };
                match (self.hybrid, native) {
                    (_, None) if allowed.is_empty() => VlanMode::Closed,
                    (HybridSupport::Own, Some(native)) => VlanMode::hybrid(native, &allowed),
                    // The core's hybrid ports have an untagged VLAN, and a trunk is another mode.
                    (HybridSupport::Own, None) => {
                        return Err("it is hybrid without an untagged VLAN".to_owned());
                    }
                    (_, native) => trunk(native, &allowed),
                }
            }
            other => return Err(format!("its mode is `{other}`")),
        };
        Ok(Some(mode))
    }

    /// The native VLAN that counts, and the allowed ones.
    fn trunk(&self, said: &Said<'_>) -> Result<(Option<Vlan>, VlanSet), Oddity> {
        let allowed = said.allowed()?;
        let native = said.vlan(Fact::Native)?.flatten();
        let native = native.filter(|native| match self.native {
            NativeStyle::Implied => true,
            NativeStyle::Listed => allowed.contains(*native),
        });
        Ok((native, allowed))
    }

    fn membership(&self, said: &Said<'_>) -> Result<Option<VlanMode>, Oddity> {
        let mode = said.one(Fact::Mode)?;
        let (untagged, tagged) = (said.union(Fact::Untagged)?, said.union(Fact::Tagged)?);
        let mut natives = untagged.iter();
        let (native, second) = (natives.next(), natives.next());
        if second.is_some() {
            return Err(format!("it has the untagged VLANs {untagged}"));
        }
        let tagged = native.map_or_else(|| tagged.clone(), |native| tagged.without(native));
        if said.has(&[Fact::Native])
            && let Some(Some(assigned)) = said.vlan(Fact::Native)?
            && native != Some(assigned)
        {
            return Err(format!("untagged frames go to VLAN {assigned} and come from another"));
        }
        Ok(Some(match mode {
            Some("closed") if native.is_none() && tagged.is_empty() => VlanMode::Closed,
            None | Some("access" | "trunk" | "hybrid") => match (mode, native) {
                (_, None) if tagged.is_empty() => VlanMode::Closed,
                (Some("hybrid"), Some(native)) if self.hybrid == HybridSupport::Own => {
                    VlanMode::hybrid(native, &tagged)
                }
                (Some("trunk" | "hybrid"), native) => trunk(native, &tagged),
                (_, Some(native)) if tagged.is_empty() => VlanMode::access(native),
                (Some(_), _) => return Err(format!("it is an access port with tagged {tagged}")),
                (None, native) => trunk(native, &tagged),
            },
            Some(other) => return Err(format!("its mode is `{other}`")),
        }))
    }
}

/// A trunk that carries nothing is closed.
fn trunk(native: Option<Vlan>, allowed: &VlanSet) -> VlanMode {
    if native.is_none() && allowed.is_empty() {
        VlanMode::Closed
    } else {
        VlanMode::trunk(native, allowed)
    }
}

/// A hybrid port by its members: the untagged VLAN that frames without a tag are put into.
fn hybrid_members(said: &Said<'_>) -> Result<(Option<Vlan>, VlanSet), Oddity> {
    let (untagged, tagged) = (said.union(Fact::Untagged)?, said.union(Fact::Tagged)?);
    let native = said.vlan(Fact::Native)?.flatten();
    let mut all = untagged.iter();
    match (all.next(), all.next()) {
        (None, _) => Ok((None, tagged)),
        (Some(only), None) if native.is_none_or(|native| native == only) => {
            Ok((Some(only), tagged))
        }
        _ => Err(format!(
            "it has the untagged VLANs {untagged}, and untagged frames go to {}",
            native.map_or_else(|| "none".to_owned(), |native| native.to_string())
        )),
    }
}

/// What was said, and what holds when nothing was.
struct Said<'a> {
    told: &'a Told,
    defaults: &'a BTreeMap<Fact, String>,
}

impl<'a> Said<'a> {
    /// Whether the switch itself said any of these.
    fn has(&self, facts: &[Fact]) -> bool {
        facts.iter().any(|fact| !self.told.all(*fact).is_empty())
    }

    fn default(&self, fact: Fact) -> Option<&'a str> {
        self.defaults.get(&fact).map(String::as_str)
    }

    fn one(&self, fact: Fact) -> Result<Option<&'a str>, Oddity> {
        match self.told.all(fact).as_slice() {
            [] => Ok(self.default(fact)),
            [only] => Ok(Some(*only)),
            [one, other, ..] => Err(format!("`{}` is `{one}` and `{other}` at once", fact.name())),
        }
    }

    /// One VLAN: not said at all, said to be none, or this one.
    fn vlan(&self, fact: Fact) -> Result<Option<Option<Vlan>>, Oddity> {
        let Some(text) = self.one(fact)? else { return Ok(None) };
        let set = vlan_list::parse(text)?;
        match set.len() {
            0 => Ok(Some(None)),
            1 => Ok(Some(set.first())),
            _ => Err(format!("`{}` is `{set}`, which is more than one VLAN", fact.name())),
        }
    }

    /// All VLANs of a fact that may be stated again and again.
    fn union(&self, fact: Fact) -> Result<VlanSet, Oddity> {
        let said = self.told.all(fact);
        let texts = if said.is_empty() { self.default(fact).into_iter().collect() } else { said };
        texts.into_iter().try_fold(VlanSet::empty(), |all, text| {
            vlan_list::parse(text).map(|set| all.union(&set))
        })
    }

    /// The allowed VLANs of a trunk: lists, additions and removals in the order in which they were
    /// written, upon what holds without them.
    fn allowed(&self) -> Result<VlanSet, Oddity> {
        let steps = [Fact::Allowed, Fact::AllowedAdd, Fact::AllowedRemove];
        let start = self.default(Fact::Allowed).map(vlan_list::parse).transpose()?;
        let end = self.told.sequence(&steps).try_fold(start, |allowed, (fact, text)| {
            let set = vlan_list::parse(text)?;
            Ok::<_, Oddity>(Some(match (fact, allowed) {
                (Fact::AllowedAdd, Some(allowed)) => allowed.union(&set),
                (Fact::AllowedRemove, Some(allowed)) => allowed.difference(&set),
                (Fact::Allowed, _) | (Fact::AllowedAdd, None) => set,
                _ => return Err("VLANs are taken from a list that no rule tells".to_owned()),
            }))
        })?;
        end.ok_or_else(|| "no rule tells its `allowed` VLANs".to_owned())
    }
}
