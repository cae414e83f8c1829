//! How often logins may fail.

use super::peers::{NOOP, denied};
use crate::{
    raw::{request, send},
    site::{PATIENCE, Running, Site},
};

const SECRET: &str = "0123456789abcdef";
const TOKEN: &str = "[[listen]]\naddress = \"127.0.0.1:0\"\nauth = \"token\"\n\
                     [[listen.token]]\nname = \"ironic\"\nsecret = { file = \"secret\" }\n\
                     [[listen.token]]\nname = \"noc\"\nsecret = { file = \"other\" }\n";

async fn metrics(service: &Running, token: &str) -> crate::raw::Answer {
    let headers = format!("X-Auth-Token: {token}\r\n");
    send(service.address(), &request("GET", "/metrics", &headers, "")).await
}

#[tokio::test]
async fn failed_logins_end_and_begin_again_and_who_is_at_work_goes_on() {
    let limits = "[limits]\nfailed_logins_per_minute = 60\n";
    let site = Site::with_listeners(TOKEN, &format!("{NOOP}{limits}"));
    site.write("secret", SECRET);
    site.write("other", "fedcba9876543210");
    let service = site.start().await;
    assert_eq!(metrics(&service, SECRET).await.status, 200);

    let mut tries = 0;
    let refused = loop {
        let answer = metrics(&service, "wrong").await;
        if answer.status == 429 {
            break answer;
        }
        assert_eq!(answer.status, 401);
        tries += 1;
        assert!(tries < 200, "failures do not end");
    };
    assert!(tries >= 60, "{tries}");
    assert!(refused.head.contains("retry-after: 1"), "{refused:?}");
    // A right one that is new cannot be told from a guess; one that was at work goes on.
    assert_eq!(metrics(&service, "fedcba9876543210").await.status, 429);
    let scraped = metrics(&service, SECRET).await;
    assert_eq!(scraped.status, 200);
    let counted = "mercury_auth_failures_total{scheme=\"token\",reason=\"too_many_failures\"}";
    assert!(scraped.body.contains(counted), "{}", scraped.body);
    denied(&service, "too many failed logins from there").await;

    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
    let again = async {
        loop {
            ticks.tick().await;
            if metrics(&service, "fedcba9876543210").await.status == 200 {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("logins begin again");
    let written = service.site.audit("denied").len();
    assert!(written <= 4, "{written} records of {tries} failures");
}
