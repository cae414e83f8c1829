//! Limits on the texts and numbers of a request, as functions for `deserialize_with`.
//!
//! These texts go into log lines and the audit record, so control characters are refused, and
//! each has a length that is generous for its purpose and harmless in a log. `null` is "not given",
//! because callers in other languages write it so.

use serde::{Deserialize, Deserializer, de::Error as _};

/// Of ids: a UUID has 36 characters, `req-` and a UUID 40.
pub(super) const ID: usize = 128;
/// Of names: what the field's databases keep (255), rounded up.
pub(super) const NAME: usize = 256;
/// Of reasons: a few sentences.
pub(super) const REASON: usize = 1024;
/// Of plan tokens: one describes a whole plan over sixteen ports.
pub(super) const TOKEN: usize = 64 * 1024;
/// How many switches one request may name: more than a request can wait for.
pub(super) const SWITCHES: usize = 1024;
/// How many links one request may have: the most members that a LAG has.
pub(super) const LINKS: usize = model::LagConfig::MAX_MEMBERS;
/// The longest that a caller may let the service work, ten minutes: the slowest switches take two
/// to commit.
pub(super) const TIMEOUT_MS: u32 = 600_000;

fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    most: usize,
) -> Result<Option<String>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let length = text.chars().count();
    if text.is_empty() {
        return Err(D::Error::custom("is empty; leave it out instead"));
    }
    if length > most {
        return Err(D::Error::custom(format_args!(
            "is {length} characters long, {most} are allowed"
        )));
    }
    if let Some(bad) = text.chars().find(|c| c.is_control()) {
        return Err(D::Error::custom(format_args!(
            "holds the control character `{}`",
            bad.escape_debug()
        )));
    }
    Ok(Some(text))
}

pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    read(deserializer, ID)
}

pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    read(deserializer, NAME)
}

pub(super) fn reason<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    read(deserializer, REASON)
}

pub(super) fn token<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    read(deserializer, TOKEN)
}

pub(super) fn timeout_ms<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u32>, D::Error> {
    let Some(given) = Option::<u64>::deserialize(deserializer)? else {
        return Ok(None);
    };
    u32::try_from(given).ok().filter(|ms| (1..=TIMEOUT_MS).contains(ms)).map(Some).ok_or_else(
        || {
            D::Error::custom(format_args!(
                "`{given}` is not a number of milliseconds from 1 to {TIMEOUT_MS}"
            ))
        },
    )
}

pub(super) fn description<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    if let Some(text) = &text {
        model::PortConfig::check_description(text).map_err(D::Error::custom)?;
    }
    Ok(text)
}

pub(super) fn switches<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<model::SwitchName>, D::Error> {
    bounded(deserializer, 1, SWITCHES, "switches")
}

pub(super) fn links<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<model::LinkInformation>, D::Error> {
    bounded(deserializer, 1, LINKS, "links")
}

fn bounded<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
    least: usize,
    most: usize,
    what: &str,
) -> Result<Vec<T>, D::Error> {
    let items = Vec::deserialize(deserializer)?;
    if (least..=most).contains(&items.len()) {
        Ok(items)
    } else {
        Err(D::Error::custom(format_args!(
            "has {} {what}; {least} to {most} are allowed",
            items.len()
        )))
    }
}
