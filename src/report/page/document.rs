//! The document around all sections: one file that asks for nothing.
//!
//! Style, pictures and charts stand in the file. A content security policy says so to the browser, which then refuses
//! whatever might slip in.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::palette::variables;

/// The rules; colours come from the palette.
const STYLE: &str = include_str!("style.css");
/// Nothing from anywhere but this file, and no program.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// A part of a page with a heading.
pub(super) struct Section {
    id: &'static str,
    heading: &'static str,
    body: Markup,
}

impl Section {
    /// A section, where there is something to show.
    pub(super) fn of(
        id: &'static str,
        heading: &'static str,
        body: Option<Markup>,
    ) -> Option<Self> {
        body.map(|body| Self { id, heading, body })
    }
}

/// What stands above the sections.
pub(super) struct Head {
    /// The title of the window and of the page.
    pub(super) title: String,
    /// One line below it.
    pub(super) line: Markup,
    /// What came out.
    pub(super) lead: Markup,
}

/// The whole file.
pub(super) fn document(head: &Head, sections: &[Section], footer: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(concat!("tesela ", env!("CARGO_PKG_VERSION")));
                // Without it a browser asks for an icon of its own accord.
                link rel="icon" href="data:,";
                title { (head.title) }
                style { (PreEscaped(variables())) (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the results" }
                header {
                    h1 { (head.title) }
                    p.soft { (head.line) }
                    (head.lead)
                }
                nav aria-label="Contents" {
                    ul { @for section in sections { li { a href={ "#" (section.id) } { (section.heading) } } } }
                }
                main #main tabindex="-1" {
                    @for section in sections {
                        section #(section.id) aria-labelledby={ (section.id) "-heading" } {
                            h2 #{ (section.id) "-heading" } { (section.heading) }
                            (section.body)
                        }
                    }
                }
                footer { (footer) }
            }
        }
    };
    page.into_string()
}

/// A chart with its words below.
pub(super) fn figure(legend: Option<Markup>, chart: &Markup, caption: &Markup) -> Markup {
    html! {
        figure.beside {
            @if let Some(legend) = legend { (legend) }
            (chart)
            figcaption { (caption) }
        }
    }
}

/// A table in a box of its own, in which it scrolls where it is too wide.
pub(super) fn table(class: &str, caption: &Markup, head: &Markup, body: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label="Table, scrolls sideways" {
            table class=[(!class.is_empty()).then_some(class)] {
                caption { (caption) }
                thead { (head) }
                tbody { (body) }
            }
        }
    }
}

/// An estimate in a table: the number, and below it the interval.
pub(super) fn estimate(found: Option<super::Estimate>, unit: super::Unit) -> Markup {
    html! {
        @match found {
            Some(found) => {
                (found.words(unit))
                @if let Some(ends) = found.ends(unit) { span.ends { (ends) } }
            },
            None => { "–" },
        }
    }
}
