//! What is shown, and how text is entered.

use fabric::ssh::Neighbour;

use super::{ask, bench, family};

#[tokio::test]
async fn what_is_plugged_in_is_shown() {
    let mut bench = bench().await;
    bench
        .change(&[
            &family("xe-0/0/0", "vlan members v100"),
            "set interfaces xe-0/0/0 description \"server 7\"",
            "set interfaces xe-0/0/1 ether-options 802.3ad ae1",
            "set interfaces ae1 description bundle",
        ])
        .await;
    bench.switch.plug(|world| {
        for (port, name) in [("xe-0/0/0", "server-7"), ("xe-0/0/1", "server-8")] {
            let cable = world.cable_mut(port);
            cable.macs.push((100, [0, 0x53, 0, 0, 0, 9]));
            cable.neighbour = Some(Neighbour {
                chassis: [0, 0x53, 0, 0, 0, 8],
                port_id: "eth0".into(),
                system_name: name.into(),
                port_description: String::new(),
            });
        }
    });
    for (line, answer) in [
        (
            "show interfaces terse xe-0/0/0",
            "Interface               Admin Link Proto    Local                 Remote\n\
             xe-0/0/0                up    up\n\
             xe-0/0/0.0              up    up   eth-switch\n",
        ),
        (
            "show interfaces terse xe-0/0/1",
            "Interface               Admin Link Proto    Local                 Remote\n\
             xe-0/0/1                up    up\n\
             xe-0/0/1.0              up    up   aenet    --> ae1.0\n",
        ),
        (
            "show interfaces descriptions",
            "Interface       Admin Link Description\n\
             xe-0/0/0        up    up   server 7\n\
             ae1             up    up   bundle\n",
        ),
        (
            "show vlans v100",
            "\nRouting instance        VLAN name             Tag          Interfaces\n\
             default-switch          v100                   100\n\
             \x20                                                          xe-0/0/0.0*\n",
        ),
        (
            "show lldp neighbors",
            "Local Interface    Parent Interface    Chassis Id          Port info          System Name\n\
             xe-0/0/0           -                   00:53:00:00:00:08   eth0               server-7\n\
             xe-0/0/1           ae1                 00:53:00:00:00:08   eth0               server-8\n",
        ),
        (
            "show snmp mib walk ifName | match xe-0/0/0",
            "ifName.513    = xe-0/0/0\nifName.514    = xe-0/0/0.0\n",
        ),
    ] {
        assert_eq!(bench.say(line).await, answer, "{line}");
    }
    let table = bench.say("show ethernet-switching table").await;
    assert!(table.contains("Ethernet switching table : 1 entries, 1 learned\n"), "{table}");
    let row = "    v100                00:53:00:00:00:09   DL            -   xe-0/0/0.0             0         0\n";
    assert!(table.ends_with(row), "{table}");
    let done = bench.desk.exec(&bench.switch, "show lldp neighbors | no-more | count").await;
    assert_eq!(String::from_utf8(done.stdout).unwrap(), "Count: 3 lines\n");
}

#[tokio::test]
async fn the_hierarchy_is_walked_and_text_is_loaded() {
    let mut bench = bench().await;
    bench.say("configure private").await;
    assert_eq!(
        ask(&mut bench.shell, "edit interfaces xe-0/0/1").await.1,
        "{master:0}[edit interfaces xe-0/0/1]#"
    );
    bench.quiet(&["set mtu 9000", "set description here"]).await;
    assert_eq!(bench.say("show").await, "description here;\nmtu 9000;\n");
    assert_eq!(bench.say("show mtu").await, "mtu 9000;\n");
    assert_eq!(
        bench.say("set nonsense").await,
        "                   ^\nsyntax error.\n",
        "the column is the one of the line that was typed"
    );
    assert_eq!(ask(&mut bench.shell, "up").await.1, "{master:0}[edit interfaces]#");
    assert_eq!(ask(&mut bench.shell, "top").await.1, "{master:0}[edit]#");
    bench.shell.send("load set terminal\r").await;
    bench.shell.until("[Type ^D at a new line to end input]\r\n").await;
    bench.shell.send("set vlans v400 vlan-id 400\r\nset vlans v500 id 500\r\n\u{4}").await;
    let said = bench.shell.until("admin@leaf-01# ").await;
    assert!(
        said.contains("terminal:2:(15) syntax error: id\r\nload complete (1 errors)\r\n"),
        "{said}"
    );
    bench.quiet(&["rename vlans v400 to v401"]).await;
    let shown = bench.say("show vlans | display set | match v40").await;
    assert_eq!(shown, "set vlans v401 vlan-id 400\n");
}

#[tokio::test]
async fn long_answers_are_paged() {
    let bench = bench().await;
    let mut shell = bench.desk.login(&bench.switch, "admin@leaf-01> ").await;
    shell.send("set cli screen-length 5\r").await;
    shell.until("admin@leaf-01> ").await;
    shell.send("show configuration\r").await;
    let first = shell.until("---(more)---").await;
    assert!(first.contains("## Last commit: 2026-01-05 08:00:00 UTC\r\nversion 21.4R3.15;\r\n"));
    shell.send("q").await;
    shell.until("admin@leaf-01> ").await;
    shell.send("show configuration | no-more\r").await;
    let whole = shell.until("admin@leaf-01> ").await;
    assert!(!whole.contains("(more)") && whole.contains("vlan-id 300;"), "{whole}");
}
