//! Metrics and logs of the process.

use std::{
    io::IsTerminal as _,
    sync::{Arc, Mutex, PoisonError},
};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use switch::Service;
use tracing_subscriber::{EnvFilter, fmt};

use crate::{
    config::{Log, LogFormat},
    error::Error,
    http::Watched,
};

/// Where a duration is put, in seconds: from a change in memory to a switch that takes minutes.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// The process has one recorder; a service that starts again in it finds the same.
static RECORDER: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// The process's metrics, recorded from the first call on.
pub(crate) fn metrics() -> Result<PrometheusHandle, Error> {
    let mut recorder = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*recorder {
        return Ok(handle.clone());
    }
    let refused = |error: &dyn std::fmt::Display| Error::Process {
        what: "the metrics",
        problem: error.to_string(),
    };
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .map_err(|error| refused(&error))?
        .install_recorder()
        .map_err(|error| refused(&error))?;
    describe();
    *recorder = Some(handle.clone());
    Ok(handle)
}

fn describe() {
    metrics::describe_counter!("mercury_http_requests_total", "HTTP requests by status");
    metrics::describe_counter!(
        "mercury_auth_failures_total",
        "Callers not let in, by scheme and reason"
    );
    metrics::describe_counter!(
        "mercury_auth_failures_unrecorded_total",
        "Refused logins that the audit log does not have"
    );
    metrics::describe_counter!(
        "mercury_tls_handshakes_failed_total",
        "TLS handshakes that failed, by reason"
    );
    metrics::describe_gauge!(
        "mercury_tls_certificate_not_after_seconds",
        "When a listener's certificate ends, in seconds since 1970"
    );
    metrics::describe_counter!("mercury_rpc_calls_total", "Calls by method and outcome");
    metrics::describe_histogram!("mercury_rpc_call_seconds", "How long calls took");
    metrics::describe_counter!(
        "mercury_ironic_calls_total",
        "Ironic's calls by method and outcome"
    );
    metrics::describe_histogram!("mercury_ironic_call_seconds", "How long Ironic's calls took");
    metrics::describe_counter!("mercury_switch_changes_total", "Changes by verb and outcome");
    metrics::describe_histogram!("mercury_switch_change_seconds", "How long changes took");
    metrics::describe_gauge!("mercury_switches_configured", "Switches in the configuration");
    metrics::describe_gauge!("mercury_switches_connected", "Switches with an open session");
    metrics::describe_gauge!("mercury_switches_unsaved", "Switches with changes to be saved");
    metrics::describe_gauge!("mercury_switch_unsaved_changes", "Changes that are not saved");
    metrics::describe_gauge!("mercury_ports_in_doubt", "Ports whose last change has no known end");
    metrics::describe_gauge!("mercury_audit_writable", "Whether the audit log can be written");
    metrics::describe_counter!("mercury_reloads_total", "Reloads by outcome");
    metrics::describe_gauge!("mercury_build_info", "The version, as a label");
    metrics::gauge!("mercury_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
}

/// The service, as those see it who watch it.
pub(crate) struct Watch {
    service: Arc<Service>,
}

impl Watch {
    pub(crate) const fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

impl Watched for Watch {
    fn problems(&self) -> Vec<String> {
        let audit = self.service.audit().degraded();
        audit.map(|error| format!("the audit log cannot be written: {error}")).into_iter().collect()
    }

    fn look(&self) {
        let state = self.service.state();
        let (mut configured, mut connected, mut unsaved) = (0_u32, 0_u32, 0_u32);
        for switch in state.inventory.switches() {
            let status = switch.status();
            configured += 1;
            connected += u32::from(status.connected);
            unsaved += u32::from(status.pending_save.is_some());
        }
        metrics::gauge!("mercury_switches_configured").set(configured);
        metrics::gauge!("mercury_switches_connected").set(connected);
        metrics::gauge!("mercury_switches_unsaved").set(unsaved);
        let writable = self.service.audit().degraded().is_none();
        metrics::gauge!("mercury_audit_writable").set(u8::from(writable));
    }
}

/// Sends the process's log to its standard error.
pub(crate) fn log(log: &Log) -> Result<(), Error> {
    let refused = |problem: String| Error::Process { what: "the log", problem };
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| refused(error.to_string()))?;
    let subscriber = fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let installed = match log.format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
    installed.map_err(|error| refused(error.to_string()))
}
