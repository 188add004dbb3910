//! What is logged, and how.

use tracing_subscriber::filter::{LevelFilter, Targets};

use super::section::Section;

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Whether in JSON.
    pub json: bool,
    /// What, as a list of `target=level`.
    pub level: String,
}

pub(super) fn read(mut section: Section<'_>) -> Option<LogSettings> {
    let json = section.word("format", &[("human", false), ("json", true)]);
    let level = section.parsed("level", |text| {
        if is_list_of_levels(text) {
            return Ok(text.to_owned());
        }
        Err(format!(
            "{text:?} is not a level: write error, warn, info, debug, trace or off, or a list such \
             as info,coffer_engine=debug"
        ))
    });
    section.finish();
    Some(LogSettings { json: json?, level: level? })
}

/// Whether each part is a level, or a target with one. A bare word would be taken as a target of
/// which everything is logged, and nothing else: a misspelt level would silence the log.
fn is_list_of_levels(text: &str) -> bool {
    let is_level = |part: &str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
    let level = |part: &str| part.contains('=') || is_level(part);
    text.parse::<Targets>().is_ok() && text.split(',').all(|part| level(part.trim()))
}

#[cfg(test)]
mod tests {
    use super::is_list_of_levels;

    #[test]
    fn a_word_that_is_no_level_is_not_taken_for_a_target() {
        for good in ["info", "off", "WARN", "info,coffer_engine=debug", "coffer_store=trace"] {
            assert!(is_list_of_levels(good), "{good}");
        }
        for bad in ["loud", "", "info,coffer_engine", "coffer_engine=loud", "debug=info=x"] {
            assert!(!is_list_of_levels(bad), "{bad}");
        }
    }
}
