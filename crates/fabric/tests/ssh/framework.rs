//! What is the same for every system, on a system that hardly is one.

use std::process::Stdio;
use std::time::{Duration, Instant};

use fabric::ssh::{
    Device, Exit, Fault, Login, Manners, Moment, Overflow, PortView, Prompt, Reply, Screen,
    Settings, SshSwitch, Trigger, TypeAhead, VlanSet, Wants, Weather, World,
};

use super::client::{Desk, Shell};

/// One port, `p1`; `vlan N` moves it.
#[derive(Default)]
struct Toy {
    vlan: u16,
    saved: u16,
    world: World,
}

#[derive(Default)]
struct Own {
    length: Option<u16>,
    asks: bool,
}

impl Device for Toy {
    type Session = Own;

    fn manners(&self) -> Manners {
        Manners {
            pager: " --More-- ",
            pager_erase: "\r          \r",
            pager_stops_on_any_key: false,
            overflow: Overflow::Wrap,
            type_ahead: TypeAhead::Queued,
            has_help: true,
            before_prompt: "",
            max_channels: 1,
        }
    }

    fn open(&mut self, login: &Login) -> (Own, String) {
        let length = login.terminal.map(|(_, rows)| rows).filter(|rows| *rows > 0);
        let length = Some(length.unwrap_or(10));
        (Own { length, asks: false }, format!("Welcome, {}\n", login.user))
    }

    fn prompt(&self, session: &Own) -> Prompt {
        if session.asks {
            return Prompt::ask("Password: ", Wants::Secret);
        }
        Prompt::new("toy# ")
    }

    fn line(&mut self, session: &mut Own, line: &str, _now: tokio::time::Instant) -> Reply {
        if std::mem::take(&mut session.asks) {
            return Reply::text(if line == "hush" { "right" } else { "wrong" });
        }
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [] => Reply::silent(),
            ["vlan", vlan] => {
                self.vlan = vlan.parse().unwrap();
                Reply::silent()
            }
            ["count", to] => {
                let to: u16 = to.parse().unwrap();
                Reply::text((1..=to).map(|number| format!("line {number}\n")).collect::<String>())
            }
            ["no", "pager"] => {
                session.length = None;
                Reply::silent()
            }
            ["secret"] => {
                session.asks = true;
                Reply::silent()
            }
            ["save"] => {
                self.saved = self.vlan;
                Reply::text("saved")
            }
            ["exit"] => Reply::end(),
            _ => Reply::text("% what?"),
        }
    }

    fn help(&self, _session: &Own, line: &str) -> Option<String> {
        Some(format!("you have typed {line:?}\n"))
    }

    fn reads_input(&self, command: &str) -> bool {
        command == "cat"
    }

    fn exec(
        &mut self,
        own: &mut Own,
        command: &str,
        input: &[u8],
        now: tokio::time::Instant,
    ) -> Exit {
        match command {
            "cat" => {
                Exit { output: String::from_utf8_lossy(input).into_owned(), ..Exit::default() }
            }
            "fail" => Exit { errors: "no\n".to_owned(), status: 16, ..Exit::default() },
            command => Exit { output: self.line(own, command, now).text, ..Exit::default() },
        }
    }

    fn screen(&self, session: &Own) -> Screen {
        Screen { length: session.length, width: Some(80) }
    }

    fn ports(&self) -> Vec<PortView> {
        let up = self.world.link("p1");
        let untagged = Some(self.vlan).filter(|_| up);
        vec![PortView { name: "p1".into(), up, enabled: true, untagged, ..PortView::default() }]
    }

    fn canonical(&self, name: &str) -> Option<String> {
        (name.to_lowercase() == "p1").then(|| "p1".to_owned())
    }

    fn running(&self) -> String {
        format!("vlan {}\n", self.vlan)
    }

    fn is_saved(&self) -> bool {
        self.saved == self.vlan
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }
}

async fn toy(settings: &Settings) -> SshSwitch {
    SshSwitch::serve(Toy::default(), settings).await.unwrap()
}

#[tokio::test]
async fn a_shell_greets_echoes_answers_and_ends() {
    let desk = Desk::new();
    let switch = toy(&desk.settings()).await;
    let mut shell = desk.shell(&switch);
    assert!(shell.until("toy# ").await.ends_with("Welcome, admin\r\ntoy# "));
    assert_eq!(shell.run("vlan 7", "toy# ").await, "");
    assert_eq!(shell.run("nonsense", "toy# ").await, "% what?\n");
    shell.send("vl?").await;
    assert_eq!(shell.until("toy# vl").await, "vl?\r\nyou have typed \"vl\"\r\ntoy# vl");
    shell.send("an 8\rexit\r").await;
    assert_eq!(shell.rest().await, ("an 8\r\ntoy# exit\r\n".to_owned(), Some(0)));
    assert_eq!(switch.port("P1").unwrap().vlans(), VlanSet::from([8]));
    let lines: Vec<_> = switch.commands().into_iter().map(|entry| entry.line).collect();
    assert_eq!(lines, ["vlan 7", "nonsense", "vlan 8", "exit"]);
}

#[tokio::test]
async fn each_command_leaves_its_mark_in_the_history() {
    let desk = Desk::new();
    let switch = toy(&desk.settings()).await;
    let mut shell = desk.login(&switch, "toy# ").await;
    for line in ["vlan 7", "count 1", "vlan 3", "vlan 8"] {
        shell.run(line, "toy# ").await;
    }
    switch.plug(|world| world.cable_mut("p1").link = false);
    let seen: Vec<_> = switch
        .history_of("p1")
        .into_iter()
        .map(|past| (past.command, past.cause, past.view.unwrap().untagged))
        .collect();
    let expected = [
        (0, "start".to_owned(), Some(0)),
        (1, "vlan 7".to_owned(), Some(7)),
        (3, "vlan 3".to_owned(), Some(3)),
        (4, "vlan 8".to_owned(), Some(8)),
        (0, "(cable)".to_owned(), None),
    ];
    assert_eq!(seen, expected);
    assert!(!switch.is_saved());
    assert_eq!(shell.run("save", "toy# ").await, "saved\n");
    assert!(switch.is_saved());
}

#[tokio::test]
async fn the_pager_asks_until_it_is_turned_off() {
    let desk = Desk::new();
    let switch = toy(&desk.settings()).await;
    let mut shell = desk.login(&switch, "toy# ").await;
    shell.send("count 13\r").await;
    assert!(shell.until(" --More-- ").await.ends_with("line 9\r\n --More-- "));
    shell.send("x\r").await;
    let next = "\r          \rline 10\r\n --More-- ";
    assert_eq!(shell.until("10\r\n --More-- ").await, next);
    shell.send("q").await;
    assert_eq!(shell.until("toy# ").await, "\r          \rtoy# ");
    shell.run("no pager", "toy# ").await;
    assert!(shell.run("count 13", "toy# ").await.ends_with("line 12\nline 13\n"));
}

#[tokio::test]
async fn a_password_that_is_asked_for_is_neither_shown_nor_kept() {
    let desk = Desk::new();
    let switch = toy(&desk.settings()).await;
    let mut shell = desk.login(&switch, "toy# ").await;
    shell.run("secret", "Password: ").await;
    shell.send("hush\r").await;
    assert_eq!(shell.until("toy# ").await, "\r\nright\r\ntoy# ");
    assert!(switch.commands().iter().all(|entry| !entry.line.contains("hush")));
}

#[tokio::test]
async fn an_exec_channel_has_input_output_errors_and_a_status() {
    let desk = Desk::new();
    let switch = toy(&desk.settings()).await;
    let done = desk.exec(&switch, "count 2").await;
    assert_eq!((done.stdout.as_slice(), done.status.code()), (&b"line 1\nline 2\n"[..], Some(0)));
    let failed = desk.exec(&switch, "fail").await;
    assert_eq!((failed.stderr.as_slice(), failed.status.code()), (&b"no\n"[..], Some(16)));
    let given = desk.path("given");
    std::fs::write(&given, "{\"a\": 1}\n").unwrap();
    let mut ssh = desk.ssh(&switch);
    ssh.args(["127.0.0.1", "cat"]).stdin(std::fs::File::open(&given).unwrap());
    assert_eq!(ssh.output().await.unwrap().stdout, b"{\"a\": 1}\n");
}

#[tokio::test]
async fn who_has_no_key_and_no_password_stays_outside() {
    let desk = Desk::new();
    let switch = toy(&Settings::new("leaf-01")).await;
    let refused = desk.exec(&switch, "count 1").await;
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("Permission denied (publickey,keyboard-interactive,password)"), "{told}");
    assert_eq!(switch.commands(), []);
}

#[tokio::test]
async fn a_banner_comes_before_the_authentication() {
    let desk = Desk::new();
    let switch = toy(&desk.settings().banner("No trespassing#\n")).await;
    assert!(desk.exec(&switch, "count 1").await.status.success());
    let mut loud = tokio::process::Command::new("ssh");
    loud.args(["-F", "/dev/null", "-o", "BatchMode=yes", "-l", "admin", "-i"])
        .arg(desk.path("id"))
        .arg("-o")
        .arg(super::client::option("UserKnownHostsFile", &desk.path("known_hosts")))
        .args(["-p", &switch.address().port().to_string(), "127.0.0.1", "count 1"])
        .stdin(Stdio::null());
    let told = loud.output().await.unwrap();
    assert!(String::from_utf8_lossy(&told.stderr).contains("No trespassing#"), "{told:?}");
}

#[tokio::test]
async fn only_so_many_sessions_fit() {
    let desk = Desk::new();
    let weather = Weather { max_sessions: Some(1), ..Weather::default() };
    let switch = toy(&desk.settings().weather(weather)).await;
    let shell = desk.login(&switch, "toy# ").await;
    let refused = desk.exec(&switch, "count 1").await;
    assert_eq!(refused.status.code(), Some(255));
    drop(shell);
    let deadline = Instant::now() + super::client::PATIENCE;
    while switch.connections() > 0 {
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    assert!(desk.exec(&switch, "count 1").await.status.success());
}

#[tokio::test]
async fn old_algorithms_need_to_be_asked_for() {
    let desk = Desk::new();
    let switch = toy(&desk.settings().legacy()).await;
    let refused = desk.exec(&switch, "count 1").await;
    assert_eq!(refused.status.code(), Some(255), "{refused:?}");
    let mut ssh = desk.ssh(&switch);
    ssh.args([
        "-o",
        "KexAlgorithms=+diffie-hellman-group14-sha1",
        "-o",
        "HostKeyAlgorithms=+ssh-rsa",
    ])
    .args(["-o", "Ciphers=+aes128-cbc", "-o", "MACs=+hmac-sha1", "127.0.0.1", "count 1"])
    .stdin(Stdio::null());
    let done = ssh.output().await.unwrap();
    assert_eq!(done.stdout, b"line 1\n", "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn delays_add_up() {
    let desk = Desk::new();
    let switch = toy(&desk.settings()).await;
    switch.faults().weather(|weather| {
        weather.login_delay = Duration::from_millis(150);
        weather.command_delay = Duration::from_millis(60);
        weather.round_trip = Duration::from_millis(30);
    });
    let start = Instant::now();
    let mut shell = desk.login(&switch, "toy# ").await;
    assert!(start.elapsed() > Duration::from_millis(150 + 4 * 30), "{:?}", start.elapsed());
    let start = Instant::now();
    for _ in 0..3 {
        shell.run("vlan 9", "toy# ").await;
    }
    assert!(start.elapsed() > Duration::from_millis(3 * 90), "{:?}", start.elapsed());
}

fn pattern(expression: &str) -> Trigger {
    Trigger::matching(expression).unwrap()
}

async fn struck(fault: Fault) -> (SshSwitch, Shell) {
    let desk = Desk::new();
    let switch = toy(&desk.settings()).await;
    switch.faults().next(1, pattern("^vlan"), fault);
    let mut shell = desk.login(&switch, "toy# ").await;
    shell.run("count 1", "toy# ").await;
    (switch, shell)
}

fn vlan(switch: &SshSwitch) -> Option<u16> {
    switch.port("p1").unwrap().untagged
}

#[tokio::test]
async fn a_command_is_refused_or_lied_about() {
    let (switch, mut shell) = struck(Fault::Reject("% Not today\n".into())).await;
    assert_eq!(shell.run("vlan 5", "toy# ").await, "% Not today\n");
    assert_eq!(vlan(&switch), Some(0));
    switch.faults().next(1, pattern("vlan"), Fault::Lie);
    assert_eq!(shell.run("vlan 5", "toy# ").await, "");
    assert_eq!(vlan(&switch), Some(0));
    assert_eq!(shell.run("vlan 5", "toy# ").await, "");
    assert_eq!((vlan(&switch), switch.faults().pending()), (Some(5), 0));
}

#[tokio::test]
async fn a_connection_is_lost_before_or_after_the_command() {
    for (moment, expected) in
        [(Moment::Before, Some(0)), (Moment::During, Some(5)), (Moment::After, Some(5))]
    {
        let (switch, mut shell) = struck(Fault::Drop(moment)).await;
        shell.send("vlan 5\r").await;
        assert_eq!(shell.rest().await.1, Some(255), "{moment:?}");
        assert_eq!(vlan(&switch), expected, "{moment:?}");
    }
}

#[tokio::test]
async fn half_of_an_answer_comes_before_the_connection_is_lost() {
    let (switch, mut shell) = struck(Fault::Lie).await;
    switch.faults().next(1, pattern("^count"), Fault::Drop(Moment::During));
    shell.send("count 4\r").await;
    let (text, status) = shell.rest().await;
    assert_eq!((text.as_str(), status), ("count 4\r\nline 1\r\nline 2\r\n", Some(255)));
}

#[tokio::test]
async fn a_switch_hangs_babbles_and_asks() {
    let (switch, mut shell) = struck(Fault::Question("Really? [confirm]".into())).await;
    shell.send("vlan 5\r").await;
    shell.until("[confirm]").await;
    assert_eq!(vlan(&switch), Some(0));
    shell.send("\r").await;
    shell.until("toy# ").await;
    assert_eq!(vlan(&switch), Some(5));
    switch.faults().next(1, pattern("vlan"), Fault::Garbage);
    shell.send("vlan 6\r").await;
    assert!(shell.until("toy# ").await.contains('\u{fffd}'));
    assert_eq!(vlan(&switch), Some(6));
    switch.faults().next(1, pattern("vlan"), Fault::Noise("%LINK-3-UPDOWN: up\n".into()));
    shell.send("vlan 7\r").await;
    assert_eq!(shell.until("up\r\n").await, "vlan 7\r\ntoy# %LINK-3-UPDOWN: up\r\n");
    switch.faults().next(1, pattern("count"), Fault::Truncate);
    assert_eq!(shell.run("count 4", "toy# ").await, "line 1\nline 2\n");
    switch.faults().next(1, pattern("count"), Fault::StuckPager);
    shell.send("count 2\r").await;
    for _ in 0..3 {
        shell.until("line 1\r\n --More-- ").await;
        shell.send("q").await;
    }
}

#[tokio::test]
async fn endless_output_ends_when_the_client_has_enough() {
    let (switch, mut shell) = struck(Fault::Endless).await;
    shell.send("vlan 5\r").await;
    shell.until("       20000  not the last").await;
    drop(shell);
    let deadline = Instant::now() + super::client::PATIENCE;
    while switch.connections() > 0 {
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    assert_eq!(vlan(&switch), Some(0));
}

#[tokio::test]
async fn a_hang_lasts_until_the_client_gives_up() {
    let (switch, mut shell) = struck(Fault::Hang(Moment::After)).await;
    shell.send("vlan 5\r").await;
    let deadline = Instant::now() + super::client::PATIENCE;
    while vlan(&switch) != Some(5) {
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    shell.send("vlan 6\r").await;
    drop(shell);
    switch.shutdown().await;
}
