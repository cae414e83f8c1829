//! What Ironic's switch file and networking-generic-switch have in common.

use model::MacAddress;

use super::{
    draft::{Device, Draft},
    emit::{list, quoted},
    row::Fate,
};

/// Checks that a driver has what it needs, and names it.
///
/// An error is what is missing.
pub(super) fn finish(draft: &mut Draft) -> Result<(), &'static str> {
    if let Some(driver) = draft.device.driver() {
        draft.keys.insert("driver", quoted(driver));
    }
    if draft.device == Device::OpenVswitch && !draft.keys.contains_key("address") {
        return Err("the switch has no address");
    }
    Ok(())
}

pub(super) fn device(draft: &mut Draft, value: &str) -> Fate {
    match &draft.device {
        Device::OpenVswitch => Fate::changed(
            "driver",
            "`ovsdb`: its database is spoken to and no shell; ports are looked for on the bridge \
             `br0` unless `bridge` names another",
        ),
        Device::Memory => Fate::changed("driver", "`noop`: a switch in memory"),
        Device::Other(_) | Device::Unnamed => {
            let note = format!("no driver for `{value}` yet; the switch is not managed");
            draft.fact("device_type", value, &note)
        }
    }
}

pub(super) fn address(draft: &mut Draft, option: &str, value: &str) -> Fate {
    match &draft.device {
        Device::OpenVswitch => {
            let host = if value.contains(':') { format!("[{value}]") } else { value.to_owned() };
            draft.set("address", quoted(&format!("tcp:{host}:6640")));
            Fate::changed(
                "address",
                "OVSDB and not SSH, and without TLS until you say `ssl:` and `tls`; the switch has \
                 to listen: `ovs-vsctl set-manager`",
            )
        }
        Device::Memory => Fate::nothing("a switch in memory has no address"),
        Device::Other(_) | Device::Unnamed => {
            draft.fact(option, value, "no driver yet; kept in a comment")
        }
    }
}

pub(super) fn mac(draft: &mut Draft, option: &str, value: &str) -> Fate {
    match value.parse::<MacAddress>() {
        Ok(mac) => draft.set("switch_ids", list([mac.to_string()])),
        Err(_) => {
            draft.facts.push((option.to_owned(), value.to_owned()));
            Fate::unknown("it is not a MAC address; `switch_ids` was not written")
        }
    }
}

pub(super) fn save(asked: bool) -> Fate {
    let note = if asked {
        "saved a little after the last change and not after each; see `[save]`"
    } else {
        "configurations are always saved; see `[save]`"
    };
    Fate::changed("save", note)
}
