//! A change that was given up must not be made later, when its ports have been looked at again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use drivers::ovsdb::{Address, OvsdbDriver, OvsdbSettings};
use model::PortNaming;
use serde_json::Value as Json;
use switch::{
    BatchOutcome, Capabilities, DeviceError, Driver, Session, Work, Worker, WorkerSettings,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::Command;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout_at;
use tokio_util::task::TaskTracker;

use super::soon;
use super::switches::{Switch, access, apply, query, set_vlans, work};

async fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([name, &pid.to_string()]).status().await.unwrap();
    assert!(status.success());
}

/// Where a change is held up that its session gives up.
enum Hold {
    /// On the way to the server.
    Underway(oneshot::Receiver<()>),
    /// In the buffer of the server, which is this process and is stopped.
    Buffered(u32),
}

/// A proxy for one session, which holds up the first change and says so. It gives the server's
/// answer to that, which the session is no longer there to hear.
struct Proxy {
    address: Address,
    held: oneshot::Receiver<()>,
    answer: JoinSet<Json>,
}

impl Proxy {
    fn start(switch: &Switch, name: &str, hold: Hold) -> Self {
        let path = switch.server.folder.path().join(name);
        let listener = UnixListener::bind(&path).unwrap();
        let server = switch.server.folder.path().join("db.sock");
        let (tell, held) = oneshot::channel();
        let mut answer = JoinSet::new();
        answer.spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut server = UnixStream::connect(server).await.unwrap();
            let (mut asked, mut said) = (vec![0; 1 << 20], vec![0; 1 << 20]);
            let change = loop {
                tokio::select! {
                    count = client.read(&mut asked) => {
                        let bytes = &asked[..count.unwrap()];
                        if String::from_utf8_lossy(bytes).contains(r#""next_cfg","+=""#) {
                            break bytes;
                        }
                        server.write_all(bytes).await.unwrap();
                    }
                    count = server.read(&mut said) => {
                        client.write_all(&said[..count.unwrap()]).await.unwrap();
                    }
                }
            };
            match hold {
                Hold::Underway(release) => {
                    tell.send(()).unwrap();
                    release.await.unwrap();
                    server.write_all(change).await.unwrap();
                }
                Hold::Buffered(pid) => {
                    signal(pid, "-STOP").await;
                    server.write_all(change).await.unwrap();
                    tell.send(()).unwrap();
                }
            }
            let id = serde_json::from_slice::<Json>(change).unwrap()["id"].clone();
            let mut said = Vec::new();
            loop {
                assert!(server.read_buf(&mut said).await.unwrap() > 0, "no answer");
                let messages = serde_json::Deserializer::from_slice(&said).into_iter::<Json>();
                let mut whole = messages.map_while(Result::ok);
                if let Some(answer) = whole.find(|message| message["id"] == id) {
                    return answer;
                }
            }
        });
        Self { address: Address::Unix(path), held, answer }
    }

    /// Opens a session, sends a change of `swp1` and gives it up on the way.
    async fn give_up_a_change(&mut self, vlan: u16) -> Work {
        let driver = OvsdbDriver::new(OvsdbSettings::new(self.address.clone()));
        let mut session = driver.open().await.unwrap();
        let change = set_vlans("swp1", &access(4000), &access(vlan));
        let work = work(&mut *session, &query(&["swp1"], &[]), &[change]).await;
        tokio::select! {
            outcome = session.apply(std::slice::from_ref(&work)) => panic!("{outcome:?}"),
            held = &mut self.held => held.unwrap(),
        }
        work
    }

    async fn answer(&mut self) -> Json {
        self.answer.join_next().await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn what_was_given_up_cannot_arrive_after_the_next_session_has_read() {
    let switch = Switch::start(1).await;
    let (release, released) = oneshot::channel();
    let mut proxy = Proxy::start(&switch, "proxy.sock", Hold::Underway(released));
    let work = proxy.give_up_a_change(100).await;
    let rows = switch.rows().await;

    let about = query(&["swp1"], &[]);
    let mut session = switch.session().await;
    assert_eq!(session.observe(&about).await.unwrap().slice, work.before);
    release.send(()).unwrap();
    let answer = proxy.answer().await;
    assert_eq!(answer["result"][0]["error"], "not owner", "{answer}");
    assert_eq!(switch.rows().await, rows);
    apply(&mut *session, &work).await.unwrap();
    assert_eq!(switch.column("port", "swp1", "tag").await, "100");
}

#[tokio::test]
async fn not_even_after_the_next_session_has_gone() {
    let switch = Switch::start(1).await;
    let (release, released) = oneshot::channel();
    let mut proxy = Proxy::start(&switch, "proxy.sock", Hold::Underway(released));
    proxy.give_up_a_change(100).await;
    switch.session().await.close().await;
    let control = format!("--target={}", switch.server.folder.path().join("ctl").display());
    let gone = async {
        loop {
            let mut command = Command::new("ovs-appctl");
            let output = command.args([&control, "memory/show"]).output().await.unwrap();
            let shown = String::from_utf8(output.stdout).unwrap();
            // The session that gave up, which the proxy keeps open, and that of `ovs-vswitchd`.
            if shown.split_whitespace().any(|word| word == "sessions:2") {
                break;
            }
        }
    };
    timeout_at(soon(), gone).await.expect("the server notices that the session has gone");
    release.send(()).unwrap();
    let answer = proxy.answer().await;
    assert_eq!(answer["result"][0]["error"], "not owner", "{answer}");
    assert_eq!(switch.column("port", "swp1", "tag").await, "4000");
}

#[tokio::test]
async fn a_server_that_wakes_up_makes_the_change_before_the_first_reading_or_never() {
    let switch = Switch::start(1).await;
    let pid = switch.server.child.id().unwrap();
    let about = query(&["swp1"], &[]);
    for round in 0..6 {
        let mut proxy = Proxy::start(&switch, &format!("{round}.sock"), Hold::Buffered(pid));
        let work = proxy.give_up_a_change(100).await;
        let driver = switch.driver();
        let (session, ()) = if round % 2 == 0 {
            tokio::join!(driver.open(), signal(pid, "-CONT"))
        } else {
            let () = signal(pid, "-CONT").await;
            (driver.open().await, ())
        };
        let mut session = session.unwrap();
        let first = session.observe(&about).await.unwrap().slice;
        let answer = proxy.answer().await;
        let last = session.observe(&about).await.unwrap().slice;
        assert_eq!(first, last, "round {round}: {answer}");
        if answer["result"][0]["error"] == "not owner" {
            assert_eq!(last, work.before, "round {round}");
        } else {
            assert_eq!(last, work.after().unwrap(), "round {round}: {answer}");
            switch.vsctl("set port swp1 tag=4000").await;
        }
    }
}

#[tokio::test]
async fn an_older_session_still_reads_and_changes_nothing() {
    let switch = Switch::start(1).await;
    let about = query(&["swp1"], &[]);
    let mut older = switch.session().await;
    let change = set_vlans("swp1", &access(4000), &access(100));
    let work = work(&mut *older, &about, &[change]).await;
    let mut newer = switch.session().await;
    for _ in 0..2 {
        let outcome = older.apply(std::slice::from_ref(&work)).await;
        let BatchOutcome::RefusedWhole(error) = outcome else { panic!("{outcome:?}") };
        let reason = "another session has taken over the switch".to_owned();
        assert_eq!(error, DeviceError::Disconnected { sent: false, reason });
        assert_eq!(older.observe(&about).await.unwrap().slice, work.before);
    }
    apply(&mut *newer, &work).await.unwrap();
    assert_eq!(older.observe(&about).await.unwrap().slice, work.after().unwrap());
}

#[tokio::test]
async fn bridges_of_one_server_do_not_take_over_each_other() {
    let switch = Switch::start(1).await;
    switch.vsctl("add-br br-1 -- set bridge br-1 datapath_type=dummy").await;
    let mut session = switch.session().await;
    let settings = OvsdbSettings::new(switch.server.unix());
    let other = OvsdbDriver::new(OvsdbSettings { bridge: "br-1".to_owned(), ..settings });
    let _other = other.open().await.unwrap();
    let change = set_vlans("swp1", &access(4000), &access(100));
    let work = work(&mut *session, &query(&["swp1"], &[]), &[change]).await;
    apply(&mut *session, &work).await.unwrap();
}

/// A driver that counts its sessions.
struct Counting {
    driver: OvsdbDriver,
    opened: AtomicUsize,
}

#[async_trait]
impl Driver for Counting {
    fn name(&self) -> &'static str {
        self.driver.name()
    }

    fn capabilities(&self) -> &Capabilities {
        self.driver.capabilities()
    }

    fn naming(&self) -> PortNaming {
        self.driver.naming()
    }

    fn render(&self, work: &Work) -> Vec<String> {
        self.driver.render(work)
    }

    async fn open(&self) -> Result<Box<dyn Session>, DeviceError> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.driver.open().await
    }
}

#[tokio::test]
async fn two_processes_take_turns_and_lose_no_change() {
    const ROUNDS: u16 = 4;
    let switch = Switch::start(1).await;
    let tasks = TaskTracker::new();
    let processes: Vec<_> = (0..2)
        .map(|_| {
            let driver =
                Arc::new(Counting { driver: switch.driver(), opened: AtomicUsize::new(0) });
            let settings = WorkerSettings::default();
            let name = "leaf-01".parse().unwrap();
            let shared = Arc::<Counting>::clone(&driver);
            (Worker::start(name, shared, settings, &tasks), driver)
        })
        .collect();
    let about = query(&["swp1"], &[]);
    let mut vlan = 4000;
    for round in 0..ROUNDS {
        for (index, (worker, _)) in processes.iter().enumerate() {
            let before = worker.observe(about.clone(), soon()).await.unwrap().slice;
            let next = 100 + 2 * round + u16::try_from(index).unwrap();
            let change = set_vlans("swp1", &access(vlan), &access(next));
            let work = Work { before, changes: vec![change] };
            worker.apply(work, soon()).await.unwrap();
            assert_eq!(switch.column("port", "swp1", "tag").await, next.to_string());
            vlan = next;
        }
    }
    for (_, driver) in &processes {
        let opened = driver.opened.load(Ordering::Relaxed);
        assert_eq!(opened, usize::from(ROUNDS), "one session for each turn");
    }
}
