//! The colours of a page, light and dark.
//!
//! Series take the hues of Okabe and Ito (2008, "Color Universal Design"), which readers with any common kind of
//! colour vision can tell apart; they are darkened for white paper and lightened for a dark screen until each has
//! the contrast that the Web Content Accessibility Guidelines 2.2 ask for: 4.5 for text (1.4.3), 3 for what is drawn
//! (1.4.11). No page relies on them alone: every series has a mark and a dash of its own.

use std::fmt::Write as _;

/// What a colour is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// What lies behind text.
    Ground,
    /// Text.
    Text,
    /// Lines and marks that carry meaning.
    Drawn,
    /// Lines that only guide the eye.
    Guide,
}

/// A colour in both schemes.
struct Shade {
    name: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests hold each role to its contrast"))]
    role: Role,
    light: &'static str,
    dark: &'static str,
}

const fn shade(name: &'static str, role: Role, light: &'static str, dark: &'static str) -> Shade {
    Shade { name, role, light, dark }
}

/// All colours; the name is that of the CSS variable.
const SHADES: [Shade; 18] = [
    shade("paper", Role::Ground, "#ffffff", "#14171c"),
    shade("raised", Role::Ground, "#f5f6f8", "#1d2128"),
    shade("severe-paper", Role::Ground, "#fdf1ec", "#2c1a13"),
    shade("caution-paper", Role::Ground, "#fcf6e6", "#28210f"),
    shade("ink", Role::Text, "#1c2026", "#e7e9ed"),
    shade("soft", Role::Text, "#555d69", "#a9b1bd"),
    shade("link", Role::Text, "#0060a0", "#7cc4f2"),
    shade("severe", Role::Text, "#a83c00", "#ff9a66"),
    shade("caution", Role::Text, "#7a5a00", "#e8bb4a"),
    shade("rule", Role::Guide, "#dde1e6", "#343b46"),
    shade("axis", Role::Drawn, "#767e8a", "#8b94a1"),
    shade("s0", Role::Drawn, "#0072b2", "#56b4e9"),
    shade("s1", Role::Drawn, "#d55e00", "#ef8a3c"),
    shade("s2", Role::Drawn, "#00805d", "#2fbf96"),
    shade("s3", Role::Drawn, "#a8538a", "#dd93b9"),
    shade("s4", Role::Drawn, "#8a6a00", "#e6b800"),
    shade("s5", Role::Drawn, "#3f4650", "#c9cfd8"),
    shade("quiet", Role::Guide, "#c9ced6", "#4a525f"),
];

/// The declarations of one scheme.
fn declarations(of: fn(&Shade) -> &'static str) -> String {
    SHADES.iter().fold(String::new(), |mut text, shade| {
        // A string takes whatever it is given.
        let _ = write!(text, "--{}:{};", shade.name, of(shade));
        text
    })
}

/// The variables of both schemes; paper is always light.
pub(super) fn variables() -> String {
    let (light, dark) = (declarations(|shade| shade.light), declarations(|shade| shade.dark));
    format!(
        ":root{{color-scheme:light;{light}}}\
         @media screen and (prefers-color-scheme:dark){{:root{{color-scheme:dark;{dark}}}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of WCAG 2.2.
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn the_contrast_is_that_of_the_guidelines() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
        assert!((contrast("#777777", "#ffffff") - 4.48).abs() < 0.01);
    }

    #[test]
    fn text_and_drawings_stand_out_from_every_ground_in_both_schemes() {
        let of = |role| SHADES.iter().filter(move |shade| shade.role == role);
        for ground in of(Role::Ground) {
            for (front, least) in of(Role::Text)
                .map(|text| (text, 4.5))
                .chain(of(Role::Drawn).map(|drawn| (drawn, 3.0)))
            {
                let pairs = [(front.light, ground.light), (front.dark, ground.dark)];
                for (scheme, (front_colour, ground_colour)) in ["light", "dark"].iter().zip(pairs) {
                    let found = contrast(front_colour, ground_colour);
                    let names = (front.name, ground.name);
                    assert!(found >= least, "{names:?} in {scheme}: {found:.2}, expected {least}");
                }
            }
        }
    }

    #[test]
    fn both_schemes_have_all_variables() {
        let css = variables();
        for shade in &SHADES {
            assert_eq!(css.matches(&format!("--{}:", shade.name)).count(), 2, "{}", shade.name);
        }
    }
}
