//! How the core's errors are told; the only place that knows both kinds.

use rpc::{Class, ErrorData, LegOutcome, LegReport, RpcError};
use switch::{ErrorClass, FailedLeg, SwitchError};

/// The error that a caller gets.
pub(super) fn told(error: &SwitchError) -> RpcError {
    let class = class(error.class());
    let data = ErrorData {
        rule: error.rule().map(str::to_owned),
        hint: error.hint(),
        change_id: error.change().map(str::to_owned),
        links: error.legs().iter().map(leg).collect(),
        ..ErrorData::new(class)
    };
    RpcError { data: Some(Box::new(data)), ..RpcError::new(class, error.to_string()) }
}

const fn class(class: ErrorClass) -> Class {
    match class {
        ErrorClass::InvalidRequest => Class::InvalidRequest,
        ErrorClass::RefusedByPolicy => Class::RefusedByPolicy,
        ErrorClass::NotSupported => Class::NotSupported,
        ErrorClass::NotFound => Class::NotFound,
        ErrorClass::Conflict => Class::Conflict,
        ErrorClass::RejectedByDevice => Class::RejectedByDevice,
        ErrorClass::Unreachable => Class::Unreachable,
        ErrorClass::TimedOut => Class::TimedOut,
        ErrorClass::UndoFailed => Class::UndoFailed,
        ErrorClass::VerifyFailed => Class::VerifyFailed,
        ErrorClass::Busy => Class::Busy,
        ErrorClass::AuditUnavailable => Class::AuditUnavailable,
        ErrorClass::Internal => Class::Internal,
    }
}

fn leg(leg: &FailedLeg) -> LegReport {
    let FailedLeg { switch, port, outcome, observed, lag, last_known, error } = leg.clone();
    LegReport {
        switch,
        port,
        outcome: match outcome {
            switch::LegOutcome::Untouched => LegOutcome::Untouched,
            switch::LegOutcome::Undone => LegOutcome::Undone,
            switch::LegOutcome::NotUndone => LegOutcome::NotUndone,
            switch::LegOutcome::Unknown => LegOutcome::Unknown,
        },
        observed,
        lag,
        last_known,
        error,
    }
}

#[cfg(test)]
mod tests {
    use model::PortConfig;

    use super::*;

    #[test]
    fn both_sides_know_the_same_classes_by_the_same_names() {
        for told in Class::ALL {
            let found = all().into_iter().find(|class| class.name() == told.name());
            let known = found.expect("the core knows the class");
            assert_eq!(class(known), told);
            assert_eq!(known.retryable(), told.retryable(), "{told}");
        }
        assert_eq!(all().len(), Class::ALL.len());
    }

    fn all() -> Vec<ErrorClass> {
        use ErrorClass as E;
        vec![
            E::InvalidRequest,
            E::RefusedByPolicy,
            E::NotSupported,
            E::NotFound,
            E::Conflict,
            E::RejectedByDevice,
            E::Unreachable,
            E::TimedOut,
            E::UndoFailed,
            E::VerifyFailed,
            E::Busy,
            E::AuditUnavailable,
            E::Internal,
        ]
    }

    #[test]
    fn what_is_where_is_told() {
        let error = SwitchError::UndoFailed {
            cause: "`leaf-02`: time ran out waiting for the switch's answer".to_owned(),
            legs: vec![FailedLeg {
                switch: "leaf-01".parse().unwrap(),
                port: Some("swp1".parse().unwrap()),
                outcome: switch::LegOutcome::NotUndone,
                observed: Some(PortConfig::default()),
                lag: None,
                last_known: None,
                error: Some("no answer".to_owned()),
            }],
            change: Some("0c7c".to_owned()),
        };
        let told = told(&error);
        assert_eq!(told.code, 1009);
        let data = told.data.unwrap();
        assert!(!data.retryable);
        assert_eq!(data.change_id.as_deref(), Some("0c7c"));
        assert!(data.hint.unwrap().starts_with("look at the ports"));
        assert_eq!(data.links[0].outcome, LegOutcome::NotUndone);
        assert_eq!(data.links[0].observed, Some(PortConfig::default()));
    }

    #[test]
    fn a_refusal_names_its_rule() {
        let error = SwitchError::Refused {
            what: "port `swp1` on `leaf-01`".to_owned(),
            rule: Some("rack-12".to_owned()),
            reason: "VLAN 300 is not in rule `rack-12` (allowed: 100-199)".to_owned(),
        };
        let told = told(&error);
        assert_eq!(
            told.message,
            "port `swp1` on `leaf-01` refused: VLAN 300 is not in rule `rack-12` (allowed: 100-199)"
        );
        assert_eq!((told.code, told.data.unwrap().rule.as_deref()), (1002, Some("rack-12")));
    }
}
