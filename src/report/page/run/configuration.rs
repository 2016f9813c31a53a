//! How to repeat a run: the command, the configuration, and the digests of all that went in.

use maud::{Markup, html};

use crate::report::page::Record;

/// The record, where there is one.
pub(super) fn configuration(record: &Record) -> Option<Markup> {
    let Record { command, configuration, facts } = record;
    if command.is_none() && configuration.is_none() && facts.is_empty() {
        return None;
    }
    Some(html! {
        @if let Some(command) = command {
            p { "The same program, store and configuration give the same numbers." }
            pre { code { (command) } }
        }
        @if !facts.is_empty() {
            dl.facts { @for (name, value) in facts { dt { (name) } dd { code { (value) } } } }
        }
        @if let Some(configuration) = configuration {
            details { summary { "Configuration, with every default" } pre { code { (configuration) } } }
        }
    })
}
