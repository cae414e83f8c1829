//! Transactions and events with a real server.

use std::time::Duration;

use drivers::ovsdb::{
    Atom, Condition, Connection, Error, Function, Mutation, Mutator, Operation, Options, Outcome,
    Row, Until, Value,
};
use tokio::time::timeout_at;

use super::server::Server;
use super::{soon, within};

fn insert(table: &str, name: &str, columns: &[(&str, Value)]) -> Operation {
    let row = columns.iter().map(|(c, v)| ((*c).to_owned(), v.clone())).collect();
    Operation::Insert { table: table.into(), row, uuid_name: Some(name.into()) }
}

/// A bridge `br0` with the port `swp1` on VLAN 100; the root row refers to the bridge.
fn bridge() -> Vec<Operation> {
    vec![
        insert("Interface", "i", &[("name", "swp1".into()), ("type", "internal".into())]),
        insert(
            "Port",
            "p",
            &[
                ("name", "swp1".into()),
                ("tag", 100i64.into()),
                ("other_config", Value::map([("k", "v")])),
                ("interfaces", Value::named("i")),
            ],
        ),
        insert("Bridge", "b", &[("name", "br0".into()), ("ports", Value::named("p"))]),
        Operation::Mutate {
            table: "Open_vSwitch".into(),
            conditions: vec![],
            mutations: vec![Mutation::new("bridges", Mutator::Insert, Value::named("b"))],
        },
    ]
}

fn select(columns: &[&str]) -> Operation {
    Operation::Select {
        table: "Port".into(),
        conditions: vec![Condition::equals("name", "swp1")],
        columns: Some(columns.iter().map(|c| (*c).to_owned()).collect()),
    }
}

fn set_tag(tag: i64) -> Operation {
    Operation::Update {
        table: "Port".into(),
        conditions: vec![Condition::equals("name", "swp1")],
        row: Row::from([("tag".to_owned(), tag.into())]),
    }
}

fn wait_for_tag(tag: i64) -> Operation {
    Operation::Wait {
        table: "Port".into(),
        conditions: vec![Condition::equals("name", "swp1")],
        columns: vec!["tag".into()],
        until: Until::Equal,
        rows: vec![Row::from([("tag".to_owned(), tag.into())])],
        timeout_ms: Some(0),
    }
}

async fn tag(connection: &Connection) -> Option<i64> {
    let outcomes = connection.transact(&[select(&["tag"])], soon()).await.unwrap();
    let [Outcome::Rows(rows)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    rows[0]["tag"].as_integer()
}

#[tokio::test]
async fn a_transaction_writes_and_reads_every_kind_of_value() {
    let server = Server::plain().await;
    for address in [server.unix(), server.network("tcp", "127.0.0.1")] {
        let connection =
            Connection::connect(&address, None, Options::default(), soon()).await.unwrap();
        let mut operations = bridge();
        operations.push(Operation::Comment("a bridge".into()));
        operations.push(select(&["name", "tag", "trunks", "other_config", "interfaces"]));
        let outcomes = connection.transact(&operations, soon()).await.unwrap();
        let Outcome::Inserted(interface) = outcomes[0] else { panic!("{outcomes:?}") };
        assert_eq!(outcomes[3..5], [Outcome::Count(1), Outcome::Done]);
        let row = Row::from([
            ("name".to_owned(), "swp1".into()),
            ("tag".to_owned(), 100i64.into()),
            ("trunks".to_owned(), Value::empty()),
            ("other_config".to_owned(), Value::map([("k", "v")])),
            ("interfaces".to_owned(), interface.into()),
        ]);
        assert_eq!(outcomes[5], Outcome::Rows(vec![row]));
        let removal = [
            Operation::Update {
                table: "Open_vSwitch".into(),
                conditions: vec![],
                row: Row::from([("bridges".to_owned(), Value::empty())]),
            },
            Operation::Delete { table: "Bridge".into(), conditions: vec![] },
        ];
        let outcomes = connection.transact(&removal, soon()).await.unwrap();
        assert_eq!(outcomes, [Outcome::Count(1), Outcome::Count(1)]);
    }
}

#[tokio::test]
async fn a_refusal_names_its_operation_and_leaves_the_connection_good() {
    let server = Server::plain().await;
    let connection = server.connect().await;
    connection.transact(&bridge(), soon()).await.unwrap();
    let refused = |operations: Vec<Operation>| {
        let connection = &connection;
        async move {
            match connection.transact(&operations, soon()).await.unwrap_err() {
                Error::Rejected { operation, error, .. } => (operation, error),
                other => panic!("{other}"),
            }
        }
    };
    let got = refused(vec![set_tag(1), set_tag(5000), select(&["tag"])]).await;
    assert_eq!(got, (Some(1), "constraint violation".to_owned()));
    let got = refused(vec![wait_for_tag(7), set_tag(8)]).await;
    assert_eq!(got, (Some(0), "timed out".to_owned()));
    let got = refused(vec![set_tag(9), Operation::Abort]).await;
    assert_eq!(got, (Some(1), "aborted".to_owned()));
    let got = refused(vec![set_tag(9), Operation::Assert("no_lock_of_ours".into())]).await;
    assert_eq!(got, (Some(1), "not owner".to_owned()));
    let dangling = Operation::Update {
        table: "Port".into(),
        conditions: vec![],
        row: Row::from([("interfaces".to_owned(), Value::empty())]),
    };
    assert_eq!(refused(vec![dangling]).await.0, Some(0));
    let gone = Operation::Mutate {
        table: "Port".into(),
        conditions: vec![],
        mutations: vec![Mutation::new(
            "interfaces",
            Mutator::Insert,
            Value::set([Atom::Uuid("550e8400-e29b-41d4-a716-446655440000".parse().unwrap())]),
        )],
    };
    let got = refused(vec![set_tag(10), gone]).await;
    assert_eq!(got, (None, "referential integrity violation".to_owned()));
    assert_eq!(
        refused(vec![Operation::Delete { table: "Nil".into(), conditions: vec![] }]).await.0,
        Some(0)
    );
    assert_eq!(tag(&connection).await, Some(100), "nothing of it was applied");
    assert_eq!(connection.closed(), None);
}

#[tokio::test]
async fn every_condition_and_mutation_is_understood() {
    let server = Server::plain().await;
    let connection = server.connect().await;
    connection.transact(&bridge(), soon()).await.unwrap();
    let functions = [
        (Function::Less, 100i64, 0),
        (Function::LessOrEqual, 100, 1),
        (Function::Equal, 100, 1),
        (Function::NotEqual, 100, 0),
        (Function::GreaterOrEqual, 100, 1),
        (Function::Greater, 100, 0),
        (Function::Includes, 100, 1),
        (Function::Excludes, 100, 0),
    ];
    for (function, value, expected) in functions {
        let operation = Operation::Select {
            table: "Port".into(),
            conditions: vec![Condition::new("tag", function, value)],
            columns: None,
        };
        let outcomes = connection.transact(&[operation], soon()).await.unwrap();
        let [Outcome::Rows(rows)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
        assert_eq!(rows.len(), expected, "{function:?}");
    }
    let mutators = [
        (Mutator::Add, 5i64, Some(105)),
        (Mutator::Subtract, 1, Some(104)),
        (Mutator::Multiply, 2, Some(208)),
        (Mutator::Divide, 8, Some(26)),
        (Mutator::Remainder, 10, Some(6)),
        (Mutator::Delete, 6, None),
        (Mutator::Insert, 7, Some(7)),
    ];
    for (mutator, value, expected) in mutators {
        let operation = Operation::Mutate {
            table: "Port".into(),
            conditions: vec![],
            mutations: vec![Mutation::new("tag", mutator, value)],
        };
        connection.transact(&[operation], soon()).await.unwrap();
        assert_eq!(tag(&connection).await, expected, "{mutator:?}");
    }
}

#[tokio::test]
async fn applied_is_an_event() {
    let server = Server::plain().await;
    let connection = server.connect().await;
    let vswitchd = server.connect().await;
    let first = connection.change(&bridge(), soon()).await.unwrap();
    assert_eq!((first.outcomes.len(), first.config), (4, 1));
    let second = connection.change(&[set_tag(5)], soon()).await.unwrap();
    assert_eq!(second.config, 2);

    let early = connection.wait_applied(1, within(Duration::from_millis(50))).await.unwrap_err();
    assert!(matches!(early, Error::NotApplied { wanted: 1, seen: Some(0) }), "{early}");

    let applied = |number: i64| Operation::Update {
        table: "Open_vSwitch".into(),
        conditions: vec![],
        row: Row::from([("cur_cfg".to_owned(), number.into())]),
    };
    let mut numbers = connection.config_numbers();
    vswitchd.transact(&[applied(1)], soon()).await.unwrap();
    connection.wait_applied(1, soon()).await.unwrap();
    let waits = connection.wait_applied(2, soon());
    let (waited, done) = tokio::join!(waits, async {
        let operations = [applied(2)];
        vswitchd.transact(&operations, soon()).await
    });
    done.unwrap();
    waited.unwrap();
    let seen = timeout_at(soon(), numbers.wait_for(|n| n.is_some_and(|n| n.current == 2))).await;
    assert_eq!(seen.unwrap().unwrap().unwrap().next, 2);
}

#[tokio::test]
async fn many_calls_share_a_connection() {
    let server = Server::plain().await;
    let options = Options { calls: 8, ..Options::default() };
    let connection = Connection::connect(&server.unix(), None, options, soon()).await.unwrap();
    connection.transact(&bridge(), soon()).await.unwrap();
    let calls = (1..=200i64).map(|tag| {
        let connection = &connection;
        async move {
            let operations = [set_tag(tag), select(&["tag"])];
            let outcomes = connection.transact(&operations, soon()).await.unwrap();
            let Outcome::Rows(rows) = &outcomes[1] else { panic!("{outcomes:?}") };
            assert_eq!(rows[0]["tag"].as_integer(), Some(tag));
        }
    });
    futures_util::future::join_all(calls).await;
}

#[tokio::test]
async fn a_killed_server_ends_every_call() {
    let mut server = Server::plain().await;
    let connection = server.connect().await;
    let waiting = connection.wait_applied(99, soon());
    let (waited, ()) = tokio::join!(waiting, async { server.child.kill().await.unwrap() });
    let error = waited.unwrap_err();
    assert!(matches!(error, Error::Disconnected { .. }), "{error:?}");
    let error = connection.echo(soon()).await.unwrap_err();
    assert!(matches!(error, Error::Disconnected { sent: false, .. }), "{error:?}");
    assert!(!error.may_be_applied());
    let gone = Connection::connect(&server.unix(), None, Options::default(), soon()).await;
    assert!(matches!(gone.unwrap_err(), Error::Refused { .. }));
}

#[tokio::test]
async fn a_request_beyond_the_limit_is_not_sent() {
    let server = Server::plain().await;
    let options = Options { request_bytes: 1000, ..Options::default() };
    let connection = Connection::connect(&server.unix(), None, options, soon()).await.unwrap();
    let operation = Operation::Comment("x".repeat(1000));
    let error = connection.transact(&[operation], soon()).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 1000, sent: false, .. }), "{error}");
    connection.echo(soon()).await.unwrap();
}

#[tokio::test]
async fn a_missing_socket_is_unreachable() {
    let folder = tempfile::TempDir::new().unwrap();
    let missing = format!("unix:{}/none.sock", folder.path().display()).parse().unwrap();
    let error = Connection::connect(&missing, None, Options::default(), soon()).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}
