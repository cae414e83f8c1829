//! A full disk under the audit log. Mounting a small one needs root, as this project's tests on a
//! real switch do.

use std::{fs, path::Path, process::Command};

use rpc::Method;
use serde_json::json;

use crate::{
    raw::{request, send},
    site::{Site, links},
};

/// A small file system, gone when dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(path: &'a Path) -> Self {
        fs::create_dir(path).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k,mode=0700", "small"])
            .arg(path)
            .status();
        assert!(mount.unwrap().success(), "mounting a tmpfs needs root");
        Self(path)
    }

    fn fill(&self) {
        let mut filler = vec![0; 64 * 1024];
        while fs::write(self.0.join("filler"), &filler).is_err() {
            filler.truncate(filler.len() - 4096);
        }
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // Lazily, because the service may still have its log open when a test fails.
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[tokio::test]
async fn changes_are_refused_until_there_is_room_and_looking_goes_on() {
    let site =
        Site::new("[switch.leaf-01]\ndriver = \"noop\"\n[audit]\nfile = \"disk/audit.jsonl\"\n");
    let path = site.path("disk");
    let disk = SmallDisk::mount(&path);
    let service = site.start().await;
    let change = |text: &str| {
        json!({
            "reason": "x".repeat(1000),
            "port_config": { "description": text },
            "binding_profile": links(&[("leaf-01", "swp1")]),
        })
    };
    service.call(Method::UpdatePort, change("first")).await.unwrap();
    disk.fill();

    let mut last = "first".to_owned();
    let error = loop {
        let next = format!("{last}+");
        match service.call(Method::UpdatePort, change(&next)).await {
            Ok(_) => last = next,
            Err(error) => break error,
        }
        assert!(last.len() < 20, "the disk never got full");
    };
    assert_eq!(error.code, 1012, "{error}");
    assert!(error.message.contains("the file system is full"), "{error}");
    assert!(error.data.unwrap().retryable);
    assert_eq!(service.port("leaf-01", "swp1").await["description"], json!(last));
    let ready = send(service.address(), &request("GET", "/readyz", "", "")).await;
    assert_eq!(ready.status, 503);
    assert!(ready.body.contains("the audit log cannot be written"), "{ready:?}");

    fs::remove_file(path.join("filler")).unwrap();
    service.call(Method::UpdatePort, change("room")).await.unwrap();
    assert_eq!(service.port("leaf-01", "swp1").await["description"], "room");
    let ready = send(service.address(), &request("GET", "/readyz", "", "")).await;
    assert_eq!(ready.status, 200);
}
