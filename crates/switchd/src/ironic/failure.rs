//! How a call's failure is told: the only place that knows Ironic's exception classes.
//!
//! A conductor's client raises the class that `data.class` names when it begins with
//! `ironic.common.exception.`, and imports it by that name. So a class is one of three that are
//! there, and that the conductor's loops over ports know; a failure without a class would reach
//! the conductor without its text.

use model::{ErrorClass, Invalid, LegOutcome};
use rpc::error as codes;
use serde_json::{Value, json};
use switch::SwitchError;

use super::params::Method;

/// How long a message may be, in characters: it ends in a node's `last_error`.
const LONGEST: usize = 2000;
/// How many names of parameters a message repeats: more than any method has.
const NAMES: usize = 16;

const INVALID_PARAMETER_VALUE: &str = "ironic.common.exception.InvalidParameterValue";
const SWITCH_NOT_FOUND: &str = "ironic.common.exception.SwitchNotFound";
const NETWORK_ERROR: &str = "ironic.common.exception.NetworkError";

/// An error as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A code of JSON-RPC, or what would be HTTP's status.
    pub code: i32,
    /// For people.
    pub message: String,
    /// The Python class; absent where the call itself was malformed.
    pub class: Option<&'static str>,
}

/// What was being done, as a message begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Listing,
    ConfiguringPort,
    ResettingPort,
    ConfiguringLag,
    DeletingLag,
}

impl Doing {
    const fn failed(self) -> &'static str {
        match self {
            Self::Listing => "Failed to list switches",
            Self::ConfiguringPort => "Failed to configure network port",
            Self::ResettingPort => "Failed to reset network port",
            Self::ConfiguringLag => "Failed to configure LAG",
            Self::DeletingLag => "Failed to delete LAG",
        }
    }
}

impl Failure {
    /// The body is not JSON.
    pub(super) fn parse_error() -> Self {
        Self::protocol(codes::PARSE_ERROR, "Invalid JSON received by RPC server".to_owned())
    }

    /// The body is JSON and no call; `why` may be empty.
    pub(super) fn invalid_request(why: &str) -> Self {
        let text = "Invalid request object received by RPC server";
        let message = if why.is_empty() { text.to_owned() } else { format!("{text}: {why}") };
        Self::protocol(codes::INVALID_REQUEST, message)
    }

    /// There is no such method.
    pub(super) fn method_not_found(name: &str) -> Self {
        let message = format!("Method {} was not found", shown(name));
        Self::protocol(codes::METHOD_NOT_FOUND, message)
    }

    /// A method's parameters are not its own.
    pub(super) fn bad_params(method: Method, names: &[&str], why: &str) -> Self {
        let mut names: Vec<_> = names.iter().take(NAMES + 1).map(|name| shown(name)).collect();
        if let Some(one_more) = names.get_mut(NAMES) {
            "…".clone_into(one_more);
        }
        let names = names.join(", ");
        Self::invalid_params(&format!("Params {names} are invalid for {}: {why}", method.name()))
    }

    pub(super) fn invalid_params(message: &str) -> Self {
        Self::protocol(codes::INVALID_PARAMS, message.to_owned())
    }

    fn protocol(code: i32, message: String) -> Self {
        Self { code, message, class: None }
    }

    /// A parameter's value is refused.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self { code: 400, message: cut(message.into()), class: Some(INVALID_PARAMETER_VALUE) }
    }

    /// There is no such switch.
    pub(super) fn switch_not_found(switch: &str) -> Self {
        let message = format!(
            "Switch {} could not be found or is not supported by any configured switch driver.",
            shown(switch)
        );
        Self { code: 404, message, class: Some(SWITCH_NOT_FOUND) }
    }

    /// What was being done failed.
    pub(super) fn network(doing: Doing, why: &str) -> Self {
        let message = cut(format!("{}: {why}", doing.failed()));
        Self { code: 500, message, class: Some(NETWORK_ERROR) }
    }

    /// A word for metrics.
    pub(super) fn name(&self) -> &'static str {
        match self.class {
            Some(INVALID_PARAMETER_VALUE) => "invalid_parameter_value",
            Some(SWITCH_NOT_FOUND) => "switch_not_found",
            Some(_) => "network_error",
            None => "malformed",
        }
    }

    /// As the member `error` of an answer.
    pub(super) fn into_json(self) -> Value {
        let Self { code, message, class } = self;
        match class {
            Some(class) => json!({ "code": code, "message": message, "data": { "class": class } }),
            None => json!({ "code": code, "message": message }),
        }
    }
}

/// The failure that stands for an error of the core, on one line: what happened, where each port
/// was left, what to do next, and where the audit log has it.
pub(super) fn told(doing: Doing, error: &SwitchError) -> Failure {
    let mut text = error.to_string();
    // An undo that failed has said so of the ports that are not as they were.
    let said = |outcome: LegOutcome| {
        matches!(error, SwitchError::UndoFailed { .. })
            && matches!(outcome, LegOutcome::NotUndone | LegOutcome::Unknown)
    };
    for leg in error.legs().iter().filter(|leg| !said(leg.outcome)) {
        text.push_str(&format!("; {leg}"));
    }
    if let Some(hint) = error.hint() {
        text.push_str(&format!("; hint: {hint}"));
    }
    if let Some(change) = error.change() {
        text.push_str(&format!("; change {change}"));
    }
    let text = text.replace('\n', "; ");
    match error.class() {
        ErrorClass::InvalidRequest | ErrorClass::RefusedByPolicy => Failure::invalid(text),
        ErrorClass::NotSupported
        | ErrorClass::NotFound
        | ErrorClass::Conflict
        | ErrorClass::RejectedByDevice
        | ErrorClass::Unreachable
        | ErrorClass::TimedOut
        | ErrorClass::UndoFailed
        | ErrorClass::VerifyFailed
        | ErrorClass::Busy
        | ErrorClass::AuditUnavailable
        | ErrorClass::Internal => Failure::network(doing, &text),
    }
}

/// What a caller sent, escaped and shortened, so that it can be repeated.
fn shown(text: &str) -> String {
    Invalid::new("", text, "").value
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use model::FailedLeg;
    use rstest::rstest;
    use switch::DeviceError;

    use super::*;

    fn leg(outcome: LegOutcome) -> FailedLeg {
        FailedLeg {
            switch: "leaf-01".parse().unwrap(),
            port: Some("swp1".parse().unwrap()),
            outcome,
            observed: None,
            lag: None,
            last_known: None,
            error: None,
        }
    }

    #[rstest]
    #[case(SwitchError::Invalid("no".into()), 400, INVALID_PARAMETER_VALUE, "no")]
    #[case(
        SwitchError::Refused { what: "port `p`".into(), rule: Some("r".into()), reason: "VLAN 9 is not".into() },
        400, INVALID_PARAMETER_VALUE, "port `p` refused: VLAN 9 is not"
    )]
    #[case(
        SwitchError::Conflict { what: "it is a member".into(), hint: Some("detach it".into()) },
        500, NETWORK_ERROR, "Failed to reset network port: it is a member; hint: detach it"
    )]
    #[case(
        SwitchError::Device {
            switch: "leaf-01".parse().unwrap(),
            cause: DeviceError::timed_out(true, "an answer"),
            legs: vec![leg(LegOutcome::Undone)],
            change: Some("0c7c".into()),
        },
        500, NETWORK_ERROR,
        "Failed to reset network port: `leaf-01`: time ran out waiting for an answer; \
         port `swp1` on `leaf-01` was put back; change 0c7c"
    )]
    #[case(
        SwitchError::UndoFailed { cause: "it broke".into(), legs: vec![leg(LegOutcome::NotUndone)], change: None },
        500, NETWORK_ERROR,
        "Failed to reset network port: it broke; undo failed: port `swp1` on `leaf-01` is not as it \
         was: not known; hint: look at the ports named above, then repeat the request or detach them"
    )]
    fn an_error_of_the_core(
        #[case] error: SwitchError,
        #[case] code: i32,
        #[case] class: &str,
        #[case] message: &str,
    ) {
        let failure = told(Doing::ResettingPort, &error);
        assert_eq!((failure.code, failure.class), (code, Some(class)));
        assert_eq!(failure.message, message);
    }

    #[test]
    fn a_message_has_an_end() {
        let failure = Failure::invalid("x".repeat(100_000));
        assert_eq!(failure.message.chars().count(), LONGEST + 1);
        let names = vec!["a"; 1000];
        let message = Failure::bad_params(Method::ResetPort, &names, "no").message;
        assert!(message.ends_with("a, … are invalid for reset_port: no"), "{message}");
    }
}
