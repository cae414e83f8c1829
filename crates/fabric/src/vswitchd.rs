//! The switch behind a database: applies what is committed and writes back what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use crate::ovsdb::database::{Database, Row};
use crate::ovsdb::value::{Atom, Datum};
use crate::plane::{Members, PlaneInterface, Planes, members};
use crate::wiring::{PortRef, Wiring};
use crate::world::World;

/// Speed of a simulated link, in bits a second.
const LINK_SPEED_BPS: i64 = 10_000_000_000;

/// Applies every change of one switch's database, until the database is gone.
pub(crate) async fn run(world: Arc<World>, switch: String) {
    let Some(store) = world.store(&switch) else {
        return;
    };
    let mut changes = store.subscribe();
    let mut weather = store.faults().weather();
    while changes.changed().await.is_ok() {
        let latency = weather.borrow().apply_latency;
        if !latency.is_zero() {
            sleep_until(Instant::now() + latency).await;
        }
        if weather.wait_for(|weather| !weather.is_frozen).await.is_err() {
            return;
        }
        world.reconfigure(&switch);
    }
}

/// The database with the columns that a switch writes brought up to date.
pub(crate) fn report(
    database: &Database,
    switch: &str,
    number: usize,
    planes: &Planes,
    wiring: &Wiring,
) -> Database {
    let mut report = database.clone();
    let Some(plane) = planes.get(switch) else {
        return report;
    };
    if let Some(root) = database.root() {
        let columns = [("cur_cfg".to_owned(), Datum::integer(plane.cfg))].into();
        report.write("Open_vSwitch", &root.uuid, columns);
    }
    let mut states: BTreeMap<&str, Members> = BTreeMap::new();
    for port in plane.bridges.values().flat_map(|bridge| &bridge.ports) {
        let state = members(switch, port, planes, wiring);
        let active = state.active.as_ref().filter(|_| port.is_bond());
        let mac = active
            .and_then(|member| plane.interfaces.get(member))
            .map(|interface| Atom::String(mac(number, interface.ofport)));
        if let Some(row) = database.named("Port", &port.name) {
            let columns = [("bond_active_slave".to_owned(), Datum::optional(mac))].into();
            report.write("Port", &row.uuid, columns);
        }
        states.extend(port.members.iter().map(|member| (member.as_str(), state.clone())));
    }
    for row in database.rows("Interface") {
        if let Some(interface) = plane.interfaces.get(row.text("name")) {
            let name = row.text("name");
            let is_up = interface.is_internal || wiring.is_up(&PortRef::new(switch, name));
            let lacp = states.get(name).and_then(|state| state.lacp_current.get(name).copied());
            let columns = interface_columns(row, interface, number, is_up, lacp);
            report.write("Interface", &row.uuid, columns);
        }
    }
    report
}

fn interface_columns(
    row: &Row,
    interface: &PlaneInterface,
    number: usize,
    is_up: bool,
    lacp_current: Option<bool>,
) -> BTreeMap<String, Datum> {
    let text = |text: &str| Atom::String(text.to_owned());
    let works = interface.error.is_none();
    let if_works = |atom: Atom| Datum::optional(works.then_some(atom));
    let if_up = |atom: Atom| Datum::optional((works && is_up).then_some(atom));
    let address = match row.text("mac") {
        "" => mac(number, interface.ofport),
        own => own.to_owned(),
    };
    [
        ("ofport", Datum::integer(interface.ofport)),
        ("error", Datum::optional(interface.error.as_deref().map(text))),
        ("admin_state", if_works(text("up"))),
        ("link_state", if_works(text(if is_up { "up" } else { "down" }))),
        ("link_speed", if_up(Atom::Integer(LINK_SPEED_BPS))),
        ("duplex", if_up(text("full"))),
        ("mtu", if_works(Atom::Integer(interface.mtu))),
        ("mac_in_use", if_works(Atom::String(address))),
        ("ifindex", if_works(Atom::Integer(interface.ofport))),
        ("lacp_current", Datum::optional(lacp_current.map(Atom::Boolean))),
    ]
    .map(|(name, datum)| (name.to_owned(), datum))
    .into()
}

/// A locally administered address made of the switch's and the port's number.
fn mac(switch: usize, ofport: i64) -> String {
    let [.., s1, s0] = switch.to_be_bytes();
    let [.., p1, p0] = ofport.to_be_bytes();
    format!("02:fa:{s1:02x}:{s0:02x}:{p1:02x}:{p0:02x}")
}
