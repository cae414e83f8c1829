//! How the core's errors are told.

use rpc::{ErrorData, RpcError};
use switch::SwitchError;

/// The error that a caller gets.
pub(super) fn told(error: &SwitchError) -> RpcError {
    let class = error.class();
    let data = ErrorData {
        rule: error.rule().map(str::to_owned),
        hint: error.hint(),
        change_id: error.change().map(str::to_owned),
        links: error.legs().to_vec(),
        ..ErrorData::new(class)
    };
    RpcError { data: Some(Box::new(data)), ..RpcError::new(class, error.to_string()) }
}

#[cfg(test)]
mod tests {
    use model::{FailedLeg, LegOutcome, PortConfig};

    use super::*;

    #[test]
    fn what_is_where_is_told() {
        let error = SwitchError::UndoFailed {
            cause: "`leaf-02`: time ran out waiting for the switch's answer".to_owned(),
            legs: vec![FailedLeg {
                switch: "leaf-01".parse().unwrap(),
                port: Some("swp1".parse().unwrap()),
                outcome: LegOutcome::NotUndone,
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
