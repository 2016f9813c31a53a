//! Words: text from outside, made harmless to look at.
//!
//! Names of classes, cells and files are chosen by others. Markup in them is escaped where a page is written;
//! what is left are characters that nobody sees and that move others around: controls, and marks that turn the
//! direction of writing. They are replaced here, once, and a name of a megabyte is cut.
//!
//! Every text of a view model is [`Words`], so none can be forgotten.

use std::fmt;

use maud::{Escaper, Render};

/// Letters of a name that are shown.
const LONGEST: usize = 160;
/// What stands for a letter that is not shown.
const REPLACEMENT: char = '\u{FFFD}';

/// Text that can be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Words(String);

impl Words {
    /// A text of several lines, such as a configuration; kept whole.
    pub fn lines(text: &str) -> Self {
        Self(text.chars().filter(|&letter| letter != '\r').map(visible_or_line).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: AsRef<str>> From<T> for Words {
    fn from(text: T) -> Self {
        let mut letters = text.as_ref().chars().map(visible);
        let mut kept: String = letters.by_ref().take(LONGEST).collect();
        if letters.next().is_some() {
            kept.push('…');
        }
        Self(kept)
    }
}

impl fmt::Display for Words {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Render for Words {
    fn render_to(&self, buffer: &mut String) {
        use std::fmt::Write as _;
        // A string takes whatever it is given.
        let _ = Escaper::new(buffer).write_str(&self.0);
    }
}

fn visible_or_line(letter: char) -> char {
    if matches!(letter, '\n' | '\t') { letter } else { visible(letter) }
}

fn visible(letter: char) -> char {
    if letter.is_control() || turns(letter) { REPLACEMENT } else { letter }
}

/// Whether `letter` is a mark of the direction of writing, of the order of bytes, or no character at all.
fn turns(letter: char) -> bool {
    matches!(letter,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        | '\u{FDD0}'..='\u{FDEF}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_replaced() {
        assert_eq!(Words::from("a\u{202E}b\0c\nd").as_str(), "a\u{FFFD}b\u{FFFD}c\u{FFFD}d");
        assert_eq!(Words::lines("a\r\n\tb\u{7}").as_str(), "a\n\tb\u{FFFD}");
        assert_eq!(Words::from("Höhe 東京 🏙").as_str(), "Höhe 東京 🏙");
    }

    #[test]
    fn a_long_name_is_cut_and_a_configuration_is_not() {
        let long = "é".repeat(LONGEST + 1);
        assert_eq!(Words::from(&long).as_str(), format!("{}…", "é".repeat(LONGEST)));
        assert_eq!(Words::from("é".repeat(LONGEST)).as_str().chars().count(), LONGEST);
        assert_eq!(Words::lines(&long).as_str(), long);
    }

    #[test]
    fn markup_is_escaped() {
        let markup = maud::html! { p title=(Words::from("\"><script>")) { (Words::from("<b>&")) } };
        let expected = "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt;&amp;</p>";
        assert_eq!(markup.into_string(), expected);
    }
}
