//! A claim that is not true is never printed, and ends the story.

use std::path::Path;

use async_trait::async_trait;

use super::*;
use crate::{
    demo::{
        cast::{Cast, OVSDB},
        stage::Section,
    },
    render::Look,
};

/// A stage on which all but one of the servers are deaf, whatever is done.
struct Lying;

#[async_trait]
impl Stage for Lying {
    fn made_of(&self) -> &'static str {
        "nothing"
    }
    fn cast(&self) -> &'static Cast {
        &OVSDB
    }
    fn section(&self, _: &str) -> Result<Section> {
        bail!("nothing is here")
    }
    fn look_behind(&self, _: &str, _: &Path) -> Result<String> {
        bail!("nothing is here")
    }
    async fn reach(&self) -> Result<Reach> {
        let mut reach = Reach::nobody();
        reach.add(OVSDB.one.name, OVSDB.two.name);
        Ok(reach)
    }
    async fn close_for_writing(&self, _: &str) -> Result<()> {
        Ok(())
    }
    async fn open_for_writing(&self, _: &str) -> Result<()> {
        Ok(())
    }
    async fn bond(&self, _: &str) -> Result<()> {
        Ok(())
    }
    async fn lose_leg(&self, _: &str, _: &str) -> Result<()> {
        Ok(())
    }
    async fn mend_leg(&self, _: &str, _: &str) -> Result<()> {
        Ok(())
    }
    async fn lag_carries(&self, _: &str, _: &str, _: &[&str]) -> Result<()> {
        Ok(())
    }
    async fn meddle(&self, _: &str, _: &str, _: u16) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
    async fn end(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_is_not_so_is_not_claimed() {
    let mut text = Vec::new();
    let mut paper = Paper::new(&mut text, Look::default());
    let expected = Reach::among(&[OVSDB.one, OVSDB.two]);
    let error = show_reach(&Lying, &mut paper, &expected, "they hear each other").await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "this had to be: server-2 hears server-1, server-1 hears server-2; but this is: server-2 \
         hears server-1"
    );
    assert_eq!(paper.told(), (0, 0));
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains("they hear each other"), "{text}");
}

#[test]
fn steps_of_several_ports_stay_in_order() {
    let check = |ports: &[&[&str]], expected: &[&str]| {
        let mut lines = Vec::new();
        for steps in ports {
            let steps: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
            merge(&mut lines, &steps);
        }
        assert_eq!(lines, expected);
    };
    check(&[&["create", "add 1"], &["create", "add 2"]], &["create", "add 1", "add 2"]);
    check(&[&["out 1", "delete"], &["out 2", "delete"]], &["out 1", "out 2", "delete"]);
    check(&[&["a"], &["b"]], &["a", "b"]);
}
