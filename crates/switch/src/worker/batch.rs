//! Whose fault is it: a batch that a switch refuses as a whole is halved until each request has
//! its own answer.

use tokio::time::Instant;

use super::task::Task;
use crate::driver::{Applied, BatchOutcome, DeviceError, Work};

/// Makes the changes of all works; one outcome each, in their order.
pub(super) async fn apply(
    task: &mut Task,
    works: &[Work],
    by: Instant,
) -> Vec<Result<Applied, DeviceError>> {
    let mut outcomes = Vec::with_capacity(works.len());
    let mut left = vec![works];
    while let Some(part) = left.pop() {
        match task.apply_once(part, by).await {
            Ok(BatchOutcome::Each(each)) if each.len() == part.len() => outcomes.extend(each),
            Ok(BatchOutcome::Each(each)) => {
                let error = DeviceError::Unrecognised {
                    sent: true,
                    answer: format!("{} outcomes for {} requests", each.len(), part.len()),
                };
                outcomes.extend(part.iter().map(|_| Err(error.clone())));
            }
            Ok(BatchOutcome::RefusedWhole(DeviceError::Rejected { .. })) if part.len() > 1 => {
                let (first, second) = part.split_at(part.len() / 2);
                left.push(second);
                left.push(first);
            }
            Ok(BatchOutcome::RefusedWhole(error)) | Err(error) => {
                outcomes.extend(part.iter().map(|_| Err(error.clone())));
            }
        }
    }
    outcomes
}
