//! The same questions to Ironic's own networking service and to Mercury: the answers agree, or the
//! list says how they differ and why.

use system_tests::{
    Setup,
    peer::{Connection, IronicNetworking, SwitchSection},
};

use crate::{
    cases::{self, OPEN, STRICT, STRICT_VLANS},
    service::Service,
    verdict::Verdict,
};

#[test]
fn answers_agree_with_ironic_networking_or_say_why_not() {
    let strict =
        SwitchSection::fake(STRICT, "00:53:00:0b:0b:01").key("allowed_vlans", STRICT_VLANS);
    let upstream = IronicNetworking::start(&[SwitchSection::fake("tor-a", OPEN), strict]).unwrap();
    let service = Service::start(
        Setup::new()
            .switch(
                "tor-a",
                &format!("driver = \"noop\"\nswitch_ids = [\"{OPEN}\"]\nidle_vlan = 10\n"),
            )
            .switch(
                STRICT,
                &format!("driver = \"noop\"\nallowed_vlans = \"{STRICT_VLANS}\"\nidle_vlan = 10\n"),
            ),
    );
    let (mut theirs, mut ours) =
        (Connection::new(upstream.address()), Connection::new(service.address));
    let (mut wrong, mut different) = (Vec::new(), 0);
    for case in cases::all() {
        let (upstream, mercury) = (case.request.send(&mut theirs), case.request.send(&mut ours));
        let name = case.name;
        match case.differs {
            None if upstream == mercury => {}
            None => wrong.push(format!("{name}: upstream {upstream}, Mercury {mercury}")),
            Some((wanted, _)) if mercury != wanted => {
                wrong.push(format!("{name}: Mercury {mercury}, wanted {wanted}"));
            }
            Some(_) if upstream == mercury => {
                wrong.push(format!("{name}: the list has a difference, and there is none"));
            }
            Some((wanted, why)) => {
                different += 1;
                println!("{name}: upstream {upstream}, Mercury {wanted}, because {why}");
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(different > 0);
    // The last question brought upstream's worker down; Mercury is as it was.
    assert!(matches!(cases::afterwards().send(&mut ours), Verdict::Result(_)));
}
