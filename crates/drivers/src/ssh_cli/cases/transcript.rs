//! A transcript: what a terminal shows, from which a switch can be played.
//!
//! A line that begins with a prompt is that prompt and what is typed there; the lines up to the
//! next are the answer. A line that ends like a question of the profile, with or without its answer
//! behind it, is asked without an end of line. On lines of their own stand `<<drop>>` (the
//! connection ends), `<<hang>>` (nothing more comes), `<<bytes 1b5b4b>>` (these bytes) and
//! `<<status 1>>` (the exit status of a command). Where commands are run one by one, `$ ` stands for
//! the prompt.

use crate::ssh_cli::{
    conversation::Prompts,
    profile::{Profile, PromptMode, Question, schema::SessionKind},
};

/// What is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Show {
    /// A line.
    Line(String),
    /// A question, and what has to be typed.
    Question {
        /// As it is shown.
        shown: String,
        /// The whole line of the transcript, for people.
        line: String,
        /// The answers of which one has to be typed, with `{password}` and the like in them:
        /// questions often look alike.
        answers: Vec<Answer>,
    },
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// The connection ends.
    Drop,
    /// Nothing more comes.
    Hang,
    /// The exit status.
    Status(u32),
}

/// What answers a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// What is typed, with `{password}` and the like in it.
    pub(super) text: String,
    /// Whether there is no end of line behind it.
    pub(super) key: bool,
}

impl Answer {
    /// Whether it is typed unseen.
    pub(super) fn is_secret(&self) -> bool {
        self.text.contains("{password}") || self.text.contains("{enable_secret}")
    }
}

/// What is typed at a prompt, and what is shown then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exchange {
    /// The number of its line in the transcript.
    pub(super) number: usize,
    /// The prompt, as it is shown.
    pub(super) prompt: String,
    /// What is typed.
    pub(super) typed: String,
    /// What is shown.
    pub(super) answer: Vec<Show>,
}

/// A transcript.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Transcript {
    /// What is shown before the first prompt.
    pub(super) banner: Vec<Show>,
    /// The rest.
    pub(super) exchanges: Vec<Exchange>,
}

impl Transcript {
    /// Reads one. `prompts` are those of this switch, if its name is known.
    pub(super) fn parse(text: &str, profile: &Profile, prompts: &Prompts) -> Result<Self, String> {
        let mut transcript = Self::default();
        let questions = questions(profile);
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if let Some((prompt, typed)) = at_prompt(line, profile, prompts) {
                let (prompt, typed) = (prompt.to_owned(), typed.to_owned());
                transcript.exchanges.push(Exchange { number, prompt, typed, answer: Vec::new() });
                continue;
            }
            let show = show(line, &questions).map_err(|what| format!("line {number}: {what}"))?;
            match transcript.exchanges.last_mut() {
                Some(exchange) => exchange.answer.push(show),
                None => transcript.banner.push(show),
            }
        }
        Ok(transcript)
    }

    /// The name of the switch, from its last prompt.
    pub(super) fn learned(&self, profile: &Profile) -> Prompts {
        let prompts = &profile.conversation.prompts;
        let last = self.exchanges.last().and_then(|last| prompts.whole(last.prompt.trim_end()));
        match last.and_then(|seen| seen.host) {
            Some(host) => prompts.learned(&host),
            None => prompts.clone(),
        }
    }

    /// Whether it ends where commands that read are given, with nothing typed there.
    pub(super) fn ends_ready(&self, prompts: &Prompts) -> bool {
        self.exchanges.last().is_some_and(|last| {
            let seen = prompts.whole(last.prompt.trim_end());
            last.typed.is_empty()
                && last.answer.is_empty()
                && seen.is_some_and(|seen| seen.mode == PromptMode::Ready)
        })
    }

    /// This one, and then another that begins where this one ends.
    pub(super) fn then(mut self, next: Self) -> Self {
        self.exchanges.pop();
        self.exchanges.extend(next.exchanges);
        self
    }

    /// All lines that are shown, for what they say.
    pub(super) fn shown(&self) -> impl Iterator<Item = &str> {
        let answers = self.exchanges.iter().flat_map(|exchange| &exchange.answer);
        self.banner.iter().chain(answers).filter_map(|show| match show {
            Show::Line(line) => Some(line.as_str()),
            _ => None,
        })
    }

    /// Whether the connection ends in it.
    pub(super) fn drops(&self) -> bool {
        self.exchanges.iter().any(|exchange| exchange.answer.contains(&Show::Drop))
    }
}

fn at_prompt<'l>(
    line: &'l str,
    profile: &Profile,
    prompts: &Prompts,
) -> Option<(&'l str, &'l str)> {
    match profile.conversation.kind {
        SessionKind::Commands => line.strip_prefix("$ ").map(|typed| ("$ ", typed)),
        SessionKind::Terminal => {
            let (_, typed) = prompts.begin(line)?;
            Some((line.get(..line.len() - typed.len())?, typed))
        }
    }
}

fn questions(profile: &Profile) -> Vec<&Question> {
    let scripts = &profile.scripts;
    let of_session = profile.conversation.questions.iter();
    of_session.chain(&scripts.questions).chain(&scripts.save_questions).collect()
}

fn show(line: &str, questions: &[&Question]) -> Result<Show, String> {
    if let Some(marker) = line.strip_prefix("<<").and_then(|rest| rest.strip_suffix(">>")) {
        return self::marker(marker);
    }
    let fits = |question: &&&Question| {
        let Question { pattern, answer, .. } = question;
        let bare = if answer.contains('{') { "" } else { answer.as_str() };
        let shown = line.strip_suffix(bare).filter(|shown| pattern.is_match(shown));
        // What is typed need not be written behind it.
        shown.or_else(|| Some(line).filter(|line| pattern.is_match(line))).map(str::len)
    };
    let Some(end) = questions.iter().filter_map(|question| fits(&question)).min() else {
        return Ok(Show::Line(line.to_owned()));
    };
    let answers = questions.iter().filter(|question| fits(question) == Some(end));
    let answers =
        answers.map(|question| Answer { text: question.answer.clone(), key: question.key });
    Ok(Show::Question {
        shown: line.get(..end).unwrap_or(line).to_owned(),
        line: line.to_owned(),
        answers: answers.collect(),
    })
}

fn marker(marker: &str) -> Result<Show, String> {
    match marker.split_once(' ') {
        None if marker == "drop" => Ok(Show::Drop),
        None if marker == "hang" => Ok(Show::Hang),
        Some(("status", number)) => {
            number.trim().parse().map(Show::Status).map_err(|_| format!("`{number}` is no status"))
        }
        Some(("bytes", digits)) => bytes(digits),
        _ => Err(format!(
            "`<<{marker}>>` is none of `<<drop>>`, `<<hang>>`, `<<bytes ..>>`, `<<status N>>`"
        )),
    }
}

fn bytes(digits: &str) -> Result<Show, String> {
    let digits: Vec<char> = digits.chars().filter(|c| !c.is_whitespace()).collect();
    let refused = || "`<<bytes ..>>` needs pairs of hexadecimal digits".to_owned();
    let pairs = digits.chunks(2).map(|pair| {
        let text: String = pair.iter().collect();
        Some(&text)
            .filter(|text| text.len() == 2)
            .and_then(|text| u8::from_str_radix(text, 16).ok())
    });
    pairs.collect::<Option<Vec<u8>>>().map(Show::Bytes).ok_or_else(refused)
}
