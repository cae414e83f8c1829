//! What every request of `mercury switch` says, beside what it asks.

use jiff::SignedDuration;
use rpc::{client::Client, wire::Context};

use crate::cli::connection;

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Service")]
pub(super) struct Request {
    #[command(flatten)]
    service: connection::Connection,
    /// How long the service may work, such as 500ms, 30s or 2m; at most 10m [default: 30s]
    #[arg(long, global = true, value_parser = timeout)]
    timeout: Option<u32>,
    /// A name for the request, to be found in the log and the audit record; it need not be unique
    #[arg(long, global = true, value_name = "ID")]
    request_id: Option<String>,
    /// Why, for the audit record
    #[arg(long, global = true)]
    reason: Option<String>,
    /// On whose behalf, for the audit record; it never decides what is allowed
    #[arg(long, global = true, value_name = "NAME")]
    on_behalf_of: Option<String>,
    /// The server whose ports these are
    #[arg(long, global = true, value_name = "ID")]
    host_id: Option<String>,
    /// Print the answer as one JSON document
    #[arg(long, global = true)]
    pub(super) json: bool,
}

impl Request {
    /// A client of the service.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        self.service.client()
    }

    /// What every request of this run says.
    pub(super) fn context(&self) -> Context {
        Context {
            request_id: Some(
                self.request_id.clone().unwrap_or_else(|| format!("cli-{}", uuid::Uuid::new_v4())),
            ),
            user: self.on_behalf_of.clone(),
            reason: self.reason.clone(),
            host_id: self.host_id.clone(),
            timeout_ms: self.timeout,
            ..Context::default()
        }
    }
}

/// Milliseconds from `500ms`, `30s`, `2m`, or from seconds without a unit.
fn timeout(text: &str) -> Result<u32, String> {
    let with_unit = match text.parse::<u32>() {
        Ok(_) => format!("{text}s"),
        Err(_) => text.to_owned(),
    };
    let span: Option<SignedDuration> = with_unit.parse().ok();
    span.and_then(|span| u32::try_from(span.as_millis()).ok())
        .filter(|ms| (1..=600_000).contains(ms))
        .ok_or_else(|| "it is not a span from 1ms to 10m, such as `30s`".to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("500ms", Some(500))]
    #[case("30s", Some(30_000))]
    #[case("30", Some(30_000))]
    #[case("10m", Some(600_000))]
    #[case("11m", None)]
    #[case("0", None)]
    #[case("-3s", None)]
    #[case("soon", None)]
    fn timeouts(#[case] text: &str, #[case] want: Option<u32>) {
        assert_eq!(timeout(text).ok(), want);
    }
}
