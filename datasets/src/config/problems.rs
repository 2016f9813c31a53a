//! Collects what is wrong with a configuration before anything is reported.

use std::fmt;

/// What is wrong with a configuration so far.
#[derive(Debug, Default)]
pub struct Problems {
    found: Vec<(String, String)>,
}

/// Everything that is wrong with a configuration, each problem with the key that caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidConfig {
    problems: Vec<(String, String)>,
}

impl Problems {
    /// Nothing is wrong yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the value, or notes its error under `key`.
    pub fn note<T, E: fmt::Display>(&mut self, key: &str, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(key, error);
                None
            }
        }
    }

    /// Notes that the value of `key` is wrong.
    pub fn add(&mut self, key: &str, problem: impl fmt::Display) {
        self.found.push((key.to_owned(), problem.to_string()));
    }

    /// Gives the checked value, or all problems.
    ///
    /// # Errors
    /// If any problem was noted.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, InvalidConfig> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(InvalidConfig { problems: self.found }),
        }
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> =
            self.problems.iter().map(|(key, problem)| format!("`{key}`: {problem}")).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for InvalidConfig {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_reported_with_its_key() {
        let mut problems = Problems::new();
        let value: Option<u8> = problems.note("training.epochs", "x".parse::<u8>());
        problems.add("seed", "is missing");
        let error = problems.finish(value).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`training.epochs`: invalid digit found in string\n`seed`: is missing"
        );
    }

    #[test]
    fn a_value_passes_only_without_problems() {
        assert_eq!(Problems::new().finish(Some(1)), Ok(1));
        let mut problems = Problems::new();
        problems.add("a", "b");
        assert!(problems.finish(Some(1)).is_err());
    }
}
