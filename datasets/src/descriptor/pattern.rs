//! Path patterns: how the path of a patch tells its class and its name.

/// A pattern such as `{class}/{name}.jpg`, which the end of a path has to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    /// The parts of the pattern, from the last to the first.
    parts: Vec<Part>,
    text: String,
}

/// One part of a pattern: a folder or the file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Class,
    Name { extension: String },
    Fixed(String),
}

/// Why a text is not a path pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// The file part is missing.
    #[error("`{text}` does not end with `{{name}}.` and an extension")]
    Name {
        /// The pattern.
        text: String,
    },
    /// The class part is missing or repeated.
    #[error("`{text}` needs exactly one folder `{{class}}`, and has {found}")]
    Class {
        /// The pattern.
        text: String,
        /// How many it has.
        found: usize,
    },
    /// A part mixes fixed text and a placeholder.
    #[error("`{part}` is neither `{{class}}` nor a fixed folder")]
    Part {
        /// The part.
        part: String,
    },
}

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// If it lacks `{class}` or `{name}.extension`, or has a part that is neither of them nor fixed.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let mut texts = text.rsplit('/');
        let extension = texts.next().and_then(|file| file.strip_prefix("{name}."));
        let extension = extension
            .filter(|extension| !extension.is_empty() && !extension.contains(['{', '}']))
            .ok_or_else(|| PatternError::Name { text: text.to_owned() })?;
        let mut parts = vec![Part::Name { extension: extension.to_owned() }];
        for part in texts {
            parts.push(match part {
                "{class}" => Part::Class,
                part if part.is_empty() || part.contains(['{', '}']) => {
                    return Err(PatternError::Part { part: part.to_owned() });
                }
                part => Part::Fixed(part.to_owned()),
            });
        }
        match parts.iter().filter(|part| **part == Part::Class).count() {
            1 => Ok(Self { parts, text: text.to_owned() }),
            found => Err(PatternError::Class { text: text.to_owned(), found }),
        }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Class and name that `path`, with `/` between its parts, tells; `None` where it does not match.
    ///
    /// Extensions match in any case.
    pub fn read<'a>(&self, path: &'a str) -> Option<(&'a str, &'a str)> {
        let mut texts = path.rsplit('/');
        let (mut class, mut name) = (None, None);
        for part in &self.parts {
            let text = texts.next().filter(|text| !text.is_empty())?;
            match part {
                Part::Class => class = Some(text),
                Part::Name { extension } => {
                    name = Some(strip_extension(text, extension).filter(|name| !name.is_empty())?);
                }
                Part::Fixed(fixed) if fixed == text => {}
                Part::Fixed(_) => return None,
            }
        }
        Some((class?, name?))
    }
}

fn strip_extension<'a>(file: &'a str, extension: &str) -> Option<&'a str> {
    let (name, found) = file.split_at_checked(file.len().checked_sub(extension.len() + 1)?)?;
    let found = found.strip_prefix('.')?;
    found.eq_ignore_ascii_case(extension).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_and_name_come_from_the_end_of_the_path() {
        let pattern = PathPattern::new("{class}/{name}.jpg").unwrap();
        assert_eq!(pattern.read("2750/River/River_1.JPG"), Some(("River", "River_1")));
        assert_eq!(pattern.read("River/River_1.jpg"), Some(("River", "River_1")));
        for path in ["River_1.jpg", "River/River_1.png", "River/.jpg", "/a.jpg", "", "é.jpg"] {
            assert_eq!(pattern.read(path), None, "{path}");
        }
    }

    #[test]
    fn fixed_folders_have_to_be_there() {
        let pattern = PathPattern::new("train/{class}/images/{name}.tif").unwrap();
        assert_eq!(pattern.read("x/train/River/images/1.tif"), Some(("River", "1")));
        assert_eq!(pattern.read("x/test/River/images/1.tif"), None);
    }

    #[test]
    fn unusable_patterns_are_refused_with_the_reason() {
        assert!(matches!(PathPattern::new("{class}/*.jpg"), Err(PatternError::Name { .. })));
        assert!(matches!(PathPattern::new("{class}/{name}."), Err(PatternError::Name { .. })));
        assert!(matches!(
            PathPattern::new("{name}.jpg"),
            Err(PatternError::Class { found: 0, .. })
        ));
        assert!(matches!(PathPattern::new("{clas}/{name}.jpg"), Err(PatternError::Part { .. })));
    }
}
