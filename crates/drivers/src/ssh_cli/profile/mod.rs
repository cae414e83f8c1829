//! What a switch system is like, as data.

mod problem;
pub mod schema;

pub use problem::Problem;
pub use schema::PromptMode;

use regex::Regex;

/// A question and its answer, checked.
#[derive(Debug, Clone)]
pub struct Question {
    /// How the question ends, for the last line.
    pub pattern: Regex,
    /// What is typed; `{username}`, `{password}` and `{enable_secret}` stand for the switch's.
    pub answer: String,
}
