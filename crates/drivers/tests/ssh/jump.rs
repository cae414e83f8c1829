//! Over other hosts.

use drivers::ssh_cli::transport::Ssh;

use super::{Site, fingerprint, openssh::Sshd, refusal, settings, version};

#[tokio::test]
async fn a_switch_is_reached_over_two_hosts_each_with_keys_of_its_own() {
    let (switch, near, far) = (Sshd::new(""), Sshd::with_shell(""), Sshd::with_shell(""));
    let mut settings = settings(switch.endpoint());
    settings.jump = vec![near.endpoint(), far.endpoint()];
    assert_eq!(version(&Ssh::new(settings)).await.unwrap(), "Version 1\n");
    assert_eq!([switch.connections(), near.connections(), far.connections()], [1, 1, 1]);
}

#[tokio::test]
async fn a_false_host_on_the_way_is_named_and_not_passed() {
    let (switch, host) = (Sshd::new(""), Sshd::with_shell(""));
    let mut settings = settings(switch.endpoint());
    settings.jump = vec![host.endpoint()];
    let other = fingerprint(&Site::new().key("other", &["-t", "ed25519"]));
    settings.jump[0].host_keys.pinned = vec![other];
    let told = refusal(&Ssh::new(settings)).await;
    let expected = format!(
        "cannot reach the switch at 127.0.0.1:{} through 127.0.0.1:{}: `127.0.0.1:{}` shows",
        switch.port, host.port, host.port
    );
    assert!(told.starts_with(&expected), "{told}");
    assert_eq!(switch.connections(), 0);
}

#[tokio::test]
async fn a_false_switch_behind_a_host_is_refused() {
    let (switch, host) = (Sshd::new(""), Sshd::with_shell(""));
    let mut settings = settings(switch.endpoint());
    settings.target.host_keys.pinned = vec![fingerprint(&host.host_key)];
    settings.jump = vec![host.endpoint()];
    let told = refusal(&Ssh::new(settings)).await;
    assert!(told.contains(&format!("`127.0.0.1:{}` shows the host key", switch.port)), "{told}");
}

#[tokio::test]
async fn a_host_that_leads_nowhere_says_why() {
    let (switch, host) = (Sshd::new(""), Sshd::with_shell("AllowTcpForwarding no"));
    let mut settings = settings(switch.endpoint());
    settings.jump = vec![host.endpoint()];
    let told = refusal(&Ssh::new(settings)).await;
    assert!(told.contains("does not lead on: it cannot open a connection to"), "{told}");
    assert!(told.contains("forwarding has to be allowed"), "{told}");
}
