//! The commands that read, from their templates.

use std::collections::BTreeMap;

use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::{
    super::profile::{Problem, schema::RawProfile},
    Names, Object, ReadError,
};

/// How much work one command may be: a thousand times what any needs.
const FUEL: u64 = 10_000;

/// How long a command may be, which is less than any terminal takes.
const LONGEST: usize = 4000;

/// The templates of the commands, by the number of the reading.
#[derive(Debug)]
pub(super) struct Commands {
    environment: Environment<'static>,
}

impl Commands {
    pub(super) fn compile(raw: &RawProfile, problems: &mut Vec<Problem>) -> Option<Self> {
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        let before = problems.len();
        for (index, read) in raw.read.iter().enumerate() {
            let added = environment.add_template_owned(index.to_string(), read.command.clone());
            if let Err(error) = added {
                problems.push(Problem::new(format!("read[{index}].command"), error.to_string()));
            }
        }
        (problems.len() == before).then_some(Self { environment })
    }

    /// One line; the object's name is there under `port`, `lag` or `vlan`, a LAG's number under
    /// `number`.
    pub(super) fn render(
        &self,
        index: usize,
        object: Option<&Object>,
        options: &BTreeMap<String, String>,
        names: &Names,
    ) -> Result<String, ReadError> {
        let about = match object {
            None => context! {},
            Some(Object::Port(port)) => context! { port => port.as_str() },
            Some(Object::Lag(lag)) => {
                let number = names.number(lag).map_or(Value::UNDEFINED, Value::from);
                context! { lag => lag.as_str(), number }
            }
            Some(Object::Vlan(vlan)) => context! { vlan => vlan.get() },
        };
        let refused = |problem: String| ReadError::Command { problem };
        let rendered = self
            .environment
            .get_template(&index.to_string())
            .and_then(|template| template.render(context! { options, ..about }))
            .map_err(|error| refused(error.to_string()))?;
        let command = rendered.trim();
        if command.is_empty() || command.len() > LONGEST {
            return Err(refused(format!("it is {} bytes long", command.len())));
        }
        match command.chars().find(|c| c.is_control()) {
            Some(c) => Err(refused(format!("it holds `{}`", c.escape_debug()))),
            None => Ok(command.to_owned()),
        }
    }
}
